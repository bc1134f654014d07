from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from textcx.domain import tables
from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.steps.measures.mix import MIX, decompose_changes, halves
from textcx.steps.measures.trends import summarize_trends

STARS = RatingColumn(name="stars", column="Stars", kind=RatingKind.STARS, low=1, high=5)
NONE_RAISED = pl.DataFrame(schema=dict.fromkeys(("record_id", "subject_kind", "subject_id"), pl.String))
START = datetime(2025, 1, 1, tzinfo=UTC)


def feedback(
    shares: tuple[float, float], *, stars: tuple[float, float] = (2.0, 4.0), worse: float = 0.0, n: int = 800
) -> pl.DataFrame:
    """A year of records, of which these shares are reviews in either half; the others come from a survey.

    Their stars scatter by one around ``stars`` (of reviews, of the survey), less ``worse`` in the later half.
    """
    rng = np.random.default_rng(4)
    later = np.arange(n) >= n // 2
    review = rng.random(n) < np.where(later, shares[1], shares[0])
    given = np.where(review, *stars) - worse * later + rng.choice([-1, 0, 1], n)
    return pl.DataFrame({
        "record_id": [f"r{i:05d}" for i in range(n)],
        "respondent_id": pl.Series([None] * n, dtype=pl.String),
        "created_at": pl.Series([START + timedelta(days=365 * i / n) for i in range(n)], dtype=tables.UTC),
        "analyzed": [True] * n,
        "counted": [True] * n,
        "source": np.where(review, "review", "survey"),
        "plan": pl.Series([None] * n, dtype=pl.String),
        "stars": given,
    })  # fmt: skip


def judged(frame: pl.DataFrame) -> pl.DataFrame:
    label = pl.when(pl.col("stars") < 3).then(pl.lit("negative")).otherwise(pl.lit("positive"))
    return frame.select("record_id", polarity=(pl.col("stars") - 3) / 3, label=label)


def decomposed(frame: pl.DataFrame, members: pl.DataFrame = NONE_RAISED, **options: Any) -> pl.DataFrame:
    trends = summarize_trends(frame, records=judged(frame), memberships=members, ratings=[STARS])
    chosen = {"records": judged(frame), "memberships": members, "ratings": [STARS], "attributes": [], **options}
    return decompose_changes(frame, trends=trends, **chosen)


def test_a_different_mix_of_sources_is_told_for_stars_polarity_and_negative_records() -> None:
    found = decomposed(feedback((0.1, 0.5)))
    assert found["measure"].to_list() == ["negative_share", "polarity", "rating:stars"]
    assert found["by"].unique().to_list() == ["source"]
    stars = found.row(by_predicate=pl.col("measure") == "rating:stars", named=True)
    assert stars["mix"] == pytest.approx(-0.8, abs=0.12)
    assert stars["within_low"] < 0 < stars["within_high"]
    assert stars["mix"] + stars["within"] == pytest.approx(stars["change"])
    assert stars["change"] == pytest.approx(stars["later"] - stars["earlier"])
    assert (stars["n_earlier"], stars["n_later"]) == (397, 403)
    assert not stars["turns"]


def test_nothing_is_told_where_the_mix_stays_the_same_however_much_changes() -> None:
    assert decomposed(feedback((0.3, 0.3), worse=1.0)).is_empty()


def test_nothing_is_told_of_one_source_alone() -> None:
    assert decomposed(feedback((1.0, 1.0), worse=1.0)).is_empty()


def test_a_sign_that_turns_is_marked() -> None:
    found = decomposed(feedback((0.9, 0.1), stars=(2.0, 4.0), worse=0.5))
    stars = found.row(by_predicate=pl.col("measure") == "rating:stars", named=True)
    assert stars["change"] > 0 > stars["within_high"]
    assert stars["turns"]


def test_the_attribute_with_the_largest_mix_part_is_the_one_told() -> None:
    frame = feedback((0.1, 0.5)).with_columns(plan="source")
    blurred = pl.when(pl.int_range(pl.len()) % 4 == 0).then(pl.lit("survey")).otherwise("source")
    for source, plan, told in ((pl.col("source"), blurred, "source"), (blurred, pl.col("plan"), "plan")):
        found = decomposed(frame.with_columns(source=source, plan=plan), attributes=["plan"])
        assert found["by"].to_list() == [told] * 3


def test_a_column_whose_values_never_come_back_explains_nothing() -> None:
    frame = feedback((0.3, 0.3), worse=1.0).with_columns(order=pl.col("record_id"))
    assert decomposed(frame, attributes=["order"]).is_empty()


def test_a_theme_of_one_source_grows_with_it_and_no_source_raises_it_more() -> None:
    frame = feedback((0.1, 0.5))
    raised = frame.filter(pl.col("source") == "review", pl.col("stars") == 2)
    members = raised.select("record_id", subject_kind=pl.lit("theme"), subject_id=pl.lit("t1"))
    row = decomposed(frame, members, ratings=[]).row(by_predicate=pl.col("subject_kind") == "theme", named=True)
    assert (row["subject_id"], row["measure"]) == ("t1", "share")
    assert row["change"] > 0.05
    assert row["mix_low"] > 0
    assert row["within_low"] < 0 < row["within_high"]


def test_a_respondent_counts_once_per_half_in_a_rating() -> None:
    frame = feedback((0.1, 0.5)).with_columns(respondent_id=pl.col("record_id").str.slice(0, 5))
    row = decomposed(frame).row(by_predicate=pl.col("measure") == "rating:stars", named=True)
    assert row["n_earlier"] + row["n_later"] == 81  # eighty people, of whom one writes in both halves


def test_the_halves_are_of_complete_periods_and_the_middle_one_is_earlier() -> None:
    def months(*rows: tuple[int, bool]) -> pl.DataFrame:
        return pl.DataFrame([
            {"subject_kind": "all", "measure": "volume", "period": f"2025-{i:02d}", "n": n, "complete": complete}
            for i, (n, complete) in enumerate(rows, start=1)
        ])  # fmt: skip

    found = halves(months((40, False), (100, True), (90, True), (3, True), (80, True), (100, True), (120, True)))
    assert found.rows() == [("2025-02", 0), ("2025-03", 0), ("2025-05", 0), ("2025-06", 1), ("2025-07", 1)]
    assert halves(months((100, True), (90, True), (10, False))).is_empty()


def test_without_dates_or_records_there_is_nothing_to_decompose() -> None:
    frame = feedback((0.1, 0.5))
    for some in (frame.with_columns(created_at=pl.lit(None, dtype=tables.UTC)), frame.head(5), frame.clear()):
        found = decomposed(some, attributes=["plan"])
        assert found.is_empty()
        assert found.schema == MIX


def test_the_order_of_records_never_matters() -> None:
    frame = feedback((0.1, 0.5)).with_columns(respondent_id=pl.col("record_id").str.slice(0, 6))
    raised = frame.filter(pl.col("stars") == 2)
    members = raised.select("record_id", subject_kind=pl.lit("theme"), subject_id=pl.lit("t1"))
    mixed = (each.sample(fraction=1, shuffle=True, seed=3) for each in (frame, members))
    assert_frame_equal(decomposed(frame, members), decomposed(*mixed), check_exact=True)


def test_columns_of_the_user_may_have_any_name() -> None:
    frame = feedback((0.1, 0.5))
    names = ["later", "person", "value", "period", "counted by"]
    plain = decomposed(frame, attributes=[])
    found = decomposed(frame.with_columns(pl.lit("x").alias(name) for name in names), attributes=names)
    assert_frame_equal(found.drop("q_value"), plain.drop("q_value"))
