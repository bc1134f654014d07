"""An item as a document of Azure's sentiment analysis, with sentences, targets and assessments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from textcx.domain.items import SegmentItem, SentimentItem
from textcx.ports import Phrase

from ..scoring.offsets import convert

UNITS = {
    "TextElements_v8": "element",
    "TextElement_v8": "element",
    "UnicodeCodePoint": "codepoint",
    "Utf16CodeUnit": "utf16",
}
NEUTRAL = {"positive": 0.0, "neutral": 1.0, "negative": 0.0}
NEGATION = re.compile(r"(?:\b(?:not|no|never|hardly|barely|without)|n['\u2019]t)\W+(?:\w+\W+){0,2}$", re.IGNORECASE)


def document_of(
    item: SentimentItem,
    text: str,
    *,
    number: int,
    unit: str,
    phrases: Sequence[Phrase] | None,
    vague: frozenset[str],
) -> dict[str, Any]:
    """Return an item as one of ``results.documents``.

    Args:
        item: With its segments.
        text: The text that it was made of.
        number: Place among the documents, for references.
        unit: Of all offsets and lengths; see ``offsets.convert``.
        phrases: Of the text; null where opinions are not wanted.
        vague: Words that name nothing concrete; no targets.
    """
    spans: list[SegmentItem | Phrase] = [*item.segments, *(phrases or ())]
    moved = convert(text, (edge for span in spans for edge in (span.start, span.end)), unit)
    sentences = []
    for place, segment in enumerate(item.segments):
        sentence = {
            "sentiment": segment.label,
            "confidenceScores": _rounded(segment.probabilities),
            **_span(segment.start, segment.end, text, moved),
        }
        if phrases is not None:
            reference = f"#/documents/{number}/sentences/{place}/assessments"
            sentence |= _opinions(segment, text, phrases, moved=moved, vague=vague, reference=reference)
        sentences.append(sentence)
    return {
        "id": item.id,
        "sentiment": "mixed" if item.mixed else item.label or "neutral",
        "confidenceScores": _rounded(item.probabilities or NEUTRAL),
        "sentences": sentences,
        "warnings": [],
    }


def _rounded(shares: Mapping[str, float]) -> dict[str, float]:
    return {label: round(shares[label], 2) for label in ("positive", "neutral", "negative")}


def _span(start: int, end: int, text: str, moved: Mapping[int, int]) -> dict[str, Any]:
    return {"offset": moved[start], "length": moved[end] - moved[start], "text": text[start:end]}


def _opinions(
    segment: SegmentItem,
    text: str,
    phrases: Sequence[Phrase],
    *,
    moved: Mapping[int, int],
    vague: frozenset[str],
    reference: str,
) -> dict[str, Any]:
    """Return targets and assessments of a segment, both empty unless there are both."""
    inside = [each for each in phrases if segment.start <= each.start and each.end <= segment.end]
    nouns = [each for each in inside if each.kind == "noun" and _is_concrete(each, vague)]
    judged = [each for each in inside if each.kind == "adjective"]
    if segment.label == "neutral" or not nouns or not judged:
        return {"targets": [], "assessments": []}
    common = {"sentiment": segment.label, "confidenceScores": _of_two(segment.probabilities)}
    assessments = [
        {
            **common,
            **_span(each.start, each.end, text, moved),
            "isNegated": NEGATION.search(text[segment.start : each.start]) is not None,
        }
        for each in judged
    ]
    targets = [
        {
            **common,
            **_span(each.start, each.end, text, moved),
            "relations": [{"relationType": "assessment", "ref": f"{reference}/{_nearest(each, judged)}"}],
        }
        for each in nouns
    ]
    return {"targets": targets, "assessments": assessments}


def _is_concrete(noun: Phrase, vague: frozenset[str]) -> bool:
    words = noun.lemma.casefold().split()
    return bool(words) and words[-1] not in vague


def _of_two(shares: Mapping[str, float]) -> dict[str, float]:
    total = shares["positive"] + shares["negative"]
    positive = round(shares["positive"] / total, 2) if total else 0.5
    return {"positive": positive, "negative": round(1.0 - positive, 2)}


def _nearest(target: Phrase, judged: Sequence[Phrase]) -> int:
    return min(
        range(len(judged)), key=lambda place: max(judged[place].start - target.end, target.start - judged[place].end)
    )
