"""Cells to values: numbers, yes and no, money. Pure, whole columns at a time; what is no value becomes null."""

from __future__ import annotations

import polars as pl

NO_VALUE = ("", "n/a", "na", "nan", "null", "none", "nil", "-", "--", "n.a.", "#n/a", "not applicable")
"""Cells, in lower case, that say "no value" outside the text columns."""

_NUMBER = (
    r"(?i)^\s*([+-]?\d+(?:\.\d+)?)\s*"
    r"(?:/\s*\d+(?:\.\d+)?|out\s+of\s+\d+(?:\.\d+)?|stars?|points?|[-\u2013\u2014:=]\s*[^\d\s].*|\([^)]*\))?\s*$"
)
_STARS = r"^[★☆⭐\x{FE0F}\s]+$"
_YES = ("1", "1.0", "yes", "y", "true", "t", "recommended")
_NO = ("0", "0.0", "no", "n", "false", "f", "not recommended")


def trimmed(cells: pl.Series) -> pl.Series:
    """Trim cells; those that say "no value" become null."""
    plain = cells.str.strip_chars()
    return plain.set(plain.str.to_lowercase().is_in(NO_VALUE), None)


def numbers(cells: pl.Series) -> pl.Series:
    """Read ratings: "4", "4,5", "4/5", "4 out of 5", "4 stars", "★★★★☆", "10 - Extremely likely". Float64."""
    plain = cells.str.replace(r"^(\s*[+-]?\d+),(\d+)", "${1}.${2}")
    read = plain.str.extract(_NUMBER, 1).cast(pl.Float64, strict=False)
    glyphs = cells.str.contains(_STARS) & cells.str.contains("[★⭐]")
    if not glyphs.any():
        return read
    return read.zip_with(~glyphs.fill_null(value=False), cells.str.count_matches("[★⭐]").cast(pl.Float64))


def yes_no(cells: pl.Series) -> pl.Series:
    """Read "yes", "true", "1" as 1 and "no", "false", "0" as 0. Float64."""
    lower = cells.str.strip_chars().str.to_lowercase()
    frame = pl.DataFrame({"cell": lower})
    return frame.select(
        pl.when(pl.col("cell").is_in(_YES)).then(1.0).when(pl.col("cell").is_in(_NO)).then(0.0).alias(cells.name)
    ).to_series()


def amounts(cells: pl.Series) -> pl.Series:
    """Read money and other amounts: "1,200.50", "1.200,50", "$1200", "EUR 1 200". Float64."""
    bare = cells.str.replace_all(r"[^\d.,+-]", "")
    comma_last = bare.str.contains(r",\d{1,2}$") & ~bare.str.contains(r"\.\d+$")
    european = bare.str.replace_all(".", "", literal=True).str.replace_all(",", ".", literal=True)
    english = bare.str.replace_all(",", "", literal=True)
    text = english.zip_with(~comma_last.fill_null(value=False), european)
    telling = cells.str.contains(r"\d") & ~cells.str.contains(r"[A-Za-z]{4,}")
    return text.zip_with(telling.fill_null(value=False), pl.Series([None], dtype=pl.String)).cast(
        pl.Float64, strict=False
    )
