"""Known numbers come from the papers that the docstrings of ``textcx.steps.statistics.intervals`` name."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textcx.steps.statistics.intervals import (
    balance_interval,
    clustered_interval,
    column,
    difference_interval,
    difference_p_value,
    mean_interval,
    moments,
    q_values,
    share_interval,
)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_share_interval_gives_the_numbers_of_newcombe_1998_table_1() -> None:
    low, high = share_interval(floats(81, 15, 0, 1), floats(263, 148, 20, 29))
    assert low == pytest.approx([0.2553, 0.0624, 0.0, 0.0061], abs=5e-5)
    assert high == pytest.approx([0.3662, 0.1605, 0.1611, 0.1718], abs=5e-5)


def test_difference_interval_gives_the_numbers_of_newcombe_1998_table_2() -> None:
    low, high = difference_interval(floats(56, 9, 10), floats(70, 10, 10), floats(48, 3, 0), floats(80, 10, 10))
    assert low == pytest.approx([0.0524, 0.1705, 0.6075], abs=5e-5)
    assert high == pytest.approx([0.3339, 0.8090, 1.0], abs=5e-5)


def test_mean_interval_gives_the_numbers_of_students_sleep_data() -> None:
    extra_sleep = floats(1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4)
    found = moments(np.zeros(10, dtype=np.int64), extra_sleep, 1)
    low, high = mean_interval(found, low=-24, high=24)
    assert (found.mean[0], low[0], high[0]) == pytest.approx((1.58, 0.7001142, 2.4598858))


def test_balance_interval_is_walds_with_three_observations_added() -> None:
    # 40 promoters and 25 detractors of 100, by hand: (40.75 - 25.75) / 103 +- 1.96 sqrt((66.5/103 - 0.145631^2) / 103)
    low, high = balance_interval(floats(40), floats(25), floats(100))
    assert (low[0], high[0]) == pytest.approx((-0.00702, 0.29828), abs=1e-4)


@pytest.mark.parametrize("n", [10, 20])
@pytest.mark.parametrize("shares", [(0.6, 0.2), (0.3, 0.3), (0.8, 0.05), (0.15, 0.55)])
def test_balance_interval_covers_exactly_counted_outcomes(n: int, shares: tuple[float, float]) -> None:
    p_up, p_down = shares
    outcomes = [(u, d) for u in range(n + 1) for d in range(n + 1 - u)]
    chance = [
        comb(n, u) * comb(n - u, d) * p_up**u * p_down**d * (1 - p_up - p_down) ** (n - u - d) for u, d in outcomes
    ]
    up, down = np.array(outcomes, dtype=np.float64).T
    low, high = balance_interval(up, down, np.full(up.size, float(n)))
    held = (low <= p_up - p_down) & (p_up - p_down <= high)
    assert float(np.sum(np.array(chance)[held])) >= 0.93


def test_answers_all_alike_still_leave_doubt() -> None:
    low, high = mean_interval(moments(np.zeros(4, dtype=np.int64), np.full(4, 5.0), 1), low=1, high=5)
    assert high[0] == 5
    assert low[0] == pytest.approx(5 - 4 * 3.8415 / 7.8415, abs=1e-3)


def test_one_observation_has_no_interval() -> None:
    one = floats(1)
    ends = [*share_interval(one, one), *balance_interval(one, floats(0), one), *difference_interval(one, one, one, one)]
    ends += [*mean_interval(moments(np.zeros(1, dtype=np.int64), one, 1), low=1, high=5)]
    assert np.isnan(ends).all()


def test_an_empty_group_has_no_value_and_no_interval() -> None:
    found = moments(np.array([1, 1]), floats(2, 4), 3)
    low, high = mean_interval(found, low=1, high=5)
    assert found.n.tolist() == [0, 2, 0]
    assert column(found.mean).to_list() == [None, 3, None]
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False, True]


def test_benjamini_hochberg_finds_the_four_of_its_1995_example() -> None:
    p = floats(
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590,
        1.0,
    )  # fmt: skip
    assert (q_values(p) <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert q_values(p)[:2] == pytest.approx([0.0015, 0.0030])


def test_a_p_value_that_is_not_there_is_no_test() -> None:
    assert column(q_values(floats(0.02, np.nan, 0.04))).to_list() == pytest.approx([0.04, None, 0.04])
    assert q_values(floats()).size == 0


def test_equal_shares_have_p_value_one_and_distant_ones_a_small_one() -> None:
    p = difference_p_value(floats(5, 0, 56), floats(10, 10, 70), floats(10, 0, 48), floats(20, 10, 80))
    assert p[:2].tolist() == [1, 1]
    assert p[2] == pytest.approx(0.0080, abs=1e-4)  # z = 2.650, by hand


counts = st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))


@settings(deadline=None)
@given(counts)
def test_intervals_hold_their_estimate_and_keep_within_bounds(cells: tuple[int, int, int]) -> None:
    up, middle, down = cells
    n = up + middle + down
    if n < 2:
        return
    balance = balance_interval(floats(up), floats(down), floats(n))
    share = share_interval(floats(up), floats(n))
    values = np.repeat(floats(-1, 0, 1), (down, middle, up))
    mean = mean_interval(moments(np.zeros(n, dtype=np.int64), values, 1), low=-1, high=1)
    for (low, high), estimate, floor in (
        (balance, (up - down) / n, -1),
        (share, up / n, 0),
        (mean, (up - down) / n, -1),
    ):
        assert floor <= low[0] <= estimate + 1e-12
        assert estimate - 1e-12 <= high[0] <= 1


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=30))
def test_q_values_keep_the_order_of_p_values_and_never_fall_below_them(values: list[float]) -> None:
    p = floats(*values)
    q = q_values(p)
    order = np.argsort(p, kind="stable")
    assert (np.diff(q[order]) >= 0).all()
    assert ((q >= p) & (q <= 1)).all()


def test_values_that_are_each_a_group_have_the_t_interval_of_their_mean() -> None:
    values = np.array([0.1, 0.4, -0.3, 0.8, 0.2])
    low, high = clustered_interval(values.mean(), values - values.mean(), 5, low=-1, high=1)
    plain = mean_interval(moments(np.zeros(5, dtype=np.int64), values, 1), low=-1, high=1)
    assert (low, high) == pytest.approx((plain.low[0], plain.high[0]))


def test_values_of_one_group_say_nothing_of_the_spread_between_groups() -> None:
    assert clustered_interval(0.3, np.array([0.0]), 7, low=-1, high=1) == (-1, 1)
