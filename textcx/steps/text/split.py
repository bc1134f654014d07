"""Put segments into their place in the verbatim.

A splitter works on one cell at a time and knows nothing of redactions; here its spans become offsets into the verbatim.

Invariants, all tested: segments are sorted, do not overlap, are trimmed and hold a letter, a digit or an emoji; none
crosses a cell; every visible letter and digit is in one; no redaction straddles the edge of one; an HTML entity at the
edge of one is in it whole; and a text with any content has at least one segment.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING

from textcx.domain.errors import ShapeMismatch
from textcx.steps.text.clean import has_content
from textcx.steps.text.redact import MASK, mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textcx.domain.feedback import Redaction


def place_segments(
    text: str,
    cells: Sequence[tuple[int, int]],
    spans_per_cell: Sequence[Sequence[tuple[int, int]]],
    redactions: Sequence[Redaction],
    *,
    entities: Sequence[tuple[int, int]] = (),
) -> list[tuple[int, int, int]]:
    """Turn the spans found in each cell into segments of the verbatim.

    ``text`` is the verbatim, cleaned, masked or not; ``cells`` in order, sorted ``redactions`` and ``entities`` (HTML)
    are offsets into it, and the splitter's spans are offsets into their cell.

    Returns:
        ``(place of the cell, start, end)`` for each segment, in order, offsets into the verbatim.

    Raises:
        ShapeMismatch: If there are not as many lists of spans as cells.
    """
    if len(cells) != len(spans_per_cell):
        msg = f"{len(cells)} cells need as many lists of spans, but there are {len(spans_per_cell)}"
        raise ShapeMismatch(msg)
    shown = mask(text, redactions)
    placed: list[tuple[int, int, int]] = []
    for cell, ((low, high), spans) in enumerate(zip(cells, spans_per_cell, strict=True)):
        moved = ((low + start, low + end) for start, end in spans)
        reach = _without_crossing(low, high, redactions)
        placed += [(cell, start, end) for start, end in _in_cell(shown, reach, moved, redactions)]
    if entities:
        placed = _with_whole_entities(placed, entities, redactions)
    telling = [segment for segment in placed if has_content(shown[segment[1] : segment[2]])]
    if telling:
        return telling
    masked = [segment for segment in placed if MASK in shown[segment[1] : segment[2]]]
    return masked[:1]


def _without_crossing(low: int, high: int, redactions: Sequence[Redaction]) -> tuple[int, int]:
    """Leave out the part of a cell that lies in a redaction which reaches into another cell."""
    for redaction in redactions:
        if redaction.start < low < redaction.end:
            low = redaction.end
        if redaction.start < high < redaction.end:
            high = redaction.start
    return low, max(low, high)


def _in_cell(
    shown: str, reach: tuple[int, int], spans: Iterable[tuple[int, int]], redactions: Sequence[Redaction]
) -> list[tuple[int, int]]:
    low, high = reach
    inside = [redaction for redaction in redactions if low <= redaction.start and redaction.end <= high]
    segments: list[tuple[int, int]] = []
    reached = low
    for start, end in sorted(spans):
        first, last = max(reached, min(start, high)), min(end, high)
        for redaction in inside:
            if redaction.start < first < redaction.end:
                first = max(reached, redaction.start)
            if redaction.start < last < redaction.end:
                last = redaction.end
        if first >= last:
            continue
        if _is_telling(shown, reached, first):
            # The splitter left something out: it belongs to what was said before it, else to what comes.
            if segments:
                segments[-1] = (segments[-1][0], first)
            else:
                first = reached
        segments.append((first, last))
        reached = last
    if _is_telling(shown, reached, high):
        start = segments.pop()[0] if segments else low
        segments.append((start, high))
    trimmed = (_trim(shown, start, end) for start, end in segments)
    return [(start, end) for start, end in trimmed if start < end]


def _with_whole_entities(
    placed: Sequence[tuple[int, int, int]], entities: Sequence[tuple[int, int]], redactions: Sequence[Redaction]
) -> list[tuple[int, int, int]]:
    """Move edges that lie within an entity out of it, but neither into a neighbour nor into a redaction."""
    found: list[tuple[int, int, int]] = []
    for place, (cell, start, end) in enumerate(placed):
        low = found[-1][2] if found else 0
        high = placed[place + 1][1] if place + 1 < len(placed) else max(end, entities[-1][1])
        first, last = _around(start, entities)[0], _around(end, entities)[1]
        if first < low or _straddled(first, redactions):
            first = start
        if last > high or _straddled(last, redactions):
            last = end
        found.append((cell, first, last))
    return found


def _around(edge: int, entities: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the entity that an edge lies within, else the edge twice."""
    place = bisect_left(entities, edge, key=itemgetter(0)) - 1
    if place >= 0 and entities[place][0] < edge < entities[place][1]:
        return entities[place]
    return edge, edge


def _straddled(edge: int, redactions: Sequence[Redaction]) -> bool:
    return any(redaction.start < edge < redaction.end for redaction in redactions)


def _is_telling(shown: str, start: int, end: int) -> bool:
    return start < end and (MASK in shown[start:end] or has_content(shown[start:end]))


def _trim(shown: str, start: int, end: int) -> tuple[int, int]:
    words = shown[start:end]
    return end - len(words.lstrip()), start + len(words.rstrip())
