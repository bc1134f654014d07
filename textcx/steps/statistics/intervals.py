"""95 % intervals, p-values and q-values, for many groups at once.

One method serves every mean on a bounded scale: shares (of 0 and 1), ratings, NPS (of -1, 0 and 1) and polarity.
Answers are taken as draws from the answers of the scale; the objective prior of Berger, Bernardo and Sun ("Overall
Objective Priors", Bayesian Analysis 10, 2015) weighs as much as one answer, spread evenly over the scale; and the
posterior of the mean, a weighted sum of Dirichlet shares, is taken for the beta distribution of the same mean and
variance. For a share
that is exactly the interval of Jeffreys (Brown, Cai and DasGupta 2001). It also holds where nearly all give the same
answer, where Student's t does not.

Several records of one person are no independent answers. How many *effective* ones a group is worth is the variance of
its answers over the variance of its mean, taken between people (Rao and Scott 1992; the jackknife over people, as in
Bell and McCaffrey 2002). That variance is itself estimated, so Student's t stands in for the normal, as Korn and
Graubard (1998) do, with the degrees of freedom that the kurtosis of people's sums leaves it.

All functions take and return numpy arrays of one shape, ``(groups,)``. An interval that cannot be known (fewer than two
observations) is NaN on both sides and becomes null in the tables.

Invariants, tested: an interval lies within the bounds of its quantity, and holds the estimate it belongs to; the
p-value of a difference is at most 0.05 exactly where its interval leaves out zero; q-values never fall below their
p-values and keep their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import scipy  # its subpackages load when they are first used

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.integer]

LEVEL = 0.95
Z = 1.959963984540054
"""Normal quantile of 0.975."""
FEWEST = 2
"""One observation says nothing about spread: no interval below this."""
TWO = 2
"""Answers of a scale of yes and no: their mean settles their variance, so nothing is estimated beside it."""
ALIKE = 1e-12
"""In parts of the scale, or of the squared mean: what rounding leaves of nothing."""
HALVINGS = 40
"""Steps in which a p-value is found: to within a hundredth of a millionth of itself."""
SMALLEST_P = 1e-12


class Interval(NamedTuple):
    """Lower and upper ends, NaN where unknown. Shape ``(groups,)`` each."""

    low: Floats
    high: Floats


class Moments(NamedTuple):
    """What a mean and its interval take. NaN where a group is empty."""

    n: Floats  # observations
    mean: Floats
    variance: Floats  # of the observations themselves, about their mean
    effective: Floats  # independent observations that the mean is worth, at most n
    freedom: Floats  # degrees of freedom of the variance of the mean, at least 1
    single: NDArray[np.bool_]  # no person has two observations


class Scale(NamedTuple):
    """Ends of a scale and how many answers, evenly spaced, it has; 0 where it is continuous."""

    low: float
    high: float
    answers: int = 0


SHARE, BALANCE, POLARITY = Scale(0.0, 1.0, 2), Scale(-1.0, 1.0, 3), Scale(-1.0, 1.0)
"""The scales of a yes or no, of for, neither and against, and of polarity."""


def tally(codes: Codes, groups: int) -> Floats:
    """Return how many of the codes name each group. Shape ``(groups,)``."""
    return np.bincount(codes, minlength=groups).astype(np.float64)


class Sums(NamedTuple):
    """What each person adds to a group: observations, their weights, and weighted values, squares and squared weights.

    Shape ``(people,)`` each, one row per person and group.
    """

    n: Floats
    weights: Floats
    values: Floats
    squares: Floats
    squared_weights: Floats


def moments(
    codes: Codes, values: Floats, groups: int, *, people: Codes | None = None, weights: Floats | None = None
) -> Moments:
    """Return the moments of the values of each group; ``codes`` are ``0 .. groups - 1``, one per value.

    ``people`` says who gave each value, by default someone different every time; ``weights`` (above 0) how much it
    counts, by default 1. Sums run in the order of the input, on one thread, so that equal input gives equal bytes.
    """
    people = np.arange(len(codes)) if people is None else people
    width = int(people.max(initial=0)) + 1
    pairs, place = np.unique(codes.astype(np.int64) * width + people, return_inverse=True)
    weight = np.ones(len(codes)) if weights is None else weights
    each = (np.ones(len(codes)), weight, weight * values, weight * values**2, weight**2)
    sums = Sums(*(np.bincount(place, weights=one, minlength=len(pairs)).astype(np.float64) for one in each))
    return moments_of_people(pairs // width, sums, groups)


def moments_of_people(codes: Codes, sums: Sums, groups: int) -> Moments:
    """Return the moments of each group from what its people add; ``codes`` are ``0 .. groups - 1``, one per person."""

    def added(values: Floats) -> Floats:
        return np.bincount(codes, weights=values, minlength=groups).astype(np.float64)

    people, n, whole = tally(codes, groups), added(sums.n), added(sums.weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = added(sums.values) / whole
        away = sums.squares - 2 * mean[codes] * sums.values + mean[codes] ** 2 * sums.weights
        variance = np.maximum(added(away), 0.0) / whole
        alone = sums.weights >= whole[codes]
        left_out = (sums.values - mean[codes] * sums.weights) / np.where(alone, 1.0, 1 - sums.weights / whole[codes])
        squares, fourths = added(left_out**2), added(left_out**4)
        equal = whole**2 / added(sums.weights**2)  # people, counted as if they weighed the same
        differ = (variance > ALIKE * mean**2) & (people > 1)
        spread = (people - 1) / people * squares
        effective = np.where(
            differ, np.fmin(variance * whole**2 / spread, whole**2 / added(sums.squared_weights)), equal
        )
        kurtosis = people * fourths / squares**2
        freedom = np.fmin(equal - 1, np.where(differ, 2 * people / np.fmax(kurtosis - 1, ALIKE), np.inf))
        single = (people == n) & (added(np.abs(sums.squared_weights - sums.weights)) == 0)
    return Moments(
        n, mean, variance, np.where(single, n, effective), np.fmax(np.where(single, n - 1, freedom), 1.0), single
    )


def together(found: Sequence[Moments]) -> Moments:
    """Return the moments of all groups, those of the first first."""
    if not found:
        nothing = np.zeros(0)
        return Moments(nothing, nothing, nothing, nothing, nothing, nothing.astype(np.bool_))
    return Moments(*(np.concatenate(each) for each in zip(*found, strict=True)))


def share_moments(
    hits: Floats, n: Floats, *, effective: Floats | None = None, freedom: Floats | None = None
) -> Moments:
    """Return the moments of shares ``hits / n``; of independent observations unless ``effective`` tells their worth."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / n
    single = np.full(share.shape, effective is None)
    return Moments(
        n,
        share,
        share * (1 - share),
        n if effective is None else effective,
        np.fmax(n - 1, 1) if freedom is None else freedom,
        single,
    )


