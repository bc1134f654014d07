"""Choose how fine to cut a graph of segments: as fine as the themes are still found again in another sample.

Every cut - a resolution - is made once on all segments and again on several random samples of four fifths of them. Its
stability is the mean agreement (adjusted Rand index; Hubert and Arabie, 1985) on the segments both have; structure is
what survives resampling (Ben-Hur, Elisseeff and Guyon, 2002). A finer cut may be a little less stable.

Stability is often about the same for cuts of very different fineness, so the best one is another in every sample. What
is taken is therefore the mean of all cuts, each weighing the more the better it is.

Invariant, tested: the same neighbours and seed give the same choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import adjusted_rand_score

from textcx.engines.clustering.neighbour_graph import THREADS, communities, in_threads, shared_neighbour_graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from textcx.engines.clustering.neighbour_graph import Neighbours

COUNTS = (10, 30)  # sizes of neighbourhood: a narrow one sees small themes, a wide one large ones
RESERVE = 1.6  # neighbours known for each one joined, so that a sample of four fifths has enough of them
KEPT = 0.8  # share of the segments in a sample
SAMPLES = 6  # samples on which cuts are judged
RESOLUTIONS = tuple(0.25 * 2 ** (step / 2) for step in range(16))  # resolutions tried, from coarse to fine: 0.25 to 45
FEWEST, SEGMENTS_EACH = 15, 60  # clusters of a cut that is considered, where there are segments enough for each
LARGEST = 0.25  # share of the segments in the largest cluster of a cut that is considered
HOOD = 2.25  # segments per cluster for each of the narrow neighbours: a cluster is larger than a neighbourhood
CROWD = 10  # segments for each neighbour below which a neighbourhood is too wide to see themes
WORTH_OF_TWICE = 0.025  # stability that a cut into twice as many clusters may lose: samples differ by as much
CHANCE = 0.025  # difference between two cuts that gives the better one e times the weight of the other
SEARCH_STEPS = 8  # Leiden runs spent at most on finding a resolution
CLOSE_ENOUGH = 0.04  # relative difference from the number of clusters wanted at which that search ends


@dataclass(frozen=True, slots=True)
class Cut:
    """A way to cut the graph: resolution, clusters it gives, and stability of the cuts it is the mean of, -1..1."""

    resolution: float
    clusters: int
    stability: float


def choose_cut(neighbours: Neighbours, *, seed: int) -> Cut:
    """Choose how fine to cut; the coarsest cut where the segments are too few for any.

    ``neighbours`` are ``RESERVE`` times the largest of ``COUNTS`` for each segment, or all there are.
    """
    counts = usable_counts(neighbours)
    graph = shared_neighbour_graph(neighbours, counts=counts)
    labels = _from_coarse_to_fine(graph, most=len(neighbours.indices) / (counts[0] * HOOD), seed=seed)
    places = _considered(labels)
    samples = in_threads(
        lambda number: sampled_graph(neighbours, counts=counts, seed=seed, number=number), range(SAMPLES)
    )
    tries = [(place, kept, sample) for place in places for kept, sample in samples]
    again = in_threads(lambda one: communities(one[2], resolution=RESOLUTIONS[one[0]], seed=seed), tries)
    agreed = [
        adjusted_rand_score(labels[place][kept], found) for (place, kept, _), found in zip(tries, again, strict=True)
    ]
    stability = np.reshape(agreed, (len(places), SAMPLES)).mean(axis=1)
    merit = stability + WORTH_OF_TWICE * np.log2([labels[place].max() + 1 for place in places])
    weights = np.exp((merit - merit.max()) / CHANCE)
    weights /= weights.sum()
    resolution = round(float(np.exp((weights * np.log(RESOLUTIONS)[places]).sum())), 3)
    clusters = int(communities(graph, resolution=resolution, seed=seed).max()) + 1
    return Cut(resolution, clusters, round(float((weights * stability).sum()), 6))


def _from_coarse_to_fine(graph: csr_matrix, *, most: float, seed: int) -> list[NDArray[np.int64]]:
    """Labels at each resolution, until there are more clusters than ``most``."""
    found: list[NDArray[np.int64]] = []
    for start in range(0, len(RESOLUTIONS), THREADS):
        tried = RESOLUTIONS[start : start + THREADS]
        for labels in in_threads(lambda one: communities(graph, resolution=one, seed=seed), tried):
            if found and labels.max() + 1 > most:
                return found
            found.append(labels)
    return found


def _considered(labels: Sequence[NDArray[np.int64]]) -> list[int]:
    """Places of the cuts that may be chosen: without a heap, and with enough clusters, where there are such."""
    total = len(labels[0])
    sizes = [np.bincount(one) for one in labels]
    even = [place for place, of in enumerate(sizes) if of.max() <= LARGEST * total] or list(range(len(sizes)))
    return [place for place in even if len(sizes[place]) >= min(FEWEST, total // SEGMENTS_EACH)] or even


def usable_counts(neighbours: Neighbours) -> tuple[int, ...]:
    """Sizes of neighbourhood that make sense for so many segments, ascending."""
    total, known = neighbours.indices.shape
    usable = tuple(count for count in COUNTS if count * RESERVE <= known and count * CROWD <= total)
    return usable or (min(COUNTS[0], known),)


def sampled_graph(
    neighbours: Neighbours, *, counts: Sequence[int], seed: int, number: int
) -> tuple[NDArray[np.bool_], csr_matrix]:
    """Draw a random sample of the segments, one of any number: which segments are in, and their graph."""
    kept = np.random.default_rng((seed, number)).random(len(neighbours.indices)) < KEPT
    return kept, shared_neighbour_graph(neighbours.among(kept, count=counts[-1]), counts=counts)


def resolution_for(graph: csr_matrix, clusters: int, *, guess: float, seed: int) -> float:
    """Find the resolution at which a graph falls into about so many clusters, by bisection of its logarithm."""
    low, high = float(np.log(RESOLUTIONS[0] / 8)), float(np.log(RESOLUTIONS[-1] * 8))
    place, best = float(np.log(guess)), (float("inf"), 0.0)
    for _ in range(SEARCH_STEPS):
        found = int(communities(graph, resolution=float(np.exp(place)), seed=seed).max()) + 1
        best = min(best, (abs(found - clusters), place))
        if abs(found - clusters) <= CLOSE_ENOUGH * clusters:
            break
        low, high = (place, high) if found < clusters else (low, place)
        # Clusters grow about with the root of the resolution; where that guess leaves the bracket, halve it.
        nearer = place + 2.0 * float(np.log(clusters / found))
        place = nearer if low < nearer < high else (low + high) / 2
    return float(np.exp(best[1]))
