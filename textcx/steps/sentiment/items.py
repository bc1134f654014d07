"""What single texts tell without a corpus: items, built from the encoder's answers, and what was found in segments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.domain.encoding import EMOTIONS, LABELS
from textcx.domain.feedback import Reason
from textcx.domain.items import SegmentItem, SentimentItem, TextFindings, TextPain
from textcx.steps.aspects.find import SegmentText
from textcx.steps.sentiment.encode import add_record_sentiment, add_segment_sentiment, find_mixed
from textcx.steps.text.clean import entities_in, polish, why_unprocessable
from textcx.steps.text.redact import mask
from textcx.steps.text.split import place_segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.aspects import Aspect
    from textcx.domain.encoding import Encoding
    from textcx.domain.feedback import Redaction
    from textcx.domain.items import GivenText
    from textcx.domain.lexicons.language import Language
    from textcx.ports import SentenceSplitter

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CODE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")
_UNKNOWN = frozenset({"und", "zxx", "mul", "mis", "na", "nan", "nil", "unk"})
"""Codes for "not known" and "no language", and what tables write for a missing value."""


@dataclass(frozen=True, slots=True)
class PreparedText:
    """A text made ready for the encoder.

    ``whole`` and ``parts`` are polished; ``spans`` are the segments of the text as given, and ``redactions`` what is
    masked in it, which gives ``masked``. ``cleaned`` is as long as that. A text with a ``reason`` has no parts;
    ``supported`` tells whether its language is analyzed.
    """

    id: str
    language: str | None
    supported: bool
    reason: Reason | None
    whole: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    parts: tuple[str, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    cleaned: str = ""
    masked: str = ""


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
    masked = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", mask(given.text, masks))
    return PreparedText(given.id, code, supported, None, polish(cleaned), spans, parts, tuple(masks), cleaned, masked)


def unlabelled_item(text: PreparedText) -> SentimentItem:
    """Return the item of a text that is not judged."""
    return SentimentItem(id=text.id, language=text.language, language_supported=text.supported, reason=text.reason)


def judged_segments(texts: Sequence[PreparedText], parts: Encoding) -> pl.DataFrame:
    """Return the judged segments of texts, text by text; ``record_id`` is the number of the text."""
    owners = [str(number) for number, text in enumerate(texts) for _ in text.parts]
    return add_segment_sentiment(pl.Series("record_id", owners, dtype=pl.String).to_frame(), parts)


def segments_to_search(texts: Sequence[PreparedText], segments: pl.DataFrame) -> list[SegmentText]:
    """Return ``judged_segments`` as they are looked through for aspects."""
    shares = segments.select(f"p_{label}" for label in LABELS).iter_rows()
    edges = ((text, start, end) for text in texts for start, end in text.spans)
    return [
        SegmentText(start, text.cleaned[start:end], text.masked[start:end], own)
        for (text, start, end), own in zip(edges, shares, strict=True)
    ]


def build_items(
    texts: Sequence[PreparedText],
    whole: Encoding,
    segments: pl.DataFrame,
    aspects: Sequence[Sequence[Aspect]],
    *,
    confident_at: float,
) -> list[SentimentItem]:
    """Build the items of texts without a ``reason``, in order.

    ``whole`` are the encoder's answers for the whole texts, ``segments`` their ``judged_segments`` and ``aspects`` what
    was found in each; ``confident_at`` is the smallest highest probability that counts as confident.
    """
    numbers = pl.Series("record_id", [str(number) for number in range(len(texts))], dtype=pl.String).to_frame()
    records = add_segment_sentiment(add_record_sentiment(numbers, whole, confident_at=confident_at), whole)
    records = records.join(find_mixed(segments, by="record_id"), on="record_id", how="left", maintain_order="left")
    rows, named = segments.iter_rows(named=True), iter(aspects)
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
            aspects=tuple(aspect for found in islice(named, len(own)) for aspect in found),
        )
        items.append(item)
    return items


def _judgement(row: Mapping[str, Any]) -> dict[str, Any]:
    probabilities = {label: row[f"p_{label}"] for label in LABELS}
    return {"probabilities": probabilities} | {name: row[name] for name in ("label", "polarity", "p_pain", "p_request")}


def with_words(segments: pl.DataFrame, texts: Sequence[PreparedText]) -> pl.DataFrame:
    """Add to ``judged_segments`` their masked ``text``, and a ``segment_id`` that sorts in their order."""
    words = [text.masked[start:end] for text in texts for start, end in text.spans]
    ids = pl.int_range(pl.len()).cast(pl.String).str.zfill(9)
    return segments.with_columns(pl.Series("text", words, dtype=pl.String), segment_id=ids)


def text_findings(
    item: SentimentItem,
    vectors: NDArray[np.float32],
    *,
    redactions: Sequence[Redaction],
    segments: pl.DataFrame,
    stages: pl.DataFrame,
    pains: pl.DataFrame,
) -> TextFindings:
    """Put together what was found in one text: its segments, from ``with_words``, and theirs, in their order."""
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
