"""From a text to its item: what ``textcx sentiment``, the library and the service say of one text.

Every judgement is made by the functions that ``textcx analyze`` uses: cleaning and screening, segments, label and
polarity, mixed and confident. So both say the same of the same text, with two differences that a stream brings:

* A text too short to tell its language is read as English; ``analyze`` takes the majority language of the file.
* Nothing is redacted, because no text is written; where ``analyze`` masks a name that reaches over the edge of a
  segment, its edge moves.

Invariants, all tested: one item for each text, in order; an item depends on its text alone, never on the other texts
of the call; offsets are code points into the text as given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.domain.encoding import EMOTIONS, LABELS
from textcx.domain.feedback import Reason
from textcx.domain.items import SegmentItem, SentimentItem
from textcx.steps.records.screen import SUPPORTED
from textcx.steps.sentiment.encode import encode_distinct
from textcx.steps.sentiment.labels import DIGITS, add_record_sentiment, add_segment_sentiment, find_mixed
from textcx.steps.text.clean import clean, entities_in, polish, why_unprocessable
from textcx.steps.text.split import place_segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from textcx.domain.encoding import Encoding
    from textcx.domain.items import GivenText
    from textcx.ports import Encoder, LanguageDetector, SentenceSplitter

_CODE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")
_SAME = {"eng": "en", "english": "en"}
_UNTOLD = frozenset({"und", "zxx", "mul", "mis", "na", "nan", "nil", "unk"})
"""Codes for "not known" and "no language", and what tables write for a missing value."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text made ready for the encoder.

    ``whole`` and ``parts`` are polished; ``spans`` are the segments of the text as given. A text with a ``reason`` has
    no parts.
    """

    id: str
    language: str | None
    reason: Reason | None
    whole: str
    spans: tuple[tuple[int, int], ...] = ()
    parts: tuple[str, ...] = ()


def prepare(given: Sequence[GivenText], *, languages: LanguageDetector, splitter: SentenceSplitter) -> list[Prepared]:
    """Clean texts, tell their language and find their segments: all that needs no encoder.

    Args:
        given: Any texts, empty and broken ones too.
        languages: Asked about texts whose language the caller did not say.
        splitter: Finds segments.

    Returns:
        One prepared text for each, in order.
    """
    cleaned = [clean(each.text) for each in given]
    told = [language_code(each.language) for each in given]
    asked = [text for text, language in zip(cleaned, told, strict=True) if language is None]
    guesses = iter(languages.detect(asked) if asked else ())
    return [
        _prepare(each, text, language or next(guesses).language, splitter=splitter)
        for each, text, language in zip(given, cleaned, told, strict=True)
    ]


def _prepare(given: GivenText, cleaned: str, language: str | None, *, splitter: SentenceSplitter) -> Prepared:
    reason = why_unprocessable(cleaned, question=None)
    if reason is None and language not in {None, SUPPORTED}:
        reason = Reason.LANGUAGE_UNSUPPORTED
    if reason is not None:
        return Prepared(given.id, language, reason, "")
    cells = given.cells or ((0, len(cleaned)),)
    found = splitter.split([cleaned[start:end] for start, end in cells])
    entities = entities_in(given.text)
    spans = tuple((start, end) for _, start, end in place_segments(cleaned, cells, found, (), entities=entities))
    parts = tuple(polish(cleaned[start:end]) for start, end in spans)
    return Prepared(given.id, language, None, polish(cleaned), spans, parts)


def judge(prepared: Sequence[Prepared], *, encoder: Encoder) -> list[SentimentItem]:
    """Ask the encoder about prepared texts, once, and turn its answers into items.

    Args:
        prepared: From ``prepare``.
        encoder: The encoder; used by this thread only.

    Returns:
        One item for each, in order.
    """
    asked = [each for each in prepared if each.reason is None]
    judged = iter(_judge(asked, encoder=encoder) if asked else ())
    return [
        next(judged)
        if each.reason is None
        else SentimentItem(
            id=each.id,
            language=each.language,
            language_supported=each.language in {None, SUPPORTED},
            reason=each.reason,
        )
        for each in prepared
    ]


def score_items(
    given: Sequence[GivenText], *, encoder: Encoder, languages: LanguageDetector, splitter: SentenceSplitter
) -> list[SentimentItem]:
    """Say of each text what there is to say: ``prepare`` and ``judge`` in one.

    Args:
        given: Any texts.
        encoder: The encoder; used by this thread only.
        languages: Tells languages.
        splitter: Finds segments.

    Returns:
        One item for each text, in order.
    """
    return judge(prepare(given, languages=languages, splitter=splitter), encoder=encoder)


def language_code(told: str | None) -> str | None:
    """Bring what a caller says about a language to its code: "en-GB", "EN" and "English" are "en".

    Returns:
        A code in lower case; null for what is no code, or says that the language is not known.
    """
    plain = (told or "").strip()
    if plain.casefold() in _SAME:
        return _SAME[plain.casefold()]
    match = _CODE.fullmatch(plain)
    if match is None or plain.casefold() in _UNTOLD:
        return None
    code = match[1].casefold()
    return _SAME.get(code, code)


def _judge(asked: Sequence[Prepared], *, encoder: Encoder) -> list[SentimentItem]:
    owners = [place for place, each in enumerate(asked) for _ in each.parts]
    whole, parts = encode_distinct(
        [each.whole for each in asked],
        [part for each in asked for part in each.parts],
        encoder=encoder,
        vectors=False,
    )
    records = add_record_sentiment(
        pl.DataFrame({"place": range(len(asked))}, schema={"place": pl.Int64}),
        whole,
        confident_at=encoder.confident_at,
    )
    segments = add_segment_sentiment(pl.DataFrame({"place": owners}, schema={"place": pl.Int64}), parts)
    records = records.join(find_mixed(segments, by="place"), on="place", how="left", maintain_order="left")
    per_text: list[list[dict[str, Any]]] = [[] for _ in asked]
    for row in segments.iter_rows(named=True):
        per_text[row["place"]].append(row)
    heads = zip(_rounded(whole.pain), _rounded(whole.request), _emotions(whole), strict=True)
    return [
        SentimentItem(
            id=each.id,
            label=row["label"],
            polarity=row["polarity"],
            probabilities=_probabilities(row),
            strongest=_strongest(rows or [row]),
            mixed=bool(row["mixed"]),
            confident=row["confident"],
            windows=row["windows"],
            language=each.language,
            p_pain=pain,
            p_request=request,
            emotions=emotions,
            segments=tuple(_segment(*span, found) for span, found in zip(each.spans, rows, strict=True)),
        )
        for each, row, rows, (pain, request, emotions) in zip(
            asked, records.iter_rows(named=True), per_text, heads, strict=True
        )
    ]


def _segment(start: int, end: int, row: Mapping[str, Any]) -> SegmentItem:
    return SegmentItem(
        start=start,
        end=end,
        label=row["label"],
        polarity=row["polarity"],
        probabilities=_probabilities(row),
        p_pain=row["p_pain"],
        p_request=row["p_request"],
    )


def _probabilities(row: Mapping[str, Any]) -> dict[str, float]:
    return {label: row[f"p_{label}"] for label in LABELS}


def _strongest(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    return {label: max(row[f"p_{label}"] for row in rows) for label in ("negative", "positive")}


def _rounded(values: NDArray[np.float32]) -> list[Any]:
    """Probabilities as they are shown; null where the encoder has no such head."""
    if np.isnan(values).any():
        return [None] * len(values)
    found: list[Any] = np.round(values.astype(np.float64), DIGITS).tolist()
    return found


def _emotions(encoding: Encoding) -> list[dict[str, float] | None]:
    return [row and dict(zip(EMOTIONS, row, strict=True)) for row in _rounded(encoding.emotions)]
