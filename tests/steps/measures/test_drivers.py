from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from textcx.domain import tables
from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.steps.measures.drivers import rank_drivers
from textcx.steps.records.people import PERSON

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NPS = RatingColumn(name="nps", column="NPS", kind=RatingKind.NPS, low=0, high=10)
CSAT = RatingColumn(name="nps", column="CSAT", kind=RatingKind.CSAT, low=1, high=5)
REVERSED = RatingColumn(name="nps", column="FFT", kind=RatingKind.SCALE, low=0, high=10, reversed=True)
DIAL = RatingColumn(name="nps", column="Dial", kind=RatingKind.SCALE, low=0, high=100)
JANUARY, JUNE = datetime(2026, 1, 9, tzinfo=UTC), datetime(2026, 6, 9, tzinfo=UTC)
BESIDE = ("effect_beside", "beside_low", "beside_high")
MEMBERS = pl.Schema({"record_id": pl.String, "subject_kind": pl.String, "subject_id": pl.String})


def answers(values: Sequence[float | None]) -> pl.DataFrame:
    """One analyzed record by one unknown respondent for each value."""
    return pl.DataFrame(
        {"record_id": [f"r{i:04d}" for i in range(len(values))], "nps": list(values)},
        schema={"record_id": pl.String, "nps": pl.Float64},
    ).with_columns(
        respondent_id=pl.lit(None, dtype=pl.String), created_at=pl.lit(None, dtype=tables.UTC),
        analyzed=pl.lit(value=True), counted=pl.lit(value=True),
    )  # fmt: skip


def raised_by(records: Iterable[int], subject: str = "t1", kind: str = "theme") -> pl.DataFrame:
    return pl.DataFrame([(f"r{i:04d}", kind, subject) for i in records], schema=MEMBERS, orient="row")


def written(frame: pl.DataFrame, lengths: Sequence[int] | int = 1, sources: Sequence[str] | str = "s") -> pl.DataFrame:
    """How many segments each record has, and through which source it came."""
    lengths = [lengths] * frame.height if isinstance(lengths, int) else lengths
    sources = [sources] * frame.height if isinstance(sources, str) else sources
    return frame.select("record_id", source=pl.Series(sources), n_segments=pl.Series(lengths, dtype=pl.Int64))


def drivers(frame: pl.DataFrame, *members: pl.DataFrame, rating: RatingColumn = NPS, **options: Any) -> pl.DataFrame:
    return rank_drivers(frame, ratings=[rating], memberships=pl.concat([raised_by([]), *members]), **options)


def driver(frame: pl.DataFrame, *members: pl.DataFrame, **options: Any) -> dict[str, Any]:
    return drivers(frame, *members, **options).row(0, named=True)


# The effect


def test_the_effect_is_what_all_would_gain_if_those_who_raised_it_had_rated_like_the_others() -> None:
    # 20 detractors raise it, 20 passives and 40 promoters do not: their NPS is -100, that of the others 66.7.
    found = driver(answers([0.0] * 20 + [8] * 20 + [10] * 40), raised_by(range(20)))
    assert found["gap"] == pytest.approx(-100 - 100 * 40 / 60)
    assert found["effect"] == pytest.approx(found["gap"] * 20 / 80)
    assert (found["n_with"], found["n_without"], found["unit"]) == (20, 60, "points")


def test_a_theme_raised_only_by_detractors_pulls_nps_down() -> None:
    found = driver(answers([2.0] * 20 + [9] * 80), raised_by(range(20)))
    assert found["ci_low"] < found["effect"] < found["ci_high"] < 0
    assert found["gap_low"] <= found["gap"] < found["gap_high"] < 0
    assert found["q_value"] < 0.001


@pytest.mark.parametrize(("bad", "good"), [(9.0, 1.0), (8.0, 3.0)])
def test_on_a_reversed_scale_negative_is_still_bad(bad: float, good: float) -> None:
    found = driver(answers([bad] * 20 + [good] * 80), raised_by(range(20)), rating=REVERSED)
    assert found["gap"] == pytest.approx(good - bad)
    assert found["ci_high"] < 0


def test_the_effect_on_csat_is_in_percentage_points_of_the_top_two() -> None:
    found = driver(answers([1.0] * 20 + [5] * 20 + [4] * 40), raised_by(range(40)), rating=CSAT)
    assert (found["gap"], found["effect"], found["unit"]) == (-50, -25, "percentage points")


def test_a_fine_scale_keeps_its_exact_effect() -> None:
    values = np.random.default_rng(3).uniform(0, 100, 300)
    found = driver(answers(values.tolist()), raised_by(range(100)), rating=DIAL)
    assert found["effect"] == pytest.approx(values.mean() - values[100:].mean())
    assert found["ci_low"] < found["effect"] < found["ci_high"]


