"""Cluster vectors on a shared-neighbour graph: no UMAP, no random start, no compiling.

Two vectors are joined when one is among the nearest neighbours of the other; the edge weighs as much as they are
similar and as their neighbourhoods overlap (Jarvis and Patrick, 1973: shared near neighbours). Leiden (Traag, Waltman
and van Eck, 2019) cuts the graph at the resolution that gives the number of clusters asked for. Then every vector goes
to the nearest centroid, so that a vector seen later is treated like one seen now, and vectors that are close to no
centroid belong nowhere.

Invariants, tested: the same vectors in the same order and the same seed give the same bytes; labels are 0..k-1, the
largest cluster first, -1 for none. Callers fix the order of the vectors by content before they come here.

Two vectors whose products differ by less than 1e-5 count as equally near (the earlier one wins), so that the last bits
of a matrix product, which depend on the machine's number of threads, do not decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import graspologic_native
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

NEIGHBOURS = 20
"""Neighbours of each vector; of 10, 15 and 20 tried on two sets of known clusters, none was best everywhere."""

ROWS = 1024
"""Rows of the similarity matrix held at once."""

EDGES = 65536
"""Edges whose neighbourhoods are compared at once."""

BLOCK = 64
"""Similarities among which the best is looked up first when neighbours are searched."""

GRID = np.float32(1e5)
"""Similarities are rounded to 1 / GRID before they are ranked."""

NOTHING = np.float32(-1e9)
"""Less than any similarity times ``GRID``."""

SEARCH_STEPS = 7
"""Leiden runs spent at most on finding the resolution."""

CLOSE_ENOUGH = 0.05
"""Relative difference from the number of clusters asked for at which the search ends."""

RESOLUTIONS = (0.02, 64.0)
"""Ends of the search for the resolution."""

TRIALS = 3
"""Independent Leiden runs at the chosen resolution, of which the best counts."""

FAR = 0.10
"""Cosine to the centroid at which a vector has nothing to do with the cluster."""

NEAR = 0.65
"""Cosine to the centroid at which a vector is as typical as it gets."""

MARGIN = 0.05
"""Lead over the second nearest centroid, in cosine, that makes a vector about 73 % sure of the first."""

MIN_STRENGTH = 0.30
"""Below this strength a vector belongs to no cluster."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Cluster of each vector (-1 for none) and how strongly it belongs there, 0..1. Both of shape ``(vectors,)``."""

    labels: NDArray[np.int64]
    strengths: NDArray[np.float64]


