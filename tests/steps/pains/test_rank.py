"""Pain points are ordered by reach x severity x effect, where an effect is known."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.domain.tables import DRIVERS, PAIN_POINTS
from textcx.steps.pains.rank import LEAST_EFFECT, rank_pain_points

SCALE = RatingColumn("overall", "overall", RatingKind.STARS, 1, 5)
NPS = RatingColumn("nps", "nps", RatingKind.NPS, 0, 10)


def points(**weights: tuple[int, float]) -> pl.DataFrame:
    rows = [
        {"pain_point_id": name, "respondents": respondents, "severity": severity}
        for name, (respondents, severity) in weights.items()
    ]
    return pl.DataFrame(rows, schema=PAIN_POINTS)


def drivers(rating: str = "overall", **effects: float) -> pl.DataFrame:
    """A quarter of the people raise each pain point, so the gap is four times the effect; not all others are comparable."""
    rows = [
        {"rating": rating, "subject_kind": "pain_point", "subject_id": name, "effect": effect, "gap": 4 * effect, "n_with": 10,
            "n_without": 15}
        for name, effect in effects.items()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=DRIVERS)


def order(frame: pl.DataFrame) -> list[str]:
    return frame["pain_point_id"].to_list()


def test_without_ratings_reach_times_severity_decides() -> None:
    given = points(a=(2, 0.5), b=(10, 0.2), c=(4, 0.5), d=(4, 0.5))
    ranked = rank_pain_points(given, pl.DataFrame(schema=DRIVERS), ratings=[SCALE])
    assert order(ranked) == ["b", "c", "d", "a"]
    assert_frame_equal(ranked.sort("pain_point_id"), given)


def test_an_effect_is_the_difference_to_those_without_as_a_share_of_the_scale() -> None:
    ranked = rank_pain_points(points(a=(10, 0.5), b=(8, 0.5)), drivers(a=-0.1, b=-0.25), ratings=[SCALE])
    assert dict(ranked.select("pain_point_id", "effect").iter_rows()) == pytest.approx({"a": 0.1, "b": 0.25})
    assert order(ranked) == ["b", "a"]
    assert ranked.schema == PAIN_POINTS


def test_the_median_stands_for_an_effect_that_is_not_known_and_none_counts_less_than_the_least() -> None:
    given = points(a=(10, 0.5), b=(10, 0.5), c=(10, 0.5), d=(10, 0.5))
    ranked = rank_pain_points(given, drivers(a=0.3, b=-0.2, d=-0.4), ratings=[SCALE])
    assert order(ranked) == ["d", "b", "c", "a"]
    assert dict(ranked.select("pain_point_id", "effect").iter_rows()) == pytest.approx(
        {"a": -0.3, "b": 0.2, "c": None, "d": 0.4}
    )
    few = rank_pain_points(points(a=(10, 0.5), b=(1, LEAST_EFFECT)), drivers(a=0.3, b=-0.1), ratings=[SCALE])
    assert order(few) == ["a", "b"]


def test_the_leading_rating_is_the_first_kind_that_has_drivers() -> None:
    both = pl.concat([drivers(a=-0.1, b=-0.2), drivers("nps", a=-20.0, b=-10.0)])
    assert order(rank_pain_points(points(a=(5, 0.5), b=(5, 0.5)), both, ratings=[SCALE, NPS])) == ["a", "b"]
    only = rank_pain_points(points(a=(5, 0.5), b=(5, 0.5)), drivers(a=-0.1, b=-0.2), ratings=[NPS, SCALE])
    assert order(only) == ["b", "a"]
