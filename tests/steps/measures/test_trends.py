from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from textcx.domain import tables
from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.steps.measures.trends import choose_period, directions, periods, summarize_trends, with_trend

STARS = RatingColumn(name="stars", column="Stars", kind=RatingKind.STARS, low=1, high=5)
MEMBERS = pl.Schema({"record_id": pl.String, "subject_kind": pl.String, "subject_id": pl.String})


def at(month: int, day: int = 1, year: int = 2026) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


def answers(dates: list[datetime | None], *, stars: float | None = 3.0) -> pl.DataFrame:
    return pl.DataFrame({
        "record_id": [f"r{i:05d}" for i in range(len(dates))],
        "respondent_id": pl.Series([None] * len(dates), dtype=pl.String),
        "created_at": pl.Series(dates, dtype=tables.UTC),
        "analyzed": pl.Series([True] * len(dates), dtype=pl.Boolean),
        "counted": pl.Series([True] * len(dates), dtype=pl.Boolean),
        "stars": pl.Series([stars] * len(dates), dtype=pl.Float64),
    })  # fmt: skip


def judged(frame: pl.DataFrame, polarity: float = -0.5) -> pl.DataFrame:
    label = "negative" if polarity < 0 else "positive"
    return frame.select("record_id", polarity=pl.lit(polarity), label=pl.lit(label))


def raising(rows: list[int], subject: str = "t1", kind: str = "theme") -> pl.DataFrame:
    return pl.DataFrame([(f"r{i:05d}", kind, subject) for i in rows], schema=MEMBERS, orient="row")


def summarize(frame: pl.DataFrame, members: pl.DataFrame | None = None, **options: Any) -> pl.DataFrame:
    given_options = {"records": judged(frame), "ratings": [STARS], **options}
    return summarize_trends(frame, memberships=raising([]) if members is None else members, **given_options)


def values(table: pl.DataFrame, measure: str, subject: str = "all") -> dict[str, float]:
    return dict(table.filter(measure=measure, subject_id=subject).select("period", "value").rows())


def monthly(shares: list[float], per_month: int = 100) -> tuple[pl.DataFrame, list[int]]:
    """Records spread evenly over whole months of 2025, and which of them raise a theme so that it has these shares."""
    dates = [
        datetime(2025, m + 1, 1, tzinfo=UTC) + timedelta(days=monthrange(2025, m + 1)[1] * i / per_month)
        for m in range(len(shares))
        for i in range(per_month)
    ]
    rows = [m * per_month + i for m, share in enumerate(shares) for i in range(round(share * per_month))]
    return answers(dates), rows


def direction(shares: list[float], per_month: int = 100) -> dict[str, Any]:
    frame, rows = monthly(shares, per_month)
    return directions(summarize(frame, raising(rows), period="month")).row(0, named=True)


def test_the_period_follows_the_span_of_the_dates() -> None:
    assert choose_period(at(3, 1), at(3, 20)) == "day"
    assert choose_period(at(3, 1), at(3, 21)) == "week"
    assert choose_period(at(1, 1), at(4, 29)) == "week"
    assert choose_period(at(1, 1), at(4, 30)) == "month"


def test_periods_are_named_by_day_iso_week_and_month() -> None:
    days = pl.Series([at(1, 1), at(1, 2)])
    assert periods(days, period="day")["period"].to_list() == ["2026-01-01", "2026-01-02"]
    assert periods(pl.Series([at(12, 29, 2025), at(1, 5)]), period="week")["period"].to_list() == [
        "2026-W01",
        "2026-W02",
    ]
    assert periods(pl.Series([at(12, 31, 2025), at(2, 1)]), period="month")["period"].to_list() == [
        "2025-12", "2026-01", "2026-02",
    ]  # fmt: skip


def test_first_and_last_period_are_incomplete_where_the_data_covers_them_in_part() -> None:
    dates = pl.Series([at(1, 20) + timedelta(hours=12 * i) for i in range(110)])  # to 15 March
    assert periods(dates, period="month")["complete"].to_list() == [False, True, False]


def test_few_records_do_not_make_a_period_incomplete() -> None:
    dates = pl.Series([at(1, 4), at(1, 22), at(2, 9), at(2, 20), at(3, 8), at(3, 24)])
    assert periods(dates, period="month")["complete"].all()


