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
    """Clean each verbatim and say why a record cannot be analyzed, if so.

    Args:
        records: ``verbatim``, ``cells`` and ``question`` of each record.
        questions: The question each text column answers, where known, in the order of the plan.
        answers: Set phrases that stand for silence.

    Returns:
        The records with ``cleaned`` (same length as ``verbatim``) and ``reason`` (null for usable records).
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
    """Set ``language`` and mark the records of a clearly unsupported language.

    Args:
        records: Records with ``reason``.
        guesses: One guess per record; a null language where the text is too short to tell.
        supported: Code of the language that is analyzed.

    Returns:
        The records with ``language``; the undecided keep a null and are settled by ``settle_languages``.
    """
    languages = pl.Series("language", [guess.language for guess in guesses], dtype=pl.String)
    foreign = languages.is_not_null() & (languages != supported)
    return records.with_columns(
        languages,
        reason=pl.when(pl.col("reason").is_null() & foreign)
        .then(pl.lit(Reason.LANGUAGE_UNSUPPORTED.value))
        .otherwise(pl.col("reason")),
    )


def settle_languages(records: pl.DataFrame, *, supported: str) -> pl.DataFrame:
    """Give texts too short to tell their language the majority language of their file.

    Args:
        records: ``input`` (number of the file), ``language`` (nullable), ``reason`` (nullable).
        supported: Code of the language that is analyzed.

    Returns:
        The records with every ``language`` set where any text of the file told one; where the majority language is
        unsupported, the undecided are unprocessable, too.
    """
    told = records.filter(pl.col("language").is_not_null())
    majority = (
        told.group_by("input", "language")
        .len()
        .sort("input", pl.col("len"), "language", descending=[False, True, False])
        .group_by("input", maintain_order=True)
        .agg(majority=pl.col("language").first())
    )
    settled = records.join(majority, on="input", how="left", maintain_order="left").with_columns(
        undecided=pl.col("language").is_null(),
        language=pl.coalesce("language", "majority", pl.lit(supported)),
    )
    return settled.with_columns(
        reason=pl.when(pl.col("reason").is_null() & pl.col("undecided") & (pl.col("language") != supported))
        .then(pl.lit(Reason.LANGUAGE_UNSUPPORTED.value))
        .otherwise(pl.col("reason"))
    ).drop("undecided", "majority")
