"""The true share behind a share that a model counted: what its errors leave open.

A model that misses some of what it looks for, and calls other things so, shows ``a = s P + (1 - c) (1 - P)`` of a
true share ``P``, with its sensitivity ``s`` and specificity ``c``. Solved for ``P`` that is the correction of Rogan and
Gladen (1978). How good the model is on a user's texts nobody knows without labels of these. It is known on other sets
of texts, and differs between them far more than counts of a few hundred explain. So each set gives one corrected share,
its counts adjusted as by Lang and Reiczigel (2014, "Confidence limits for prevalence of disease adjusted for estimated
sensitivity and specificity"), and the interval is where the corrected share of one further set is expected: a
prediction interval over sets, as in a meta-analysis, with their Student's t of two degrees of freedom fewer than there
are sets (Higgins, Thompson and Spiegelhalter 2009, "A re-evaluation of random-effects meta-analysis"). Its lower end is
raised to what is left if the model counts as much wrongly as on one further set it may, predicted likewise in log odds.

Measured by leaving each set out (``benchmarks.statistics.noise``): this holds the truth where the hull of the intervals
of single sets is too narrow, since a new set often lies outside those that are known.

Invariants, tested: an interval lies in 0..1 and holds that of sampling alone, so is never narrower; the order of the
sets never matters; a set on which the model does no better than chance leaves everything open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy  # its subpackages load when they are first used

from textcx.steps.statistics.intervals import LEVEL, SHARE, Interval, Z, mean_interval

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from textcx.domain.encoding import MeasuredErrors
    from textcx.steps.statistics.intervals import Moments

FEWEST_OF_SOURCE = 5
"""Sets of one source from which on they alone are asked. Fewer say too little of how sets differ: with three, intervals
at n = 1,000 were 0.79 wide for negative records instead of 0.53, and 0.45 instead of 0.19 for positive ones."""
FEWEST_SETS = 3
"""Fewer sets say nothing of how sets differ."""


def nearest(errors: Sequence[MeasuredErrors], decision: str, *, sources: Collection[str]) -> list[MeasuredErrors]:
    """Return what was measured of a decision: on sets like the one source of the records, or else on all sets.

    ``sources``: those of the records, each once. Of several, or of one with fewer than ``FEWEST_OF_SOURCE`` sets, all
    sets are nearest.
    """
    every = [one for one in errors if one.decision == decision]
    like = [one for one in every if {one.source} == set(sources)]
    return like if len(like) >= FEWEST_OF_SOURCE else every


def true_share_interval(found: Moments, errors: Sequence[MeasuredErrors]) -> Interval:
    """Return the 95 % interval of the true share behind a share that the model counted, 0..1.

    Args:
        found: Moments of the share counted.
        errors: Of the same decision, one entry a set.

    Returns:
        NaN where nothing was measured or ``n`` is below two; the whole range, 0 to 1, with fewer than ``FEWEST_SETS``
        sets, or with one on which sensitivity and specificity add up to 1 or less.
    """
    sampling, n = mean_interval(found, SHARE), found.effective
    hits = np.where(found.n > 0, n * found.mean, 0.0)
    if not errors:
        return Interval(np.full(hits.shape, np.nan), np.full(hits.shape, np.nan))
    n_with, n_without = (np.array([getattr(one, name) for one in errors]) for name in ("n_with", "n_without"))
    sensitivity = (np.array([one.found for one in errors]) + 1) / (n_with + 2)
    specificity = (np.array([one.cleared for one in errors]) + 1) / (n_without + 2)
    better = sensitivity + specificity - 1
    if len(errors) < FEWEST_SETS or (better <= 0).any():
        low, high = np.zeros(hits.shape), np.ones(hits.shape)
    else:
        size = n + Z**2
        shown = (hits + Z**2 / 2) / size
        corrected = (shown[:, None] + specificity - 1) / better
        sets = len(errors)
        between = corrected.var(axis=1, ddof=1) * (1 + 1 / sets)
        chance = shown * (1 - shown) / size * np.mean(1 / better**2)
        factor = scipy.special.stdtrit(sets - 2, 0.5 + LEVEL / 2)
        half = np.sqrt(factor**2 * between + Z**2 * chance)
        middle = corrected.mean(axis=1)
        wrongly = scipy.special.logit(1 - specificity)
        most = scipy.special.expit(wrongly.mean() + factor * np.sqrt(wrongly.var(ddof=1) * (1 + 1 / sets)))
        with np.errstate(divide="ignore", invalid="ignore"):  # a model that may call everything so leaves nothing
            least = (sampling.low - most) / (1 - most)
        low, high = np.clip(np.fmax(middle - half, least), 0, 1), np.clip(middle + half, 0, 1)
    known = ~np.isnan(sampling.low)
    return Interval(
        np.where(known, np.fmin(low, sampling.low), np.nan), np.where(known, np.fmax(high, sampling.high), np.nan)
    )
