from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from builders import an_analysis

from textcx.reports import formats
from textcx.reports.html import render
from textcx.reports.lookup import Lookup
from textcx.reports.mix import mix_sentences
from textcx.steps.measures.mix import MIX

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis

FULL = an_analysis(120, ratings=("stars", "nps", "csat"))
STARS = {
    "subject_kind": "all", "subject_id": "all", "measure": "rating:stars", "by": "source", "earlier": 3.80,
    "later": 3.13, "change": -0.67, "mix": -0.69, "mix_low": -0.80, "mix_high": -0.58, "within": 0.02,
    "within_low": -0.05, "within_high": 0.09, "q_value": 0.001, "turns": False, "n_earlier": 400, "n_later": 420,
}  # fmt: skip


def told(*rows: dict[str, Any]) -> Analysis:
    """The full analysis with these changes, each told as far as it differs from that of the stars."""
    mix = pl.DataFrame([{**STARS, **row} for row in rows], schema=MIX)
    return replace(FULL, tables={**FULL.tables, "mix": mix})


def sentences(*rows: dict[str, Any]) -> list[str]:
    return [plain(moved.text) for moved in mix_sentences(Lookup(told(*rows)))]


def plain(text: str) -> str:
    return text.replace(formats.SPACE, " ").replace(formats.MINUS, "-")


def test_a_change_that_only_a_different_mix_makes_says_so_with_what_is_left_within() -> None:
    text = "Stars fell by 0.67 (3.80 to 3.13). All of it comes from a different mix of sources: within the sources the "
    assert sentences({}) == [text + "change is +0.02 (95 %: -0.05 to +0.09)."]


def test_a_sign_that_turns_is_marked_in_the_section_and_leads_the_summary() -> None:
    turn = {"later": 4.0, "change": 0.2, "mix": 0.5, "within": -0.3, "within_low": -0.4, "within_high": -0.2}
    page = plain(render(told({**turn, "turns": True, "by": "plan"})))
    text = "A different mix of “plan” turns the sign: within the groups of “plan” the change is -0.30"
    assert page.count(text) == 2
    assert '<li class="notes"><strong>Mind the sign:</strong> Stars rose by 0.20 (3.80 to 4.00).' in page
    assert '<a href="#trends">Mind the sign</a>' in page


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"mix": -0.2, "within": -0.47}, "About 30 % of it comes from a different mix of sources; within"),
        ({"mix": 0.3, "within": -0.97}, "A different mix of sources alone would have changed it by +0.30 ("),
        ({"mix": -1.3, "within": 0.63}, "A different mix of sources alone would have changed it by -1.30 ("),
    ],
)
def test_parts_of_the_change_are_told_by_their_size(parts: dict[str, float], said: str) -> None:
    ends = {"mix_low": parts["mix"] - 0.1, "mix_high": parts["mix"] + 0.1}
    assert said in sentences({**parts, **ends})[0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"measure": "rating:nps", "earlier": 30.0, "later": 18.0, "change": -12.0}, "NPS fell by 12.0 points (+30 to"),
        ({"measure": "rating:csat", "earlier": 60.0, "later": 72.0, "change": 12.0}, "CSAT rose by 12.0 points (60 %"),
        ({"measure": "polarity", "earlier": 0.1, "later": -0.1, "change": -0.2}, "Polarity fell by 0.20 (+0.10 to -0.10"),
        ({"measure": "negative_share", "earlier": 0.1, "later": 0.3, "change": 0.2}, "The share of negative records rose by 20.0 points (10 % to 30 %"),
    ],
)  # fmt: skip
def test_each_measure_has_its_own_unit(row: dict[str, Any], said: str) -> None:
    assert sentences({**row, "mix": row["change"]})[0].startswith(said)


def test_a_theme_that_rises_with_its_source_says_what_is_left_within_and_a_fragile_one_says_nothing() -> None:
    theme = FULL.tables["themes"]["theme_id"][0]
    share = {"subject_kind": "theme", "subject_id": theme, "measure": "share", "earlier": 0.1, "later": 0.2}
    share |= {"change": 0.1, "mix": 0.098, "within": 0.002, "within_low": -0.01, "within_high": 0.014}
    name = Lookup(FULL).theme(theme)
    assert sentences(share)[0].startswith(f"{name} (share of records) rose by 10.0 points (10 % to 20 %). All of it")
    trend = {"direction": "rising", "change": 10.0, "ci_low": 6.0, "ci_high": 14.0}
    analysis = told(share)
    rising = analysis.tables["themes"].with_columns(trend=pl.lit(trend, dtype=pl.Struct(dict.fromkeys(trend, pl.Float64) | {"direction": pl.String})))  # fmt: skip
    page = plain(render(replace(analysis, tables={**analysis.tables, "themes": rising})))
    assert "within the sources +0.2 (95 %: -1.0 to +1.4)" in page
    fragile = rising.with_columns(stability=pl.lit(0.1))
    assert not mix_sentences(Lookup(replace(analysis, tables={**analysis.tables, "themes": fragile})))


def test_what_turns_comes_first_then_everyone_then_themes() -> None:
    theme = {"subject_kind": "theme", "subject_id": FULL.tables["themes"]["theme_id"][0], "measure": "share"}
    rows = [theme, {"measure": "polarity"}, {}, {"measure": "negative_share", "turns": True}]
    starts = [re.split(" fell| \\(", text)[0] for text in sentences(*rows)]
    assert starts == ["The share of negative records", "Stars", "Polarity", Lookup(FULL).theme(theme["subject_id"])]


def test_nothing_is_said_where_no_mix_moved() -> None:
    for tables in (told().tables, {name: frame for name, frame in FULL.tables.items() if name != "mix"}):
        page = render(replace(FULL, tables=tables))
        assert "different mix" not in page


def test_the_name_of_a_column_stays_text() -> None:
    assert "<b>x" not in render(told({"by": "<b>x</b>"}))
