from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from textcx.domain import tables
from textcx.steps.measures.directions import DIRECTIONS, NUMBERS, directions, with_trend

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MEMBERS = pl.Schema({"record_id": pl.String, "subject_kind": pl.String, "subject_id": pl.String})
SEASON = [0.1, 0.1, 0.1, 0.1, 0.1, 0.15, 0.2, 0.25, 0.3, 0.3, 0.3, 0.3]
"""Shares of a theme in the months of a year."""


def answers(dates: Sequence[datetime | None]) -> pl.DataFrame:
    return pl.DataFrame({
        "record_id": [f"r{i:05d}" for i in range(len(dates))],
        "created_at": pl.Series(dates, dtype=tables.UTC),
        "counted": pl.Series([True] * len(dates), dtype=pl.Boolean),
    }, schema_overrides={"record_id": pl.String})  # fmt: skip


def raising(rows: Iterable[int], subject: str = "t1", kind: str = "theme") -> pl.DataFrame:
    return pl.DataFrame([(f"r{i:05d}", kind, subject) for i in rows], schema=MEMBERS, orient="row")


def months(count: int, per_month: int = 100) -> list[datetime]:
    """Dates spread evenly over whole months from January 2024 on."""
    begins = [datetime(2024 + m // 12, m % 12 + 1, 1, tzinfo=UTC) for m in range(count)]
    return [
        begin + timedelta(days=monthrange(begin.year, begin.month)[1] * i / per_month)
        for begin in begins
        for i in range(per_month)
    ]


def shared(shares: Sequence[float], per_month: int = 100) -> list[int]:
    """The rows of ``months`` that raise a theme so that it has these shares."""
    return [m * per_month + i for m, share in enumerate(shares) for i in range(round(share * per_month))]


def found(dates: Sequence[datetime | None], *members: pl.DataFrame, **options: Any) -> pl.DataFrame:
    return directions(answers(dates), memberships=pl.concat(members), **options)


def direction(shares: Sequence[float], per_month: int = 100, **options: Any) -> dict[str, Any]:
    options = {"period": "month", **options}
    return found(months(len(shares), per_month), raising(shared(shares, per_month)), **options).row(0, named=True)


# Rising, falling, steady, new, unknown


def test_a_share_that_doubles_is_rising() -> None:
    row = direction([0.1, 0.1, 0.12, 0.2, 0.22, 0.24])
    assert row["direction"] == "rising"
    assert row["change"] == pytest.approx(100 * (0.22 - 0.32 / 3))
    assert 0 < row["ci_low"] < row["change"] < row["ci_high"]
    assert (row["share_earlier"], row["share_later"]) == pytest.approx((0.32 / 3, 0.22))
    assert (row["n"], row["q_value"] <= 0.05) == (98, True)


def test_a_share_that_halves_is_falling() -> None:
    row = direction([0.24, 0.22, 0.2, 0.12, 0.1, 0.1])
    assert row["direction"] == "falling"
    assert row["ci_low"] < row["change"] < row["ci_high"] < 0


def test_growth_of_everything_is_no_trend_of_a_theme() -> None:
    dates = [datetime(2026, m + 1, 1, tzinfo=UTC) + timedelta(days=27 * i / (50 * (m + 1)))
             for m in range(6) for i in range(50 * (m + 1))]  # fmt: skip
    row = found(dates, raising(range(0, len(dates), 5)), period="month").row(0, named=True)
    assert (row["direction"], row["change"]) == ("steady", 0)


def test_swings_between_months_are_not_taken_for_a_trend() -> None:
    assert direction([0.02, 0.4, 0.05, 0.35, 0.08, 0.45], per_month=200)["direction"] == "steady"


def test_a_change_of_less_than_a_tenth_is_steady_however_many_records_say_so() -> None:
    row = direction([0.4, 0.4, 0.43, 0.43], per_month=5000)
    assert (row["direction"], row["q_value"] < 0.05, row["ci_low"] > 0) == ("steady", True, True)


def test_what_began_in_the_later_half_is_new_and_not_merely_rising() -> None:
    row = direction([0, 0, 0, 0.1, 0.12, 0.1])
    assert (row["direction"], row["share_earlier"]) == ("new", 0)
    assert row["ci_low"] > 0


def test_what_is_rare_is_not_new_for_not_having_been_raised_before() -> None:
    assert direction([0, 0, 0, 0.02, 0.04, 0.02])["direction"] == "unknown"  # eight, four expected in the earlier half
    assert direction([0, 0, 0, 0.04, 0.04, 0.04])["direction"] == "new"  # twelve, six expected


def test_too_few_records_or_periods_have_no_known_direction() -> None:
    for row in (direction([0.1, 0.1, 0.3, 0.4], per_month=10), direction([0.1, 0.4]), direction([0.3])):
        assert row["direction"] == "unknown"
        assert [row[name] for name in NUMBERS] == [None] * len(NUMBERS)
        assert not row["alarm"]


def test_only_what_counts_and_has_a_date_counts() -> None:
    frame = answers([*months(6), *[None] * 50])
    frame = frame.with_columns(counted=pl.int_range(pl.len()) % 2 == 0)
    row = directions(frame, memberships=raising([*shared([0.2] * 6), *range(600, 650)])).row(0, named=True)
    assert (row["direction"], row["n"]) == ("steady", 60)


def test_without_dates_or_subjects_there_is_no_direction_and_no_error() -> None:
    for table in (
        found([None] * 20, raising(range(20))), found(months(3), raising([])), found([], raising([])),
        found(months(3), raising(range(99), "premium", "attribute")),
    ):  # fmt: skip
        assert table.is_empty()
        assert table.schema == DIRECTIONS


def test_subjects_stand_by_kind_and_name() -> None:
    rows = shared([0.2] * 4)
    kinds = [("pain_point", "p"), ("stage", "use"), ("theme", "b"), ("theme", "a")]
    table = found(months(4), *(raising(rows, name, kind) for kind, name in kinds), period="month")
    assert table["subject_id"].to_list() == ["a", "b", "use", "p"]


# What moves most is set aside


def growing(shares: Sequence[float]) -> list[pl.DataFrame]:
    """One theme with these shares, and five that take a fifth of what is left each."""
    rest = [m * 100 + i for m, share in enumerate(shares) for i in range(round(100 * share), 100)]
    others = [raising([row for row in rest if row % 5 == k], f"other{k}") for k in range(5)]
    return [raising(shared(shares), "growing"), *others]


def test_a_theme_that_grows_makes_no_other_fall() -> None:
    table = found(months(6), *growing([0.1, 0.1, 0.1, 0.4, 0.5, 0.5]), period="month")
    assert dict(table.select("subject_id", "direction").rows()) == {
        "growing": "rising", **{f"other{k}": "steady" for k in range(5)},
    }  # fmt: skip
    assert table.filter(subject_id="growing")["aside"].to_list() == [[]]
    assert table.filter(pl.col("subject_id") != "growing")["aside"].to_list() == [["growing"]] * 5
    assert table.filter(subject_id="other0")["share_later"][0] == pytest.approx(0.2)


def test_where_nothing_moves_nothing_is_set_aside() -> None:
    table = found(months(6), *growing([0.2] * 6), period="month")
    assert table["aside"].to_list() == [[]] * 6
    assert table["direction"].unique().to_list() == ["steady"]


def test_a_theme_of_one_kind_is_never_set_aside_for_another_kind() -> None:
    parts = growing([0.1, 0.1, 0.1, 0.4, 0.5, 0.5])
    stages = [part.with_columns(subject_kind=pl.lit("stage")) for part in parts[1:]]
    table = found(months(6), parts[0], *stages, period="month").filter(subject_kind="stage")
    assert "growing" not in table["aside"].explode().to_list()


# Seasons


def test_two_years_of_months_with_a_season_are_steady() -> None:
    row = direction(SEASON * 2)
    assert (row["direction"], row["season"], row["change"]) == ("steady", False, 0)


def test_under_two_years_a_season_may_pass_for_a_trend_and_is_flagged() -> None:
    row = direction(SEASON)
    assert (row["direction"], row["season"]) == ("rising", True)


def test_a_rise_from_one_year_to_the_next_is_seen_through_the_season() -> None:
    row = direction([*SEASON, *(1.5 * share for share in SEASON)])
    assert (row["direction"], row["season"]) == ("rising", False)
    assert row["change"] == pytest.approx(100 * np.mean(SEASON) / 2, abs=0.5)


def test_two_years_with_a_month_missing_are_no_two_years() -> None:
    dates = months(24)
    table = found([*dates[:1000], *[None] * 100, *dates[1100:]], raising(shared(SEASON * 2)), period="month")
    assert table["season"].to_list() == [True]


def test_weeks_and_days_have_no_season() -> None:
    dates = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=6 * i) for i in range(280)]
    for period in ("week", "day"):
        assert found(dates, raising(range(0, 280, 4)), period=period)["season"].to_list() == [False]