def test_stragglers_and_wrong_dates_do_not_make_the_data_reach_further() -> None:
    steady = [at(1) + timedelta(minutes=20 * i) for i in range(5000)]  # to 11 March
    dates = pl.Series([at(1, 1, 2024), *steady, at(4, 3), at(4, 20)])
    found = periods(dates, period="month").filter(pl.col("complete"))
    assert found["period"].to_list() == ["2026-01", "2026-02"]


def test_one_wrong_date_neither_changes_the_periods_nor_fills_a_century_with_nothing() -> None:
    frame = answers([at(1, 1, 1900), *(at(3) + timedelta(minutes=10 * i) for i in range(1500))])
    volumes = summarize(frame, ratings=[]).filter(measure="volume")
    assert volumes["period"].to_list()[:2] == ["1900-01-01", "2026-03-01"]
    assert volumes.height == 12


def test_volumes_count_dated_records_and_months_without_any_are_zero() -> None:
    frame = answers([at(1), at(1), None, at(3)])
    table = summarize(frame, period="month")
    assert values(table, "volume") == {"2026-01": 2, "2026-02": 0, "2026-03": 1}


def test_a_subject_has_share_polarity_negative_share_and_rating() -> None:
    frame = answers([at(1), at(1), at(1), at(1), at(2)])
    table = summarize(frame, raising([0]), period="month")
    assert values(table, "volume", "t1") == {"2026-01": 1, "2026-02": 0}
    assert values(table, "share", "t1") == {"2026-01": 0.25, "2026-02": 0}
    assert values(table, "polarity", "t1") == {"2026-01": -0.5}
    assert values(table, "negative_share", "t1") == {"2026-01": 1}
    assert values(table, "rating:stars", "t1") == {"2026-01": 3}
    assert values(table, "share") == {}


def test_shares_have_wilson_intervals() -> None:
    frame = answers([at(1)] * 10)
    row = summarize(frame, raising([0, 1]), period="month").filter(measure="share").row(0, named=True)
    assert (row["ci_low"], row["ci_high"], row["n"]) == pytest.approx((0.0567, 0.5098, 10), abs=1e-4)


def test_repetitions_and_unprocessable_records_count_in_no_volume_but_ratings_do() -> None:
    frame = answers([at(1), at(1), at(1)]).with_columns(
        analyzed=pl.Series([True, True, False]), counted=pl.Series([True, False, False])
    )
    table = summarize(frame, period="month")
    assert values(table, "volume") == {"2026-01": 1}
    assert table.filter(measure="rating:stars")["n"].to_list() == [2]


def test_a_respondent_rates_once_per_period() -> None:
    frame = answers([at(1, 1), at(1, 9), at(2, 1)]).with_columns(
        respondent_id=pl.lit("a"), stars=pl.Series([1.0, 5.0, 2.0])
    )
    table = summarize(frame, raising([0]), period="month")
    assert values(table, "rating:stars") == {"2026-01": 5, "2026-02": 2}
    assert values(table, "rating:stars", "t1") == {"2026-01": 5}


def test_without_dates_ratings_or_memberships_there_is_no_trend_and_no_error() -> None:
    nothing = summarize(answers([None, None]))
    assert nothing.is_empty()
    assert directions(nothing).is_empty()
    one = summarize(answers([at(1)]), ratings=[])
    assert set(one["measure"]) == {"volume", "polarity", "negative_share"}
    assert directions(one).is_empty()
    assert summarize(answers([at(1)], stars=None)).filter(measure="rating:stars").is_empty()


def test_records_without_polarity_have_volumes_only() -> None:
    frame = answers([at(1)])
    table = summarize(frame, records=judged(frame).clear(), ratings=[])
    assert table["measure"].to_list() == ["volume"]


def test_a_share_that_doubles_is_rising() -> None:
    found = direction([0.1, 0.1, 0.12, 0.2, 0.22, 0.24])
    assert found["direction"] == "rising"
    assert found["change"] == pytest.approx(100 * (0.22 - 0.32 / 3))
    assert 0 < found["ci_low"] < found["change"] < found["ci_high"]
    assert found["q_value"] < 0.01


def test_a_share_that_halves_is_falling() -> None:
    found = direction([0.24, 0.22, 0.2, 0.12, 0.1, 0.1])
    assert found["direction"] == "falling"
    assert found["ci_high"] < 0


def test_growth_of_everything_is_no_trend_of_a_theme() -> None:
    dates = [datetime(2026, m + 1, 1, tzinfo=UTC) + timedelta(minutes=i) for m in range(6) for i in range(50 * (m + 1))]
    table = summarize(answers(dates), raising(list(range(0, len(dates), 5))), period="month")
    assert directions(table.with_columns(complete=True))["direction"].to_list() == ["steady"]


