from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from textcx.domain import tables
from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.steps.measures.trends import choose_period, periods, summarize_trends, worth_comparing
from textcx.steps.records.people import PERSON

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


def test_a_nearly_empty_or_incomplete_period_is_not_worth_comparing() -> None:
    sizes, complete = np.array([90.0, 100, 110, 8, 12, 0]), np.array([True, True, False, True, True, True])
    assert worth_comparing(sizes, complete=complete).tolist() == [True, True, False, False, True, False]
    assert not worth_comparing(sizes, complete=np.zeros(6, dtype=np.bool_)).any()


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


def test_shares_have_the_intervals_of_jeffreys() -> None:
    frame = answers([at(1)] * 10)
    row = summarize(frame, raising([0, 1]), period="month").filter(measure="share").row(0, named=True)
    low, high = scipy.stats.beta.ppf([0.025, 0.975], 2.5, 8.5)
    assert (row["ci_low"], row["ci_high"], row["n"]) == pytest.approx((low, high, 10))


def test_people_with_many_records_widen_the_intervals_of_a_period() -> None:
    frame = answers([at(1)] * 40).with_columns(stars=pl.int_range(pl.len()) // 10 % 2 * 4.0 + 1)
    records = frame.select("record_id", polarity=(pl.col("stars") - 3) / 2, label=pl.lit("neutral"))
    few = frame.with_columns((pl.int_range(pl.len()) // 10).cast(pl.String).alias(PERSON))
    for measure in ("polarity", "rating:stars"):
        one, other = (
            summarize(each, records=records, period="month").filter(measure=measure).row(0, named=True)
            for each in (frame, few)
        )
        assert other["value"] == one["value"]
        assert other["ci_high"] - other["ci_low"] > 2 * (one["ci_high"] - one["ci_low"])


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
    one = summarize(answers([at(1)]), ratings=[])
    assert set(one["measure"]) == {"volume", "polarity", "negative_share"}
    assert summarize(answers([at(1)], stars=None)).filter(measure="rating:stars").is_empty()


def test_records_without_polarity_have_volumes_only() -> None:
    frame = answers([at(1)])
    table = summarize(frame, records=judged(frame).clear(), ratings=[])
    assert table["measure"].to_list() == ["volume"]


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
    assert one.filter(measure="volume", subject_kind="all")["value"].sum() == frame["created_at"].is_not_null().sum()
