"""What is found in single texts, without a corpus: sentiment, pains with evidence, and the stage of the journey.

The same functions as in ``textcx analyze`` decide, with the differences that ``textcx.pipelines.items`` names and one
more: the aspect of a pain is chosen from its own text, since there are no other customers whose words could be counted.

Invariants, all tested: one result for each text, in order, that depends on its text alone; what is given back of a text
is masked, at the same offsets; no mask straddles the edge of a segment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.pipelines.items import Prepared, judge, prepare
from textcx.steps.journey import place_segments_on_journey
from textcx.steps.pains.find import find_pains
from textcx.steps.text.clean import clean, entities_in, polish
from textcx.steps.text.obfuscated_pii import find_obfuscated_pii
from textcx.steps.text.redact import mask
from textcx.steps.text.split import place_segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.encoding import Encoding
    from textcx.domain.feedback import Redaction
    from textcx.domain.items import GivenText, SentimentItem
    from textcx.domain.lexicons.journey import JourneyTaxonomy
    from textcx.domain.lexicons.pains import PainLexicon
    from textcx.ports import Encoder, LanguageDetector, PhraseFinder, Redactor, SentenceSplitter
    from textcx.steps.journey import StageVectors


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingTools:
    """What is needed. ``stages`` are the encoded examples of ``journey``, made by ``encoder``."""

    encoder: Encoder
    languages: LanguageDetector
    splitter: SentenceSplitter
    redactor: Redactor
    phrases: PhraseFinder
    journey: JourneyTaxonomy
    stages: StageVectors
    lexicon: PainLexicon


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPain:
    """Something that went wrong, told in the segment number ``segment`` (0-based); severity 0..1."""

    segment: int
    aspect: str | None
    statement: str | None
    severity: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFindings:
    """What is found in one text.

    Attributes:
        item: Its sentiment, with its segments.
        texts: The masked words of each segment.
        stages: Stage and confidence (0..1) of each segment; "unknown" is an answer.
        pains: In the order of their segments.
        redactions: What was masked, sorted.
        vectors: Of the segments, unit length. Shape ``(segments, dimensions)``.
    """

    item: SentimentItem
    texts: tuple[str, ...]
    stages: tuple[tuple[str, float], ...]
    pains: tuple[ItemPain, ...]
    redactions: tuple[Redaction, ...]
    vectors: NDArray[np.float32]


def find_in_items(
    given: Sequence[GivenText], *, tools: FindingTools, threshold: float, offer_words: frozenset[str] = frozenset()
) -> list[TextFindings]:
    """Find what is to be found in each text.

    Args:
        given: Any texts.
        tools: Used by this thread only.
        threshold: Least P(pain) of a pain, 0..1.
        offer_words: Names of the product or company, case-folded; alone they make no pain specific.

    Returns:
        One result for each text, in order.
    """
    ready = prepare(given, languages=tools.languages, splitter=tools.splitter)
    cleaned = [clean(each.text) for each in given]
    found = find_obfuscated_pii([each.text for each in given], cleaned, find=tools.redactor.find)
    ready = [_within_masks(*each) for each in zip(given, cleaned, ready, found, strict=True)]
    memory = _Remembering(tools.encoder)
    items = judge(ready, encoder=memory)
    vectors = memory.vectors_of([part for each in ready for part in each.parts])
    masked = [mask(each.text, spans) for each, spans in zip(given, found, strict=True)]
    texts = [
        [text[segment.start : segment.end] for segment in item.segments]
        for text, item in zip(masked, items, strict=True)
    ]
    stages = _stages([text for mine in texts for text in mine], vectors, tools=tools)
    results: list[TextFindings] = []
    taken = 0
    for item, mine, spans in zip(items, texts, found, strict=True):
        own = slice(taken, taken + len(mine))
        taken += len(mine)
        results.append(
            TextFindings(
                item=item,
                texts=tuple(mine),
                stages=tuple(stages[own]),
                pains=_pains(item, mine, tools=tools, threshold=threshold, offer_words=offer_words),
                redactions=tuple(spans),
                vectors=vectors[own],
            )
        )
    return results


def _within_masks(given: GivenText, cleaned: str, ready: Prepared, spans: Sequence[Redaction]) -> Prepared:
    """Move the edges of segments that a mask would straddle."""
    if ready.reason is not None or not spans:
        return ready
    cells = given.cells or ((0, len(cleaned)),)
    per_cell = [
        [(start - low, end - low) for start, end in ready.spans if low <= start and end <= high] for low, high in cells
    ]
    entities = entities_in(given.text)
    placed = tuple((start, end) for _, start, end in place_segments(cleaned, cells, per_cell, spans, entities=entities))
    return replace(ready, spans=placed, parts=tuple(polish(cleaned[start:end]) for start, end in placed))


def _stages(texts: Sequence[str], vectors: NDArray[np.float32], *, tools: FindingTools) -> list[tuple[str, float]]:
    if not texts:
        return []
    frame = pl.DataFrame({"segment_id": [f"{place:09d}" for place in range(len(texts))], "text": texts})
    placed = place_segments_on_journey(frame, vectors, taxonomy=tools.journey, stage_vectors=tools.stages)
    return [(row["stage"], round(row["stage_confidence"], 6)) for row in placed.iter_rows(named=True)]


def _pains(
    item: SentimentItem, texts: Sequence[str], *, tools: FindingTools, threshold: float, offer_words: frozenset[str]
) -> tuple[ItemPain, ...]:
    if not item.segments:
        return ()
    frame = pl.DataFrame({
        "segment_id": [f"{place:09d}" for place in range(len(texts))],
        "record_id": [""] * len(texts),
        "text": list(texts),
        "p_pain": [segment.p_pain for segment in item.segments],
        "p_request": [segment.p_request for segment in item.segments],
        "p_negative": [segment.probabilities["negative"] for segment in item.segments],
        "p_positive": [segment.probabilities["positive"] for segment in item.segments],
    }, schema_overrides={"p_pain": pl.Float64, "p_request": pl.Float64})  # fmt: skip
    pains = find_pains(
        frame, phrases=tools.phrases, lexicon=tools.lexicon, threshold=threshold, offer_words=offer_words
    ).filter(pl.col("specific"))
    return tuple(_pain(row) for row in pains.iter_rows(named=True))


def _pain(row: dict[str, Any]) -> ItemPain:
    return ItemPain(
        segment=int(row["segment_id"]),
        aspect=row["aspect"],
        statement=row["statement"],
        severity=row["severity"],
        reasons=tuple(row["reasons"]),
    )


class _Remembering:
    """An encoder that keeps the vectors of what it was last asked, so that texts need not be read twice."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder_id, self.confident_at, self.precision = encoder.encoder_id, encoder.confident_at, encoder.precision
        self._encoder = encoder
        self._rows: dict[str, int] = {}
        self._vectors: NDArray[np.float32] | None = None

    def encode(self, texts: Sequence[str], *, vectors: bool = True) -> Encoding:
        encoding = self._encoder.encode(texts)
        self._rows = {text: row for row, text in enumerate(texts)}
        self._vectors = encoding.vectors
        return encoding if vectors else replace(encoding, vectors=encoding.vectors[:0])

    def vectors_of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._vectors is None or not texts:
            return np.zeros((0, 0), np.float32)
        found: NDArray[np.float32] = self._vectors[[self._rows[text] for text in texts]]
        return found