# The last period


def test_a_last_month_that_doubles_gives_alarm_and_nothing_else_need_change() -> None:
    row = direction([*[0.1] * 9, 0.2])
    assert (row["direction"], row["alarm"]) == ("steady", True)


def test_where_nothing_changes_or_less_is_said_there_is_no_alarm() -> None:
    for shares in ([0.1] * 10, [0.1, 0.12, 0.09, 0.1, 0.1, 0.11, 0.09, 0.1, 0.1, 0.11], [*[0.2] * 9, 0.02]):
        assert not direction(shares)["alarm"]


def test_where_shares_only_vary_by_chance_alarms_are_as_rare_as_asked_for() -> None:
    rng = np.random.default_rng(8)
    members = [raising(np.flatnonzero(rng.random(1000) < 0.1), f"t{i:03d}") for i in range(150)]
    rare = found(months(10), *members, period="month")
    often = found(months(10), *members, period="month", alarms_a_year=200.0)
    assert rare["alarm"].sum() <= 1
    assert 5 <= often["alarm"].sum() <= 30  # 200 / 12 a month


def test_the_last_month_is_compared_with_the_one_before_and_with_that_of_a_year_ago() -> None:
    row = direction([0.1, 0.2, *[0.15] * 10, 0.12, 0.24])
    assert (row["last_change"], row["year_change"]) == pytest.approx((12, 4))
    assert row["last_low"] < 12 < row["last_high"]
    assert row["year_low"] < 4 < row["year_high"]


