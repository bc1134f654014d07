"""How near segments are to given themes, and from what nearness on they belong to them.

``textcx.steps.themes.assignment.seed_topics`` describes the methods and names their sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textcx.steps.themes.geometry.lattice import ROWS, STEPS, unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.seed_topics import SeedTopic

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.int64]

BACKGROUND, CROWD = 1000, 0.015
"""Segments, drawn by their content, that tell how crowded it is around a vector, and the part of them around it."""

CROWDED, LEADING, FURTHEST_LEAD = 0.5, 0.5, 0.15
"""Weights of crowd and lead in nearness, and the lead beyond which more of it says nothing."""

ITSELF, ROUNDS = 0.995, 60
"""Cosine from which a background segment is the vector itself; rounds of expectation and maximization."""

USUAL_RIGHT, USUAL_WRONG, USUAL_SPREAD = 0.40, 0.10, 0.12
"""Where the mixture starts; of the weight of so many segments as the next figures say."""
MEAN_WEIGHT, SPREAD_WEIGHT, THEME_WEIGHT, SHARE_WEIGHT, LEFT_OUT_WRONG = 10.0, 30.0, 50.0, 5.0, 3.0

FURTHER, COVERED = 0.5, 0.3
"""Part of the left-out examples that may be further from their theme than a matched segment, and how much less of them
where the given themes cover all of the data: the less they cover, the more there is that is only like them."""

WRONG, AIM_WEIGHT = 0.10, 10.0
"""Share of wrong ones among the matched that is aimed at; left-out examples that it counts for in ``share_right``."""

FEWEST, TELLING = 3, 5
"""Themes below which there is no lead among the others; left-out examples below which they say nothing about cuts."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Where the examples land when each is left out of its theme in turn: numbers of themes, and how near.

    ``own`` and ``right``: of the examples that land in their own theme. ``astray`` and ``strayed``: of those that land
    in another. ``lands`` and ``elsewhere``: of all, as if their own theme were none; empty where there are few themes.
    """

    own: Numbers
    right: Floats
    astray: Numbers
    strayed: Floats
    lands: Numbers
    elsewhere: Floats


def cosines_to(relative: NDArray[np.float32], prototypes: NDArray[np.float32]) -> Floats:
    """Cosines of directions on the lattice to prototypes. Shape ``(vectors, prototypes)``."""
    return np.asarray((relative @ prototypes.T).astype(np.float64) / (STEPS * STEPS), dtype=np.float64)


def crowd_around(relative: NDArray[np.float32], background: NDArray[np.float32]) -> Floats:
    """Mean cosine to the part of the background that is nearest, the vector itself left out. Shape ``(vectors,)``."""
    crowd = np.zeros(len(relative))
    count = max(1, round(CROWD * len(background)))
    for first in range(0, len(relative), ROWS):
        near = relative[first : first + ROWS] @ background.T  # whole numbers
        near[near >= np.float32(ITSELF * STEPS * STEPS)] = 0.0
        if near.shape[1]:
            top = np.partition(near, near.shape[1] - count, axis=1)[:, near.shape[1] - count :]
            crowd[first : first + ROWS] = top.sum(axis=1, dtype=np.float64) / (count * STEPS * STEPS)
    return crowd


def nearness(cosine: Floats, crowd: Floats) -> Floats:
    """Nearness of each vector to each theme; see the module. Shape ``(vectors, themes)``, as ``cosine``."""
    lead = np.full_like(cosine, FURTHEST_LEAD)
    if cosine.shape[1] > 1 and len(cosine):
        ordered = np.partition(cosine, cosine.shape[1] - 2, axis=1)
        first, second = ordered[:, -1:], ordered[:, -2:-1]
        lead = np.minimum(cosine - np.where(cosine == first, second, first), FURTHEST_LEAD)
    return np.asarray(cosine - CROWDED * crowd[:, None] + LEADING * lead, dtype=np.float64)


def best_of(near: Floats) -> tuple[Numbers, Floats]:
    """Nearest theme of each vector, the first of equals, and how near. Shape ``(vectors,)`` each."""
    best = near.argmax(axis=1)
    return best, near[np.arange(len(near)), best]


def leave_out(
    leaves: Sequence[SeedTopic],
    texts: NDArray[np.float32],
    owners: Numbers,
    sums: Floats,
    background: NDArray[np.float32],
) -> LeftOut:
    """Leave out each example in turn and see where it lands."""
    texts_about = [len(theme.texts()) - len(theme.examples) for theme in leaves]
    held = np.concatenate([np.arange(len(t.texts())) >= n for t, n in zip(leaves, texts_about, strict=True)])
    whose = owners[held]
    cosine = cosines_to(texts[held], unit_rows(sums))
    rest = unit_rows(sums[whose] - texts[held])
    rows = np.arange(len(whose))
    cosine[rows, whose] = (texts[held].astype(np.float64) * rest).sum(axis=1) / (STEPS * STEPS)
    crowd = crowd_around(texts[held], background)
    first, near = best_of(nearness(cosine, crowd))
    right = first == whose
    lands, elsewhere = np.zeros(0, dtype=np.int64), np.zeros(0)
    if len(leaves) >= FEWEST:
        cosine[rows, whose] = -1.0
        lands, elsewhere = best_of(nearness(cosine, crowd))
    return LeftOut(whose[right], near[right], first[~right], near[~right], lands, elsewhere)


def fit_odds(near: Floats, left_out: LeftOut) -> tuple[Floats, Floats, float]:
    """Fit the mixture of right and wrong matches to nearness, of shape ``(segments, themes)``, and left-out examples.

    Returns:
        Slopes and biases by theme, shapes ``(themes,)``, and the share of all matches that are right, 0..1. The log
        odds of a right match are bias + slope * nearness; a slope of 0 means that right and wrong cannot be told.
    """
    themes = near.shape[1]
    best, value = best_of(near)
    own, right = left_out.own, left_out.right
    high = (right.sum() + MEAN_WEIGHT * USUAL_RIGHT) / (len(right) + MEAN_WEIGHT)
    low = (left_out.elsewhere.sum() + MEAN_WEIGHT * USUAL_WRONG) / (len(left_out.elsewhere) + MEAN_WEIGHT)
    highs, lows = np.full(themes, high), np.full(themes, min(low, high - USUAL_SPREAD))
    variance, overall = USUAL_SPREAD**2, 0.3
    shares = np.full(themes, overall)
    own_count, own_sum = np.bincount(own, minlength=themes), np.bincount(own, right, themes)
    else_count = LEFT_OUT_WRONG * np.bincount(left_out.lands, minlength=themes)
    else_sum = LEFT_OUT_WRONG * np.bincount(left_out.lands, left_out.elsewhere, themes)
    for _ in range(ROUNDS):
        slopes = (highs - lows) / variance
        biases = np.log(shares / (1.0 - shares)) - (highs**2 - lows**2) / (2.0 * variance)
        chance = chance_of(biases[best] + slopes[best] * value)
        mass, heft = np.bincount(best, chance, themes), np.bincount(best, chance * value, themes)
        rest, drag = np.bincount(best, 1.0 - chance, themes), np.bincount(best, (1.0 - chance) * value, themes)
        high = (heft.sum() + own_sum.sum() + MEAN_WEIGHT * USUAL_RIGHT) / (mass.sum() + own_count.sum() + MEAN_WEIGHT)
        low = (drag.sum() + else_sum.sum() + MEAN_WEIGHT * USUAL_WRONG) / (rest.sum() + else_count.sum() + MEAN_WEIGHT)
        highs = (heft + own_sum + THEME_WEIGHT * high) / (mass + own_count + THEME_WEIGHT)
        lows = (drag + else_sum + THEME_WEIGHT * low) / (rest + else_count + THEME_WEIGHT)
        squares = (chance * (value - highs[best]) ** 2 + (1.0 - chance) * (value - lows[best]) ** 2).sum()
        squares += ((right - highs[own]) ** 2).sum()
        squares += LEFT_OUT_WRONG * ((left_out.elsewhere - lows[left_out.lands]) ** 2).sum()
        number = len(value) + len(right) + else_count.sum()
        variance = (squares + SPREAD_WEIGHT * USUAL_SPREAD**2) / (number + SPREAD_WEIGHT)
        overall = float((mass.sum() + 1.0) / (len(value) + 2.0))
        shares = (mass + SHARE_WEIGHT * overall) / (mass + rest + SHARE_WEIGHT)
    slopes = (highs - lows) / variance
    biases = np.log(shares / (1.0 - shares)) - (highs**2 - lows**2) / (2.0 * variance)
    return np.round(np.maximum(slopes, 0.0), 6), np.round(biases, 6), round(float(overall), 6)


def chance_of(log_odds: Floats) -> Floats:
    """Probabilities, 0..1, of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -30.0, 30.0))), dtype=np.float64)


