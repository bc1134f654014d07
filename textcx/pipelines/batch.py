"""The record half: some consecutive records at a time, from reading to sentiment.

Nothing is computed here. Every value that leaves ``analyze_batch`` is redacted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.domain.parts import Part
from textcx.steps.aspects.find import aspect_table, find_aspects, segment_texts
from textcx.steps.records.assemble import (
    assemble,
    build_segments,
    cell_texts,
    mask_columns,
    mask_records,
    screen,
    screen_languages,
)
from textcx.steps.sentiment.encode import add_record_sentiment, add_segment_sentiment, encode_distinct
from textcx.steps.text.clean import polish
from textcx.steps.text.redact import find_obfuscated_pii

if TYPE_CHECKING:
    from textcx.domain.feedback import ColumnPlan, FeedbackBatch
    from textcx.domain.lexicons.language import Language
    from textcx.ports import Encoder, LanguageDetector, ProgressReporter, Redactor, SentenceSplitter


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTools:
    """The engines of ``analyze_batch``, built by ``textcx.wiring.container``."""

    encoder: Encoder
    languages: LanguageDetector
    redactor: Redactor
    splitter: SentenceSplitter
    language: Language
    respondent_key: bytes


def analyze_batch(
    batch: FeedbackBatch, *, number: int, plan: ColumnPlan, tools: RecordTools, progress: ProgressReporter
) -> Part:
    """Read .. sentiment for some consecutive rows of the input ``number`` of a run: redacted, ready to be stored."""
    with progress.stage("clean"):
        records = assemble(batch.frame, number=number, respondent_key=tools.respondent_key)
        records = screen(records, questions=[column.question for column in plan.text], answers=tools.language.answers)
        guesses = tools.languages.detect(records["cleaned"].to_list())
        records = screen_languages(records, guesses, supported=tools.language.code)
    with progress.stage("redact"):
        records = mask_columns(records, find=tools.redactor.find)
        usable = records.filter(records["reason"].is_null())
        redactions = find_obfuscated_pii(
            usable["verbatim"].to_list(), usable["cleaned"].to_list(), find=tools.redactor.find
        )
        usable = mask_records(usable, redactions)
    with progress.stage("split"):
        spans = tools.splitter.split(cell_texts(usable))
        segments = build_segments(usable, spans, redactions, columns=plan.text)
    with progress.stage("encode"):
        whole, parts = encode_distinct(
            [polish(text) for text in usable["cleaned"]],
            segments["polished"].to_list(),
            encoder=tools.encoder,
            tags=True,
        )
        usable = add_record_sentiment(usable, whole, confident_at=tools.encoder.confident_at)
        segments = add_segment_sentiment(segments, parts)
        aspects = find_aspects(segment_texts(segments), parts.tags, language=tools.language)
    return Part.of(
        records=records,
        usable=usable,
        segments=segments,
        matters=parts.matters,
        aspects=aspect_table(segments, aspects),
        batch=batch,
    )
