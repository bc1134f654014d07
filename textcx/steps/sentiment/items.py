"""Items: what is said about one text, built from the encoder's answers about it and its segments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.domain.encoding import EMOTIONS, LABELS
from textcx.domain.feedback import Reason
from textcx.domain.items import SegmentItem, SentimentItem
from textcx.steps.sentiment.labels import DIGITS, add_record_sentiment, add_segment_sentiment, find_mixed
from textcx.steps.text.clean import entities_in, polish, why_unprocessable
from textcx.steps.text.split import place_segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from textcx.domain.encoding import Encoding
    from textcx.domain.feedback import Redaction
    from textcx.domain.items import GivenText
    from textcx.domain.lexicons.language import Language
    from textcx.ports import SentenceSplitter

_CODE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")
_UNKNOWN = frozenset({"und", "zxx", "mul", "mis", "na", "nan", "nil", "unk"})
"""Codes for "not known" and "no language", and what tables write for a missing value."""


@dataclass(frozen=True, slots=True)
class PreparedText:
    """A text made ready for the encoder.

    ``whole`` and ``parts`` are polished; ``spans`` are the segments of the text as given, and ``redactions`` what is
    masked in it. A text with a ``reason`` has no parts; ``supported`` tells whether its language is analyzed.
    """

    id: str
    language: str | None
    supported: bool
    reason: Reason | None
    whole: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    parts: tuple[str, ...] = ()
    redactions: tuple[Redaction, ...] = ()


def language_code(name: str | None, language: Language) -> str | None:
    """Bring what a caller says about a language to its code: "en-GB", "EN" and "English" are "en".

    Null for what is no code, or says that the language is not known.
    """
    plain = (name or "").strip()
    match = _CODE.fullmatch(plain)
    code = match[1].casefold() if match else None
    if {plain.casefold(), code} & language.aliases:
        return language.code
    return None if plain.casefold() in _UNKNOWN else code


def prepare_text(
    given: GivenText,
    cleaned: str,
    code: str | None,
    masks: Sequence[Redaction],
    *,
    language: Language,
    splitter: SentenceSplitter,
) -> PreparedText:
    """Prepare a cleaned text in the language ``code`` (null if unknown), masked at ``masks``."""
    reason = why_unprocessable(cleaned, question=None, answers=language.answers)
    supported = code in {None, language.code}
    if reason is None and not supported:
        reason = Reason.LANGUAGE_UNSUPPORTED
    if reason is not None:
        return PreparedText(given.id, code, supported, reason, redactions=tuple(masks))
    cells = given.cells or ((0, len(cleaned)),)
    sentences = splitter.split([cleaned[start:end] for start, end in cells])
    placed = place_segments(cleaned, cells, sentences, masks, entities=entities_in(given.text))
    spans = tuple((start, end) for _, start, end in placed)
    parts = tuple(polish(cleaned[start:end]) for start, end in spans)
    return PreparedText(given.id, code, supported, None, polish(cleaned), spans, parts, tuple(masks))


def unlabelled_item(text: PreparedText) -> SentimentItem:
    """Return the item of a text that is not judged."""
    return SentimentItem(id=text.id, language=text.language, language_supported=text.supported, reason=text.reason)


def build_items(
    texts: Sequence[PreparedText], whole: Encoding, parts: Encoding, *, confident_at: float
) -> list[SentimentItem]:
    """Build the items of texts without a ``reason``, in order.

    Args:
        texts: The texts.
        whole: The encoder's answers for the whole texts.
        parts: Those for all their segments, text by text.
        confident_at: Smallest highest probability that counts as confident.
    """
    if not texts:
        return []
    numbers = pl.DataFrame({"text": range(len(texts))}, schema={"text": pl.Int64})
    owners = pl.DataFrame({"text": np.repeat(np.arange(len(texts)), [len(text.parts) for text in texts])})
    segments = add_segment_sentiment(owners, parts)
    records = add_record_sentiment(numbers, whole, confident_at=confident_at)
    records = records.join(find_mixed(segments, by="text"), on="text", how="left", maintain_order="left")
    rows_of: list[list[dict[str, Any]]] = [[] for _ in texts]
    for row in segments.iter_rows(named=True):
        rows_of[row["text"]].append(row)
    heads = zip(_rounded(whole.pain), _rounded(whole.request), _rounded(whole.emotions), strict=True)
    return [
        SentimentItem(
            id=text.id,
            label=row["label"],
            polarity=row["polarity"],
            probabilities=_probabilities(row),
            strongest={label: max(each[f"p_{label}"] for each in rows or [row]) for label in ("negative", "positive")},
            mixed=bool(row["mixed"]),
            confident=row["confident"],
            windows=row["windows"],
            language=text.language,
            p_pain=pain,
            p_request=request,
            emotions=emotions and dict(zip(EMOTIONS, emotions, strict=True)),
            segments=tuple(_segment(span, each) for span, each in zip(text.spans, rows, strict=True)),
        )
        for text, row, rows, (pain, request, emotions) in zip(
            texts, records.iter_rows(named=True), rows_of, heads, strict=True
        )
    ]


def _segment(span: tuple[int, int], row: Mapping[str, Any]) -> SegmentItem:
    heads = {name: row[name] for name in ("label", "polarity", "p_pain", "p_request")}
    return SegmentItem(start=span[0], end=span[1], probabilities=_probabilities(row), **heads)


def _probabilities(row: Mapping[str, Any]) -> dict[str, float]:
    return {label: row[f"p_{label}"] for label in LABELS}


def _rounded(values: NDArray[np.float32]) -> list[Any]:
    """Probabilities as they are shown; null where the encoder has no such head."""
    if np.isnan(values).any():
        return [None] * len(values)
    rounded: list[Any] = np.round(values.astype(np.float64), DIGITS).tolist()
    return rounded
