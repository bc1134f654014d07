"""Find the clusters of a body of segments, the levels above them, and how far each can be relied on.

The graph of shared neighbours is cut as finely as the data bear (``cut``). Then the same is done on random
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
from textcx.engines.clustering.cut import COUNTS, RESERVE, choose_cut, resolution_for, sampled_graph, usable_counts
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

PROBE = 4_000  # segments on which the cut is chosen, where there are more
RESAMPLES = 10  # samples that tell how stable the themes are
TRIALS, ROUNDS = 2, 4  # Leiden runs for the final cut, of which the best counts; times that each goes over the graph
SMALLEST = 3  # members of the smallest cluster; the segments of smaller ones go to the nearest other
UNRELATED = 0.95  # a segment no nearer to its theme than so many of the segments of other themes are is one of a kind
RIDGE = 1e-3  # weight of the squared coefficients of the strength curve
CERTAIN = 10.0  # log odds of a strength where all segments left out landed in their cluster again, or none


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

    ``clusters_`` is all that was found, ``labels_`` the cluster of each vector it was fitted to, the largest 0.
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
        """Return the nearest cluster of each unit vector."""
        return nearest(relative_to(self.clusters_.origin, on_lattice(vectors)), self.clusters_.centroids).own


def find_clusters(lattice: NDArray[np.float32], *, seed: int) -> Clusters:
    """Cluster segments: at least 2 unit vectors on the lattice, in an order that depends on their content only.

    ``seed``, at least 0, is that of the final cut and of the samples that judge it; how fine to cut is not up to it.
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
    levels = levels_above(_as_unit_vectors(centroids), sizes)
    near = compare(relative, centroids, owners=None, own=labels)
    cosine = without_itself(near.cosine, length_of_sums(sums)[labels])
    closeness = Closeness(labels, cosine, near.margin - (near.cosine - cosine))
    every = [*levels, np.arange(len(sizes))]

    def again(number: int) -> tuple[float, list[NDArray[np.bool_]], NDArray[np.float64], NDArray[np.bool_]]:
        """What a sample tells: its agreement with the whole, and which clusters of each level are found again in it.

        Of the segments left out of it: closeness to their cluster, ``(segments, 2)``, and which land there again.
        """
        kept, sample = sampled_graph(neighbours, counts=counts, seed=seed + 1, number=number)
        fit = settled(communities(sample, resolution=resolution, seed=seed), relative[kept])
        their_sums = sums_of(relative[kept], fit)
        their_centroids = unit_rows(their_sums)
        theirs = [fit, *(level[fit] for level in levels_above(_as_unit_vectors(their_centroids), np.bincount(fit)))]
        ours = labels[kept]
        counterpart = overlaps(ours, fit, count=len(sizes)).argmax(axis=0)
        out = nearest(relative[~kept], their_centroids)
        return (
            adjusted_rand_score(ours, fit),
            [_found_again(level[ours], theirs, count=int(level.max()) + 1) for level in every],
            np.stack([cosine[~kept], closeness.margin[~kept]], axis=1),
            counterpart[out.own] == labels[~kept],
        )

    agreed, found, features, landed = zip(*in_threads(again, range(RESAMPLES)), strict=True)
    curve = _curve(np.concatenate(features), np.concatenate(landed), _unrelated(relative, centroids, labels))
    return Clusters(
        origin,
        centroids,
        labels,
        closeness,
        tuple(levels),
        tuple(np.stack(of_level).mean(axis=0).round(2) for of_level in zip(*found, strict=True)),
        round(float(np.mean(agreed)), 4),
        curve,
    )


def _one(lattice: NDArray[np.float32]) -> Clusters:
    """All segments as one cluster; as stable as they are alike, since there is nothing to compare it with."""
    origin = np.zeros(lattice.shape[1], dtype=np.float32)  # seen from their own mean, they would point everywhere
    labels = np.zeros(len(lattice), dtype=np.int64)
    sums = sums_of(lattice, labels)
    near = nearest(lattice, unit_rows(sums))
    cosine = without_itself(near.cosine, length_of_sums(sums)[labels])
    alike = round(float(np.clip(np.median(cosine), 0.0, 1.0)), 4)
    closeness, curve = Closeness(labels, cosine, near.margin), StrengthCurve(-2.0, 8.0, 0.0, 0.0)
    return Clusters(origin, unit_rows(sums), labels, closeness, (), (np.array([alike]),), alike, curve)


def _as_unit_vectors(lattice: NDArray[np.float32]) -> NDArray[np.float64]:
    return lattice.astype(np.float64) / STEPS


def _found_again(ours: NDArray[np.int64], theirs: list[NDArray[np.int64]], *, count: int) -> NDArray[np.bool_]:
    """Which of our clusters have a counterpart that shares at least half of all members, on any of their levels."""
    best = [overlaps(ours, labels, count=count).max(axis=1) for labels in theirs]
    return np.asarray(np.max(best, axis=0) >= FOUND_AGAIN)


def sums_of(relative: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum of the vectors of each cluster: whole numbers, exact in any order. Shape ``(clusters, width)``."""
    sizes = np.bincount(labels)
    members = relative[np.argsort(labels, kind="stable")]
    if sizes.max() * STEPS >= 2**24:  # float32 holds smaller whole numbers exactly, and is quicker
        members = members.astype(np.float64)
    return np.asarray(np.add.reduceat(members, np.cumsum(sizes) - sizes, axis=0), dtype=np.float64)


def settled(labels: NDArray[np.int64], relative: NDArray[np.float32]) -> NDArray[np.int64]:
    """Send the members of clusters that are too small to be one to the nearest other; labels are numbered by size."""
    sizes = np.bincount(labels)
    large = int((sizes >= SMALLEST).sum())
    if large in {0, len(sizes)}:
        return labels
    stray = labels >= large
    centroids = unit_rows(sums_of(relative[~stray], labels[~stray]))
    moved = labels.copy()
    moved[stray] = nearest(relative[stray], centroids).own
    return moved


def _curve(features: NDArray[np.float64], same: NDArray[np.bool_], least: float) -> StrengthCurve:
    """Fit strength to what the samples told; a slope that would be negative is left out."""
    for used in ([0, 1], [0], [1], []):
        weights = _logistic(features[:, used], same)
        if (weights[1:] >= 0).all():
            break
    slopes = np.zeros(2)
    slopes[used] = weights[1:]
    bias, by_cosine, by_margin = (round(float(each), 6) for each in (weights[0], *slopes))
    return StrengthCurve(bias, by_cosine, by_margin, least)


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
