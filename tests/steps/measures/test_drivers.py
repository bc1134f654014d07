from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from textcx.domain import tables
from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.steps.measures.drivers import estimate, rank_drivers

NPS = RatingColumn(name="nps", column="NPS", kind=RatingKind.NPS, low=0, high=10)
REVERSED = RatingColumn(name="nps", column="FFT", kind=RatingKind.SCALE, low=0, high=10, reversed=True)
DIAL = RatingColumn(name="nps", column="Dial", kind=RatingKind.SCALE, low=0, high=100)


def answers(values: list[float | None], **columns: Any) -> pl.DataFrame:
    """One analyzed record by one unknown respondent for each value."""
    return pl.DataFrame(
        {"record_id": [f"r{i:04d}" for i in range(len(values))], "nps": values}, schema_overrides={"nps": pl.Float64}
    ).with_columns(
        respondent_id=pl.lit(None, dtype=pl.String), created_at=pl.lit(None, dtype=tables.UTC),
        analyzed=pl.lit(value=True), counted=pl.lit(value=True), **columns,
    )  # fmt: skip


def raised_by(records: Any, subject: str = "t1", kind: str = "theme") -> pl.DataFrame:
    ids = [f"r{i:04d}" for i in records]
    return pl.DataFrame(
        {"record_id": ids, "subject_kind": [kind] * len(ids), "subject_id": [subject] * len(ids)},
        schema={"record_id": pl.String, "subject_kind": pl.String, "subject_id": pl.String},
    )


def test_the_effect_is_the_leave_out_difference() -> None:
    # 20 detractors raise it, 20 passives and 40 promoters do not: NPS 25 overall, 66.7 without them.
    found = rank_drivers(answers([0.0] * 20 + [8] * 20 + [10] * 40), ratings=[NPS], memberships=raised_by(range(20)))
    driver = found.row(0, named=True)
    assert driver["effect"] == pytest.approx(25 - 100 * 40 / 60)
    assert (driver["n_with"], driver["n_without"], driver["unit"]) == (20, 60, "points")


def test_theme_raised_only_by_detractors_pulls_nps_down() -> None:
    found = rank_drivers(answers([2.0] * 20 + [9] * 80), ratings=[NPS], memberships=raised_by(range(20)))
    driver = found.row(0, named=True)
    assert driver["effect"] < 0
    assert driver["ci_high"] < 0
    assert driver["q_value"] < 0.001


def test_on_a_reversed_scale_negative_is_still_bad() -> None:
    found = rank_drivers(answers([9.0] * 20 + [1] * 80), ratings=[REVERSED], memberships=raised_by(range(20)))
    assert found["ci_high"][0] < 0


def test_theme_raised_by_nobody_is_never_a_driver() -> None:
    frame = answers([2.0] * 20 + [9] * 80)
    assert rank_drivers(frame, ratings=[NPS], memberships=raised_by([])).is_empty()
    assert rank_drivers(frame, ratings=[NPS], memberships=raised_by([8888, 9999])).is_empty()


def test_too_few_ratings_on_either_side_are_left_out() -> None:
    frame = answers([2.0] * 20 + [9] * 80)
    assert rank_drivers(frame, ratings=[NPS], memberships=raised_by(range(9))).is_empty()
    assert rank_drivers(frame, ratings=[NPS], memberships=raised_by(range(91))).is_empty()
    assert rank_drivers(frame, ratings=[NPS], memberships=raised_by(range(9)), min_ratings=9).height == 1


def test_those_who_only_rated_take_no_part() -> None:
    frame = answers([2.0] * 20 + [9] * 80).with_columns(analyzed=pl.col("record_id") < "r0050")
    found = rank_drivers(frame, ratings=[NPS], memberships=raised_by(range(20)))
    assert (found["n_with"][0], found["n_without"][0]) == (20, 30)


def test_a_respondent_who_raised_it_once_has_raised_it() -> None:
    frame = answers([2.0, 2.0] * 20 + [9.0] * 40).with_columns(
        respondent_id=pl.when(pl.col("record_id") < "r0040").then(pl.col("record_id").str.slice(0, 4))
    )
    found = rank_drivers(frame, ratings=[NPS], memberships=raised_by(range(40)), min_ratings=2)
    assert (found["n_with"][0], found["n_without"][0]) == (4, 40)


def test_attribute_groups_are_drivers_too_and_the_unknown_stage_is_none() -> None:
    frame = answers([2.0] * 20 + [9] * 80).with_columns(plan=pl.when(pl.col("nps") < 5).then(pl.lit("premium")))
    members = raised_by(range(20), "unknown", "stage")
    found = rank_drivers(frame, ratings=[NPS], memberships=members, attributes=["plan"])
    assert found.select("subject_kind", "subject_id").rows() == [("attribute", "plan=premium")]


