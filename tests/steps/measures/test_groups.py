from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from textcx.domain.encoding import MeasuredErrors
from textcx.domain.tables import UTC
from textcx.steps.measures.groups import ENDS, ESTIMATES, GROUPS, attribute_groups
from textcx.steps.records.people import PERSON


def feedback(*groups: tuple[str | None, int, int]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Answers, records and segments for (plan, records, how many of them in pain); pained records are negative."""
    plans = [(plan, i < pained) for plan, size, pained in groups for i in range(size)]
    ids = [f"r{i:04d}" for i in range(len(plans))]
    answers = pl.DataFrame(
        {"record_id": ids, "plan": [plan for plan, _ in plans]}, schema={"record_id": pl.String, "plan": pl.String}
    ).with_columns(
        respondent_id=pl.lit(None, dtype=pl.String), created_at=pl.lit(None, dtype=UTC),
        analyzed=pl.lit(value=True), counted=pl.lit(value=True),
    )  # fmt: skip
    hurt = pl.Series([pained for _, pained in plans], dtype=pl.Boolean)
    records = answers.select(
        "record_id",
        source=pl.lit("survey"),
        polarity=pl.when(hurt).then(-0.8).otherwise(0.6),
        label=pl.when(hurt).then(pl.lit("negative")).otherwise(pl.lit("positive")),
    )
    return answers, records, answers.select("record_id", pain=hurt)


def compare(*groups: tuple[str | None, int, int], **options: Any) -> pl.DataFrame:
    return attribute_groups(*feedback(*groups), **{"attributes": ["plan"], **options})


def test_the_group_that_hurts_most_leads() -> None:
    table = compare(("free", 80, 10), ("premium", 20, 15))
    first = table.row(0, named=True)
    assert (first["attribute"], first["group"], first["records"]) == ("plan", "premium", 20)
    assert first["pain_share"] == 0.75
    assert first["pain_difference"] == pytest.approx(75 - 12.5)
    assert first["pain_difference_low"] > 30
    assert first["q_value"] < 0.001
    assert first["polarity"] == pytest.approx(0.75 * -0.8 + 0.25 * 0.6)


def test_a_small_group_does_not_lead_by_chance() -> None:
    table = compare(("free", 400, 60), ("premium", 200, 80), ("trial", 5, 3))
    assert table["group"].to_list()[0] == "premium"
    assert table.filter(group="trial")["pain_difference"][0] > table.filter(group="premium")["pain_difference"][0]


def test_groups_below_the_smallest_size_are_not_shown_but_are_part_of_everyone_else() -> None:
    table = compare(("free", 6, 0), ("premium", 4, 4))
    assert table["group"].to_list() == ["free"]
    assert table["pain_difference"][0] == -100


def test_a_group_of_everyone_is_compared_with_nobody() -> None:
    only = compare(("free", 8, 2)).row(0, named=True)
    assert (only["pain_share"], only["pain_difference"], only["q_value"]) == (0.25, None, None)


def test_people_with_many_records_widen_the_intervals_of_a_group_and_weaken_its_difference() -> None:
    answers, records, segments = feedback(("free", 80, 10), ("premium", 20, 15))
    few = answers.with_columns(respondent_id=(pl.int_range(pl.len()) // 5).cast(pl.String))
    one, other = (
        attribute_groups(frame, records, segments, attributes=["plan"]).filter(group="premium").row(0, named=True)
        for frame in (answers, few)
    )
    assert (one["records"], one["respondents"], other["records"], other["respondents"]) == (20, 20, 20, 4)
    for name in ESTIMATES:
        assert other[name] == pytest.approx(one[name])
        assert other[f"{name}_high"] - other[f"{name}_low"] > 1.3 * (one[f"{name}_high"] - one[f"{name}_low"])
    assert other["q_value"] > one["q_value"]


def test_people_told_by_their_attributes_count_as_people_in_intervals_and_not_as_respondents() -> None:
    answers, records, segments = feedback(("free", 80, 10), ("premium", 20, 15))
    alike = answers.with_columns((pl.int_range(pl.len()) // 5).cast(pl.String).alias(PERSON))
    named = answers.with_columns(respondent_id=(pl.int_range(pl.len()) // 5).cast(pl.String))
    one, other = (attribute_groups(frame, records, segments, attributes=["plan"]) for frame in (alike, named))
    assert_frame_equal(one.drop("respondents"), other.drop("respondents"))
    assert one.filter(group="premium")["respondents"].to_list() == [20]


def test_a_difference_leaves_out_zero_exactly_where_it_is_told_from_chance() -> None:
    for pained in range(0, 21, 4):
        row = compare(("free", 30, 9), ("premium", 20, pained)).filter(group="premium").row(0, named=True)
        clear = row["pain_difference_low"] > 0 or row["pain_difference_high"] < 0
        assert clear == (row["q_value"] <= 0.05)  # both groups have the same p-value
        for name in ESTIMATES:
            value, low, high = (row[name + end] for end in ENDS)
            assert low <= value <= high


def test_records_without_the_attribute_belong_to_no_group() -> None:
    assert compare((None, 9, 9), ("free", 6, 0))["group"].to_list() == ["free"]


def test_repetitions_do_not_count() -> None:
    answers, records, segments = feedback(("free", 10, 5))
    counted = answers.with_columns(counted=pl.col("record_id") < "r0006")
    assert attribute_groups(counted, records, segments, attributes=["plan"])["records"].to_list() == [6]


def test_without_attributes_or_records_there_are_no_groups() -> None:
    for table in (compare(("free", 9, 1), attributes=[]), compare(), compare((None, 9, 1))):
        assert table.is_empty()
        assert table.schema == GROUPS


def test_where_no_segment_is_judged_for_pain_the_share_is_unknown() -> None:
    answers, records, segments = feedback(("free", 6, 3))
    unjudged = segments.with_columns(pain=pl.lit(None, dtype=pl.Boolean))
    assert attribute_groups(answers, records, unjudged, attributes=["plan"])["pain_share"].to_list() == [None]


def test_the_order_of_records_never_matters() -> None:
    answers, records, segments = feedback(("free", 30, 7), ("premium", 20, 9), (None, 5, 5))
    one = attribute_groups(answers, records, segments, attributes=["plan"])
    mixed = (frame.sample(fraction=1, shuffle=True, seed=5) for frame in (answers, records, segments))
    assert_frame_equal(one, attribute_groups(*mixed, attributes=["plan"]), check_exact=True)


def test_a_group_says_where_its_true_shares_may_lie_where_the_errors_of_the_model_are_known() -> None:
    measured = {"source": "survey", "n_with": 100, "found": 60, "n_without": 300, "cleared": 295}
    errors = [MeasuredErrors(decision="pain", texts=texts, **measured) for texts in ("gloves", "hats", "hotels")]
    found = compare(("basic", 100, 20), ("premium", 100, 10), errors=errors).row(0, named=True)
    assert found["pain_share_true_low"] <= found["pain_share_low"]
    assert found["pain_share"] / 0.6 < found["pain_share_true_high"] < 1
    assert (found["negative_share_true_low"], found["negative_share_true_high"]) == (None, None)
