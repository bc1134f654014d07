from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcx.steps.statistics.dispersion import MOST, shrunk


def ratios(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def all_of(values: np.ndarray) -> np.ndarray:
    return np.ones(values.size, dtype=np.bool_)


def test_ratios_are_drawn_towards_their_mean_and_keep_their_order() -> None:
    given_ratios = ratios(0.2, 1.0, 1.2, 4.0)
    found, freedom = shrunk(given_ratios, 6, often=all_of(given_ratios))
    assert (np.diff(found) > 0).all()
    assert (np.abs(found - 1.6) < np.abs(given_ratios - 1.6)).all()
    assert (freedom > 6).all()


def test_ratios_that_differ_by_chance_alone_are_taken_for_one() -> None:
    drawn = np.random.default_rng(1).chisquare(5, 400) / 5
    found, freedom = shrunk(drawn, 5, often=all_of(drawn))
    assert found == pytest.approx(1.0, abs=0.3)
    assert freedom[0] > 50


def test_ratios_that_differ_by_far_more_than_chance_stay_nearly_as_they_are() -> None:
    drawn = np.random.default_rng(2).chisquare(5, 400) / 5 * np.repeat([0.01, 30.0], (380, 20))
    found, freedom = shrunk(drawn, 5, often=all_of(drawn))
    assert found[-20:] == pytest.approx(drawn[-20:], rel=0.2, abs=1)
    assert freedom[0] < 6


def test_too_few_tell_nothing_of_each_other() -> None:
    given_ratios = ratios(0.5, 9.0, 3.0, 1.0)
    found, freedom = shrunk(given_ratios, 4, often=np.array([True, True, False, False]))
    assert found.tolist() == given_ratios.tolist()
    assert freedom.tolist() == [4] * 4


def test_what_is_rare_tells_nothing_of_the_others_but_is_drawn_too() -> None:
    given_ratios = ratios(1.0, 1.1, 0.9, 1.0, 50.0)
    often = np.array([True, True, True, True, False])
    found, _ = shrunk(given_ratios, 4, often=often)
    alone, _ = shrunk(given_ratios[:4], 4, often=often[:4])
    assert found[:4].tolist() == alone.tolist()
    assert 1 < found[4] < 50


def test_others_add_no_more_than_they_have_themselves() -> None:
    given_ratios = ratios(1.0, 1.0, 1.0)
    assert shrunk(given_ratios, 4, often=all_of(given_ratios))[1].tolist() == [12] * 3
    many = np.ones(500)
    assert shrunk(many, 4, often=all_of(many))[1].tolist() == [4 + MOST] * 500


def test_where_nothing_varies_nothing_is_drawn() -> None:
    found, freedom = shrunk(np.zeros(5), 4, often=all_of(np.zeros(5)))
    assert (found.tolist(), freedom.tolist()) == ([0] * 5, [4] * 5)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.integers(1, 30))
def test_a_ratio_never_leaves_the_range_of_all(tenths: list[int], freedom: int) -> None:
    values = np.array(tenths) / 10
    found, worth = shrunk(values, freedom, often=all_of(values))
    assert values.min() - 1e-9 <= found.min() <= found.max() <= values.max() + 1e-9
    assert (worth >= freedom).all()