def test_the_strongest_effect_comes_first() -> None:
    frame = answers([2.0] * 20 + [8] * 40 + [10] * 40)
    found = drivers(
        frame, raised_by(range(20, 50), "weak"), raised_by(range(20), "bad"), raised_by(range(60, 72), "good")
    )
    assert found["subject_id"].to_list() == ["bad", "good", "weak"]
    assert found["effect"].abs().is_sorted(descending=True)


def test_another_theme_changes_no_effect_and_no_interval_but_those_beside_others() -> None:
    frame = answers(np.random.default_rng(5).integers(0, 11, 200).astype(float).tolist())
    kept = pl.exclude("q_value", *BESIDE)
    alone = drivers(frame, raised_by(range(60)))
    both = drivers(frame, raised_by(range(60)), raised_by(range(40, 90), "t2")).filter(subject_id="t1")
    assert_frame_equal(alone.select(kept), both.select(kept), check_exact=True)
    assert alone["effect_beside"][0] != both["effect_beside"][0]


# Who takes part


def test_a_theme_raised_by_nobody_is_never_a_driver() -> None:
    frame = answers([2.0] * 20 + [9] * 80)
    assert drivers(frame).is_empty()
    assert drivers(frame, raised_by([8888, 9999])).is_empty()


def test_too_few_ratings_on_either_side_are_left_out() -> None:
    frame = answers([2.0] * 20 + [9] * 80)
    assert drivers(frame, raised_by(range(9))).is_empty()
    assert drivers(frame, raised_by(range(91))).is_empty()
    assert drivers(frame, raised_by(range(9)), min_ratings=9).height == 1


