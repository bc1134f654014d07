"""Choose how fine to cut a graph of segments: as fine as the themes are still found again in another sample.

Every cut - a number of neighbours and a resolution - is made once on all segments and again on several random samples
of four fifths of them. Its stability is the mean agreement (adjusted Rand index; Hubert and Arabie, 1985) on the
segments both have; structure is what survives resampling (Ben-Hur, Elisseeff and Guyon, 2002). A finer cut may be a
little less stable.

Invariant, tested: the same neighbours and seed give the same choice.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from textcx.domain.theme_sets import SUB_THEMES
from textcx.engines.neighbour_graph import communities, shared_neighbour_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from textcx.engines.neighbour_graph import Neighbours

Given = TypeVar("Given")
Made = TypeVar("Made")

COUNTS = (15, 40)
"""Numbers of neighbours tried: few see small themes, many see large ones."""

RESERVE = 1.6
"""Neighbours known for each one joined, so that a sample of four fifths has enough of them."""

KEPT = 0.8
"""Share of the segments in a sample."""

FEW, MANY = 2, 8
"""Samples on which all cuts are looked at, and on which the most promising are judged."""

PROMISING = 8
"""Cuts that are judged."""

RESOLUTIONS = tuple(0.25 * 2 ** (step / 2) for step in range(16))
"""Resolutions tried, from coarse to fine: 0.25 to 45."""

FEWEST, SEGMENTS_EACH = 15, 60
"""Cuts with fewer clusters are not considered where there are finer ones and enough segments for each cluster."""

LARGEST = 0.25
"""Share of the segments in the largest cluster above which a cut is not considered where there are others."""

HOOD = 1.5
"""Segments per cluster, on average, for each neighbour joined: a cluster is larger than a neighbourhood."""

WORTH_OF_TWICE = 0.025
"""Stability that a cut into twice as many clusters may lose: between samples it differs by about as much."""

WORTH_OF_ENOUGH = 0.02
"""Stability that a cut may lose if it has as many clusters as an analyst wants to work with."""

EVEN = 0.008
"""Cuts whose merits differ by no more are equally good; the more stable one is taken."""

HOPELESS = 0.15
"""Cuts that fall behind the best by more than this three times in a row end the search."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A way to cut the graph: neighbours joined, resolution, clusters it gave, and how stable it is, -1..1.

    ``largest`` is the share of the segments in the largest cluster.
    """

    count: int
    resolution: float
    clusters: int
    stability: float
    largest: float


def choose_cut(neighbours: Neighbours, *, seed: int) -> Cut:
    """Choose the finest stable cut: the best of stability and fineness.

    All cuts are looked at with few samples, their stability smoothed over neighbouring ones; the most promising again
    with many.

    Args:
        neighbours: ``RESERVE`` times the largest of ``COUNTS`` for each segment, or all there are.
        seed: Seed of samples and Leiden.

    Returns:
        The cut; where the segments are too few for any, the coarsest one.
    """
    total = len(neighbours.indices)
    trials = [_Trial(neighbours, count=count, seed=seed) for count in usable_counts(neighbours)]
    looked_at = [
        (trial, replace(cut, stability=float(np.mean([one.stability for one in cuts[max(0, place - 1) : place + 2]]))))
        for trial in trials
        for cuts in [trial.cuts()]
        for place, cut in enumerate(cuts)
    ]
    even = [pair for pair in looked_at if pair[1].largest <= LARGEST] or looked_at
    fine = [pair for pair in even if pair[1].clusters >= min(FEWEST, total // SEGMENTS_EACH)] or even
    promising = sorted(fine, key=lambda pair: _merit(pair[1]), reverse=True)[:PROMISING]
    judged = [trial.judged(cut) for trial, cut in promising]
    best = max(_merit(cut)[0] for cut in judged)
    level = [cut for cut in judged if _merit(cut)[0] >= best - EVEN]
    return max(level, key=lambda cut: (cut.stability, -cut.count, -cut.clusters))


def _merit(cut: Cut) -> tuple[float, int]:
    wanted = WORTH_OF_ENOUGH if cut.clusters >= SUB_THEMES else 0.0
    return round(cut.stability + WORTH_OF_TWICE * float(np.log2(cut.clusters)) + wanted, 6), -cut.count


def usable_counts(neighbours: Neighbours) -> list[int]:
    """Numbers of neighbours that make sense for so many segments."""
    total, known = neighbours.indices.shape
    return [count for count in COUNTS if count * RESERVE <= known and count * HOOD * FEWEST <= total] or [
        min(COUNTS[0], known)
    ]


class _Trial:
    """Cuts with one number of neighbours, on all segments and on samples."""

    def __init__(self, neighbours: Neighbours, *, count: int, seed: int) -> None:
        self.count, self.seed = count, seed
        self.total = len(neighbours.indices)
        self.graph = shared_neighbour_graph(neighbours, count=count)
        self.sampler = sampled_graphs(neighbours, count=count, samples=MANY, seed=seed)
        self.samples = [next(self.sampler) for _ in range(FEW)]

    def cuts(self) -> list[Cut]:
        """Look at all cuts, from coarse to fine, until they become too fine or hopeless."""
        found: list[Cut] = []
        best, behind = -1.0, 0
        for resolution in RESOLUTIONS:
            cut = self._cut(resolution)
            if found and cut.clusters * self.count * HOOD > self.total:
                break
            found.append(cut)
            best = max(best, cut.stability)
            behind = behind + 1 if cut.stability < best - HOPELESS else 0
            if behind == 3:  # noqa: PLR2004 - three in a row
                break
        return found

    def judged(self, cut: Cut) -> Cut:
        """The same cut, its stability measured with all samples."""
        self.samples += list(self.sampler)
        return self._cut(cut.resolution)

    def _cut(self, resolution: float) -> Cut:
        graphs = [self.graph, *(part for _, part in self.samples)]
        whole, *parts = in_threads(lambda graph: communities(graph, resolution=resolution, seed=self.seed), graphs)
        agreed = [agreement(whole[kept], part) for (kept, _), part in zip(self.samples, parts, strict=True)]
        stability = float(np.mean(agreed))
        largest = float(np.bincount(whole).max()) / self.total
        return Cut(self.count, resolution, int(whole.max()) + 1, round(stability, 6), largest)


def sampled_graphs(
    neighbours: Neighbours, *, count: int, samples: int, seed: int
) -> Iterator[tuple[NDArray[np.bool_], csr_matrix]]:
    """Graphs of random samples of the segments: which segments are in, and their graph."""
    for number in range(samples):
        kept = np.random.default_rng((seed, number)).random(len(neighbours.indices)) < KEPT
        yield kept, shared_neighbour_graph(neighbours.among(kept, count=count), count=count)


def agreement(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Adjusted Rand index of two labellings of the same things; 1 where both are one cluster."""
    table = np.bincount(one * (int(other.max(initial=0)) + 1) + other).astype(np.float64)
    pairs = (table * (table - 1)).sum()
    rows, columns = (np.bincount(labels).astype(np.float64) for labels in (one, other))
    by_row, by_column = (rows * (rows - 1)).sum(), (columns * (columns - 1)).sum()
    total = len(one) * (len(one) - 1.0)
    expected = by_row * by_column / max(total, 1.0)
    most = (by_row + by_column) / 2
    return float((pairs - expected) / (most - expected)) if most != expected else 1.0


