from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from textcx.domain.errors import BadSetting
from textcx.domain.feedback import ColumnOverrides, ColumnPlan, RatingColumn, RatingKind
from textcx.readers import open_feedback, parse_rating, plan_columns

ROWS = 120


def plan(name: str = "export.csv", **columns: Any) -> ColumnPlan:
    comments = [f"I think it was slow on day {number}" for number in range(ROWS)]
    cells = {"comment": comments} | {
        key: [None if values[n % len(values)] is None else str(values[n % len(values)]) for n in range(ROWS)]
        for key, values in columns.items()
    }
    return plan_columns(pl.DataFrame(cells), overrides=ColumnOverrides(), name=name)


def only(found: ColumnPlan) -> RatingColumn:
    (rating,) = found.ratings
    return rating


@pytest.mark.parametrize("name", ["nps", "NPS score", "How likely are you to recommend us to a friend?", "likelihood"])
def test_whole_numbers_to_ten_named_likely_to_recommend_are_nps(name: str) -> None:
    rating = only(plan(**{name: [0, 7, 9, 10]}))
    assert (rating.name, rating.kind, rating.low, rating.high) == ("nps", RatingKind.NPS, 0, 10)


def test_a_score_to_ten_in_an_nps_file_is_nps() -> None:
    assert only(plan("nps_2025.csv", score=[2, 8, 10])).kind is RatingKind.NPS


def test_likelihood_that_stays_below_five_is_not_called_nps() -> None:
    found = plan(likely_to_recommend=[1, 2, 3, 4, 5])
    assert only(found).kind is RatingKind.SCALE
    assert "--rating 'nps=likely_to_recommend:0-10'" in found.warnings[0]


@pytest.mark.parametrize("name", ["Rating", "stars", "score", "review_rating", "Overall"])
def test_one_to_five_named_like_stars_are_stars(name: str) -> None:
    rating = only(plan(**{name: [1, 2, 4, 5]}))
    assert (rating.name, rating.kind, rating.low, rating.high) == ("stars", RatingKind.STARS, 1, 5)


def test_satisfaction_and_effort_are_csat_and_ces() -> None:
    found = plan(csat=[1, 3, 5], how_easy_was_it=[1, 4, 7])
    assert [(rating.name, rating.kind, rating.high) for rating in found.ratings] == [
        ("csat", RatingKind.CSAT, 5),
        ("ces", RatingKind.CES, 7),
    ]
    assert "if the high end is much effort" in plan(effort_score=[1, 4, 7]).warnings[0]


@pytest.mark.parametrize("values", [[1, 0], ["yes", "no"], ["True", "False"]])
def test_recommended_is_yes_or_no(values: list[Any]) -> None:
    rating = only(plan(**{"Recommended IND": values}))
    assert (rating.name, rating.low, rating.high) == ("recommended", 0, 1)


def test_the_most_telling_rating_comes_first() -> None:
    found = plan(recommended=[0, 1], food_rating=[1, 5], rating=[2, 4], nps=[1, 9, 10])
    assert [rating.name for rating in found.ratings] == ["nps", "stars", "recommended", "food_rating"]


@pytest.mark.parametrize(
    "name", ["thumbsUpCount", "Positive Feedback Count", "Age", "helpful votes", "Clothing ID", "year"]
)
def test_counts_ages_and_ids_are_no_ratings(name: str) -> None:
    assert plan(**{name: [1, 2, 3, 4, 5]}).ratings == ()


def test_numbers_without_a_rating_name_are_pointed_out() -> None:
    found = plan(Q3=[1, 2, 3, 4, 5])
    assert found.ratings == ()
    assert "--rating 'NAME=Q3:LOW-HIGH'" in found.reasons["ignored Q3"]


def test_friends_and_family_answers_are_read_reversed_with_a_warning() -> None:
    found = plan(**{"FFT categorical answer": [1, 1, 2, 3, 5, 6, 7]})
    rating = only(found)
    assert (rating.name, rating.low, rating.high, rating.reversed, rating.missing) == ("fft", 1, 5, True, (6.0, 7.0))
    assert "1 = very good to 5 = very poor" in found.warnings[0]


