"""95 % intervals and q-values, for many groups at once.

All functions take and return numpy arrays of one shape, ``(groups,)``. An interval that cannot be known (fewer than two
observations) is NaN on both sides and becomes null in the tables.

Invariants, tested: an interval lies within the bounds of its quantity, and holds the estimate it belongs to;
q-values never fall below their p-values and keep their order.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import scipy  # its subpackages load when they are first used

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.integer]

LEVEL = 0.95
Z = 1.959963984540054
"""Normal quantile of 0.975."""
FEWEST = 2
"""One observation says nothing about spread: no interval below this."""


class Interval(NamedTuple):
    """Lower and upper ends, NaN where unknown. Shape ``(groups,)`` each."""

    low: Floats
    high: Floats


class Moments(NamedTuple):
    """Count, mean and unbiased variance of each group; the mean is NaN at n = 0, the variance at n < 2."""

    n: Floats
    mean: Floats
    variance: Floats


def tally(codes: Codes, groups: int) -> Floats:
    """Return how many of the codes name each group. Shape ``(groups,)``."""
    return np.bincount(codes, minlength=groups).astype(np.float64)


def moments(codes: Codes, values: Floats, groups: int) -> Moments:
    """Return count, mean and variance of the values of each group; ``codes`` are ``0 .. groups - 1``, one per value.

    Sums run in the order of the input, on one thread, so that equal input gives equal bytes.
    """
    n = tally(codes, groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(codes, weights=values, minlength=groups) / n
        squares = np.bincount(codes, weights=(values - mean[codes]) ** 2, minlength=groups)
        variance = np.where(n >= FEWEST, squares / (n - 1), np.nan)
    return Moments(n, mean, variance)


def _known(n: Floats, low: Floats, high: Floats) -> Interval:
    return Interval(np.where(n >= FEWEST, low, np.nan), np.where(n >= FEWEST, high, np.nan))


def _wilson(hits: Floats, n: Floats) -> Interval:
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / n
        centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return Interval(
        np.where(hits == 0, 0.0, np.maximum(centre - half, 0.0)),
        np.where(hits == n, 1.0, np.minimum(centre + half, 1.0)),
    )


def share_interval(hits: Floats, n: Floats) -> Interval:
    """Return the score interval of ``hits / n``, 0..1 (Wilson 1927; recommended by Brown, Cai & DasGupta 2001).

    ``hits`` may be fractions (effective sample sizes), 0 to ``n``.
    """
    return _known(n, *_wilson(hits, n))


def mean_interval(found: Moments, *, low: float, high: float) -> Interval:
    """Return Student's t interval of a mean, clipped to the scale from ``low`` to ``high``.

    Where all answers are alike, t has no width and would claim certainty. Then the interval reaches as far as answers
    at the ends of the scale could move the mean, if their share were the Wilson limit for none in n: z^2 / (n + z^2).
    """
    n, mean, variance = found
    alike = variance <= 1e-12 * (high - low) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        half = scipy.special.stdtrit(np.maximum(n - 1, 1), 0.5 + LEVEL / 2) * np.sqrt(variance / n)
    unseen = Z**2 / (n + Z**2)
    below = np.where(alike, unseen * (mean - low), half)
    above = np.where(alike, unseen * (high - mean), half)
    return _known(n, np.maximum(mean - below, low), np.minimum(mean + above, high))


def clustered_interval(mean: float, deviations: Floats, n: int, *, low: float, high: float) -> tuple[float, float]:
    """Return the t interval of a mean of ``n`` values of which those of one group may be alike, clipped to the scale.

    The variance is the cluster-robust one of a mean (Liang and Zeger 1986) with ``groups - 1`` degrees of freedom; one
    group alone gives the whole scale. ``deviations`` are, for each group, the sum of its values' distances from
    ``mean``; shape ``(groups,)``.
    """
    groups = len(deviations)
    if groups == 1:
        return low, high
    error = math.sqrt(groups / (groups - 1) * float((deviations**2).sum())) / n
    margin = float(scipy.special.stdtrit(groups - 1, 0.5 + LEVEL / 2)) * error
    return max(low, mean - margin), min(high, mean + margin)


def balance_interval(up: Floats, down: Floats, n: Floats) -> Interval:
    """Return the adjusted Wald interval of ``(up - down) / n``, the shape of NPS, clipped to -1..1.

    Three observations are added: 3/4 to either side, the rest between (Rocks 2016, "Interval Estimation for the Net
    Promoter Score", The American Statistician 70(4); the best of the closed forms he compares).
    """
    size = n + 3
    plus, minus = (up + 0.75) / size, (down + 0.75) / size
    centre = plus - minus
    half = Z * np.sqrt((plus + minus - centre**2) / size)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = (up - down) / n
    return _known(n, np.clip(np.fmin(centre - half, estimate), -1, 1), np.clip(np.fmax(centre + half, estimate), -1, 1))


def difference_interval(hits: Floats, n: Floats, other_hits: Floats, other_n: Floats) -> Interval:
    """Return the interval of ``hits / n - other_hits / other_n``, -1..1: the hybrid score (Newcombe 1998, method 10).

    NaN where either side has fewer than two observations.
    """
    one, two = _wilson(hits, n), _wilson(other_hits, other_n)
    with np.errstate(invalid="ignore", divide="ignore"):
        share, other = hits / n, other_hits / other_n
    low = share - other - np.sqrt((share - one.low) ** 2 + (two.high - other) ** 2)
    high = share - other + np.sqrt((one.high - share) ** 2 + (other - two.low) ** 2)
    return _known(np.minimum(n, other_n), np.maximum(low, -1.0), np.minimum(high, 1.0))


def difference_p_value(hits: Floats, n: Floats, other_hits: Floats, other_n: Floats) -> Floats:
    """Return the two-sided p-value that two shares are equal: the score test with a pooled share.

    1 where nothing differs at all, NaN where a side is empty.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = hits / n - other_hits / other_n
        pooled = (hits + other_hits) / (n + other_n)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / other_n))
        z = np.where(error > 0, gap / error, np.where(np.isnan(gap), np.nan, 0.0))
    return np.asarray(2 * scipy.special.ndtr(-np.abs(z)), dtype=np.float64)


def q_values(p_values: Floats) -> Floats:
    """Return q-values (Benjamini & Hochberg, JRSS B 57, 1995): taking all q <= a keeps the false discovery rate at a.

    A NaN stays NaN and does not count as a test.
    """
    q_values = np.full(p_values.shape, np.nan)
    tested = ~np.isnan(p_values)
    q_values[tested] = scipy.stats.false_discovery_control(p_values[tested])
    return q_values


def column(values: Floats) -> pl.Series:
    """Return an array as a Float64 column with null for NaN, and 0.0 for -0.0."""
    return pl.Series(np.asarray(values, dtype=np.float64) + 0.0).fill_nan(None)


def estimate_columns(value: Floats, interval: Interval, n: Floats) -> list[pl.Series]:
    """Return the columns ``value``, ``ci_low``, ``ci_high`` and ``n`` of a table."""
    named = {"value": value, "ci_low": interval.low, "ci_high": interval.high}
    return [*(column(values).alias(name) for name, values in named.items()), pl.Series("n", n.astype(np.int64))]
