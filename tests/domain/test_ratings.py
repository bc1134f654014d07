from __future__ import annotations

import numpy as np
import pytest

from textcx.domain.errors import BadSetting
from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.domain.ratings import bounds, check_scale, effect_terms, effect_unit, terms, unit


def rating(kind: RatingKind, low: float, high: float, *, reverse: bool = False) -> RatingColumn:
    return RatingColumn(name=kind.value, column="Rating", kind=kind, low=low, high=high, reversed=reverse)


NPS = rating(RatingKind.NPS, 0, 10)


def test_promoters_start_at_nine_and_detractors_end_at_six() -> None:
    assert terms(np.array([0.0, 6.0, 7.0, 8.0, 9.0, 10.0]), NPS).tolist() == [-100, -100, 0, 0, 100, 100]


def test_a_reversed_nps_is_turned_before_counting_promoters() -> None:
    turned = rating(RatingKind.NPS, 0, 10, reverse=True)
    assert terms(np.array([0.0, 1.0, 2.0, 4.0, 10.0]), turned).tolist() == [100, 100, 0, -100, -100]


def test_csat_counts_the_top_two_answers() -> None:
    assert terms(np.arange(1.0, 6.0), rating(RatingKind.CSAT, 1, 5)).tolist() == [0, 0, 0, 100, 100]
    assert terms(np.arange(1.0, 8.0), rating(RatingKind.CSAT, 1, 7)).tolist() == [0] * 5 + [100, 100]


def test_csat_on_a_reversed_scale_counts_the_lowest_two() -> None:
    reverse = rating(RatingKind.CSAT, 1, 5, reverse=True)
    assert terms(np.arange(1.0, 6.0), reverse).tolist() == [100, 100, 0, 0, 0]


def test_csat_never_counts_the_middle_of_a_short_scale() -> None:
    assert terms(np.arange(1.0, 4.0), rating(RatingKind.CSAT, 1, 3)).tolist() == [0, 0, 100]
    assert terms(np.array([0.0, 1.0]), rating(RatingKind.CSAT, 0, 1)).tolist() == [0, 100]


def test_csat_on_a_dial_counts_the_upper_quarter() -> None:
    dial = rating(RatingKind.CSAT, 0, 100)
    assert terms(np.array([50.0, 74.0, 75.0, 100.0]), dial).tolist() == [0, 0, 100, 100]


def test_means_are_of_the_answers_as_given_even_on_a_reversed_scale() -> None:
    reverse = rating(RatingKind.SCALE, 1, 5, reverse=True)
    assert terms(np.array([1.0, 5.0]), reverse).tolist() == [1, 5]


@pytest.mark.parametrize("kind", [RatingKind.NPS, RatingKind.CSAT, RatingKind.CES, RatingKind.STARS, RatingKind.SCALE])
@pytest.mark.parametrize("reverse", [False, True])
def test_effect_terms_never_fall_when_answers_get_better(kind: RatingKind, *, reverse: bool) -> None:
    answers = np.arange(0.0, 11.0)
    found = effect_terms(answers[::-1] if reverse else answers, rating(kind, 0, 10, reverse=reverse))
    assert (np.diff(found) >= 0).all()
    assert found[-1] > found[0]


@pytest.mark.parametrize(
    ("column", "shown", "of_effect", "ends"),
    [
        (NPS, "points", "points", (-100, 100)),
        (rating(RatingKind.CSAT, 1, 5), "percent", "percentage points", (0, 100)),
        (rating(RatingKind.STARS, 1, 5), "stars", "stars", (1, 5)),
        (rating(RatingKind.CES, 1, 7), "scale 1..7", "scale 1..7", (1, 7)),
        (rating(RatingKind.SCALE, 1, 5, reverse=True), "scale 1..5 (1 is best)", "scale 1..5", (1, 5)),
    ],
)
def test_units_and_bounds_are_those_of_the_kind(
    column: RatingColumn, shown: str, of_effect: str, ends: tuple[float, float]
) -> None:
    assert (unit(column), effect_unit(column), bounds(column)) == (shown, of_effect, ends)


def test_nps_on_another_scale_is_refused_with_a_way_out() -> None:
    with pytest.raises(BadSetting, match=r"NPS is asked on 0\.\.10.*--rating recommend=Rating:1-5"):
        check_scale(rating(RatingKind.NPS, 1, 5))


def test_a_scale_upside_down_is_refused() -> None:
    with pytest.raises(BadSetting, match="low must be below high"):
        check_scale(rating(RatingKind.SCALE, 5, 1))
