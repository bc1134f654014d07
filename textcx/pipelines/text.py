"""Single texts: ``score_texts`` for sentiment, ``analyze_texts`` for all that a text tells without a corpus.

The same steps decide as in ``textcx analyze``, with three differences that follow from having no file around a text:

* A text too short to tell its language is read as English; ``analyze`` takes the majority language of the file.
* The aspect of a pain is chosen from its own text, since there are no other customers whose words could be counted.
* ``score_texts`` redacts nothing, because it gives no text back, but for the words of aspects where they are wanted;
  where ``analyze`` masks a name that reaches over the edge of a segment, its edge moves.

Invariants, all tested: one result for each text, in order, that depends on its text alone; offsets are code points into
the text as given; masks keep them, and none straddles the edge of a segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.pipelines.incoming import IncomingTools, pains_of, stages_of
from textcx.steps.aspects.find import find_aspects
from textcx.steps.sentiment.encode import encode_distinct
from textcx.steps.sentiment.items import (
    PreparedText,
    build_items,
    judged_segments,
    language_code,
    prepare_text,
    segments_to_search,
    text_findings,
    unlabelled_item,
    with_words,
)
from textcx.steps.text.clean import clean
from textcx.steps.text.redact import find_obfuscated_pii

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from textcx.domain.aspects import Aspect
    from textcx.domain.encoding import Encoding
    from textcx.domain.feedback import Redaction
    from textcx.domain.items import GivenText, SentimentItem, TextFindings
    from textcx.domain.lexicons.language import Language
    from textcx.ports import Encoder, LanguageDetector, Redactor, SentenceSplitter


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTools:
    """The engines of ``analyze_texts``; used by one thread at a time."""

    encoder: Encoder
    languages: LanguageDetector
    splitter: SentenceSplitter
    redactor: Redactor
    segments: IncomingTools


def prepare(
    given: Sequence[GivenText],
    *,
    language: Language,
    languages: LanguageDetector,
    splitter: SentenceSplitter,
    redactor: Redactor | None = None,
) -> list[PreparedText]:
    """Clean texts, tell their language, find what is masked and their segments: all that needs no encoder.

    One for each, in order, also for empty and broken ones. No ``redactor`` is needed where no text is given back.
    """
    cleaned = [clean(each.text) for each in given]
    named = [language_code(each.language, language) for each in given]
    unnamed = [text for text, code in zip(cleaned, named, strict=True) if code is None]
    guesses = iter(languages.detect(unnamed) if unnamed else ())
    codes = [code or next(guesses).language for code in named]
    masks: Sequence[Sequence[Redaction]] = [()] * len(given)
    if redactor is not None:
        masks = find_obfuscated_pii([each.text for each in given], cleaned, find=redactor.find)
    return [
        prepare_text(*each, language=language, splitter=splitter)
        for each in zip(given, cleaned, codes, masks, strict=True)
    ]


def judge(
    prepared: Sequence[PreparedText], *, encoder: Encoder, aspects_in: Language | None = None
) -> list[SentimentItem]:
    """Ask the encoder about prepared texts, once; one item for each, in order, with aspects where a language is named.

    Words of aspects are masked where the texts were prepared with a redactor.
    """
    return _judge(prepared, encoder=encoder, aspects_in=aspects_in)[0]


def score_texts(
    given: Sequence[GivenText],
    *,
    encoder: Encoder,
    language: Language,
    languages: LanguageDetector,
    splitter: SentenceSplitter,
    aspects: bool = False,
) -> list[SentimentItem]:
    """Judge the sentiment of texts: ``prepare`` and ``judge`` in one; one item for each, in order."""
    prepared = prepare(given, language=language, languages=languages, splitter=splitter)
    return judge(prepared, encoder=encoder, aspects_in=language if aspects else None)


def analyze_texts(given: Sequence[GivenText], *, tools: TextTools) -> list[TextFindings]:
    """Find in each text its sentiment, pains and stages; one result for each, in order."""
    prepared = prepare(
        given,
        language=tools.segments.language,
        languages=tools.languages,
        splitter=tools.splitter,
        redactor=tools.redactor,
    )
    items, segments, parts = _judge(prepared, encoder=tools.encoder, vectors=True, aspects_in=tools.segments.language)
    segments = with_words(segments, prepared)
    stages = stages_of(segments, parts.matters, tools=tools.segments)
    findings = []
    first = 0
    for text, item in zip(prepared, items, strict=True):
        own = slice(first, first + len(text.parts))
        first = own.stop
        pains = pains_of(segments[own], tools=tools.segments)
        found = {"segments": segments[own], "stages": stages[own], "pains": pains}
        findings.append(text_findings(item, parts.matters[own], redactions=text.redactions, **found))
    return findings


def _judge(
    prepared: Sequence[PreparedText], *, encoder: Encoder, vectors: bool = False, aspects_in: Language | None
) -> tuple[list[SentimentItem], pl.DataFrame, Encoding]:
    """Items of all texts, and all segments, text by text, with what the encoder says of them."""
    usable = [each for each in prepared if each.reason is None]
    wholes, segments = [each.whole for each in usable], [part for each in usable for part in each.parts]
    tags = aspects_in is not None
    whole, parts = encode_distinct(wholes, segments, encoder=encoder, vectors=vectors, tags=tags)
    judged = judged_segments(usable, parts)
    aspects: list[list[Aspect]] = []
    if aspects_in is not None:
        aspects = find_aspects(segments_to_search(usable, judged), parts.tags, language=aspects_in)
    items = iter(build_items(usable, whole, judged, aspects, confident_at=encoder.confident_at))
    return [next(items) if each.reason is None else unlabelled_item(each) for each in prepared], judged, parts
