"""Where the themes of a set lie, how close vectors are to them, and what strength that gives; on the lattice, so exact.

Invariants, tested: the same vectors in another order give the same parts; a point taken to another origin and back is
where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textcx.steps.themes.geometry.lattice import ROWS, STEPS, cosines, directions, off_lattice, on_lattice, unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import StrengthCurve, ThemeSet

    VectorsOf = Callable[[str], NDArray[np.floating] | None]
    """Gives the unit vector of a segment by its id; null for a segment it does not know."""

DIGITS, FURTHEST = 4, -1.0
"""Decimals of a strength, and the least cosine."""

ROUNDS, STARTS = 50, 8
"""Rounds of k-means at most, and seeded starts of which the best counts."""

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
        if owners is not None and len(firsts) < len(prototypes):
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
    """Find the id of the theme nearest to each direction on the lattice, and how close; of equals the first by id.

    Prototypes are unit vectors from the same origin, ``owners`` their theme ids.
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


def known_vectors(
    theme_set: ThemeSet, segment_ids: Sequence[str], more: VectorsOf | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Look segments up in the sample of a set and in ``more``: which have a known vector, and these vectors."""
    rows = {segment: row for row, segment in enumerate(theme_set.sample_ids)}
    look_up = more or (lambda _: None)
    found = [theme_set.sample[rows[each]] if each in rows else look_up(each) for each in segment_ids]
    vectors = [vector for vector in found if vector is not None]
    matrix = np.array(vectors, dtype=np.float32).reshape(-1, len(theme_set.origin))
    return np.array([vector is not None for vector in found], dtype=bool), matrix


def places(theme_set: ThemeSet, prototypes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Points that directions from a set's origin stand for: as far from it as vectors are on average."""
    origin = theme_set.origin.astype(np.float64)
    reach = np.sqrt(max(0.0, 1.0 - float(np.square(origin).sum())))
    return np.asarray(origin + reach * prototypes.astype(np.float64), dtype=np.float64)


def taken_over(old: ThemeSet, vectors: NDArray[np.float32], new: ThemeSet) -> NDArray[np.float32]:
    """Turn unit vectors that are directions from the origin of ``old`` into directions from that of ``new``."""
    if not len(vectors) or np.array_equal(old.origin, new.origin):
        return vectors.reshape(-1, len(new.origin))
    return off_lattice(directions(places(old, vectors) - new.origin.astype(np.float64)))


def in_parts(relative: NDArray[np.float32], *, parts: int) -> NDArray[np.float32] | None:
    """Middles of the parts that directions on the lattice fall into by spherical k-means (Dhillon and Modha, 2001).

    Also on the lattice, that of the largest part first; null where there are fewer different directions than parts.
    """
    different, counts = np.unique(relative, axis=0, return_counts=True)  # a fixed order, whatever the order given
    if len(different) < parts:
        return None
    found = [_k_means(different, counts, parts=parts, seed=seed) for seed in range(STARTS)]
    middles, labels, _ = max(found, key=lambda each: each[2])
    sizes = np.bincount(labels, weights=counts, minlength=parts)
    order = sorted(range(parts), key=lambda part: (-sizes[part], middles[part].tolist()))
    return middles[order]


def _k_means(
    points: NDArray[np.float32], counts: NDArray[np.int64], *, parts: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], float]:
    """One run from seeded starts far from each other; the middles, the part of each point, and how close they are."""
    random = np.random.default_rng(seed)
    chosen = [int(random.integers(len(points)))]
    while len(chosen) < parts:
        far = np.clip(1.0 - cosines(points, points[chosen]).max(axis=1).astype(np.float64), 0.0, None) * counts
        far[chosen] = 0.0
        if far.any():
            chosen.append(int(random.choice(len(points), p=far / far.sum())))
        else:
            chosen.append(min(set(range(len(points))) - set(chosen)))
    middles = points[chosen]
    labels = np.full(len(points), -1, dtype=np.int64)
    for _ in range(ROUNDS):
        near = cosines(points, middles)
        again = near.argmax(axis=1).astype(np.int64)
        if np.array_equal(again, labels):
            break
        labels = again
        sums = np.zeros(middles.shape)
        np.add.at(sums, labels, points.astype(np.float64) * counts[:, None])
        middles = np.where(sums.any(axis=1, keepdims=True), unit_rows(sums), middles)
    close = cosines(points, middles)[np.arange(len(points)), labels].astype(np.float64)
    return middles, labels, round(float((close * counts).sum()), 6)
