"""Find what identifies a person, also where a text hides it from plain reading, and mask it.

Cleaning blanks tags and invisible characters and spreads entities, so that a model reads what a person would see. What
stands in a tag, behind an entity (``jane&#64;example.com``) or broken by a soft hyphen must be masked all the same.
Such texts are read in two more forms: with the tags' own words laid open, and squeezed, with entities decoded and
invisible characters taken out; what is found is carried back to the verbatim.

Invariants, tested: what is found in the plain form is covered by the result, which is sorted and without overlap;
masking never changes the length, nor any character outside the redactions.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from textcx.domain.errors import ShapeMismatch
from textcx.domain.feedback import Redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Find = Callable[[Sequence[str]], Sequence[Sequence[Redaction]]]

MASK = "\u2588"
"""Stands for one masked code point."""
INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
HIDING = re.compile(rf"[<&{INVISIBLE}]")
BRACKETS = str.maketrans("<>", "  ")
UNIT = re.compile(rf"&(?:#\d{{1,7}}|#[xX][0-9a-fA-F]{{1,6}}|[A-Za-z][A-Za-z0-9]{{1,31}});|[{INVISIBLE}]|.", re.DOTALL)


def find_obfuscated_pii(verbatims: Sequence[str], cleaned: Sequence[str], *, find: Find) -> list[list[Redaction]]:
    """Find what must be masked in each text as received, hidden or not; ``cleaned`` are of the same lengths.

    Returns:
        Redactions of each verbatim: sorted, not overlapping, offsets in code points.
    """
    found = [list(spans) for spans in find(cleaned)]
    hiding = [index for index, verbatim in enumerate(verbatims) if HIDING.search(verbatim)]
    squeezed = [squeeze(verbatims[index]) for index in hiding]
    opened = find([verbatims[index].translate(BRACKETS) for index in hiding])
    in_squeezed = find([text for text, _ in squeezed])
    for index, plain, (_, places), spans in zip(hiding, opened, squeezed, in_squeezed, strict=True):
        filled = (span for span in spans if span.end > span.start)
        carried = [Redaction(places[span.start][0], places[span.end - 1][1], span.kind) for span in filled]
        found[index] = merge([*found[index], *plain, *carried])
    return found


def squeeze(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Decode entities and take out invisible characters.

    Returns:
        The squeezed text, and for each of its characters the span of the original that it stands for.
    """
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    for unit in UNIT.finditer(text):
        decoded = html.unescape(unit.group()).replace("\u00a0", " ")
        for character in decoded:
            if not HIDING.match(character) or character in "<&":
                characters.append(character)
                places.append(unit.span())
    return "".join(characters), places


def merge(redactions: Sequence[Redaction]) -> list[Redaction]:
    """Join redactions that overlap; the joined one takes the kind of the first."""
    merged: list[Redaction] = []
    for span in sorted(redactions, key=lambda span: (span.start, -span.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Redaction(last.start, max(last.end, span.end), last.kind)
        else:
            merged.append(span)
    return merged


def mask(text: str, redactions: Iterable[Redaction]) -> str:
    """Put a mask character in the place of every redacted one; redactions may overlap and come in any order.

    Raises:
        ShapeMismatch: If a redaction lies outside the text.
    """
    masked = text
    for redaction in redactions:
        if not 0 <= redaction.start <= redaction.end <= len(text):
            msg = (
                f"a redaction at {redaction.start}-{redaction.end} does not lie in a text of {len(text)} characters; "
                "redactions must come from the same text"
            )
            raise ShapeMismatch(msg)
        masked = masked[: redaction.start] + MASK * (redaction.end - redaction.start) + masked[redaction.end :]
    return masked
