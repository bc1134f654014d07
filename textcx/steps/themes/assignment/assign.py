"""Assign segments to the themes of a set, without a new fit.

A segment goes to the seed topic that it matches, else to the theme with the nearest prototype, or to none if it is
one of a kind. Segments the set was learned
from keep the theme they have there, and what a person has put elsewhere goes there.

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
from textcx.steps.themes.geometry.closeness import DIGITS, nearest, strength_of
from textcx.steps.themes.geometry.lattice import ROWS, STEPS, cosines, on_lattice, relative_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import SeedTopics, ThemeSet

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
    """Assign segments to themes.

    Args:
        theme_set: The set.
        vectors: Of the segments, by the encoder the set was made with, unit length. Shape ``(segments, width)``.
        segment_ids: Ids of the segments; those the set was learned from keep their theme.

    Returns:
        Theme and strength of each segment.

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
    names = sorted(set(theme_set.owners))
    numbers, strengths = _by_prototype(theme_set, vectors, names)
    if theme_set.seed_topics is not None:
        _match_seed_topics(theme_set.seed_topics, vectors, names, numbers, strengths)
    if segment_ids is not None and theme_set.members.height:
        _keep_members(theme_set, segment_ids, names, numbers, strengths)
    if len(theme_set.exceptions):
        _put_exceptions(theme_set, vectors, names, numbers, strengths)
    return Assigned([names[number] if number >= 0 else None for number in numbers.tolist()], strengths)


def _by_prototype(
    theme_set: ThemeSet, vectors: NDArray[np.float32], names: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    numbers = np.full(len(vectors), -1, dtype=np.int64)
    strengths = np.zeros(len(vectors))
    # A seed topic takes what it matches; of its prototypes only those serve that came to it when themes were merged.
    seeds = () if theme_set.seed_topics is None else theme_set.seed_topics.theme_ids
    own = {theme_set.owners.index(theme) for theme in seeds if theme in theme_set.owners}
    used = [row for row in range(len(theme_set.owners)) if row not in own]
    if not used:
        return numbers, strengths
    found = sorted({theme_set.owners[row] for row in used})
    number_of = {name: number for number, name in enumerate(found)}
    owners = np.array([number_of[theme_set.owners[row]] for row in used], dtype=np.int64)
    plain = len(found) == len(owners)
    order = np.argsort(owners)
    prototypes = np.rint(theme_set.prototypes[used] * STEPS).astype(np.float32)
    among_all = np.array([names.index(name) for name in found], dtype=np.int64)
    prototypes = prototypes[order] if plain else prototypes
    origin = np.rint(theme_set.origin * STEPS).astype(np.float32)
    for start in range(0, len(vectors), ROWS):
        relative = relative_to(origin, on_lattice(vectors[start : start + ROWS]))
        near = nearest(relative, prototypes, None if plain else owners)
        strength = strength_of(near, theme_set.curve)
        numbers[start : start + ROWS] = np.where(strength > 0, among_all[near.own], -1)
        strengths[start : start + ROWS] = strength
    return numbers, strengths


def _match_seed_topics(
    seed_topics: SeedTopics,
    vectors: NDArray[np.float32],
    names: list[str],
    numbers: NDArray[np.int64],
    strengths: NDArray[np.float64],
) -> None:
    """Let seed topics take what they match; one that is in the set no more, such as a merged one, takes nothing."""
    placed = place(seed_topics, vectors)
    known = np.array([names.index(theme) if theme in names else -1 for theme in seed_topics.theme_ids], dtype=np.int64)
    taken = np.where(placed.numbers >= 0, known[placed.numbers], -1) >= 0
    numbers[taken] = known[placed.numbers[taken]]
    strengths[taken] = placed.strengths[taken]


def _keep_members(
    theme_set: ThemeSet,
    segment_ids: Sequence[str],
    names: list[str],
    numbers: NDArray[np.int64],
    strengths: NDArray[np.float64],
) -> None:
    """Give segments that were learned from the theme they have in the set."""
    known_names = pl.DataFrame({"theme_id": names, "number": range(len(names))}, schema_overrides={"number": pl.Int64})
    known = (
        pl.DataFrame({"segment_id": list(segment_ids)})
        .with_row_index("row")
        .join(theme_set.members.select("segment_id", "theme_id", "strength"), on="segment_id", how="inner")
        .join(known_names, on="theme_id", how="left")
    )
    rows = known["row"].to_numpy()
    numbers[rows] = known["number"].fill_null(-1).to_numpy()
    strengths[rows] = known["strength"].fill_null(0.0).to_numpy()


def _put_exceptions(
    theme_set: ThemeSet,
    vectors: NDArray[np.float32],
    names: list[str],
    numbers: NDArray[np.int64],
    strengths: NDArray[np.float64],
) -> None:
    """Put segments that say the same as an exception where that was put."""
    known: dict[str | None, int] = {name: number for number, name in enumerate(names)}
    origin = np.rint(theme_set.origin * STEPS).astype(np.float32)
    exceptions = np.rint(theme_set.exceptions * STEPS).astype(np.float32)
    for start in range(0, len(vectors), ROWS):
        near = cosines(relative_to(origin, on_lattice(vectors[start : start + ROWS])), exceptions)
        best = near.argmax(axis=1)
        close = near[np.arange(len(near)), best]
        for row in np.flatnonzero(close >= SAME).tolist():
            number = known.get(theme_set.exception_themes[int(best[row])], -1)
            numbers[start + row] = number
            strengths[start + row] = round(float(close[row]), DIGITS) if number >= 0 else 0.0
