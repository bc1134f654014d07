"""Vectors on a lattice of whole numbers, so that products of them are exact.

A unit vector times ``STEPS``, rounded, has whole components. The product of two such vectors, and every partial sum of
it, is a whole number below 2**24, which float32 holds exactly: whatever order a matrix product adds up in - another
thread count, another library, another machine - it gives the same bits. Rounding moves a cosine by about 1e-4.

Invariants, tested: products, sums and means do not depend on the order of the vectors or the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 4000
"""Lattice steps in the length of a unit vector: (4000 + half a step in 1,024 dimensions) ** 2 is below 2 ** 24."""

ROWS = 8192
"""Vectors that are worked on at once."""


def on_lattice(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round unit vectors to the lattice: whole numbers, as float32."""
    return np.asarray(np.rint(np.asarray(vectors, dtype=np.float32) * np.float32(STEPS)), dtype=np.float32)


def off_lattice(lattice: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn lattice vectors back into unit vectors, as a theme set keeps them."""
    return (lattice / np.float32(STEPS)).astype(np.float32)


def directions(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Bring vectors to unit length and onto the lattice; zeros stay zeros."""
    exact = np.asarray(vectors, dtype=np.float64)
    lengths = np.sqrt(np.square(exact).sum(axis=1, keepdims=True))
    return on_lattice((exact / np.maximum(lengths, 1e-12)).astype(np.float32))


def mean_of(lattice: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of lattice vectors, itself on the lattice. Shape ``(width,)``; zeros of no vectors."""
    total = np.zeros(lattice.shape[1])
    for start in range(0, len(lattice), ROWS):
        total += lattice[start : start + ROWS].sum(axis=0, dtype=np.float64)  # whole numbers: exact in any order
    return np.rint(total / max(1, len(lattice))).astype(np.float32)


def relative_to(origin: NDArray[np.float32], lattice: NDArray[np.float32]) -> NDArray[np.float32]:
    """Directions of lattice vectors from ``origin``, also on the lattice; zeros for a vector that is the origin.

    What all vectors have in common says nothing about how they differ; without it, clusters are found better.
    """
    seen = np.empty(lattice.shape, dtype=np.float32)
    for start in range(0, len(lattice), ROWS):
        apart = (lattice[start : start + ROWS] - origin).astype(np.float64)
        seen[start : start + ROWS] = unit_rows(apart)
    return seen


def seen_from(origin: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Directions of unit vectors from an origin off the lattice, on the lattice."""
    return relative_to(on_lattice(origin), on_lattice(vectors))


def unit_rows(whole: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bring rows of whole numbers to unit length and round them to the lattice; a row of zeros stays one.

    The squares of a row must add up to less than 2**53.
    """
    lengths = np.sqrt(np.square(whole).sum(axis=1))  # a sum of whole numbers: exact
    rounded: NDArray[np.float64] = np.rint(whole * (STEPS / np.maximum(lengths, 1.0))[:, None])
    return rounded.astype(np.float32)


def cosines(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosines of all pairs of two sets of lattice vectors. Shape ``(left, right)``."""
    return np.asarray((left @ right.T) / np.float32(STEPS * STEPS), dtype=np.float32)
