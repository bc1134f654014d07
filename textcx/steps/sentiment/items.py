"""What single texts tell without a corpus: items, built from the encoder's answers, and what was found in segments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.domain.encoding import EMOTIONS, LABELS
from textcx.domain.feedback import Reason
from textcx.domain.items import SegmentItem, SentimentItem, TextFindings, TextPain
from textcx.steps.sentiment.encode import add_record_sentiment, add_segment_sentiment, find_mixed
from textcx.steps.text.clean import entities_in, polish, why_unprocessable
from textcx.steps.text.redact import mask
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
SEGMENTS = {"segment_id": pl.String, "record_id": pl.String, "text": pl.String} | dict.fromkeys(
    ("p_pain", "p_request", "p_negative", "p_positive"), pl.Float64
)


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

    ``whole`` and ``parts`` are the encoder's answers for the whole texts, and for all their segments, text by text;
    ``confident_at`` is the smallest highest probability that counts as confident.
    """
    if not texts:
        return []
    numbers = pl.DataFrame({"text": np.arange(len(texts))})
    owners = pl.DataFrame({"text": np.repeat(np.arange(len(texts)), [len(text.parts) for text in texts])})
    segments = add_segment_sentiment(owners, parts)
    records = add_segment_sentiment(add_record_sentiment(numbers, whole, confident_at=confident_at), whole)
    records = records.join(find_mixed(segments, by="text"), on="text", how="left", maintain_order="left")
    rows = segments.iter_rows(named=True)
    items = []
    for text, row in zip(texts, records.iter_rows(named=True), strict=True):
        own = list(islice(rows, len(text.parts)))
        strongest = {label: max(each[f"p_{label}"] for each in own or [row]) for label in ("negative", "positive")}
        emotions = {emotion: row[f"p_{emotion}"] for emotion in EMOTIONS}
        item = SentimentItem(
            id=text.id,
            **_judgement(row),
            strongest=strongest,
            mixed=bool(row["mixed"]),
            confident=row["confident"],
            windows=row["windows"],
            language=text.language,
            emotions=None if None in emotions.values() else emotions,
            segments=tuple(
                SegmentItem(start=start, end=end, **_judgement(each))
                for (start, end), each in zip(text.spans, own, strict=True)
            ),
        )
        items.append(item)
    return items


def _judgement(row: Mapping[str, Any]) -> dict[str, Any]:
    probabilities = {label: row[f"p_{label}"] for label in LABELS}
    return {"probabilities": probabilities} | {name: row[name] for name in ("label", "polarity", "p_pain", "p_request")}


def segment_frames(
    given: Sequence[GivenText], redactions: Sequence[Sequence[Redaction]], items: Sequence[SentimentItem]
) -> list[pl.DataFrame]:
    """Return the segments of each text, masked and judged, with ids that sort in their order."""
    frames = []
    numbers = count()
    for text, spans, item in zip(given, redactions, items, strict=True):
        masked = mask(text.text, spans)
        rows = []
        for segment in item.segments:
            words, likely = masked[segment.start : segment.end], segment.probabilities
            heads = segment.p_pain, segment.p_request, likely["negative"], likely["positive"]
            rows.append((f"{next(numbers):09d}", "", words, *heads))
        frames.append(pl.DataFrame(rows, schema=SEGMENTS, orient="row"))
    return frames


def text_findings(
    item: SentimentItem,
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    redactions: Sequence[Redaction],
    stages: pl.DataFrame,
    pains: pl.DataFrame,
) -> TextFindings:
    """Put together what was found in one text: its segments, from ``segment_frames``, and theirs, in their order."""
    numbers = {segment_id: number for number, segment_id in enumerate(segments["segment_id"])}
    return TextFindings(
        item=item,
        texts=tuple(segments["text"]),
        stages=tuple(stages.select("stage", pl.col("stage_confidence").round(6)).iter_rows()),
        pains=tuple(
            TextPain(
                segment=numbers[row["segment_id"]],
                aspect=row["aspect"],
                statement=row["statement"],
                severity=row["severity"],
                reasons=tuple(row["reasons"]),
            )
            for row in pains.filter("specific").iter_rows(named=True)
        ),
        redactions=tuple(redactions),
        vectors=vectors,
    )
