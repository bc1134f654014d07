from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
from builders import an_analysis

from textcx.reports.aspects import aspects_by_theme
from textcx.reports.html import render
from textcx.reports.lookup import Lookup

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis


def with_aspects(analysis: Analysis, *, duplicate: bool = False) -> Analysis:
    """Say of every record that raises the first theme that its food is good and its queue bad."""
    theme = analysis.themes["theme_id"][0]
    raised = analysis.tables["mentions"].filter(pl.col("theme_id") == theme).select("segment_id", "record_id")
    sides = pl.DataFrame(
        {"aspect": ["Food", "food", "queue"], "p_positive": [0.9, 0.9, 0.1], "p_negative": [0.1, 0.1, 0.9]}
    )
    tables = {**analysis.tables, "aspects": raised.join(sides, how="cross")}
    if duplicate:
        records = tables["records"].with_columns(duplicate_of=pl.lit("first"))
        tables["records"] = records
    return replace(analysis, tables=tables)


def test_a_theme_has_what_is_praised_and_criticised_in_it_each_record_once() -> None:
    analysis = with_aspects(an_analysis(60))
    theme = analysis.themes["theme_id"][0]
    records = analysis.tables["mentions"].filter(pl.col("theme_id") == theme)["record_id"].n_unique()
    found = aspects_by_theme(Lookup(analysis))
    assert found[theme, "praised"] == f"food ({records})"
    assert found[theme, "criticised"] == f"queue ({records})"
    assert f"praised: food ({records})" in render(analysis)


def test_a_theme_has_the_aspects_of_its_parts() -> None:
    analysis = with_aspects(an_analysis(60))
    theme = analysis.themes["theme_id"][0]
    parts = analysis.themes.head(1).with_columns(parent_theme_id=pl.lit("above"))
    above = analysis.themes.head(1).with_columns(theme_id=pl.lit("above"), parent_theme_id=pl.lit(None, pl.String))
    found = aspects_by_theme(Lookup(replace(analysis, tables={**analysis.tables, "themes": pl.concat([above, parts])})))
    assert found["above", "praised"] == found[theme, "praised"]


def test_duplicates_are_not_counted_and_no_table_is_no_error() -> None:
    assert aspects_by_theme(Lookup(with_aspects(an_analysis(60), duplicate=True))) == {}
    assert aspects_by_theme(Lookup(an_analysis(60))) == {}
