"""The interval of the ratio of two shares agrees with that of their difference."""

from __future__ import annotations

import numpy as np
import pytest

from textcx.steps.statistics.intervals import SHARE, difference_interval, ratio_interval, share_moments

N = np.full(400, 200.0)


def two_sides() -> tuple:
    rng = np.random.default_rng(3)
    freedom = rng.uniform(2, 80, 400)
    sides = (rng.binomial(200, rng.uniform(0, 0.3, 400)).astype(float) for _ in range(2))
    return tuple(share_moments(hits, N, effective=N / 2, freedom=freedom) for hits in sides)


def test_the_ratio_leaves_out_1_exactly_where_the_difference_leaves_out_0() -> None:
    one, other = two_sides()
    ratio, difference = ratio_interval(one, other, SHARE), difference_interval(one, other, SHARE)
    assert ((ratio.low > 1) == (difference.low > 0)).all()
    assert ((ratio.high < 1) == (difference.high < 0)).all()
    assert 20 < (ratio.low > 1).sum() < 380


def test_the_interval_holds_the_ratio_and_a_surer_one_is_wider() -> None:
    one, other = two_sides()
    ratio, wider = ratio_interval(one, other, SHARE), ratio_interval(one, other, SHARE, level=0.99)
    plain = one.mean[other.mean > 0] / other.mean[other.mean > 0]
    assert (ratio.low[other.mean > 0] <= plain + 1e-12).all()
    assert (ratio.high[other.mean > 0] >= plain - 1e-12).all()
    assert (wider.low <= ratio.low).all()
    assert (wider.high >= ratio.high).all()


def test_the_other_way_round_it_is_the_reciprocal() -> None:
    one, other = two_sides()
    there, back = ratio_interval(one, other, SHARE), ratio_interval(other, one, SHARE)
    some = (one.mean > 0) & (other.mean > 0)
    assert there.low[some] == pytest.approx(1 / back.high[some])


def test_a_ratio_to_nothing_has_no_upper_end() -> None:
    one, nothing = (share_moments(np.array([hits]), np.array([50.0])) for hits in (9.0, 0.0))
    assert ratio_interval(one, nothing, SHARE).low[0] > 1
    assert np.isinf(ratio_interval(one, nothing, SHARE).high[0])
    assert ratio_interval(nothing, one, SHARE).low[0] == 0
    assert ratio_interval(nothing, one, SHARE).high[0] < 1
