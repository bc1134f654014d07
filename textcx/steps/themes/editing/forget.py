"""Take records out of a theme set: what a person wrote must not stay in it once they are erased.

A set holds no text, but which segment raised which theme, and the vectors of some segments. Both go, and so do
exceptions, which have no id, where their vectors are those of the segments. Themes stay, with their names and with
their prototypes: means over many segments, as figures are.

Invariants, tested: nothing that is kept names a record that was taken out; the other segments stay where they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.steps.sentiment.encode import unit_length
from textcx.steps.themes.geometry.lattice import cosines, on_lattice, seen_from

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import ThemeSet

THE_SAME = 0.9995
"""Cosine from which two vectors are taken to be one: they are kept rounded."""


def without_records(
    theme_set: ThemeSet, record_ids: Collection[str], *, vectors: NDArray[np.floating[Any]]
) -> ThemeSet:
    """Return a set without some records; ``vectors`` are those of their segments. Shape ``(segments, width)``.

    They may be of any length, and of another width where another encoder made them; then they are of no use here.
    """
    left = _with_members(theme_set, ~pl.col("record_id").is_in(list(record_ids)))
    if not len(vectors) or vectors.shape[1] != len(theme_set.origin):
        return left
    unit = unit_length(vectors)
    stays = _unlike(left.exceptions, unit, origin=left.origin)
    return replace(
        left,
        exceptions=left.exceptions[stays],
        exception_themes=tuple(left.exception_themes[row] for row in stays),
    )


def only_records(theme_set: ThemeSet, record_ids: Collection[str]) -> ThemeSet:
    """Return a set that knows, of the segments it was learned from, only those of some records."""
    return _with_members(theme_set, pl.col("record_id").is_in(list(record_ids)))


def _with_members(theme_set: ThemeSet, stays: pl.Expr) -> ThemeSet:
    members = theme_set.members.filter(stays)
    if members.height == theme_set.members.height:
        return theme_set
    kept = set(members["segment_id"])
    rows = [row for row, segment_id in enumerate(theme_set.sample_ids) if segment_id in kept]
    return replace(
        theme_set,
        members=members,
        sample_ids=tuple(theme_set.sample_ids[row] for row in rows),
        sample=theme_set.sample[rows],
    )


def _unlike(rows: NDArray[np.float32], unit: NDArray[np.float32], *, origin: NDArray[np.float32]) -> list[int]:
    """Numbers of the rows, relative to ``origin``, that are none of the vectors."""
    if not len(rows):
        return []
    near = cosines(on_lattice(rows), seen_from(origin, unit))
    return np.flatnonzero(near.max(axis=1) < THE_SAME).tolist()