def test_the_strongest_effect_comes_first() -> None:
    frame = answers([2.0] * 20 + [8] * 40 + [10] * 40)
    members = pl.concat(
        [raised_by(range(20, 50), "weak"), raised_by(range(20), "bad"), raised_by(range(60, 95), "good")]
    )
    found = rank_drivers(frame, ratings=[NPS], memberships=members)
    assert found["effect"].abs().is_sorted(descending=True)
    assert found["subject_id"].to_list() != ["weak", "bad", "good"]


def test_no_ratings_or_all_the_same_make_no_effect() -> None:
    nothing = rank_drivers(answers([None] * 50), ratings=[NPS], memberships=raised_by(range(20)))
    assert nothing.is_empty()
    assert nothing.schema == tables.DRIVERS
    same = rank_drivers(answers([7.0] * 50), ratings=[NPS], memberships=raised_by(range(20))).row(0, named=True)
    assert (same["effect"], same["ci_low"], same["ci_high"], same["q_value"]) == (0, 0, 0, 1)
    assert rank_drivers(answers([7.0]), ratings=[NPS], memberships=raised_by([0])).is_empty()
    assert rank_drivers(answers([7.0]), ratings=[], memberships=raised_by([0])).is_empty()


def test_a_fine_scale_keeps_its_exact_effect() -> None:
    values = np.random.default_rng(3).uniform(0, 100, 300)
    found = rank_drivers(answers(values.tolist()), ratings=[DIAL], memberships=raised_by(range(100))).row(0, named=True)
    assert found["effect"] == pytest.approx(values.mean() - values[100:].mean())
    assert found["ci_low"] < found["effect"] < found["ci_high"]


def test_another_theme_changes_no_effect_and_no_interval() -> None:
    values = np.random.default_rng(5).integers(0, 11, 200).astype(float)
    kept = ["subject_id", "effect", "ci_low", "ci_high"]
    alone = rank_drivers(answers(values.tolist()), ratings=[NPS], memberships=raised_by(range(60)))
    both = pl.concat([raised_by(range(60)), raised_by(range(40, 90), "t2")])
    beside = rank_drivers(answers(values.tolist()), ratings=[NPS], memberships=both)
    assert_frame_equal(alone.select(kept), beside.filter(subject_id="t1").select(kept), check_exact=True)


def test_another_seed_moves_the_interval_a_little_and_the_effect_not_at_all() -> None:
    values = np.random.default_rng(6).integers(0, 11, 200).astype(float).tolist()
    one, two = (rank_drivers(answers(values), ratings=[NPS], memberships=raised_by(range(60)), seed=s) for s in (1, 2))
    assert one["effect"].to_list() == two["effect"].to_list()
    assert one["ci_low"][0] != two["ci_low"][0]
    assert one["ci_low"][0] == pytest.approx(two["ci_low"][0], abs=2)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=6, max_size=30), st.integers(0, 999))
def test_the_order_of_records_never_matters(rows: list[tuple[int, bool]], shuffle: int) -> None:
    frame = answers([float(value) for value, _ in rows])
    members = raised_by([i for i, (_, raised) in enumerate(rows) if raised])
    options: dict[str, Any] = {"ratings": [NPS], "min_ratings": 2, "resamples": 100}
    one = rank_drivers(frame, memberships=members, **options)
    mixed = frame.sample(fraction=1, shuffle=True, seed=shuffle)
    two = rank_drivers(mixed, memberships=members.reverse(), **options)
    assert_frame_equal(one, two, check_exact=True)


def test_the_interval_covers_the_true_effect() -> None:
    rng = np.random.default_rng(11)
    values, raised = np.array([-100.0, 0.0, 100.0]), 0.15
    with_it, without = np.array([0.6, 0.2, 0.2]), np.array([0.2, 0.3, 0.5])
    truth = raised * float(with_it @ values - without @ values)
    cells = np.concatenate([raised * with_it, (1 - raised) * without])
    held = []
    for _ in range(300):
        drawn = rng.multinomial(150, cells)
        _, low, high = estimate(drawn[:3], drawn[3:], values, resamples=500, stream=rng)
        held.append(low <= truth <= high)
    assert np.mean(held) >= 0.92  # 95 % claimed; 300 draws have a standard error of 1.3 %


def test_where_nothing_is_to_be_found_little_is_found() -> None:
    rng = np.random.default_rng(12)
    found = []
    for seed in range(20):
        values = rng.integers(0, 11, 120).astype(float).tolist()
        members = pl.concat([raised_by(rng.choice(120, 30, replace=False), f"t{i:02d}") for i in range(10)])
        table = rank_drivers(answers(values), ratings=[NPS], memberships=members, resamples=200, seed=seed)
        found.append(bool((table["q_value"] <= 0.05).any()))
    assert np.sum(found) <= 4  # 5 % claimed, so one of 20; more than four once in 400
