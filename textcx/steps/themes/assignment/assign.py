"""Assign segments to the themes of a set, without a new fit.

A segment goes to the seed topic that it matches, else to the theme with the nearest prototype, or to none if it is one
of a kind. Segments the set was learned from keep their theme there, and what a person has put elsewhere goes there.

Invariants, tested: an assignment depends on the segment and the set alone; the same vectors give the same bytes on any
number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.errors import ShapeMismatch
from textcx.steps.themes.assignment.seed_topics import place
from textcx.steps.themes.geometry.closeness import DIGITS, nearest_of, strength_of
from textcx.steps.themes.geometry.lattice import ROWS, cosines, on_lattice, seen_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import ThemeSet

SAME = 0.97
"""Cosine from which a segment says the same as one that a person has put somewhere."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """Theme of each segment (a leaf; null where none) and its strength there, 0..1; 0 where none."""

    theme_ids: list[str | None]
    strengths: NDArray[np.float64]


def assign_themes(
    theme_set: ThemeSet, vectors: NDArray[np.float32], *, segment_ids: Sequence[str] | None = None
) -> Assigned:
    """Assign segments to themes by their vectors, made with the set's encoder: unit length, ``(segments, width)``.

    Segments that the set was learned from keep their theme where their ids are given.

    Raises:
        ShapeMismatch: If the vectors are of another width, or the ids are not as many.
    """
    total = len(vectors)
    if not total:
        return Assigned([], np.zeros(0))
    if vectors.shape[1:] != theme_set.origin.shape:
        msg = (
            f"the theme set takes vectors of width {len(theme_set.origin)}, not of shape {vectors.shape}; use the "
            "encoder it was learned with"
        )
        raise ShapeMismatch(msg)
    if segment_ids is not None and len(segment_ids) != total:
        msg = f"{total} vectors came with {len(segment_ids)} segment ids; there must be one for each"
        raise ShapeMismatch(msg)
    theme_ids, strengths = np.full(total, None, dtype=object), np.zeros(total)
    for start in range(0, total, ROWS):
        rows = slice(start, start + ROWS)
        theme_ids[rows], strengths[rows] = _by_place(theme_set, vectors[rows])
    if segment_ids is not None:
        ids = pl.DataFrame({"segment_id": list(segment_ids)}).with_row_index("row")
        members = ids.join(theme_set.members, on="segment_id", how="inner")
        theme_ids[members["row"]] = members["theme_id"].to_numpy()
        strengths[members["row"]] = members["strength"].fill_null(0.0)
    if len(theme_set.exceptions):
        _put_exceptions(theme_set, vectors, theme_ids, strengths)
    return Assigned(theme_ids.tolist(), strengths)


def _by_place(theme_set: ThemeSet, vectors: NDArray[np.float32]) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Theme and strength by where segments lie: a seed topic takes what it matches, else the nearest prototype."""
    theme_ids, strengths = np.full(len(vectors), None, dtype=object), np.zeros(len(vectors))
    owners, seeds = theme_set.owners, theme_set.seed_topics
    # Of the prototypes of a seed topic only those serve that came to it when themes were merged.
    own = set() if seeds is None else {owners.index(theme) for theme in seeds.theme_ids if theme in owners}
    used = [row for row in range(len(owners)) if row not in own]
    if used:
        relative = seen_from(theme_set.origin, vectors)
        ids, near = nearest_of(relative, theme_set.prototypes[used], [owners[row] for row in used])
        strengths = strength_of(near, theme_set.curve)
        theme_ids[strengths > 0] = ids[strengths > 0]
    if seeds is not None:
        placed = place(seeds, vectors)
        living = np.array([theme in owners for theme in seeds.theme_ids], dtype=bool)  # not merged into another
        taken = (placed.numbers >= 0) & living[placed.numbers]
        theme_ids[taken] = np.array(seeds.theme_ids, dtype=object)[placed.numbers[taken]]
        strengths[taken] = placed.strengths[taken]
    return theme_ids, strengths


def _put_exceptions(
    theme_set: ThemeSet, vectors: NDArray[np.float32], theme_ids: NDArray[np.object_], strengths: NDArray[np.float64]
) -> None:
    """Put segments that say the same as an exception where that was put, in place."""
    exceptions = on_lattice(theme_set.exceptions)
    for start in range(0, len(vectors), ROWS):
        near = cosines(seen_from(theme_set.origin, vectors[start : start + ROWS]), exceptions)
        for row in np.flatnonzero(near.max(axis=1) >= SAME).tolist():
            best = int(near[row].argmax())
            home = theme_set.exception_themes[best]
            known = home in theme_set.owners
            theme_ids[start + row] = home if known else None
            strengths[start + row] = round(float(near[row, best]), DIGITS) if known else 0.0