def in_threads(work: Callable[[Given], Made], given: Sequence[Given]) -> list[Made]:
    """Do the same with several things at once; Leiden lets other threads run. The results keep the order."""
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        return list(pool.map(work, given))


def resolution_for(graph: csr_matrix, clusters: int, *, seed: int) -> float:
    """Find the resolution at which a graph falls into about so many clusters, by bisection of its logarithm."""
    low, high = np.log(RESOLUTIONS[0] / 8), np.log(RESOLUTIONS[-1] * 8)
    place, best = 0.0, (float("inf"), 0.0)
    for _ in range(SEARCH_STEPS):
        found = int(communities(graph, resolution=float(np.exp(place)), seed=seed).max()) + 1
        best = min(best, (abs(found - clusters), place))
        if abs(found - clusters) <= CLOSE_ENOUGH * clusters:
            break
        low, high = (place, high) if found < clusters else (low, place)
        # Clusters grow about with the root of the resolution; where that guess leaves the bracket, halve it.
        guess = place + 2.0 * float(np.log(clusters / found))
        place = guess if low < guess < high else (low + high) / 2
    return float(np.exp(best[1]))


THREADS = 2
"""Leiden runs at a time. The result does not hang on it."""

SEARCH_STEPS = 8
"""Leiden runs spent at most on finding a resolution."""

CLOSE_ENOUGH = 0.04
"""Relative difference from the number of clusters wanted at which that search ends."""