def mean_interval(found: Moments, scale: Scale) -> Interval:
    """Return the interval of a mean on a scale; see above. ``found`` holds moments on that scale."""
    return Interval(*_ends(found, scale, np.full(found.n.shape, (1 - LEVEL) / 2)))


def share_interval(hits: Floats, n: Floats) -> Interval:
    """Return the interval of ``hits / n``, 0..1, of independent observations; ``hits`` may be fractions, 0 to ``n``."""
    return mean_interval(share_moments(hits, n), SHARE)


def _ends(found: Moments, scale: Scale, tail: Floats) -> Interval:
    """Ends of the interval that leaves out a ``tail`` on either side."""
    low, high, answers = scale
    span = high - low
    of_prior = (answers + 1) / (12 * (answers - 1)) if answers else 1 / 12
    with np.errstate(invalid="ignore", divide="ignore"):
        settled = found.single & (answers == TWO)
        wider = np.where(settled, 1.0, scipy.special.ndtri(tail) / scipy.special.stdtrit(found.freedom, tail)) ** 2
        n = found.effective * wider
        mean, variance = (found.mean - low) / span, found.variance / span**2
        whole = n + 1
        middle = (n * mean + 0.5) / whole
        square = (n * (variance + mean**2) + of_prior + 0.25) / whole
        size = middle * (1 - middle) * (whole + 1) / (square - middle**2) - 1
        ends = (scipy.special.betaincinv(middle * size, (1 - middle) * size, each) for each in (tail, 1 - tail))
        under, over = (low + span * each for each in ends)
        known = found.n >= FEWEST
    return Interval(
        np.where(known, np.where(mean <= ALIKE, low, np.fmin(under, found.mean)), np.nan),
        np.where(known, np.where(mean >= 1 - ALIKE, high, np.fmax(over, found.mean)), np.nan),
    )


