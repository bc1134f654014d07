"""What was planted in the sample is found again, by people's own judgement in ``sample/truth.json``."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from places import SAMPLE

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis

TRUTH: dict[str, dict[str, Any]] = json.loads((SAMPLE.parent / "truth.json").read_text(encoding="utf-8"))


def planted_in(analysis: Analysis, pain_point_id: str) -> Counter[str | None]:
    raised = analysis.tables["pains"].filter(pl.col("pain_point_id") == pain_point_id)["record_id"].unique()
    return Counter(TRUTH[record_id]["planted_pain"] for record_id in raised)


@pytest.mark.parametrize(
    "planted", ["late_delivery", "app_pause", "phone_support", "charged_twice", "grinder_or_leak", "price_at_renewal"]
)
def test_a_planted_pain_leads_one_of_the_first_ten_pain_points(planted: str, sample_analysis: Analysis) -> None:
    leading = [
        planted_in(sample_analysis, pain_point_id).most_common(1)[0][0]
        for pain_point_id in sample_analysis.pain_points["pain_point_id"].head(10)
    ]
    assert planted in leading


def test_the_pain_that_was_mended_in_april_is_falling(sample_analysis: Analysis) -> None:
    falling = sample_analysis.themes.filter(pl.col("trend").struct.field("direction") == "falling")["theme_id"]
    told = sample_analysis.tables["mentions"].filter(pl.col("theme_id").is_in(falling.implode()))["record_id"].unique()
    assert Counter(TRUTH[record_id]["planted_pain"] for record_id in told).most_common(1)[0][0] == "app_pause"


def test_what_stands_as_a_pain_is_mostly_one(sample_analysis: Analysis) -> None:
    found = set(sample_analysis.segments.filter("pain")["record_id"])
    right = sum(TRUTH[record_id]["pain"] for record_id in found)
    assert right / len(found) > 0.75


def test_only_the_records_that_hold_no_english_answer_are_left_out(sample_analysis: Analysis) -> None:
    left_out = {broken.record_id for broken in sample_analysis.unprocessable}
    expected = {record_id for record_id, told in TRUTH.items() if told["unprocessable"]}
    assert left_out == expected
