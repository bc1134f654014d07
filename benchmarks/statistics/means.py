"""How often the intervals of means and shares hold the truth, and how often groups differ where they do not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from benchmarks.statistics.cells import Cell, rate
from textcx.steps.statistics.intervals import (
    BALANCE,
    POLARITY,
    SHARE,
    Scale,
    difference_p_value,
    mean_interval,
    moments,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STARS = Scale(1, 5, 5)
ENDS = np.exp(2 * np.abs(np.linspace(-1, 1, 41)))
"""More clear judgements than lukewarm ones."""
SHAPES = {
    "share of 6 %": (SHARE, (0.94, 0.06)),
    "share of 20 %": (SHARE, (0.8, 0.2)),
    "NPS": (BALANCE, (0.2, 0.3, 0.5)),
    "stars": (STARS, (0.2, 0.1, 0.1, 0.2, 0.4)),
    "stars, 95 % fives": (STARS, (0.02, 0.01, 0.01, 0.01, 0.95)),
    "polarity": (POLARITY, tuple(ENDS / ENDS.sum())),
}
DRAWN = 400_000
ALIKE = 0.5
"""Correlation of the answers of one person, before they are rounded to the scale."""


def answers(
    rng: np.random.Generator, shape: str, *, people: int, each: int, verbose: float = 1.0
) -> tuple[Floats, NDArray[np.int64]]:
    """Draw answers of people who give ``each`` on average, the unhappier half ``verbose`` times as many."""
    scale, shares = SHAPES[shape]
    own = rng.standard_normal(people)
    number = np.full(people, each) if each == 1 else rng.poisson(each - 1, people) + 1
    number = np.where(own < 0, rng.binomial(number * 2, verbose / 2), number) if verbose > 1 else number
    number = np.maximum(number, 1)
    who = np.repeat(np.arange(people), number)
    alike = 0.0 if each == 1 and verbose == 1 else ALIKE
    feeling = np.sqrt(alike) * own[who] + np.sqrt(1 - alike) * rng.standard_normal(who.size)
    cuts = norm.ppf(np.minimum(np.cumsum(shares)[:-1], 1.0))
    values = np.linspace(scale.low, scale.high, len(shares))
    return values[np.searchsorted(cuts, feeling)], who


def held(rng: np.random.Generator, *, shape: str, people: int, each: int, verbose: float, truth: float) -> bool:
    """Whether the interval of a mean holds the truth."""
    scale, _ = SHAPES[shape]
    values, who = answers(rng, shape, people=people, each=each, verbose=verbose)
    low, high = mean_interval(moments(np.zeros(len(values), dtype=np.int64), values, 1, people=who), scale)
    return bool(low[0] <= truth <= high[0])


def differs(rng: np.random.Generator, *, people: int, each: int) -> bool:
    """Whether two halves of people drawn alike have different shares of pains, at 5 %."""
    values, who = answers(rng, "share of 20 %", people=people, each=each)
    side = (who >= people // 2).astype(np.int64)
    one, other = (
        moments(np.zeros(part.sum(), dtype=np.int64), values[part], 1, people=who[part])
        for part in (side == 0, side == 1)
    )
    return bool(difference_p_value(one, other, SHARE)[0] <= 0.05)  # noqa: PLR2004 - the nominal rate


def cells() -> dict[str, Cell]:
    """Coverage over sizes, records per person and verbosity; false differences between groups."""
    found: dict[str, Cell] = {}
    for shape, (scale, shares) in SHAPES.items():
        for records, each, verbose in (
            *((n, 1, 1.0) for n in (10, 20, 50, 100, 300, 1000, 5000)),
            *((records, each, 1.0) for records in (100, 500, 5000) for each in (2, 5, 20) if records >= 10 * each),
            (500, 5, 1.5), (500, 5, 2.0), (5000, 20, 2.0),
        ):  # fmt: skip
            truth = float(np.dot(np.linspace(scale.low, scale.high, len(shares)), shares))
            if verbose > 1:
                truth = float(
                    answers(np.random.default_rng(1), shape, people=DRAWN, each=each, verbose=verbose)[0].mean()
                )
            run = partial(held, shape=shape, people=records // each, each=each, verbose=verbose, truth=truth)
            more = f", unhappy people write {verbose:g} times as much" if verbose > 1 else ""
            found[f"interval of the mean: {shape}; {records} records, {each} per person{more}"] = rate(0.95, run)
    for people, each in ((500, 1), (250, 2), (200, 5), (50, 20), (250, 20)):
        name = f"groups differ though they do not: {people} people, {each} records each"
        found[name] = rate(0.05, partial(differs, people=people, each=each))
    return found
