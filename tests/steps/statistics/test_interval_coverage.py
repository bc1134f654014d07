"""An interval of 95 % holds the truth about 95 times of 100, also where nearly all answer alike, and between people."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from textcx.steps.statistics.intervals import (
    BALANCE,
    SHARE,
    Interval,
    Moments,
    Scale,
    difference_interval,
    difference_p_value,
    mean_interval,
    moments,
    share_moments,
)

STARS = Scale(1.0, 5.0, 5)
DRAWS = 2000
"""Standard error of a coverage of 0.95 over so many draws: 0.005."""


def held(ends: Interval, truth: float) -> float:
    """Share of the intervals that hold the truth."""
    return float(np.mean((ends.low <= truth) & (truth <= ends.high)))


def samples(values: np.ndarray, people: np.ndarray | None = None) -> Moments:
    """Moments of each row of values; ``people`` gave the values of a row, the same numbers in each."""
    draws, n = values.shape
    codes = np.repeat(np.arange(draws), n)
    return moments(codes, values.ravel(), draws, people=None if people is None else np.tile(people, draws))


@pytest.mark.parametrize("n", [10, 20])
@pytest.mark.parametrize("shares", [(0.6, 0.2), (0.3, 0.3), (0.8, 0.05), (0.15, 0.55), (0.95, 0.01), (0.02, 0.9)])
def test_nps_is_held_in_all_outcomes_counted_exactly(n: int, shares: tuple[float, float]) -> None:
    up, down = shares
    outcomes = [(u, d) for u in range(n + 1) for d in range(n + 1 - u)]
    chance = [comb(n, u) * comb(n - u, d) * up**u * down**d * (1 - up - down) ** (n - u - d) for u, d in outcomes]
    drawn = samples(np.array([[1.0] * u + [-1.0] * d + [0.0] * (n - u - d) for u, d in outcomes]))
    low, high = mean_interval(drawn, BALANCE)
    inside = (low <= up - down) & (up - down <= high)
    assert float(np.array(chance)[inside].sum()) >= 0.93
    assert inside.sum() < len(outcomes)  # not because the intervals hold everything


@pytest.mark.parametrize("n", [50, 100, 200, 300])
@pytest.mark.parametrize("others", [(0.01, 0.01, 0.01, 0.02), (0.02, 0.01, 0.01, 0.01), (0.0, 0.0, 0.0, 0.05)])
def test_stars_of_which_nearly_all_are_fives_are_held(n: int, others: tuple[float, ...]) -> None:
    chance = [*others, 1 - sum(others)]
    values = np.random.default_rng(n).choice([1.0, 2, 3, 4, 5], p=chance, size=(DRAWS, n))
    ends = mean_interval(samples(values), STARS)
    assert held(ends, float(np.dot(chance, [1, 2, 3, 4, 5]))) >= 0.92
    assert np.mean(ends.high - ends.low) < 8 * np.sqrt(np.var([1, 2, 3, 4, 5]) / n)


@pytest.mark.parametrize(("count", "each"), [(15, 10), (30, 5), (100, 3)])
def test_shares_of_people_with_many_records_are_held_and_would_not_be_without_people(count: int, each: int) -> None:
    rng = np.random.default_rng(count)
    leaning = rng.beta(2, 3, size=(DRAWS, count, 1))
    values = (rng.random((DRAWS, count, each)) < leaning).astype(np.float64).reshape(DRAWS, -1)
    people = np.repeat(np.arange(count), each)
    assert 0.93 <= held(mean_interval(samples(values, people), SHARE), 0.4) <= 0.98
    assert held(mean_interval(samples(values), SHARE), 0.4) < 0.92


def test_a_difference_of_shares_is_held_in_all_outcomes_counted_exactly() -> None:
    (p, n), (q, m) = (0.7, 20), (0.3, 15)
    hits, others = (each.ravel().astype(np.float64) for each in np.meshgrid(np.arange(n + 1), np.arange(m + 1)))
    chance = [
        comb(n, int(x)) * p**x * (1 - p) ** (n - x) * comb(m, int(y)) * q**y * (1 - q) ** (m - y)
        for x, y in zip(hits, others, strict=True)
    ]
    sides = (share_moments(hits, np.full(hits.size, float(n))), share_moments(others, np.full(hits.size, float(m))))
    low, high = difference_interval(*sides, SHARE)
    assert 0.93 <= float(np.array(chance)[(low <= p - q) & (p - q <= high)].sum()) <= 0.98


def test_where_two_groups_answer_alike_one_p_value_in_twenty_is_small() -> None:
    rng = np.random.default_rng(3)
    one, other = (samples(rng.choice([1.0, 2, 3, 4, 5], size=(DRAWS, n))) for n in (40, 60))
    p = difference_p_value(one, other, STARS)
    assert 0.03 <= float(np.mean(p <= 0.05)) <= 0.07
