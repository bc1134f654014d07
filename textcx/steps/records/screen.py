"""Decide which records can be analyzed, and in the end which language the undecided ones take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.feedback import Reason
from textcx.steps.text.clean import clean, why_unprocessable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.text import AnswerWords
    from textcx.ports import LanguageGuess


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
