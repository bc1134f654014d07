"""A graph of shared neighbours over vectors, and its communities: no UMAP, no random start, no compiling.

Two vectors are joined when one is among the nearest neighbours of the other; the edge weighs as much as they are
similar and as their neighbourhoods overlap (Jarvis and Patrick, 1973: shared near neighbours), in the mean over narrow
and wide neighbourhoods: those see small themes, these large ones. Leiden (Traag, Waltman and van Eck, 2019) cuts the
graph; the higher the resolution, the more communities.

Invariants, tested: the same vectors in the same order and the same seed give the same bytes, whatever the number of
threads; communities are numbered by size, the largest first. Callers fix the order of the vectors by content.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import graspologic_native
import numpy as np
import scipy  # its subpackages load when they are first used

from textcx.steps.themes.geometry.lattice import STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

Given = TypeVar("Given")
Made = TypeVar("Made")

ROWS = 512  # rows of the similarity matrix held at once by a thread
MARKED = 128  # neighbourhoods marked at once when they are compared with others
BLOCK = 64  # similarities among which the best is looked up first when neighbours are searched
NOTHING = np.float32(-(2.0**25))  # less than any product of two lattice vectors
THREADS = 2  # pieces of work done at a time; no result depends on it


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Nearest neighbours of vectors, nearest first, ties by index; shapes ``(vectors, count)``.

    A missing neighbour is the vector itself at cosine 0.
    """

    indices: NDArray[np.int32]
    cosines: NDArray[np.float32]

    def among(self, kept: NDArray[np.bool_], *, count: int) -> Neighbours:
        """``count`` neighbours of the vectors kept among themselves; missing where fewer are known and kept."""
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
    """Find the nearest neighbours of every unit vector on the lattice exactly, by blocks of a matrix product.

    ``count`` is at least 1 and less than there are vectors.
    """
    total = len(lattice)
    block = min(BLOCK, max(1, total // (2 * count)))
    parts = in_threads(
        lambda start: _nearest(lattice, np.arange(start, min(start + ROWS, total)), count=count, block=block),
        range(0, total, ROWS),
    )
    products = np.concatenate([part for _, part in parts])
    cosines = np.asarray(products / np.float32(STEPS * STEPS), dtype=np.float32)
    return Neighbours(np.concatenate([part for part, _ in parts]), cosines)


def _nearest(
    lattice: NDArray[np.float32], rows: NDArray[np.int64], *, count: int, block: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Nearest neighbours of some rows of the lattice, and their products with them; see ``nearest_neighbours``."""
    total = len(lattice)
    similar = np.full((len(rows), -(-total // block) * block), NOTHING, dtype=np.float32)
    np.matmul(lattice[rows[0] : rows[-1] + 1], lattice.T, out=similar[:, :total])
    similar[np.arange(len(rows)), rows] = NOTHING
    # The count-th best of the blocks' best is a bound that at least `count` similarities reach, and few more.
    best = similar.reshape(len(rows), -1, block).max(axis=2)
    bound = np.partition(best, -count, axis=1)[:, -count]
    row, column = np.nonzero(similar >= bound[:, None])
    # One whole number holds row, distance and column, so that a plain sort puts the nearest first, ties by column.
    bits = total.bit_length()
    apart = (float(-NOTHING) - similar[row, column].astype(np.float64)).astype(np.int64)
    keys = np.sort((row.astype(np.int64) << 27 + bits) | (apart << bits) | column)
    first = np.searchsorted(row, np.arange(len(rows)))
    chosen = keys[first[:, None] + np.arange(count)]
    nearest = chosen & ((1 << bits) - 1)
    products = float(-NOTHING) - ((chosen >> bits) & ((1 << 27) - 1)).astype(np.float64)
    return nearest.astype(np.int32), products.astype(np.float32)


def shared_neighbour_graph(neighbours: Neighbours, *, counts: Sequence[int]) -> csr_matrix:
    """Join every vector to its nearest neighbours, weighing each edge by cosine x overlap of the neighbourhoods, 0..1.

    ``counts`` are sizes of neighbourhood, ascending. The largest are joined; the overlap is the mean over all sizes,
    none where a neighbour is not in the neighbourhood of that size. It is Jaccard's: shared over all neighbours of the
    two, each vector counting as its own neighbour.
    """
    total = len(neighbours.indices)
    indices, cosines = neighbours.indices[:, : counts[-1]], neighbours.cosines[:, : counts[-1]]
    overlap = np.zeros(indices.shape)
    for count in counts:
        shared = _shared(indices[:, :count]).astype(np.float64)
        overlap[:, :count] += shared / (2 * (shared.shape[1] + 1) - shared)
    weights = np.maximum(cosines.astype(np.float64), 0.0) * (overlap / len(counts))
    weights[indices == np.arange(total, dtype=np.int32)[:, None]] = 0.0
    starts = np.arange(0, indices.size + 1, indices.shape[1])
    # Copied, since scipy sorts in place.
    graph = scipy.sparse.csr_matrix((weights.ravel(), indices.flatten(), starts), shape=(total, total))
    graph.sum_duplicates()
    graph = graph.maximum(graph.T.tocsr())
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph


def _shared(indices: NDArray[np.int32]) -> NDArray[np.int16]:
    """Number of vectors in both of the neighbourhoods of each vector and of each of its neighbours."""
    total, count = indices.shape
    itself = np.arange(total, dtype=np.int32)[:, None]
    missing = np.where(indices == itself, np.int32(total), indices)  # one more than there are: never marked
    members = np.concatenate([itself, missing], axis=1)
    by_rank = np.ascontiguousarray(members.T)
    marked = np.zeros((min(MARKED, total), total + 1), dtype=np.uint8)
    shared = np.zeros((total, count), dtype=np.int16)
    for start in range(0, total, MARKED):
        ours = members[start : start + MARKED]
        rows = np.arange(len(ours))[:, None]
        marked[rows, ours] = 1
        marked[:, total] = 0
        theirs, first = indices[start : start + MARKED], rows * (total + 1)
        for member in by_rank:
            shared[start : start + MARKED] += marked.reshape(-1).take(first + member[theirs])
        marked[rows, ours] = 0
    return shared


def communities(
    graph: csr_matrix, *, resolution: float, seed: int, trials: int = 1, rounds: int = 1
) -> NDArray[np.int64]:
    """Leiden's communities of a graph of symmetric weights with sorted indices, numbered as by ``by_size``.

    Modularity weighs the expected edges by the ``resolution``, above 0. Of the independent ``trials`` the best counts;
    each goes over the graph so many ``rounds``.
    """
    total = graph.shape[0]
    if not graph.nnz:
        return np.zeros(total, dtype=np.int64)
    edges = graph.indptr.astype(np.int64), graph.indices.astype(np.int32), graph.data.astype(np.float64)
    runs = in_threads(
        lambda trial: graspologic_native.leiden_csr(
            *edges, total, resolution=float(resolution), iterations=rounds, seed=seed * trials + trial
        ),
        range(trials),
    )
    _, found = max(runs, key=lambda run: run[0])
    return by_size(np.fromiter(map(found.__getitem__, range(total)), dtype=np.int64, count=total))


def by_size(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number clusters anew, the largest first, ties by first member. Labels are at least 0."""
    _, first, back, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    return np.argsort(np.lexsort((first, -counts)))[back]


def in_threads(work: Callable[[Given], Made], given: Sequence[Given]) -> list[Made]:
    """Do the same with several things at once; Leiden and numpy let other threads run. The results keep the order."""
    if len(given) == 1:
        return [work(given[0])]
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        return list(pool.map(work, given))
