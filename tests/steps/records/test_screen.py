from __future__ import annotations

from functools import partial

import polars as pl
from languages import ENGLISH

from textcx.ports import LanguageGuess
from textcx.steps.records.assemble import screen, screen_languages, settle_languages

screen = partial(screen, answers=ENGLISH.answers)


def test_a_foreign_text_is_marked_and_an_undecided_one_waits() -> None:
    records = pl.DataFrame({"reason": [None, None, "empty"]}, schema={"reason": pl.String})
    guesses = [LanguageGuess("de", 0.99), LanguageGuess(None, 0.0), LanguageGuess("fr", 0.9)]
    assert screen_languages(records, guesses, supported="en")["reason"].to_list() == [
        "language_unsupported",
        None,
        "empty",
    ]


def settled(*languages: tuple[int, str | None]) -> pl.DataFrame:
    return settle_languages(
        pl.DataFrame(
            {
                "input": [entry[0] for entry in languages],
                "language": [entry[1] for entry in languages],
                "reason": [None] * len(languages),
            },
            schema={"input": pl.Int64, "language": pl.String, "reason": pl.String},
        ),
        supported="en",
    )


def test_an_undecided_text_takes_the_majority_language_of_its_own_file() -> None:
    records = settled((0, "en"), (0, "en"), (0, "de"), (0, None), (1, "de"), (1, None))
    assert records["language"].to_list() == ["en", "en", "de", "en", "de", "de"]
    assert records["reason"].to_list()[3] is None
    assert records["reason"].to_list()[5] == "language_unsupported"


def test_a_file_that_tells_no_language_is_read_as_english() -> None:
    records = settled((0, None), (0, None))
    assert records["language"].to_list() == ["en", "en"]
    assert records["reason"].null_count() == 2


def test_nothing_is_an_answer_when_the_question_is_known() -> None:
    records = pl.DataFrame({
        "verbatim": ["Nothing", "Nothing"],
        "cells": [[{"column": 0, "start": 0, "end": 7}]] * 2,
        "question": ["How could we improve?", None],
    }, schema_overrides={"question": pl.String})  # fmt: skip
    assert screen(records, questions=[None])["reason"].to_list() == [None, "not_an_answer"]
    assert screen(records, questions=["How could we improve?"])["reason"].to_list() == [None, None]
