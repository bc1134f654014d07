"""Prepare records for the encoder: screened, masked, and laid out as segments.

Screening decides which records can be analyzed, and in the end which language the undecided ones take.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.feedback import Reason
from textcx.domain.tables import REDACTIONS
from textcx.steps.text.clean import clean, entities_in, polish, why_unprocessable
from textcx.steps.text.redact import mask
from textcx.steps.text.split import place_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textcx.domain.feedback import Redaction, TextColumn
    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.text import AnswerWords
    from textcx.ports import LanguageGuess

SPANS = {
    "row": pl.Int64, "text_column": pl.String, "question": pl.String, "start": pl.Int64, "end": pl.Int64,
    "text": pl.String, "polished": pl.String,
}  # fmt: skip


def hint_of(reason: Reason, language: Language) -> str:
    """Tell a reader why a record was left out, and what to do."""
    if reason is Reason.LANGUAGE_UNSUPPORTED:
        return f"only {language.name} is analyzed; translate the text first, or leave it out"
    return {
        Reason.EMPTY: "the text columns of this record are empty",
        Reason.NOT_AN_ANSWER: "the text says that there is no answer",
    }[reason]


def screen(records: pl.DataFrame, *, questions: Sequence[str | None], answers: AnswerWords) -> pl.DataFrame:
    """Add ``cleaned`` (same length as ``verbatim``) and ``reason``, why a record cannot be analyzed (null if it can).

    ``questions``: what each text column answers, where known, in the order of the plan.
    """
    cleaned = [clean(verbatim) for verbatim in records["verbatim"]]
    reasons: list[str | None] = []
    for text, cells, asked in zip(cleaned, records["cells"].to_list(), records["question"], strict=True):
        answered = asked or next((questions[cell["column"]] for cell in cells if questions[cell["column"]]), None)
        reasons.append(why_unprocessable(text, question=answered, answers=answers))
    return records.with_columns(
        pl.Series("cleaned", cleaned, dtype=pl.String), pl.Series("reason", reasons, dtype=pl.String)
    )


def screen_languages(records: pl.DataFrame, guesses: Sequence[LanguageGuess], *, supported: str) -> pl.DataFrame:
    """Set ``language`` and mark the records of a clearly unsupported language; the undecided keep a null."""
    languages = pl.Series("language", [guess.language for guess in guesses], dtype=pl.String)
    return _without_foreign(records.with_columns(languages), supported)


def settle_languages(records: pl.DataFrame, *, supported: str) -> pl.DataFrame:
    """Give texts too short to tell their language the majority language of their file (``input``), if there is one.

    Where the majority language is unsupported, the undecided are unprocessable, too.
    """
    majority = (
        records.drop_nulls("language")
        .group_by("input", "language")
        .len()
        .sort("input", pl.col("len"), "language", descending=[False, True, False])
        .group_by("input", maintain_order=True)
        .agg(majority=pl.col("language").first())
    )
    settled = records.join(majority, on="input", how="left", maintain_order="left").with_columns(
        language=pl.coalesce("language", "majority", pl.lit(supported))
    )
    return _without_foreign(settled.drop("majority"), supported)


def _without_foreign(records: pl.DataFrame, supported: str) -> pl.DataFrame:
    foreign = pl.col("reason").is_null() & (pl.col("language") != supported)
    unsupported = pl.lit(Reason.LANGUAGE_UNSUPPORTED.value)
    return records.with_columns(reason=pl.when(foreign).then(unsupported).otherwise("reason"))


def cell_texts(records: pl.DataFrame) -> list[str]:
    """Return the cleaned cells of all records, one after the other."""
    texts = records.select("cleaned", "cells").iter_rows()
    return [cleaned[cell["start"] : cell["end"]] for cleaned, cells in texts for cell in cells]


def mask_records(records: pl.DataFrame, found: Sequence[Sequence[Redaction]]) -> pl.DataFrame:
    """Add ``text`` (the verbatim, masked) and ``redactions`` to records."""
    masked = [mask(verbatim, spans) for verbatim, spans in zip(records["verbatim"], found, strict=True)]
    listed = [[{"start": span.start, "end": span.end, "kind": span.kind} for span in spans] for spans in found]
    return records.with_columns(
        pl.Series("text", masked, dtype=pl.String), pl.Series("redactions", listed, dtype=REDACTIONS)
    )


def mask_columns(
    records: pl.DataFrame, *, find: Callable[[Sequence[str]], Sequence[Sequence[Redaction]]]
) -> pl.DataFrame:
    """Mask what identifies a person in touchpoints, sources, questions and attribute values (``attribute:NAME``)."""
    masked: list[pl.Series] = []
    attributes = [column for column in records.columns if column.startswith("attribute:")]
    for name in ("touchpoint", "source", "question", *attributes):
        values = records[name].drop_nulls().unique().sort().to_list()
        change = {value: mask(value, spans) for value, spans in zip(values, find(values), strict=True) if spans}
        if change:
            masked.append(records[name].replace(list(change), list(change.values())))
    return records.with_columns(masked)


def build_segments(
    records: pl.DataFrame,
    spans: Sequence[Sequence[tuple[int, int]]],
    found: Sequence[Sequence[Redaction]],
    *,
    columns: Sequence[TextColumn],
) -> pl.DataFrame:
    """Lay out the segments of usable records, from the spans of each cell (see ``cell_texts``) and the redactions.

    Returns:
        One row per segment: ``row``, ``text_column``, ``question`` (what it answers, where known), ``start``,
        ``end``, ``text`` (masked) and ``polished`` (cleaned, unmasked, for the encoder only; never written).
    """
    rows: list[tuple[int, str, str | None, int, int, str, str]] = []
    spans_left = iter(spans)
    texts = records.select("row", "cells", "cleaned", "text", "question").iter_rows()
    for (row, cells, cleaned, text, asked), redactions in zip(texts, found, strict=True):
        per_cell = list(islice(spans_left, len(cells)))
        bounds = [(cell["start"], cell["end"]) for cell in cells]
        for index, start, end in place_segments(cleaned, bounds, per_cell, redactions, entities=entities_in(text)):
            column = columns[cells[index]["column"]]
            words = polish(cleaned[start:end])
            rows.append((row, column.column, asked or column.question, start, end, text[start:end], words))
    return pl.DataFrame(rows, schema=SPANS, orient="row")
