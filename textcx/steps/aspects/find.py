"""Find in each segment what is spoken about and what is said of it, from what the encoder says of its tokens.

Stretches of tokens become whole words without articles and punctuation, moved to their place in the record. An opinion
belongs to the aspect that stands nearest to it in its segment, to the one before it where two are as near: as many
words lie between, and a comma is as far as three.

Invariants, all tested: ``text[start:end]`` of the record is the aspect; aspects neither overlap nor hold anything
masked; every stretch lies in its segment; what is found in a segment depends on that segment alone.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from textcx.domain.aspects import Aspect
from textcx.domain.encoding import LABELS
from textcx.domain.lexicons.naming import WORD
from textcx.domain.tables import FOUND_ASPECTS
from textcx.steps.text.clean import entities_in, unpolished
from textcx.steps.text.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from textcx.domain.encoding import TokenTags
    from textcx.domain.lexicons.language import Language

ASPECT, OPINION = 0.3, 0.5
"""Probabilities from which a token belongs to one; that of aspects was chosen on the training part of SemEval-2014."""
DIGITS = 6
_WORD = re.compile(r"[^\W_]+")
_LAST_WORD = re.compile(rf"({WORD.pattern})\s+$")
_COMMA = re.compile(r"[,;:.!?()\n\u2014]")
COMMA = 3
"""Words that a comma, or other punctuation between clauses, is worth as distance."""
_JOINTS = frozenset({"", "-", "/"})
_KEPT = "%"
"""Punctuation that says something at the edge of a word."""


class SegmentText(NamedTuple):
    """A segment: where it begins in its record, its words cleaned and masked (both as long), and its probabilities.

    ``probabilities`` are by ``LABELS``, rounded.
    """

    start: int
    cleaned: str
    masked: str
    probabilities: Sequence[float]


class Stretch(NamedTuple):
    """A stretch of a segment, and the logits of how it is judged."""

    start: int
    end: int
    logits: NDArray[np.float32]


def find_aspects(segments: Sequence[SegmentText], tags: TokenTags | None, *, language: Language) -> list[list[Aspect]]:
    """Find the aspects and opinions of segments, in the order in which they stand; none without ``tags``.

    ``tags`` are of the polished texts of the segments. An aspect with several opinions stands there with each of them.
    """
    found: list[list[Aspect]] = [[] for _ in segments]
    if tags is None:
        return found
    aspects: list[list[Stretch]] = [[] for _ in segments]
    opinions: list[list[Stretch]] = [[] for _ in segments]
    for stretches, logits, from_ in ((aspects, tags.aspects, ASPECT), (opinions, tags.opinions, OPINION)):
        for text, first, stop in _runs(logits, tags.bounds, from_=from_):
            edges = int(tags.spans[first, 0]), int(tags.spans[stop - 1, 1])
            stretches[text].append(Stretch(*edges, tags.polarity[first:stop].mean(0)))
    for number, segment in enumerate(segments):
        if aspects[number] or opinions[number]:
            named = _whole_words(segment, aspects[number], articles=language.phrases.determiners)
            said = _whole_words(segment, opinions[number])
            pairs = _pairs(segment.cleaned, named, said)
            found[number] = [_aspect(segment, *pair, language=language) for pair in pairs]
    return found


def segment_texts(segments: pl.DataFrame) -> list[SegmentText]:
    """Return segments with sentiment, unmasked (``cleaned``) and masked (``text``), as they are looked through."""
    shares = segments.select(f"p_{label}" for label in LABELS).iter_rows()
    words = segments.select("start", "cleaned", "text").iter_rows()
    return [SegmentText(start, cleaned, text, own) for (start, cleaned, text), own in zip(words, shares, strict=True)]


def aspect_table(segments: pl.DataFrame, found: Sequence[Sequence[Aspect]]) -> pl.DataFrame:
    """Return ``FOUND_ASPECTS`` of segments (``row`` and ``start``), in their order."""
    keys = segments.select("row", "start").iter_rows()
    rows = [
        {"row": row, "segment_start": start, **aspect.row()}
        for (row, start), own in zip(keys, found, strict=True)
        for aspect in own
    ]
    return pl.DataFrame(rows, schema=FOUND_ASPECTS)


def _runs(logits: NDArray[np.float32], bounds: NDArray[np.int64], *, from_: float) -> Iterator[tuple[int, int, int]]:
    """Yield the text, first token and end of each stretch: neighbouring tokens inside one with that probability.

    Where one stretch could end and the next begin without a word between them, they are one: "meatball" "parm".
    """
    odds = np.logaddexp(logits[:, 1], logits[:, 2]) - logits[:, 0]
    inside = np.append(odds > np.log(from_ / (1 - from_)), False)
    edge = np.zeros(len(inside), bool)
    edge[bounds] = True
    before = np.roll(inside, 1) & ~edge
    firsts = np.flatnonzero(inside & ~before)
    stops = np.flatnonzero(np.roll(inside, 1) & ~(inside & before))
    owners = np.searchsorted(bounds, firsts, side="right") - 1
    yield from zip(owners.tolist(), firsts.tolist(), stops.tolist(), strict=True)


def _whole_words(
    segment: SegmentText, stretches: Sequence[Stretch], *, articles: frozenset[str] | None = None
) -> list[Stretch]:
    """Bring stretches of the polished text to whole words of the segment; those that say nothing are left out.

    ``articles`` are taken off the front of aspects; opinions keep theirs, and may be a picture.
    """
    text = segment.cleaned
    whole: list[Stretch] = []
    for stretch in stretches:
        start, end, logits = stretch
        low, high = _without_edges(text, *_widened(text, *unpolished(text, start, end), whole=articles is None))
        while articles and (word := _WORD.match(text, low, high)) and word[0].lower() in articles:
            low, high = _without_edges(text, word.end(), high)
        if low >= high or (articles is not None and not _WORD.search(text, low, high)):
            continue
        if whole and text[whole[-1].end : low] in _JOINTS:  # two stretches that share a word, or a compound
            low, high, logits = whole[-1].start, max(high, whole[-1].end), whole.pop().logits
        whole.append(Stretch(low, high, logits))
    for first, last in entities_in(segment.masked):
        whole = [
            Stretch(first if first < low < last else low, last if first < high < last else high, logits)
            for low, high, logits in whole
        ]
    return [stretch for stretch in whole if MASK not in segment.masked[stretch.start : stretch.end]]


def _widened(text: str, start: int, end: int, *, whole: bool) -> tuple[int, int]:
    """Take in the rest of words that are cut; with ``whole``, what an apostrophe joins is one word."""
    words = WORD if whole else _WORD
    for word in words.finditer(text):
        if word.start() < start < word.end():
            start = word.start()
        if word.start() < end < word.end():
            end = word.end()
    return start, end


def _without_edges(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and _is_edge(text[start]):
        start += 1
    while start < end and _is_edge(text[end - 1]):
        end -= 1
    return start, end


def _is_edge(character: str) -> bool:
    return character.isspace() or (character not in _KEPT and unicodedata.category(character).startswith("P"))


def _pairs(
    text: str, aspects: Sequence[Stretch], opinions: Sequence[Stretch]
) -> list[tuple[Stretch | None, Stretch | None]]:
    """Give each opinion to the nearest aspect; what is left over stands alone, all in the order of the text."""
    pairs: list[tuple[Stretch | None, Stretch | None]] = []
    for opinion in opinions:
        near = [(_distance(text, aspect, opinion), aspect.start > opinion.start) for aspect in aspects]
        pairs.append((aspects[near.index(min(near))] if aspects else None, opinion))
    paired = {id(aspect) for aspect, _ in pairs}
    pairs += [(aspect, None) for aspect in aspects if id(aspect) not in paired]
    return sorted(pairs, key=lambda pair: [stretch.start for stretch in pair if stretch])


def _distance(text: str, aspect: Stretch, opinion: Stretch) -> int:
    first, second = (aspect, opinion) if aspect.start <= opinion.start else (opinion, aspect)
    between = text[first.end : second.start]
    return len(_WORD.findall(between)) + COMMA * len(_COMMA.findall(between))


def _aspect(segment: SegmentText, aspect: Stretch | None, opinion: Stretch | None, *, language: Language) -> Aspect:
    shares = list(segment.probabilities)
    if aspect is not None:
        odds = np.exp(aspect.logits.astype(np.float64) - aspect.logits.max())
        shares = np.round(odds / odds.sum(), DIGITS).tolist()
    first = segment.start
    return Aspect(
        start=None if aspect is None else first + aspect.start,
        end=None if aspect is None else first + aspect.end,
        aspect=None if aspect is None else segment.masked[aspect.start : aspect.end],
        opinion_start=None if opinion is None else first + opinion.start,
        opinion_end=None if opinion is None else first + opinion.end,
        negated=opinion is not None and _negated(segment.cleaned, opinion, language),
        polarity=round(shares[2] - shares[0], DIGITS),
        probabilities=dict(zip(LABELS, shares, strict=True)),
    )


def _negated(text: str, opinion: Stretch, language: Language) -> bool:
    """Tell whether an opinion holds a negation, or one stands before it with nothing but words of degree between."""
    negations = language.naming.negations
    if any(word.lower() in negations for word in WORD.findall(text[opinion.start : opinion.end])):
        return True
    before = _LAST_WORD.search(text[: opinion.start])
    while before and before[1].lower() in language.phrases.degrees:
        before = _LAST_WORD.search(text[: before.start()])
    return before is not None and before[1].lower() in negations