def test_swings_between_months_are_not_taken_for_a_trend() -> None:
    swinging = [0.02, 0.4, 0.05, 0.35, 0.08, 0.45]
    assert direction(swinging, per_month=200)["direction"] == "steady"


def test_a_change_of_less_than_a_tenth_is_steady_however_many_records_say_so() -> None:
    found = direction([0.4, 0.4, 0.43, 0.43], per_month=5000)
    assert found["ci_low"] > 0
    assert found["direction"] == "steady"


def test_too_few_records_or_periods_have_no_known_direction() -> None:
    assert direction([0.1, 0.1, 0.3, 0.4], per_month=10)["direction"] == "unknown"
    few_periods = direction([0.1, 0.4], per_month=100)
    assert few_periods["direction"] == "unknown"
    assert few_periods["change"] is None


def test_an_incomplete_period_decides_nothing() -> None:
    frame, rows = monthly([0.1, 0.1, 0.1, 0.1])
    late = pl.Series([datetime(2025, 5, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(100)], dtype=tables.UTC)
    longer = answers([*frame["created_at"], *late])
    table = summarize(longer, raising([*rows, *range(400, 500)]), period="month")
    assert table.filter(period="2025-05")["complete"].unique().to_list() == [False]
    assert directions(table)["direction"].to_list() == ["steady"]


def test_a_nearly_empty_period_decides_nothing() -> None:
    frame, rows = monthly([0.1] * 5 + [0.1])
    late = pl.Series([datetime(2025, 7, 1, tzinfo=UTC) + timedelta(days=6 * i) for i in range(6)], dtype=tables.UTC)
    longer = answers([*frame["created_at"], *late])
    found = directions(
        summarize(longer, raising([*rows, *range(600, 606)]), period="month").with_columns(complete=True)
    )
    assert found.select("direction", "change", "n").rows() == [("steady", 0.0, 60)]


def test_the_trend_of_a_subject_without_dates_is_unknown() -> None:
    frame, rows = monthly([0.1, 0.1, 0.2, 0.3])
    found = directions(summarize(frame, raising(rows, "p1", "pain_point"), period="month"))
    points = pl.DataFrame({"pain_point_id": ["never", "p1"], "trend": None}, schema_overrides={"trend": tables.TREND})
    trends = with_trend(points, found, kind="pain_point")["trend"]
    assert trends.dtype == tables.TREND
    assert [trend["direction"] for trend in trends] == ["unknown", "rising"]
    assert trends[0]["change"] is None
    themes = pl.DataFrame({"theme_id": ["p1"]})
    assert with_trend(themes, found, kind="theme")["trend"].struct.field("direction").to_list() == ["unknown"]
    assert with_trend(themes.clear(), found, kind="theme").is_empty()


def test_where_shares_only_vary_by_chance_few_directions_are_found() -> None:
    rng = np.random.default_rng(4)
    frame, _ = monthly([0.0] * 8, per_month=60)
    members = pl.concat([raising(np.flatnonzero(rng.random(480) < 0.1).tolist(), f"t{i:03d}") for i in range(150)])
    found = directions(summarize(frame, members, period="month", ratings=[]))
    assert (found["direction"] != "steady").sum() <= 1


row = st.tuples(st.one_of(st.none(), st.integers(0, 400)), st.integers(1, 5), st.booleans())


@settings(max_examples=10, deadline=None)
@given(st.lists(row, max_size=25), st.integers(0, 999))
def test_order_never_matters_and_volumes_add_up(rows: list[tuple[int | None, int, bool]], seed: int) -> None:
    frame = answers([None if day is None else at(1) + timedelta(days=day) for day, _, _ in rows]).with_columns(
        stars=pl.Series([float(stars) for _, stars, _ in rows], dtype=pl.Float64)
    )
    records = frame.select("record_id", polarity=pl.col("stars").cos(), label=pl.lit("negative"))
    members = raising([i for i, (_, _, raised) in enumerate(rows) if raised])
    one = summarize(frame, members, records=records)
    mixed = frame.sample(fraction=1, shuffle=True, seed=seed)
    two = summarize(mixed, members.reverse(), records=records.reverse())
    assert_frame_equal(one, two, check_exact=True)
    assert_frame_equal(directions(one), directions(two), check_exact=True)
    assert one.filter(measure="volume", subject_kind="all")["value"].sum() == frame["created_at"].is_not_null().sum()
