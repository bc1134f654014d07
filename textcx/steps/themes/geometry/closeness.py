"""How close vectors are to the themes of a set, and what strength that gives. Everything on the lattice, so exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textcx.steps.themes.geometry.lattice import ROWS, STEPS, cosines, on_lattice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import StrengthCurve

DIGITS = 4
"""Decimals of a strength."""

FURTHEST = -1.0

NOTHING_LEFT = 1e-3
"""Squared length below which a sum of unit vectors is only what the lattice rounds."""


@dataclass(frozen=True, slots=True)
class Closeness:
    """The number of the theme each vector is compared with, its cosine to it, and its lead over the best other one.

    All of shape ``(vectors,)``.
    """

    own: NDArray[np.int64]
    cosine: NDArray[np.float64]
    margin: NDArray[np.float64]


def nearest(relative: NDArray[np.float32], prototypes: NDArray[np.float32]) -> Closeness:
    """Find the nearest of at least one prototype; vectors and prototypes are directions on the lattice."""
    return compare(relative, prototypes, owners=None, own=None)


def compare(
    relative: NDArray[np.float32],
    prototypes: NDArray[np.float32],
    *,
    owners: NDArray[np.int64] | None,
    own: NDArray[np.int64] | None,
) -> Closeness:
    """Compare vectors with their ``own`` themes, by number, or with the nearest ones where that is null.

    Vectors and prototypes are directions on the lattice. ``owners`` gives the number of the theme of each prototype,
    from 0 without a gap; null: each its own.
    """
    if owners is not None:
        order = np.argsort(owners, kind="stable")
        prototypes = prototypes[order]
        firsts = np.flatnonzero(np.diff(owners[order], prepend=-1))
    total = len(relative)
    themes = np.empty(total, dtype=np.int64)
    cosine, margin = np.empty(total), np.empty(total)
    for start in range(0, total, ROWS):
        near = cosines(relative[start : start + ROWS], prototypes)
        if owners is not None:
            near = np.maximum.reduceat(near, firsts, axis=1)
        rows = np.arange(len(near))
        chosen = near.argmax(axis=1) if own is None else own[start : start + ROWS]
        best = near[rows, chosen].copy()
        near[rows, chosen] = FURTHEST
        themes[start : start + ROWS] = chosen
        cosine[start : start + ROWS] = best
        margin[start : start + ROWS] = best - near.max(axis=1)
    return Closeness(themes, cosine, margin)


def nearest_of(
    relative: NDArray[np.float32], prototypes: NDArray[np.float32], owners: Sequence[str]
) -> tuple[NDArray[np.object_], Closeness]:
    """Find the theme nearest to each direction on the lattice; of two equally near ones, that whose id comes first.

    Prototypes are unit vectors from the same origin, ``owners`` their theme ids.

    Returns:
        Theme ids, shape ``(segments,)``, and how close they are.
    """
    ids, numbers = np.unique(np.array(owners, dtype=object), return_inverse=True)
    found = compare(relative, on_lattice(prototypes), owners=numbers, own=None)
    return ids[found.own], found


def without_itself(cosine: NDArray[np.float64], sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine of vectors to the centroid of the others of their theme, from that to the centroid of all.

    A small heap of unrelated vectors is near its own centroid only because each of them is in it. ``sums`` gives the
    length of the sum of all members' unit vectors, for each vector's theme.
    """
    along = cosine * sums
    rest = sums**2 - 2.0 * along + 1.0
    return np.where(rest < NOTHING_LEFT, 1.0, (along - 1.0) / np.sqrt(np.maximum(rest, NOTHING_LEFT)))


def strength_of(closeness: Closeness, curve: StrengthCurve) -> NDArray[np.float64]:
    """Strength of each vector in its theme, 0..1; 0 where it is too far from it to belong there."""
    logit = curve.bias + curve.by_cosine * closeness.cosine + curve.by_margin * closeness.margin
    strength = np.round(1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))), DIGITS)
    floor = 10.0**-DIGITS  # a member has some strength
    return np.where(closeness.cosine >= curve.least, np.maximum(strength, floor), 0.0)


def length_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths of sums of lattice vectors, in unit vectors."""
    return np.asarray(np.sqrt(np.square(sums).sum(axis=1)) / STEPS, dtype=np.float64)