def cuts_for(left_out: LeftOut, slopes: Floats, biases: Floats, *, share: float) -> Floats:
    """Nearness from which segments are matched, by the three conditions. Shape ``(themes,)``.

    The other arguments are what ``fit_odds`` returns.
    """
    certain = np.where(slopes > 0, slopes, 1.0)
    cuts = np.where(slopes > 0, (np.log((1.0 - WRONG) / WRONG) - biases) / certain, np.inf)
    right = left_out.right
    floor = float(np.quantile(right, FURTHER - COVERED * share)) if len(right) >= TELLING else USUAL_RIGHT
    cuts = np.maximum(cuts, floor)
    for theme in range(len(cuts)):
        theirs, others = right[left_out.own == theme], np.sort(left_out.strayed[left_out.astray == theme])
        for stray in others.tolist():
            lost, kept = int((others >= cuts[theme]).sum()), int((theirs >= cuts[theme]).sum())
            if lost <= WRONG * (lost + kept):
                break
            cuts[theme] = max(cuts[theme], stray + 1e-6)
    return np.asarray(np.round(cuts, 6), dtype=np.float64)


def share_right(left_out: LeftOut, cuts: Floats) -> float:
    """Share of the left-out examples above the cuts that land in their own theme, with the aim as a prior, 0..1."""
    kept = float((left_out.right >= cuts[left_out.own]).sum())
    lost = float((left_out.strayed >= cuts[left_out.astray]).sum())
    return round((kept + AIM_WEIGHT * (1.0 - WRONG)) / (kept + lost + AIM_WEIGHT), 6)
