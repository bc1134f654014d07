"""Groups of segments are rising, falling or new only where chance hardly explains it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from textcx.steps.themes.finding.growth import growths

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)
PER_WEEK = 100


def received(weeks: int = 12, *, days: int = 7) -> pl.DataFrame:
    """A hundred records a week; of the last week only so many days."""
    when = [MONDAY + timedelta(weeks=number / PER_WEEK) for number in range(weeks * PER_WEEK)]
    frame = pl.DataFrame(
        {"record_id": [f"r{number:05d}" for number in range(len(when))], "created_at": when, "counted": True},
        schema_overrides={"created_at": pl.Datetime("us", "UTC")},
    )
    return frame.filter(pl.col("created_at") < MONDAY + timedelta(weeks=weeks - 1, days=days))


def group(*by_week: int) -> pl.DataFrame:
    """So many records of every week."""
    rows = [PER_WEEK * week + number for week, count in enumerate(by_week) for number in range(count)]
    return received(len(by_week))[rows].select("record_id", "created_at")


def grown(*by_week: int, days: int = 7) -> dict[str, Any]:
    return growths([group(*by_week)], received(len(by_week), days=days))[0]


def test_what_is_said_three_times_as_often_is_rising_and_the_interval_lies_above_1() -> None:
    found = grown(5, 6, 4, 5, 6, 5, 15, 16, 14, 15, 17, 15)
    assert found["direction"] == "rising"
    assert 1 < found["ci_low"] < found["growth"] < found["ci_high"]
    assert 2.5 < found["growth"] < 3.5


def test_what_is_said_a_third_as_often_is_falling_and_the_interval_lies_below_1() -> None:
    found = grown(15, 16, 14, 15, 17, 15, 5, 6, 4, 5, 6, 5)
    assert found["direction"] == "falling"
    assert found["ci_low"] < found["growth"] < found["ci_high"] < 1


def test_a_change_is_not_clear_where_counts_swing_as_much_from_week_to_week() -> None:
    assert grown(3, 4, 3, 4, 3, 4, 6, 7, 6, 7, 6, 7)["direction"] == "rising"
    assert grown(0, 12, 0, 1, 8, 0, 0, 18, 0, 1, 20, 0)["direction"] == "steady"


def test_what_nobody_said_in_the_earlier_half_is_new() -> None:
    found = grown(0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 4)
    assert found["direction"] == "new"
    assert (found["growth"], found["ci_low"], found["ci_high"]) == (None, None, None)
    assert next(each["period"] for each in found["periods"] if each["records"]) == "2025-W09"


def test_what_came_in_the_last_week_only_is_new_though_the_week_is_not_over() -> None:
    found = grown(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, days=3)
    assert not found["periods"][-1]["complete"]
    assert found["direction"] == "new"


def test_what_came_late_by_what_may_be_chance_is_neither_new_nor_steady() -> None:
    assert grown(0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0)["direction"] == "unknown"


def test_a_few_records_or_a_single_day_tell_nothing() -> None:
    assert grown(1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1)["direction"] == "unknown"
    day = received(1, days=1)
    assert growths([day.head(9)], day)[0]["direction"] == "unknown"
    two = received(1, days=2)
    assert growths([two.tail(9)], two)[0]["direction"] == "new"


def test_the_interval_leaves_out_1_exactly_where_a_group_rises_or_falls() -> None:
    rng = np.random.default_rng(2)
    factors = rng.choice([0.3, 1.0, 1.0, 2.0, 4.0], 40)
    groups = [group(*np.minimum(rng.poisson([4] * 6 + [4 * factor] * 6), 99)) for factor in factors]
    found = growths(groups, received())
    directions = {each["direction"] for each in found}
    assert directions == {"rising", "falling", "steady"}
    for each in found:
        assert (each["direction"] == "rising") == (each["ci_low"] > 1)
        assert (each["direction"] == "falling") == (each["ci_high"] is not None and each["ci_high"] < 1)


def test_beside_many_that_do_not_grow_it_takes_more_to_be_rising() -> None:
    slight = group(4, 5, 4, 5, 4, 5, 8, 8, 7, 8, 8, 8)
    others = [group(*np.random.default_rng(seed).poisson([6] * 12)) for seed in range(15)]
    alone, among = growths([slight], received())[0], growths([slight, *others], received())[0]
    assert alone["ci_low"] > among["ci_low"]


def test_the_order_of_groups_and_records_does_not_matter() -> None:
    groups = [group(*np.random.default_rng(seed).poisson([5] * 12)) for seed in range(6)]
    turned = [each.reverse() for each in reversed(groups)]
    assert growths(groups, received()) == growths(turned, received().reverse())[::-1]


def test_without_dates_nothing_is_told() -> None:
    none = group(5, 5, 5).with_columns(created_at=pl.lit(None, pl.Datetime("us", "UTC")))
    assert growths([none], received(3))[0] == {
        "periods": [], "direction": "unknown", "growth": None, "ci_low": None, "ci_high": None,
    }  # fmt: skip
    assert growths([], received(3)) == []
