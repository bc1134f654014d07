"""How much more counts vary than chance would have it, told from many counts at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy  # its subpackages load when they are first used

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST = 3
"""Subjects from which on they tell anything about each other."""
MOST = 100.0
"""Degrees of freedom that others add at most."""
NEAR = 1e-6
"""Relative difference of mean and variance below which a count is a Poisson count."""
LEAST_SKEW = 0.1
"""Third cumulant plus variance, in variances: less, as where nearly all are hits, is out of the family's reach."""


def shrunk(variances: Floats, freedom: int, *, often: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Draw variance ratios, each with so many degrees of ``freedom`` (at least 1), towards their common mean.

    Only ratios of what is counted ``often`` enough tell of the others. Their mean is the prior, and it weighs the more,
    the less they differ beyond what chance makes of ``freedom`` (Smyth 2004, by moments). Shape ``(subjects,)``.

    Returns:
        The ratios, and their degrees of freedom with what the others add.
    """
    telling = variances[often]
    if len(telling) < FEWEST or telling.mean() <= 0:
        return variances, np.full(variances.shape, float(freedom))
    middle = float(telling.mean())
    beyond = float(telling.var(ddof=1)) / middle**2 - 2 / freedom
    added = min(2 / beyond, MOST) if beyond > 0 else MOST
    added = min(added, float(len(telling) - 1) * freedom)  # no more than they have themselves
    return (added * middle + freedom * variances) / (added + freedom), np.full(variances.shape, added + freedom)


def upper_tail(counts: Floats, of: Floats, share: Floats, *, dispersion: Floats) -> Floats:
    """Return how probable so many of ``of`` records are, or more: half-way between the tail with it and beyond it.

    The ``share`` (above 0, below 1) itself varies, so that counts have ``dispersion`` (above 0) times the variance of
    binomial ones, and the skewness of beta-binomial ones. They are negative binomial, or binomial where that is the
    narrower, moved along to have the right mean: the one family with a free mean and variance (Panjer, ASTIN Bulletin
    12, 1981), whose tails are incomplete beta functions. Shape ``(subjects,)``, 0..1.
    """
    mean = of * share
    variance = dispersion * mean * (1 - share)
    middle = 2 * variance / np.maximum(1 + (1 - 2 * share) * (2 * dispersion - 1), LEAST_SKEW)
    at = np.maximum(counts + 0.5 + middle - mean, NEAR)
    wider = variance >= middle * (1 - NEAR)
    variance = np.where(wider, np.maximum(variance, middle * (1 + NEAR)), variance)
    size = middle**2 / np.abs(variance - middle)
    negative = scipy.special.betainc(at, size, 1 - np.minimum(middle / variance, 1.0))
    left = np.maximum(size + 1 - at, NEAR)
    plain = np.where(at < size + 1, scipy.special.betainc(at, left, np.maximum(1 - variance / middle, 0.0)), 0.0)
    return np.asarray(np.where(wider, negative, plain))