def test_rare_zeros_on_one_to_five_are_not_rated() -> None:
    found = plan(staff_rating=[0] + [1, 2, 3, 4, 5] * 5, food_rating=[0] + [1, 2, 3, 4, 5] * 5)
    assert {rating.missing for rating in found.ratings} == {(0.0,)}
    assert sum("0 as 'not rated'" in warning for warning in found.warnings) == 1


def test_a_column_that_mixes_two_scales_is_doubtful_and_not_first() -> None:
    found = plan(overall_rating=[4, 3, 2, 4, 5, 4, 1, 3, 4, 3, 4, 9], recommended=[0, 1])
    first, last = found.ratings
    assert first.name == "recommended"
    assert (last.low, last.high) == (1, 10)
    assert "doubtful" in (last.note or "")
    assert "mix two scales" in found.warnings[0]


def test_an_honest_ten_point_rating_is_not_doubted() -> None:
    found = plan(rating=[1, 1, 1, 2, 3, 7, 8, 9, 10, 10])
    assert (only(found).high, found.warnings) == (10, ())


def test_values_beyond_every_scale_are_no_rating() -> None:
    assert plan(score=[-1, 0, 1]).ratings == ()
    assert plan(score=[0, 5_000]).ratings == ()


def read(rating: str, *values: Any) -> tuple[list[float | None], tuple[str, ...]]:
    frame = pl.DataFrame(
        {"comment": ["it was fine"] * len(values), "n": [None if v is None else str(v) for v in values]}
    )
    (batch,) = open_feedback(frame, overrides=ColumnOverrides(ratings=(rating,))).batches(rows=99)
    name = next(column for column in batch.frame.columns if column.startswith("rating:"))
    return batch.frame[name].to_list(), batch.warnings


def test_values_off_the_scale_or_not_numeric_are_null_and_counted_once() -> None:
    values, warnings = read("stars=n:1-5", 1, 6, "five", None, "n/a", 0, 5)
    assert values == [1, None, None, None, None, None, 5]
    assert warnings == ("frame: values of 'n' that are no numbers on its scale 1-5, left empty: 3",)


def test_reversed_values_are_read_as_given() -> None:
    assert read("fft=n:1-5:reversed", 1, 5) == ([1.0, 5.0], ())


def test_codes_for_no_answer_are_null_without_a_warning() -> None:
    frame = pl.DataFrame({"fft answer": [1, 2, 6, 7, 1], "comment": [f"it was fine {n}" for n in range(5)]})
    (batch,) = open_feedback(frame, overrides=ColumnOverrides()).batches(rows=9)
    assert batch.frame["rating:fft"].to_list() == [1, 2, None, None, 1]
    assert batch.warnings == ()


def test_a_flag_may_hold_colons_and_equals_signs_in_the_column() -> None:
    rating = parse_rating("csat=Q1: how = good?:1-5:reversed")
    assert (rating.name, rating.column, rating.kind, rating.reversed) == (
        "csat",
        "Q1: how = good?",
        RatingKind.CSAT,
        True,
    )


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("nps", "NAME=COLUMN:LOW-HIGH"),
        ("nps=score", "NAME=COLUMN:LOW-HIGH"),
        ("nps=score:0-10:backwards", "NAME=COLUMN:LOW-HIGH"),
        ("x=score:5-1", "add ':reversed'"),
        ("nps=score:1-5", r"NPS is asked on 0\.\.10"),
        ("?=score:1-5", "a letter or a digit"),
    ],
)
def test_a_malformed_flag_is_explained(flag: str, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        parse_rating(flag)


def test_known_names_decide_what_is_computed_where_the_scale_fits() -> None:
    kinds = [parse_rating(flag).kind for flag in ("stars=a:1-5", "stars=a:1-10", "ces=a:1-7", "mood=a:1-5")]
    assert kinds == [RatingKind.STARS, RatingKind.SCALE, RatingKind.CES, RatingKind.SCALE]