def test_fewer_than_ten_answers_have_no_drivers() -> None:
    for n in (0, 1, 9):
        found = drivers(answers([7.0] * n), raised_by(range(n // 2)), raised_by(range(n), "all"))
        assert found.is_empty()
        assert found.schema == tables.DRIVERS


def test_ten_ratings_of_the_same_few_people_are_too_few() -> None:
    who = pl.Series([f"p{i % 5}" for i in range(20)] + [None] * 40, dtype=pl.String)
    days = pl.Series([JANUARY.replace(day=1 + i // 5) for i in range(20)] + [None] * 40, dtype=tables.UTC)
    frame = answers([2.0] * 20 + [9] * 40).with_columns(respondent_id=who, created_at=days)
    assert drivers(frame, raised_by(range(20))).is_empty()
    assert driver(frame, raised_by(range(20)), min_ratings=5)["n_with"] == 20


def test_records_that_are_one_persons_by_their_attributes_are_one_persons_here_too() -> None:
    frame = answers([2.0] * 20 + [9] * 40)
    few = pl.Series([f"p{i % 5}" if i < 20 else f"q{i}" for i in range(60)])
    assert drivers(frame.with_columns(few.alias(PERSON)), raised_by(range(20))).is_empty()
    assert drivers(frame, raised_by(range(20))).height == 1


def test_one_respondent_for_everything_drives_nothing() -> None:
    days = pl.Series([JANUARY.replace(month=1 + i // 28, day=1 + i % 28) for i in range(100)], dtype=tables.UTC)
    frame = answers([2.0] * 50 + [9] * 50).with_columns(created_at=days, respondent_id=pl.lit("a"))
    assert drivers(frame, raised_by(range(50))).is_empty()


def test_those_who_only_rated_take_no_part() -> None:
    frame = answers([2.0] * 20 + [9] * 80).with_columns(analyzed=pl.col("record_id") < "r0050")
    found = driver(frame, raised_by(range(20)))
    assert (found["n_with"], found["n_without"]) == (20, 30)


def test_without_ratings_there_are_no_drivers() -> None:
    for found in (
        drivers(answers([None] * 50), raised_by(range(20))),
        rank_drivers(answers([7.0] * 50), ratings=[], memberships=raised_by(range(20))),
    ):
        assert found.is_empty()
        assert found.schema == tables.DRIVERS


def test_ratings_that_are_all_the_same_have_no_driver_but_some_doubt() -> None:
    found = driver(answers([7.0] * 50), raised_by(range(20)))
    assert (found["effect"], found["q_value"]) == (0, 1)
    assert -10 < found["ci_low"] < 0 < found["ci_high"] < 10


# When it was raised


def test_a_rating_goes_with_what_was_raised_at_that_time() -> None:
    # Twenty people raise it and rate badly in January; in June they rate well and speak of something else.
    who = [f"p{i}" for i in range(20)]
    frame = answers([1.0] * 20 + [10] * 20 + [9] * 40).with_columns(
        respondent_id=pl.Series([*who, *who, *[None] * 40], dtype=pl.String),
        created_at=pl.Series([JANUARY] * 20 + [JUNE] * 60, dtype=tables.UTC),
    )
    found = driver(frame, raised_by(range(20)))
    assert (found["gap"], found["n_with"], found["n_without"]) == (pytest.approx(-200), 20, 60)
    assert found["q_value"] < 0.001


def test_what_someone_wrote_and_rated_on_one_day_belongs_together() -> None:
    who = pl.Series([f"p{i // 2}" for i in range(80)])
    frame = answers([None, 2.0] * 15 + [9.0, None] * 25).with_columns(respondent_id=who, created_at=pl.lit(JANUARY))
    found = driver(frame, raised_by(range(0, 30, 2)))
    assert (found["n_with"], found["n_without"], found["gap"]) == (15, 25, pytest.approx(-200))


def test_a_theme_raised_only_in_a_repetition_was_not_raised() -> None:
    frame = answers([2.0] * 20 + [9] * 80).with_columns(counted=pl.lit(value=False), respondent_id=pl.col("record_id"))
    assert drivers(frame, raised_by(range(20))).is_empty()


# Comparable others


def moody() -> tuple[pl.DataFrame, list[int], list[int]]:
    """Answers of which the unhappy ones are twice as long, and who of them raised a theme that any segment may be of."""
    rng = np.random.default_rng(7)
    unhappy = np.arange(2000) < 1000
    values = np.where(unhappy, rng.choice([0.0, 5, 9], 2000), rng.choice([6.0, 9, 10], 2000))
    lengths = np.where(unhappy, 6, 3)
    return answers(values.tolist()), lengths.tolist(), np.flatnonzero(rng.random(2000) < 1 - 0.9**lengths).tolist()


def test_what_those_who_write_much_raise_by_chance_is_no_driver() -> None:
    frame, lengths, raising = moody()
    blind, seeing = (
        driver(frame, raised_by(raising)),
        driver(frame, raised_by(raising), written=written(frame, lengths)),
    )
    assert blind["ci_high"] < 0
    assert seeing["q_value"] > 0.05
    assert abs(seeing["effect"]) < abs(blind["effect"]) / 2


def test_what_one_source_raises_is_compared_within_the_source() -> None:
    # Complaints rate 2 and raise it half of the time, reviews rate 9 and raise it one time in ten: within, no gap.
    frame = answers([2.0] * 40 + [9] * 100)
    sources = ["complaint"] * 40 + ["review"] * 100
    raising = raised_by([*range(20), *range(40, 50)])
    assert driver(frame, raising)["ci_high"] < 0
    assert driver(frame, raising, written=written(frame, sources=sources))["gap"] == pytest.approx(0)


def test_the_others_are_weighted_to_the_sources_of_those_who_raised_it() -> None:
    values = [2.0] * 30 + [9] * 30 + [2] * 10 + [9] * 30
    sources = ["a"] * 30 + ["b"] * 30 + ["a"] * 10 + ["b"] * 30
    frame = answers(values)
    found = driver(frame, raised_by(range(60)), written=written(frame, sources=sources))
    assert found["gap"] == pytest.approx(0)
    assert (found["n_with"], found["n_without"]) == (60, 40)


def test_where_nobody_is_comparable_nobody_is_compared() -> None:
    frame = answers([2.0] * 20 + [9] * 80)
    apart = written(frame, sources=["complaint"] * 20 + ["review"] * 80)
    assert drivers(frame, raised_by(range(20)), written=apart).is_empty()
    found = driver(frame, raised_by(range(40)), written=apart)
    assert (found["n_with"], found["n_without"], found["gap"]) == (20, 60, pytest.approx(0))


# Beside the others


def test_what_is_only_raised_together_with_what_harms_has_no_effect_beside_it() -> None:
    rng = np.random.default_rng(1)
    harm = rng.random(600) < 0.3
    echo = harm & (rng.random(600) < 0.8) | (rng.random(600) < 0.05)
    values = np.where(harm, rng.choice([0.0, 3, 9], 600), rng.choice([6.0, 9, 10], 600))
    members = (raised_by(np.flatnonzero(harm), "harm"), raised_by(np.flatnonzero(echo), "echo"))
    first, second = drivers(answers(values.tolist()), *members).iter_rows(named=True)
    assert (first["subject_id"], second["subject_id"]) == ("harm", "echo")
    assert second["ci_high"] < 0
    assert second["beside_low"] < 0 < second["beside_high"]
    assert first["beside_high"] < 0


def test_two_themes_that_always_come_together_take_half_of_the_effect_each() -> None:
    members = (raised_by(range(20), name) for name in ("one", "two"))
    found = drivers(answers([2.0] * 20 + [9] * 80), *members)
    assert found["effect_beside"].to_list() == pytest.approx((found["effect"] / 2).to_list())


def test_a_theme_alone_has_the_same_effect_beside_the_others() -> None:
    found = driver(answers([2.0] * 20 + [9] * 80), raised_by(range(20)), raised_by(range(20), "use", "stage"))
    assert [found[name] for name in BESIDE] == pytest.approx([found[name] for name in ("effect", "ci_low", "ci_high")])


# Kinds of subjects


def test_attribute_groups_are_drivers_too_and_stand_beside_nothing() -> None:
    frame = answers([2.0] * 20 + [9] * 80).with_columns(plan=pl.when(pl.col("nps") < 5).then(pl.lit("premium")))
    found = driver(frame, attributes=["plan"])
    assert (found["subject_kind"], found["subject_id"]) == ("attribute", "plan=premium")
    assert found["gap"] == pytest.approx(-200)
    assert [found[name] for name in BESIDE] == [None] * 3


def test_an_attribute_group_is_compared_whatever_it_writes_but_within_its_source() -> None:
    frame = answers([2.0] * 20 + [9] * 80).with_columns(plan=pl.when(pl.col("nps") < 5).then(pl.lit("premium")))
    longer = written(frame, [9] * 20 + [1] * 80)
    assert driver(frame, attributes=["plan"], written=longer)["n_without"] == 80
    apart = written(frame, sources=["complaint"] * 20 + ["review"] * 80)
    assert drivers(frame, attributes=["plan"], written=apart).is_empty()


def test_an_attribute_group_below_the_smallest_size_is_not_shown() -> None:
    frame = answers([2.0] * 20 + [9] * 80).with_columns(plan=pl.when(pl.col("nps") < 5).then(pl.lit("premium")))
    shown = drivers(frame, raised_by(range(20)), attributes=["plan"], min_group=21)
    assert shown["subject_kind"].to_list() == ["theme"]


def test_the_unknown_stage_is_no_driver() -> None:
    frame = answers([2.0] * 20 + [9] * 80)
    found = drivers(frame, raised_by(range(20), "unknown", "stage"), raised_by(range(30), "use", "stage"))
    assert found["subject_id"].to_list() == ["use"]


# How sure it is

row = st.tuples(st.integers(0, 10), st.booleans(), st.integers(1, 4), st.sampled_from(["a", "b"]))


@settings(max_examples=15)
@given(st.lists(row, min_size=6, max_size=30), st.integers(0, 999))
def test_the_order_of_records_never_matters(rows: list[tuple[int, bool, int, str]], shuffle: int) -> None:
    frame = answers([float(value) for value, *_ in rows])
    members = raised_by([i for i, (_, raised, *_) in enumerate(rows) if raised])
    amounts = written(frame, [length for *_, length, _ in rows], [source for *_, source in rows])
    one = drivers(frame, members, written=amounts, min_ratings=2)
    mixed = frame.sample(fraction=1, shuffle=True, seed=shuffle)
    two = drivers(mixed, members.reverse(), written=amounts.reverse(), min_ratings=2)
    assert_frame_equal(one, two, check_exact=True)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=8, max_size=40))
def test_an_effect_leaves_out_zero_where_its_gap_does_and_q_is_small(rows: list[tuple[int, bool]]) -> None:
    frame = answers([float(value) for value, _ in rows])
    found = drivers(frame, raised_by([i for i, (_, raised) in enumerate(rows) if raised]), min_ratings=2)
    for each in found.iter_rows(named=True):
        clear = each["q_value"] <= 0.05
        assert clear == (each["gap_low"] > 0 or each["gap_high"] < 0) == (each["ci_low"] > 0 or each["ci_high"] < 0)
        assert each["ci_low"] <= each["effect"] <= each["ci_high"]


def test_the_interval_covers_the_true_effect() -> None:
    rng = np.random.default_rng(11)
    with_it, without = np.array([0.6, 0.2, 0.2]), np.array([0.2, 0.3, 0.5])
    truth = 0.15 * float((with_it - without) @ [-100, 0, 100])
    held = []
    for _ in range(200):
        raising = rng.random(150) < 0.15
        drawn = np.where(raising, rng.choice([3.0, 8, 10], 150, p=with_it), rng.choice([3.0, 8, 10], 150, p=without))
        found = driver(answers(drawn.tolist()), raised_by(np.flatnonzero(raising)), min_ratings=5)
        held.append(found["ci_low"] <= truth <= found["ci_high"])
    assert np.mean(held) >= 0.92  # 95 % claimed; 200 draws have a standard error of 1.5 %


def test_where_nothing_is_to_be_found_little_is_found() -> None:
    rng = np.random.default_rng(12)
    found = []
    for _ in range(20):
        values = rng.integers(0, 11, 120).astype(float).tolist()
        members = [raised_by(rng.choice(120, 30, replace=False), f"t{i:02d}") for i in range(10)]
        found.append(bool((drivers(answers(values), *members)["q_value"] <= 0.05).any()))
    assert np.sum(found) <= 4  # 5 % claimed, so one of 20; more than four once in 400
