"""Where themes and segments of a set lie, and the vectors that are still known.

Everything is compared on the lattice, as when segments are assigned, so that the result is exact.

Invariants, tested: the same vectors in another order give the same parts; a point taken to another origin and back is
where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from textcx.steps.themes.geometry.closeness import Closeness, nearest
from textcx.steps.themes.geometry.lattice import STEPS, cosines, on_lattice, relative_to, unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import ThemeSet

VectorsOf = Mapping[str, "NDArray[np.floating]"] | Callable[[str], "NDArray[np.floating] | None"]
"""Unit vectors by segment id, relative to nothing; the callable returns null for a segment that it does not know."""

ROUNDS = 50
STARTS = 8
"""Rounds of k-means at most, and seeded starts of which the best counts."""


class KnownVectors:
    """The vectors of segments that are still known: given by the caller, or kept in the sample of a set."""

    def __init__(self, theme_set: ThemeSet, more: VectorsOf | None = None) -> None:
        self._more = more
        self._sample = theme_set.sample
        self._rows = {segment: row for row, segment in enumerate(theme_set.sample_ids)}
        self.width = len(theme_set.origin)

    def get(self, segment_id: str) -> NDArray[np.float32] | None:
        """Vector of a segment, unit length; null where it is not known. Shape ``(width,)``."""
        row = self._rows.get(segment_id)
        if row is not None:
            return np.asarray(self._sample[row], dtype=np.float32)
        if self._more is None:
            return None
        found = self._more.get(segment_id) if isinstance(self._more, Mapping) else self._more(segment_id)
        return None if found is None else np.asarray(found, dtype=np.float32)

    def find(self, segment_ids: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which of some segments have a known vector, and these vectors. Shapes ``(segments,)``, ``(known, width)``."""
        found = [self.get(segment) for segment in segment_ids]
        known = [vector for vector in found if vector is not None]
        matrix = np.stack(known) if known else np.zeros((0, self.width), dtype=np.float32)
        return np.array([vector is not None for vector in found], dtype=bool), matrix


def directions(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Bring vectors to unit length and onto the lattice; zeros stay zeros. Shape ``(vectors, width)``, as given."""
    plain = np.asarray(vectors, dtype=np.float64)
    lengths = np.sqrt(np.square(plain).sum(axis=1, keepdims=True))
    return on_lattice((plain / np.maximum(lengths, 1e-12)).astype(np.float32))


def seen_from(origin: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Directions of vectors as seen from an origin, on the lattice. Shape ``(vectors, width)``, as given."""
    return relative_to(on_lattice(origin), on_lattice(vectors))


def plain(lattice: NDArray[np.float32]) -> NDArray[np.float32]:
    """Directions on the lattice as a set keeps them: of unit length."""
    return (lattice.astype(np.float64) / STEPS).astype(np.float32)


def places(theme_set: ThemeSet, prototypes: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
    """Where prototypes lie, relative to nothing. Shape ``(prototypes, width)``.

    A prototype is a direction; the point meant is as far from the origin as vectors are on average.

    Args:
        theme_set: The set.
        prototypes: Directions from its origin; its own prototypes by default.
    """
    origin = theme_set.origin.astype(np.float64)
    reach = np.sqrt(max(0.0, 1.0 - float(np.square(origin).sum())))
    which = theme_set.prototypes if prototypes is None else prototypes
    return np.asarray(origin + reach * which.astype(np.float64), dtype=np.float64)


def taken_over(old: ThemeSet, vectors: NDArray[np.float32], new: ThemeSet) -> NDArray[np.float32]:
    """Directions from the origin of one set as directions from that of another. Shape ``(vectors, width)``, as given.

    Args:
        old: The set whose origin the directions are from.
        vectors: Unit vectors.
        new: The set from whose origin they are wanted.
    """
    if not len(vectors) or np.array_equal(old.origin, new.origin):
        return vectors.reshape(-1, len(new.origin))
    return plain(directions(places(old, vectors) - new.origin.astype(np.float64)))


def nearest_of(
    relative: NDArray[np.float32], prototypes: NDArray[np.float32], owners: Sequence[str]
) -> tuple[list[str], Closeness]:
    """Nearest theme of each direction.

    Args:
        relative: Directions on the lattice. Shape ``(segments, width)``.
        prototypes: Unit vectors from the same origin, at least one. Shape ``(prototypes, width)``.
        owners: Theme of each prototype.

    Returns:
        Theme ids, and how close they are. Of two equally near themes, the one whose id comes first.
    """
    names = sorted(set(owners))
    number = {name: place for place, name in enumerate(names)}
    found = nearest(relative, on_lattice(prototypes), np.array([number[owner] for owner in owners], dtype=np.int64))
    return [names[place] for place in found.own.tolist()], found


def in_parts(relative: NDArray[np.float32], *, parts: int) -> NDArray[np.float32] | None:
    """Middles of the parts that directions fall into by spherical k-means (Dhillon and Modha, 2001).

    Args:
        relative: Directions on the lattice. Shape ``(segments, width)``.
        parts: Parts wanted, at least 2.

    Returns:
        Directions on the lattice, that of the largest part first. Shape ``(parts, width)``; null where there are fewer
        different directions than parts.
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
    for _ in range(parts - 1):
        far = np.clip(1.0 - cosines(points, points[chosen]).max(axis=1).astype(np.float64), 0.0, None) * counts
        far[chosen] = 0.0
        chosen.append(
            int(random.choice(len(points), p=far / far.sum())) if far.sum() > 0 else _free(len(points), chosen)
        )
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


def _free(total: int, chosen: Sequence[int]) -> int:
    return next(row for row in range(total) if row not in chosen)
