"""Find the clusters of a body of segments, the levels above them, and how far each can be relied on.

The graph of shared neighbours is cut as finely as the data bear (``theme_cut``). Then the same is done on random
samples of four fifths: a cluster's stability is the share of the samples in which it is found again, and the segments
left out of a sample tell how closeness to a centroid translates into the probability of landing in it again.

Invariants, tested: the same lattice vectors in the same order and the same seed give the same bytes, whatever the
number of threads. Callers fix the order by content.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score

from textcx.domain.themes.sets import StrengthCurve
from textcx.engines.clustering.cut import (
    COUNTS,
    RESERVE,
    choose_cut,
    resolution_for,
    sampled_graph,
    usable_counts,
)
from textcx.engines.clustering.levels import FOUND_AGAIN, levels_above, overlaps
from textcx.engines.clustering.neighbour_graph import (
    communities,
    in_threads,
    nearest_neighbours,
    shared_neighbour_graph,
)
from textcx.steps.themes.geometry.closeness import Closeness, compare, length_of_sums, nearest, without_itself
from textcx.steps.themes.geometry.lattice import STEPS, mean_of, on_lattice, relative_to, unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROBE = 4_000
"""Segments on which the cut is chosen, where there are more."""

RESAMPLES = 10
"""Samples that tell how stable the themes are."""

TRIALS, ROUNDS = 2, 4
"""Independent Leiden runs for the final cut, of which the best counts, and times that each goes over the graph."""

SMALLEST = 3
"""Members of the smallest cluster; the segments of smaller ones go to the nearest other."""

UNRELATED = 0.95
"""A segment no nearer to its theme than so many of the segments of other themes are is one of a kind."""

RIDGE = 1e-3
"""Weight of the squared coefficients of the strength curve."""

CERTAIN = 10.0
"""Log odds of a strength where all segments left out landed in their cluster again, or none."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """What was found; see ``ports.TopicFit`` for the parts of the same names."""

    origin: NDArray[np.float32]
    centroids: NDArray[np.float32]
    labels: NDArray[np.int64]
    closeness: Closeness
    levels: tuple[NDArray[np.int64], ...]
    stabilities: tuple[NDArray[np.float64], ...]
    stability: float
    curve: StrengthCurve


class NeighbourClusters:
    """``find_clusters`` as an estimator, such as BERTopic takes as its cluster model.

    Attributes:
        labels_: Cluster of each vector it was fitted to, the largest 0. Shape ``(segments,)``.
        clusters_: All that was found.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, vectors: NDArray[np.float32], y: object = None) -> NeighbourClusters:
        """Cluster unit vectors, at least 2, in an order that depends on their content only."""
        del y
        self.clusters_ = find_clusters(on_lattice(vectors), seed=self.seed)
        self.labels_ = self.clusters_.labels
        return self

    def predict(self, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the nearest cluster of each unit vector. Shape ``(segments,)``."""
        return nearest(relative_to(self.clusters_.origin, on_lattice(vectors)), self.clusters_.centroids).own


def find_clusters(lattice: NDArray[np.float32], *, seed: int) -> Clusters:
    """Cluster segments.

    Args:
        lattice: Unit vectors on the lattice, in an order that depends on their content only. Shape ``(segments,
            width)``, at least 2.
        seed: Seed of the final cut and of the samples that judge it, at least 0; how fine to cut does not hang on it.
    """
    if len(lattice) < SMALLEST:
        return _one(lattice)
    origin = mean_of(lattice)
    relative = relative_to(origin, lattice)
    reserve = math.ceil(max(COUNTS) * RESERVE)
    neighbours = nearest_neighbours(relative, count=min(reserve, len(relative) - 1))
    counts = usable_counts(neighbours)
    graph = shared_neighbour_graph(neighbours, counts=counts)
    if len(relative) <= PROBE:
        resolution = choose_cut(neighbours, seed=0).resolution
    else:
        cut = choose_cut(nearest_neighbours(relative[:PROBE], count=reserve), seed=0)
        resolution = resolution_for(graph, cut.clusters, guess=cut.resolution, seed=seed)
    labels = settled(communities(graph, resolution=resolution, seed=seed, trials=TRIALS, rounds=ROUNDS), relative)
    if not labels.any():
        return _one(lattice)
    sums = sums_of(relative, labels)
    centroids = unit_rows(sums)
    sizes = np.bincount(labels)
    levels = levels_above(_plain(centroids), sizes)
    near = compare(relative, centroids, owners=None, own=labels)
    cosine = without_itself(near.cosine, length_of_sums(sums)[labels])
    closeness = Closeness(labels, cosine, near.margin - (near.cosine - cosine))
    every = [*levels, np.arange(len(sizes))]

    def again(number: int) -> _Again:
        kept, sample = sampled_graph(neighbours, counts=counts, seed=seed + 1, number=number)
        fit = settled(communities(sample, resolution=resolution, seed=seed), relative[kept])
        return _compared(fit, closeness, every, relative=relative, kept=kept)

    samples = in_threads(again, range(RESAMPLES))
    return Clusters(
        origin,
        centroids,
        labels,
        closeness,
        tuple(levels),
        tuple(_shares([one.found[place] for one in samples]) for place in range(len(every))),
        round(float(np.mean([one.agreed for one in samples])), 4),
        _curve(samples, relative, centroids, labels),
    )


@dataclass(frozen=True, slots=True)
class _Again:
    """What a sample told: agreement with the whole, and which clusters of each level were found again.

    Of the segments left out of it: closeness to their theme, shape ``(segments, 2)``, and which landed there again.
    """

    agreed: float
    found: tuple[NDArray[np.bool_], ...]
    closeness: NDArray[np.float64]
    landed: NDArray[np.bool_]


def _compared(
    fit: NDArray[np.int64],
    whole: Closeness,
    every: list[NDArray[np.int64]],
    *,
    relative: NDArray[np.float32],
    kept: NDArray[np.bool_],
) -> _Again:
    """Compare the clusters of a sample with those of the whole.

    Args:
        fit: Cluster of each segment that was kept.
        whole: Clusters of all segments, and how close each is.
        every: The levels of the whole, the finest last: group of each cluster.
        relative: Directions of all segments on the lattice.
        kept: Which segments the sample has.
    """
    sums = sums_of(relative[kept], fit)
    sizes = np.bincount(fit)
    theirs = [fit, *(level[fit] for level in levels_above(_plain(unit_rows(sums)), sizes))]
    ours = whole.own[kept]
    shared = overlaps(ours, fit, ours_number=len(every[-1]), theirs_number=len(sizes))
    out = nearest(relative[~kept], unit_rows(sums))
    return _Again(
        adjusted_rand_score(ours, fit),
        tuple(_found_again(level[ours], theirs, count=int(level.max()) + 1) for level in every),
        np.stack([whole.cosine[~kept], whole.margin[~kept]], axis=1),
        shared.argmax(axis=0)[out.own] == whole.own[~kept],
    )


def _one(lattice: NDArray[np.float32]) -> Clusters:
    """All segments as one cluster; as stable as they are alike, since there is nothing to compare it with.

    Directions are taken from zero: seen from their own mean, the vectors of a single cluster point everywhere.
    """
    origin = np.zeros(lattice.shape[1], dtype=np.float32)
    labels = np.zeros(len(lattice), dtype=np.int64)
    sums = sums_of(lattice, labels)
    near = nearest(lattice, unit_rows(sums))
    cosine = without_itself(near.cosine, length_of_sums(sums)[labels])
    alike = round(float(np.clip(np.median(cosine), 0.0, 1.0)), 4)
    return Clusters(
        origin, unit_rows(sums), labels, Closeness(labels, cosine, near.margin), (), (np.array([alike]),), alike,
        StrengthCurve(-2.0, 8.0, 0.0, 0.0),
    )  # fmt: skip


def _plain(lattice: NDArray[np.float32]) -> NDArray[np.float64]:
    """Lattice vectors as unit vectors."""
    return lattice.astype(np.float64) / STEPS


def _shares(found: list[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Share of the samples in which each cluster was found again."""
    return np.asarray(np.round(np.mean(found, axis=0), 2), dtype=np.float64)


def _found_again(ours: NDArray[np.int64], theirs: list[NDArray[np.int64]], *, count: int) -> NDArray[np.bool_]:
    """Which of our clusters have a counterpart that shares at least half of all members, on any of their levels."""
    best = np.zeros(count)
    for labels in theirs:
        best = np.maximum(
            best, overlaps(ours, labels, ours_number=count, theirs_number=int(labels.max()) + 1).max(axis=1)
        )
    return best >= FOUND_AGAIN


def sums_of(relative: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum of the vectors of each cluster: whole numbers, exact in any order. Shape ``(clusters, width)``."""
    sizes = np.bincount(labels)
    members = relative[np.argsort(labels, kind="stable")]
    if sizes.max() * STEPS >= 2**24:  # float32 holds smaller whole numbers exactly, and is quicker
        members = members.astype(np.float64)
    return np.asarray(np.add.reduceat(members, np.cumsum(sizes) - sizes, axis=0), dtype=np.float64)


def settled(labels: NDArray[np.int64], relative: NDArray[np.float32]) -> NDArray[np.int64]:
    """Send the members of clusters that are too small to be one to the nearest other cluster.

    Args:
        labels: Numbered by size, the largest first.
        relative: Directions on the lattice, in the same order.
    """
    sizes = np.bincount(labels)
    large = int((sizes >= SMALLEST).sum())
    if large in {0, len(sizes)}:
        return labels
    stray = labels >= large
    centroids = unit_rows(sums_of(relative[~stray], labels[~stray]))
    moved = labels.copy()
    moved[stray] = nearest(relative[stray], centroids).own
    return moved


def _curve(
    samples: list[_Again],
    relative: NDArray[np.float32],
    centroids: NDArray[np.float32],
    labels: NDArray[np.int64],
) -> StrengthCurve:
    """Fit strength to what the samples told; a slope that would be negative is left out."""
    features = np.concatenate([one.closeness for one in samples])
    same = np.concatenate([one.landed for one in samples])
    slopes = np.zeros(2)
    bias = 0.0
    for used in ([0, 1], [0], [1], []):
        weights = _logistic(features[:, used], same)
        if (weights[1:] >= 0).all():
            bias = float(weights[0])
            slopes[used] = weights[1:]
            break
    return StrengthCurve(
        round(bias, 6), round(float(slopes[0]), 6), round(float(slopes[1]), 6), _unrelated(relative, centroids, labels)
    )


def _logistic(features: NDArray[np.float64], same: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Bias and slopes of a logistic regression with a small ridge."""
    rows = np.concatenate([np.ones((len(features), 1)), features], axis=1)
    if same.all() or not same.any():  # nothing to tell apart
        return np.array([CERTAIN if same.all() else -CERTAIN, *np.zeros(features.shape[1])])
    fit = LogisticRegression(C=1.0 / RIDGE, fit_intercept=False, solver="newton-cholesky", tol=1e-10)
    return np.asarray(np.clip(fit.fit(rows, same).coef_[0], -100.0, 100.0), dtype=np.float64)


def _unrelated(relative: NDArray[np.float32], centroids: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Cosine to a theme that only few segments of other themes reach."""
    shown = relative[: PROBE // 3]
    near = (shown @ centroids.T)[np.arange(len(centroids))[None, :] != labels[: len(shown), None]]
    return round(float(np.quantile(near, UNRELATED)) / float(np.square(centroids[0].astype(np.float64)).sum()), 4)