def test_without_a_year_of_months_there_is_no_change_against_a_year_ago() -> None:
    row = direction([0.1] * 6)
    assert (row["year_change"], row["year_low"], row["year_high"]) == (None, None, None)
    assert row["last_change"] == 0


# Periods that are not compared


def test_an_incomplete_period_decides_nothing() -> None:
    late = [datetime(2024, 7, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(100)]
    table = found([*months(6), *late], raising([*shared([0.1] * 6), *range(600, 700)]), period="month")
    assert table.select("direction", "change", "n", "alarm").rows() == [("steady", 0.0, 60, False)]


def test_a_nearly_empty_period_decides_nothing() -> None:
    late = [datetime(2024, 7, 1, tzinfo=UTC) + timedelta(days=6 * i) for i in range(6)]
    table = found([*months(6), *late], raising([*shared([0.1] * 6), *range(600, 606)]), period="month")
    assert table.select("direction", "change", "n", "alarm").rows() == [("steady", 0.0, 60, False)]


@pytest.mark.parametrize("per_month", [100, 300])
def test_a_date_in_the_future_decides_nothing(per_month: int) -> None:
    shares = [0.1, 0.1, 0.1, 0.2, 0.2, 0.2]
    dates, rows = months(6, per_month), shared(shares, per_month)
    later = found([*dates, datetime(2031, 3, 3, tzinfo=UTC)], raising([*rows, len(dates)]), period="month")
    assert_frame_equal(later, found(dates, raising(rows), period="month"))


# How sure it is


def test_where_shares_only_vary_by_chance_few_directions_are_found() -> None:
    rng = np.random.default_rng(4)
    members = [raising(np.flatnonzero(rng.random(480) < 0.1), f"t{i:03d}") for i in range(150)]
    table = found(months(8, 60), *members, period="month")
    assert (table["direction"] != "steady").sum() <= 1


subject = st.tuples(st.sampled_from([0.0, 0.1, 0.4, 1.0]), st.sampled_from([0.0, 0.1, 0.4, 1.0]))


@settings(max_examples=25)
@given(st.lists(subject, min_size=1, max_size=6), st.integers(1, 8), st.sampled_from([3, 20, 60]), st.integers(0, 99))
def test_order_never_matters_and_directions_agree_with_their_intervals(
    shares: list[tuple[float, float]], count: int, per_month: int, seed: int
) -> None:
    rng, n = np.random.default_rng(seed), count * per_month
    later = np.arange(n) >= n / 2
    drawn = [rng.random(n) < np.where(later, end, begin) for begin, end in shares]
    frame = answers(months(count, per_month))
    members = pl.concat([raising(np.flatnonzero(each), f"t{i}") for i, each in enumerate(drawn)])
    table = directions(frame, memberships=members, period="month")
    mixed = frame.sample(fraction=1, shuffle=True, seed=seed)
    assert_frame_equal(table, directions(mixed, memberships=members.reverse(), period="month"), check_exact=True)
    moving = table.filter(pl.col("direction").is_in(["rising", "falling"]))
    rising = moving["direction"] == "rising"
    assert ((moving["ci_low"] > 0) == rising).all()
    assert ((moving["ci_high"] < 0) == ~rising).all()
    assert (moving["q_value"] <= 0.05).all()
    assert (table.filter(direction="new")["share_earlier"] == 0).all()
    for change, low, high in (("change", "ci_low", "ci_high"), ("last_change", "last_low", "last_high")):
        known = table.drop_nulls(low)
        assert (known[low] - 1e-9 <= known[change]).all()
        assert (known[change] <= known[high] + 1e-9).all()


# The trend column


def test_the_trend_of_a_subject_without_dates_is_unknown() -> None:
    table = found(months(6), raising(shared([0.1, 0.1, 0.1, 0.2, 0.2, 0.2]), "p1", "pain_point"), period="month")
    points = pl.DataFrame({"pain_point_id": ["never", "p1"], "trend": None}, schema_overrides={"trend": tables.TREND})
    trends = with_trend(points, table, kind="pain_point")["trend"]
    assert trends.dtype == tables.TREND
    assert [trend["direction"] for trend in trends] == ["unknown", "rising"]
    assert (trends[0]["change"], trends[1]["season"], trends[1]["aside"]) == (None, True, [])


def test_a_theme_never_takes_the_trend_of_a_pain_point_of_its_name() -> None:
    table = found(months(6), raising(shared([0.1, 0.1, 0.1, 0.2, 0.2, 0.2]), "p1", "pain_point"), period="month")
    themes = pl.DataFrame({"theme_id": ["p1"]})
    assert with_trend(themes, table, kind="theme")["trend"].struct.field("direction").to_list() == ["unknown"]
    assert with_trend(themes.clear(), table, kind="theme").is_empty()
