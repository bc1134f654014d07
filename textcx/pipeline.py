"""The order of the steps, in two halves: ``per_batch`` for some records at a time, ``over_all`` once at the end.

Nothing is computed here. Every value that leaves ``per_batch`` is redacted; ``over_all`` never sees anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.domain.parts import Part
from textcx.steps import lay_out
from textcx.steps.assemble import assemble
from textcx.steps.clean import polish
from textcx.steps.encode import encode_distinct
from textcx.steps.screen import screen, screen_languages
from textcx.steps.sentiment import add_record_sentiment, add_segment_sentiment

if TYPE_CHECKING:
    from textcx.domain.feedback import ColumnPlan, FeedbackBatch
    from textcx.ports import Encoder, LanguageDetector, PhraseFinder, Redactor, SentenceSplitter, ThemeModel, Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstHalf:
    """What the first half works with, built by ``textcx.wiring``."""

    encoder: Encoder
    languages: LanguageDetector
    redactor: Redactor
    splitter: SentenceSplitter
    respondent_key: bytes


def per_batch(batch: FeedbackBatch, *, number: int, plan: ColumnPlan, tools: FirstHalf, watch: Watch) -> Part:
    """Read .. sentiment for some consecutive rows of one input.

    Args:
        batch: The rows.
        number: Number of the input among the inputs of the run.
        plan: The input's columns.
        tools: The engines.
        watch: Told how far each stage is.

    Returns:
        Records, segments and vectors, redacted and ready to be stored.
    """
    with watch.stage("clean"):
        records = assemble(batch.frame, number=number, respondent_key=tools.respondent_key)
        records = screen(records, questions=[column.question for column in plan.text])
        records = screen_languages(records, tools.languages.detect(records["cleaned"].to_list()))
    with watch.stage("redact"):
        records = lay_out.mask_columns(records, find=tools.redactor.find)
        usable = records.filter(records["reason"].is_null())
        redactions = tools.redactor.find(usable["cleaned"].to_list())
        usable = lay_out.mask_records(usable, redactions)
    with watch.stage("split"):
        spans = tools.splitter.split(lay_out.cell_texts(usable))
        segments = lay_out.segment_records(usable, spans, redactions, columns=[column.column for column in plan.text])
    with watch.stage("encode"):
        whole, parts = encode_distinct(
            [polish(text) for text in usable["cleaned"]], segments["polished"].to_list(), encoder=tools.encoder
        )
        usable = add_record_sentiment(usable, whole, confident_at=tools.encoder.confident_at)
        segments = add_segment_sentiment(segments, parts)
    return Part.of(records=records, usable=usable, segments=segments, vectors=parts.vectors, batch=batch)