def nearest_neighbours(vectors: NDArray[np.float32], *, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Find the nearest neighbours of every vector exactly, by blocks of a matrix product.

    Args:
        vectors: Unit length. Shape ``(vectors, width)``.
        count: Neighbours per vector, at least 1 and less than ``vectors``.

    Returns:
        Indices and cosines, nearest first, ties by index. Both of shape ``(vectors, count)``.
    """
    total = len(vectors)
    block = min(BLOCK, max(1, total // (2 * count)))
    width = -(-total // block) * block
    indices = np.empty((total, count), dtype=np.int32)
    cosines = np.empty((total, count), dtype=np.float32)
    similar = np.full((min(ROWS, total), width), NOTHING, dtype=np.float32)
    scaled = vectors * GRID
    for start in range(0, total, ROWS):
        rows = np.arange(min(ROWS, total - start))
        current = similar[: len(rows)]
        current[:, :total] = np.rint((scaled[start : start + ROWS]) @ vectors.T)
        current[rows, rows + start] = NOTHING
        # The count-th best of the blocks' best is a bound that at least `count` similarities reach, and few more.
        best = current.reshape(len(rows), -1, block).max(axis=2)
        bound = np.partition(best, -count, axis=1)[:, -count]
        row, column = np.nonzero(current[:, :total] >= bound[:, None])
        value = current[row, column]
        order = np.lexsort((column, -value, row))
        first = np.searchsorted(row, rows)
        chosen = order[first[:, None] + np.arange(count)]
        indices[start : start + ROWS] = column[chosen]
        cosines[start : start + ROWS] = value[chosen] / GRID
    return indices, cosines


def shared_neighbour_graph(vectors: NDArray[np.float32], *, neighbours: int = NEIGHBOURS) -> csr_matrix:
    """Join every vector to its nearest neighbours, weighing each edge by cosine x overlap of the neighbourhoods.

    Args:
        vectors: Unit length. Shape ``(vectors, width)``, at least 2 vectors.
        neighbours: Neighbours of each vector.

    Returns:
        Symmetric weights, 0..1, shape ``(vectors, vectors)``. The overlap is Jaccard's: shared over all neighbours of
        the two, each vector counting as its own neighbour.
    """
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy

    total = len(vectors)
    count = min(neighbours, total - 1)
    indices, cosines = nearest_neighbours(vectors, count=count)
    around = np.sort(np.concatenate([np.arange(total, dtype=np.int32)[:, None], indices], axis=1), axis=1)
    left = np.repeat(np.arange(total), count)
    right = indices.ravel()
    shared = np.empty(len(left), dtype=np.float64)
    for start in range(0, len(left), EDGES):
        ours, theirs = around[left[start : start + EDGES]], around[right[start : start + EDGES]]
        both = np.sort(np.concatenate([ours, theirs], axis=1), axis=1)
        shared[start : start + EDGES] = (both[:, 1:] == both[:, :-1]).sum(axis=1)
    overlap = shared / (2 * (count + 1) - shared)
    weights = np.maximum(cosines.ravel().astype(np.float64), 0.0) * overlap
    graph = csr_matrix((weights, (left, right)), shape=(total, total))
    graph = graph.maximum(graph.T).tocsr()
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph


class NeighbourGraphClusters:
    """A cluster model as BERTopic asks for it: ``fit``, then ``labels_``; and ``assign`` for further vectors."""

    def __init__(
        self,
        *,
        aim: int,
        seed: int,
        neighbours: int = NEIGHBOURS,
        min_size: int = 2,
        min_strength: float = MIN_STRENGTH,
    ) -> None:
        """Set the model up.

        Args:
            aim: Number of clusters to come close to, at least 1.
            seed: Seed of Leiden, at least 0.
            neighbours: Neighbours of each vector in the graph.
            min_size: Smaller communities are dissolved; their vectors may join other clusters.
            min_strength: Strength, 0..1, below which a vector belongs to no cluster.
        """
        self.aim = aim
        self.seed = seed
        self.neighbours = neighbours
        self.min_size = min_size
        self.min_strength = min_strength
        self.labels_: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.strengths_: NDArray[np.float64] = np.empty(0)
        self.centroids_: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)

    def fit(self, vectors: NDArray[np.float32], y: object = None) -> NeighbourGraphClusters:
        """Cluster vectors; the result stands in ``labels_``, ``strengths_`` and ``centroids_``.

        Args:
            vectors: Unit length. Shape ``(vectors, width)``.
            y: Ignored; BERTopic passes it.

        Returns:
            The model itself.
        """
        del y
        communities = self._communities(vectors)
        sizes = np.bincount(communities)
        kept = np.flatnonzero(sizes >= min(self.min_size, len(vectors)))
        places = np.full(len(sizes), -1, dtype=np.int64)
        places[kept] = np.arange(len(kept))
        sums = np.array([vectors[communities == community].sum(axis=0, dtype=np.float64) for community in kept])
        lengths = np.linalg.norm(sums.reshape(len(kept), vectors.shape[1]), axis=1)
        self.centroids_ = (sums.reshape(len(kept), vectors.shape[1]) / np.maximum(lengths, 1e-12)[:, None]).astype(
            np.float32
        )
        assignment = self._nearest(vectors, own=places[communities], lengths=lengths)
        # A community can lose all its members to its neighbours; the largest cluster comes first, ties by first member.
        present, first, counts = np.unique(assignment.labels, return_index=True, return_counts=True)
        ranked = [present[i] for i in np.lexsort((first, -counts)) if present[i] >= 0]
        self.centroids_ = self.centroids_[ranked]
        names = {old: new for new, old in enumerate(ranked)}
        self.labels_ = np.array([names.get(label, -1) for label in assignment.labels.tolist()], dtype=np.int64)
        self.strengths_ = assignment.strengths
        return self

    def assign(self, vectors: NDArray[np.float32]) -> Assignment:
        """Put each vector into the cluster with the nearest centroid, or into none; linear in the vectors.

        Strength is closeness (cosine to the centroid, ``FAR`` to ``NEAR`` mapped to 0..1) times the certainty that the
        nearest centroid is the right one (logistic in its lead over the second, 0.5..1).

        Args:
            vectors: Unit length. Shape ``(vectors, width)``.

        Returns:
            Labels and strengths.
        """
        return self._nearest(vectors, own=np.full(len(vectors), -1, dtype=np.int64), lengths=np.empty(0))

    def _nearest(
        self, vectors: NDArray[np.float32], *, own: NDArray[np.int64], lengths: NDArray[np.float64]
    ) -> Assignment:
        """Assign vectors of which some (``own`` at least 0) are part of a centroid whose sum has a length.

        Their cosine to it is taken as if they were not: a small heap of unrelated vectors is near its own centroid only
        because each of them is in it.
        """
        total = len(vectors)
        labels = np.full(total, -1, dtype=np.int64)
        strengths = np.zeros(total)
        if not len(self.centroids_):
            return Assignment(labels, strengths)
        for start in range(0, total, ROWS * 8):
            cosines = (vectors[start : start + ROWS * 8] @ self.centroids_.T).astype(np.float64)
            theirs = own[start : start + ROWS * 8]
            inside = np.flatnonzero(theirs >= 0)
            product = cosines[inside, theirs[inside]] * lengths[theirs[inside]]
            rest = lengths[theirs[inside]] ** 2 - 2.0 * product + 1.0
            alone = rest < 1e-6  # noqa: PLR2004 - nothing is left of the centroid
            cosines[inside, theirs[inside]] = np.where(alone, 1.0, (product - 1.0) / np.sqrt(np.maximum(rest, 1e-6)))
            cosines = np.round(cosines, 5)
            best = cosines.argmax(axis=1)
            nearest = cosines[np.arange(len(cosines)), best]
            certainty = np.ones(len(cosines))
            if cosines.shape[1] > 1:
                second = np.partition(cosines, -2, axis=1)[:, -2]
                certainty = 1.0 / (1.0 + np.exp(-(nearest - second) / MARGIN))
            strength = np.clip((nearest - FAR) / (NEAR - FAR), 0.0, 1.0) * certainty
            belongs = strength >= self.min_strength
            labels[start : start + ROWS * 8] = np.where(belongs, best, -1)
            strengths[start : start + ROWS * 8] = np.where(belongs, np.round(strength, 4), 0.0)
        return Assignment(labels, strengths)

    def _communities(self, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """Community of each vector: one community for fewer than three vectors or a graph without edges."""
        total = len(vectors)
        if total < 3:  # noqa: PLR2004 - two points make no structure
            return np.zeros(total, dtype=np.int64)
        graph = shared_neighbour_graph(vectors, neighbours=self.neighbours)
        if not graph.nnz:
            return np.zeros(total, dtype=np.int64)
        low, high = np.log(RESOLUTIONS[0]), np.log(RESOLUTIONS[1])
        place, best = 0.0, (float("inf"), 0.0)
        for _ in range(SEARCH_STEPS):
            sizes = np.bincount(self._leiden(graph, place, trials=1))
            found = max(1, int((sizes >= self.min_size).sum()))
            best = min(best, (abs(found - self.aim), place))
            if abs(found - self.aim) <= CLOSE_ENOUGH * self.aim:
                break
            low, high = (place, high) if found < self.aim else (low, place)
            # Clusters grow about with the root of the resolution; where that guess leaves the bracket, halve it.
            guess = place + 2.0 * float(np.log(self.aim / found))
            place = guess if low < guess < high else (low + high) / 2
        return self._leiden(graph, best[1], trials=TRIALS)

    def _leiden(self, graph: csr_matrix, log_resolution: float, *, trials: int) -> NDArray[np.int64]:
        """Leiden's communities at a resolution given by its logarithm."""
        _, communities = graspologic_native.leiden_csr(
            graph.indptr.astype(np.int64),
            graph.indices.astype(np.int32),
            graph.data.astype(np.float64),
            graph.shape[0],
            resolution=float(np.exp(log_resolution)),
            iterations=2,
            seed=self.seed,
            trials=trials,
        )
        return np.array([communities[node] for node in range(graph.shape[0])], dtype=np.int64)
