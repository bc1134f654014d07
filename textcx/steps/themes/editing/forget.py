"""Take records out of a theme set: what a person wrote must not stay in it once they are erased.

A set holds no text, but which segment raised which theme, and the vectors of some segments. Both go, and so do vectors
without an id (those that a person's edit keeps, and the background of seed topics) that are those of the segments.
Themes stay, with their names and with their prototypes: means over many segments, as figures are.

Invariants, tested: nothing that is kept names a record that was taken out; the other segments stay where they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.steps.sentiment.encode import unit_length
from textcx.steps.themes.geometry.lattice import STEPS, cosines, on_lattice, relative_to

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import ThemeSet

THE_SAME = 0.9995
"""Cosine from which two vectors are taken to be one: they are kept rounded."""


def without_records(
    theme_set: ThemeSet, record_ids: Collection[str], *, vectors: NDArray[np.floating[Any]]
) -> ThemeSet:
    """Return a set without some records.

    Args:
        theme_set: The set.
        record_ids: The records.
        vectors: Those of their segments, of any length. Shape ``(segments, width)``; of another width where they were
            made by another encoder than the set, and then of no use here.
    """
    left = _with_members(theme_set, ~pl.col("record_id").is_in(list(record_ids)))
    if not len(vectors) or vectors.shape[1] != len(theme_set.origin):
        return left
    unit = unit_length(vectors)
    others = ~_among(left.exceptions, unit, origin=left.origin)
    left = replace(
        left,
        exceptions=left.exceptions[others],
        exception_themes=tuple(np.asarray(left.exception_themes, dtype=object)[others]),
    )
    if left.seed_topics is None:
        return left
    background = left.seed_topics.background[~_among(left.seed_topics.background, unit, origin=left.seed_topics.origin)]
    return replace(left, seed_topics=replace(left.seed_topics, background=background) if len(background) else None)


def only_records(theme_set: ThemeSet, record_ids: Collection[str]) -> ThemeSet:
    """Return a set that knows, of the segments it was learned from, only those of some records."""
    return _with_members(theme_set, pl.col("record_id").is_in(list(record_ids)))


def _with_members(theme_set: ThemeSet, stays: pl.Expr) -> ThemeSet:
    members = theme_set.members.filter(stays)
    if members.height == theme_set.members.height:
        return theme_set
    there = pl.Series("segment_id", theme_set.sample_ids, dtype=pl.String).is_in(members["segment_id"].to_list())
    return replace(
        theme_set,
        members=members,
        sample_ids=tuple(segment_id for segment_id, kept in zip(theme_set.sample_ids, there, strict=True) if kept),
        sample=theme_set.sample[there.to_numpy()],
    )


def _among(rows: NDArray[np.float32], unit: NDArray[np.float32], *, origin: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark the rows, relative to ``origin``, that are one of the vectors. Shape ``(rows,)``."""
    if not len(rows):
        return np.zeros(0, dtype=bool)
    theirs = relative_to(np.rint(origin * STEPS).astype(np.float32), on_lattice(unit))
    near = cosines(np.rint(rows * STEPS).astype(np.float32), theirs)
    found: NDArray[np.bool_] = near.max(axis=1) >= THE_SAME
    return found
