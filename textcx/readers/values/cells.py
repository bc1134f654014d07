"""Cells to values: numbers, yes and no, money. Whole columns at a time; what is no value becomes null."""

from __future__ import annotations

import polars as pl

from textcx.readers.words import column_words

_NUMBER = (
    r"(?i)^\s*([+-]?\d+(?:\.\d+)?)\s*"
    r"(?:/\s*\d+(?:\.\d+)?|out\s+of\s+\d+(?:\.\d+)?|stars?|points?|[-\u2013\u2014:=]\s*[^\d\s].*|\([^)]*\))?\s*$"
)
_STARS = r"^[★☆⭐\x{FE0F}\s]+$"


def trimmed(cells: pl.Series) -> pl.Series:
    """Trim cells; those that say "no value" become null."""
    plain = cells.str.strip_chars()
    return plain.set(plain.str.to_lowercase().is_in(column_words().cells.no_value), None)


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
    words = column_words().cells
    values = {**dict.fromkeys(words.yes, 1.0), **dict.fromkeys(words.no, 0.0)}
    lower = cells.str.strip_chars().str.to_lowercase()
    return lower.replace_strict(values, default=None, return_dtype=pl.Float64).alias(cells.name)


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
