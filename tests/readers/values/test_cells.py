from __future__ import annotations

import polars as pl

from textcx.readers.values.cells import amounts, numbers, trimmed, yes_no


def column(*cells: str | None) -> pl.Series:
    return pl.Series("n", cells, dtype=pl.String)


def test_ratings_are_read_as_people_export_them() -> None:
    cells = column("4", " 4.5 ", "4,5", "4/5", "4 out of 5", "4 stars", "10 - Extremely likely", "★★★★☆", "3: ok", "-1")
    assert numbers(cells).to_list() == [4, 4.5, 4.5, 4, 4, 4, 10, 4, 3, -1]


def test_other_words_are_no_rating() -> None:
    assert numbers(column("good", None, "4 cats", "", "24.08.26.3", "2024-03-05")).to_list() == [None] * 6


def test_yes_and_no_are_one_and_nil() -> None:
    assert yes_no(column("Yes", "no", "TRUE", "0", "1.0", "maybe", None)).to_list() == [1, 0, 1, 0, 1, None, None]


def test_amounts_are_read_in_both_notations() -> None:
    cells = column("1,200.50", "1.200,50", "$1200", "EUR 1 200", "1,200", "n. a.", None, "about twelve 3")
    assert amounts(cells).to_list() == [1200.5, 1200.5, 1200, 1200, 1200, None, None, None]


def test_cells_that_say_no_value_become_null() -> None:
    assert trimmed(column(" basic ", "N/A", "-", "", None, "none")).to_list() == ["basic", None, None, None, None, None]
