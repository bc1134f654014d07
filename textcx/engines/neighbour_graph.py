"""A graph of shared neighbours over vectors, and its communities: no UMAP, no random start, no compiling.

Two vectors are joined when one is among the nearest neighbours of the other; the edge weighs as much as they are
similar and as their neighbourhoods overlap (Jarvis and Patrick, 1973: shared near neighbours). Leiden (Traag, Waltman
and van Eck, 2019) cuts the graph; the higher the resolution, the more communities.

Invariants, tested: the same vectors in the same order and the same seed give the same bytes, whatever the number of
threads; communities are numbered by size, the largest first. Callers fix the order of the vectors by content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import graspologic_native
import numpy as np

from textcx.steps.lattice import STEPS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

ROWS = 1024
"""Rows of the similarity matrix held at once."""

EDGES = 65536
"""Edges whose neighbourhoods are compared at once."""

BLOCK = 64
"""Similarities among which the best is looked up first when neighbours are searched."""

NOTHING = np.float32(-(2.0**25))
"""Less than any product of two lattice vectors."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Nearest neighbours of vectors.

    ``indices`` and ``cosines`` have the shape ``(vectors, count)``, nearest first, ties by index. A missing neighbour
    is the vector itself at cosine 0.
    """

    indices: NDArray[np.int32]
    cosines: NDArray[np.float32]

    def among(self, kept: NDArray[np.bool_], *, count: int) -> Neighbours:
        """Neighbours of some of the vectors among themselves, as if the others were not there.

        Args:
            kept: Which vectors stay. Shape ``(vectors,)``.
            count: Neighbours to keep; where fewer are known and kept, the rest is missing.
        """
        rows = np.flatnonzero(kept)
        places = np.full(len(kept), -1, dtype=np.int32)
        places[rows] = np.arange(len(rows), dtype=np.int32)
        there = places[self.indices[rows]]
        order = np.argsort(there < 0, axis=1, kind="stable")[:, :count]
        indices = np.take_along_axis(there, order, axis=1)
        cosines = np.take_along_axis(self.cosines[rows], order, axis=1)
        itself = np.broadcast_to(np.arange(len(rows), dtype=np.int32)[:, None], indices.shape)
        missing = indices < 0
        return Neighbours(np.where(missing, itself, indices), np.where(missing, np.float32(0), cosines))


def nearest_neighbours(lattice: NDArray[np.float32], *, count: int) -> Neighbours:
    """Find the nearest neighbours of every vector exactly, by blocks of a matrix product.

    Args:
        lattice: Unit vectors on the lattice. Shape ``(vectors, width)``.
        count: Neighbours per vector, at least 1 and less than ``vectors``.
    """
    total = len(lattice)
    block = min(BLOCK, max(1, total // (2 * count)))
    width = -(-total // block) * block
    indices = np.empty((total, count), dtype=np.int32)
    cosines = np.empty((total, count), dtype=np.float32)
    similar = np.full((min(ROWS, total), width), NOTHING, dtype=np.float32)
    for start in range(0, total, ROWS):
        rows = np.arange(min(ROWS, total - start))
        current = similar[: len(rows)]
        np.matmul(lattice[start : start + ROWS], lattice.T, out=current[:, :total])
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
        cosines[start : start + ROWS] = value[chosen] / np.float32(STEPS * STEPS)
    return Neighbours(indices, cosines)


def shared_neighbour_graph(neighbours: Neighbours, *, count: int) -> csr_matrix:
    """Join every vector to its nearest neighbours, weighing each edge by cosine x overlap of the neighbourhoods.

    Args:
        neighbours: At least ``count`` for each vector.
        count: Neighbours that are joined.

    Returns:
        Symmetric weights, 0..1, shape ``(vectors, vectors)``. The overlap is Jaccard's: shared over all neighbours of
        the two, each vector counting as its own neighbour.
    """
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy

    total = len(neighbours.indices)
    indices, cosines = neighbours.indices[:, :count], neighbours.cosines[:, :count]
    count = indices.shape[1]
    around = np.sort(np.concatenate([np.arange(total, dtype=np.int32)[:, None], indices], axis=1), axis=1)
    left = np.repeat(np.arange(total, dtype=np.int32), count)
    right = indices.ravel()
    shared = np.empty(len(left), dtype=np.float64)
    for start in range(0, len(left), EDGES):
        ours, theirs = around[left[start : start + EDGES]], around[right[start : start + EDGES]]
        both = np.sort(np.concatenate([ours, theirs], axis=1), axis=1)
        shared[start : start + EDGES] = (both[:, 1:] == both[:, :-1]).sum(axis=1)
    overlap = shared / np.maximum(2 * (count + 1) - shared, 1.0)
    weights = np.maximum(cosines.ravel().astype(np.float64), 0.0) * overlap
    weights[left == right] = 0.0
    graph = csr_matrix((weights, (left, right)), shape=(total, total))
    graph = graph.maximum(graph.T).tocsr()
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph


def communities(
    graph: csr_matrix, *, resolution: float, seed: int, trials: int = 1, rounds: int = 1
) -> NDArray[np.int64]:
    """Leiden's communities of a graph.

    Args:
        graph: Symmetric weights with sorted indices.
        resolution: Above 0; modularity weighs the expected edges by it.
        seed: At least 0.
        trials: Independent runs, of which the best counts.
        rounds: Times that each run goes over the graph again from where it is.

    Returns:
        Community of each vector, numbered by size, the largest first, ties by first member. Shape ``(vectors,)``.
    """
    total = graph.shape[0]
    if not graph.nnz:
        return np.zeros(total, dtype=np.int64)
    _, found = graspologic_native.leiden_csr(
        graph.indptr.astype(np.int64),
        graph.indices.astype(np.int32),
        graph.data.astype(np.float64),
        total,
        resolution=float(resolution),
        iterations=rounds,
        seed=seed,
        trials=trials,
    )
    return by_size(np.array([found[node] for node in range(total)], dtype=np.int64))


def by_size(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number clusters anew, the largest first, ties by first member. Labels are at least 0."""
    _, first, back, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(first))
    return rank[back]
