"""Join fine clusters into coarser levels by Ward's method, and find clusters again in another sample.

Ward (1963) joins, step by step, the two clusters whose union loses the least closeness, weighing by size; so a level
has themes of comparable size rather than one heap and many crumbs. Clusters of mixed remarks lie close to each other
all the same; so a union of more than a quarter of everything is put off until nothing else is left to join.

Invariants, tested: each level is made of whole clusters of the level below; equal input gives equal output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.themes.sets import MAIN_THEMES, SUB_THEMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CLEARLY_MORE = 1.25  # finest themes per theme of level 2 from which that level is worth having
LARGEST = 0.25  # share of all segments that no union exceeds as long as there are others
FOUND_AGAIN = 0.5  # Jaccard overlap from which a cluster is the same as before (Hennig, 2007: else it is dissolved)


def ward(centroids: NDArray[np.float64], sizes: NDArray[np.int64]) -> list[tuple[int, int, float]]:
    """Join clusters, of means ``(clusters, width)`` and so many members, pairwise until one is left.

    Returns the joins in order: two cluster numbers, the first the smaller and the one that goes on standing for both,
    and the loss of closeness; it grows, but for a step down where unions of more than ``LARGEST`` begin.
    """
    means, weights = centroids.astype(np.float64).copy(), sizes.astype(np.float64).copy()
    count = len(means)
    squares = np.stack([np.square(means - mean).sum(axis=1) for mean in means])
    costs = squares * (weights[:, None] * weights[None, :]) / (weights[:, None] + weights[None, :])
    put_off = squares.max(initial=0.0) * sizes.sum() + 1.0  # more than any union loses
    most = LARGEST * sizes.sum()
    costs = np.round(costs, 9) + np.where(weights[:, None] + weights[None, :] > most, put_off, 0.0)
    costs[np.tril_indices(count)] = np.inf
    joins: list[tuple[int, int, float]] = []
    alive = np.ones(count, dtype=bool)
    for _ in range(count - 1):
        one, other = divmod(int(costs.argmin()), count)
        late = put_off if weights[one] + weights[other] > most else 0.0
        joins.append((one, other, float(costs[one, other]) - late))
        total = weights[one] + weights[other]
        means[one] = (means[one] * weights[one] + means[other] * weights[other]) / total
        weights[one] = total
        alive[other] = False
        costs[other, :] = costs[:, other] = np.inf
        rest = np.flatnonzero(alive)
        rest = rest[rest != one]
        loss = np.round(
            np.square(means[rest] - means[one]).sum(axis=1) * weights[rest] * weights[one] / (weights[rest] + total), 9
        )
        loss += np.where(weights[rest] + total > most, put_off, 0.0)
        costs[np.minimum(rest, one), np.maximum(rest, one)] = loss
    return joins


def cut_joins(joins: Sequence[tuple[int, int, float]], *, clusters: int, groups: int) -> NDArray[np.int64]:
    """Group of each cluster when the joins stop at so many groups, numbered by their first cluster."""
    parent = np.arange(clusters)
    for one, other, _ in joins[: clusters - groups]:
        parent[parent == other] = one
    return np.unique(parent, return_inverse=True)[1].astype(np.int64)


def levels_above(centroids: NDArray[np.float64], sizes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Group the finest clusters into the levels above, coarsest first: the group of each cluster on none to two levels.

    None where the clusters are few enough for a manager; one where an analyst can work with the clusters themselves.
    """
    clusters = len(sizes)
    if clusters <= MAIN_THEMES[1]:
        return []
    joins = ward(centroids, sizes)
    levels = [cut_joins(joins, clusters=clusters, groups=_main_number(joins, sizes=sizes))]
    if clusters >= CLEARLY_MORE * SUB_THEMES:
        levels.append(cut_joins(joins, clusters=clusters, groups=SUB_THEMES))
    return levels


def _main_number(joins: Sequence[tuple[int, int, float]], *, sizes: NDArray[np.int64]) -> int:
    """Number of main themes, none of more than ``LARGEST`` if possible: where the next join would lose the most."""
    fewest, most = MAIN_THEMES
    clusters = len(sizes)
    steps: dict[int, float] = {}
    weights = sizes.astype(np.float64).copy()
    for done, (one, other, loss) in enumerate(joins):
        weights[one] += weights[other]
        weights[other] = 0.0
        groups = clusters - done - 1
        if fewest <= groups <= most and (not steps or weights.max() <= LARGEST * weights.sum()):
            steps[groups] = joins[done + 1][2] / max(loss, 1e-9)
    return max(steps, key=lambda groups: (round(steps[groups], 6), groups))


def overlaps(ours: NDArray[np.int64], theirs: NDArray[np.int64], *, count: int) -> NDArray[np.float64]:
    """Jaccard overlap of each of ``count`` clusters of ours with each of theirs, both of the same things."""
    number = int(theirs.max()) + 1
    shared = np.bincount(ours * number + theirs, minlength=count * number).reshape(count, number).astype(np.float64)
    either = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    return np.asarray(shared / np.maximum(either, 1.0), dtype=np.float64)