def difference_interval(one: Moments, other: Moments, scale: Scale) -> Interval:
    """Return the interval of the difference of two means, ``one - other``: each end as far off as the ends of the two.

    The square-and-add rule of Newcombe (1998, method 10) for other intervals than Wilson's (Zou and Donner 2008). NaN
    where either side has fewer than two observations. People who are in both are taken for two, which is cautious
    where they answer alike.
    """
    return _difference(one, other, scale, np.full(one.n.shape, (1 - LEVEL) / 2))


def _difference(one: Moments, other: Moments, scale: Scale, tail: Floats) -> Interval:
    first, second = _ends(one, scale, tail), _ends(other, scale, tail)
    gap = one.mean - other.mean
    low = gap - np.sqrt((one.mean - first.low) ** 2 + (second.high - other.mean) ** 2)
    high = gap + np.sqrt((first.high - one.mean) ** 2 + (other.mean - second.low) ** 2)
    span = scale.high - scale.low
    return Interval(np.maximum(low, -span), np.minimum(high, span))


def ratio_interval(one: Moments, other: Moments, scale: Scale, *, level: float = LEVEL) -> Interval:
    """Return the interval of the ratio of two means, ``one / other``, that are at least 0.

    The ratios ``r`` for which the interval of ``one - r * other`` holds zero (Donner and Zou, Statistical Methods in
    Medical Research 21, 2012), so that it leaves out 1 exactly where that of the difference leaves out 0. The upper end
    is infinite where the other mean may be zero; both are NaN where a side has fewer than two observations.
    """
    tail = np.full(one.n.shape, (1 - level) / 2)
    first, second = _ends(one, scale, tail), _ends(other, scale, tail)

    def root(end: Floats, against: Floats) -> tuple[Floats, Floats, Floats]:
        own, others = end * (2 * one.mean - end), against * (2 * other.mean - against)
        product = one.mean * other.mean
        return own, others, product + np.sqrt(np.maximum(product**2 - own * others, 0.0))

    with np.errstate(invalid="ignore", divide="ignore"):
        own, _, whole = root(first.low, second.high)
        low = np.where(first.low > 0, own / whole, 0.0)
        _, others, whole = root(first.high, second.low)
        high = np.where(second.low > 0, whole / others, np.inf)
    known = ~np.isnan(first.low + second.low)
    return Interval(np.where(known, low, np.nan), np.where(known, high, np.nan))


def difference_p_value(one: Moments, other: Moments, scale: Scale) -> Floats:
    """Return the two-sided p-value that two means are equal: the level at which their interval just reaches zero.

    1 where nothing differs at all, NaN where a side has fewer than two observations.
    """
    gap = one.mean - other.mean
    sure, unsure = np.full(gap.shape, np.log(SMALLEST_P)), np.zeros(gap.shape)
    for _ in range(HALVINGS):
        middle = (sure + unsure) / 2
        ends = _difference(one, other, scale, np.exp(middle) / 2)
        out = np.where(gap > 0, ends.low > 0, ends.high < 0)
        sure, unsure = np.where(out, sure, middle), np.where(out, middle, unsure)
    return np.where(np.isnan(ends.low), np.nan, np.where(gap == 0, 1.0, np.exp(unsure)))


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
