"""Put pinned themes that a new fit did not find again back to where they were.

Invariants, tested: a pinned theme keeps its id, name and prototypes; segments that were its go back to it; the tree
stays in shape.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.steps.themes.geometry.closeness import nearest_of, strength_of
from textcx.steps.themes.geometry.lattice import directions, seen_from
from textcx.steps.themes.geometry.positions import taken_over
from textcx.steps.themes.geometry.tree import DEEPEST, children_of, leaves_below, move, settle_names, tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import Theme, ThemeSet
    from textcx.steps.themes.geometry.positions import KnownVectors
    from textcx.steps.themes.lineage.matching import Relation


def lost_pins(old: ThemeSet, relation: Relation) -> tuple[list[str], list[str]]:
    """Find what must stay because of a pin though it was not found again: leaves, and pinned themes with sub-themes."""
    below = leaves_below(old.themes)
    lost = [theme for theme in old.themes if theme.pinned and theme.theme_id not in relation.pairs]
    leaves = {leaf for theme in lost for leaf in below[theme.theme_id] if leaf not in relation.pairs}
    groups = [theme for theme in lost if below[theme.theme_id] != (theme.theme_id,)]
    groups.sort(key=lambda theme: (theme.level, theme.theme_id))
    return sorted(leaves), [theme.theme_id for theme in groups]


def with_pins(
    carried: ThemeSet, old: ThemeSet, leaves: Sequence[str], groups: Sequence[str], *, known: KnownVectors
) -> ThemeSet:
    """Put pinned themes back, with prototypes, place in the tree and segments.

    Args:
        carried: The new set, with the ids of the old one taken over.
        old: The set before.
        leaves: Ids of the leaves that stay.
        groups: Ids of the themes with sub-themes that stay, coarse ones first.
        known: Vectors of segments that the new set was learned from.
    """
    rows = [row for row, owner in enumerate(old.owners) if owner in leaves]
    back = taken_over(old, old.prototypes[rows], carried)
    owners = [old.owners[row] for row in rows]
    prototypes = {leaf: back[[owner == leaf for owner in owners]] for leaf in leaves}
    themes, dissolved = tidy(_in_tree(carried, old, prototypes, groups), owning={*carried.owners, *owners})
    heirs = {owner: dissolved.get(owner, owner) for owner in (*carried.owners, *owners)}
    kept = {*leaves, *groups}
    ranked = sorted(themes.values(), key=lambda theme: (theme.theme_id not in kept, theme.theme_id))
    whole = replace(
        carried,
        themes=tuple(settle_names(ranked, {}).values()),
        prototypes=np.concatenate([carried.prototypes, back]),
        owners=tuple(heirs[owner] for owner in (*carried.owners, *owners)),
        members=carried.members.with_columns(
            pl.col("theme_id").replace_strict(heirs, default=None, return_dtype=pl.String)
        ),
    )
    return replace(whole, members=_with_their_segments(whole, old, {leaf: heirs[leaf] for leaf in leaves}, known))


def _in_tree(
    carried: ThemeSet, old: ThemeSet, prototypes: dict[str, NDArray[np.float32]], groups: Sequence[str]
) -> dict[str, Theme]:
    """The themes of the new set and the pinned ones; a leaf whose parent is gone comes to where it is nearest."""
    themes = {theme.theme_id: theme for theme in carried.themes}
    before = {theme.theme_id: theme for theme in old.themes}
    below = leaves_below(old.themes)
    for group in groups:
        parent = before[group].parent_theme_id
        inner = {*children_of(themes.values()), *groups}
        fits = parent in inner and parent in themes and themes[parent].level + 1 < DEEPEST
        themes[group] = before[group]
        move(themes, group, parent=parent if fits else None)
    for leaf, place in prototypes.items():
        parent = before[leaf].parent_theme_id
        if parent not in groups and parent not in children_of(themes.values()):
            parent = _beside(carried, place)
        themes[leaf] = before[leaf]
        move(themes, leaf, parent=parent)
    for group in groups:
        for leaf in below[group]:
            if leaf in themes and leaf not in children_of(themes.values()):
                move(themes, leaf, parent=group)
    return themes


def _beside(carried: ThemeSet, prototypes: NDArray[np.float32]) -> str | None:
    """Parent of the leaf nearest to some prototypes; null where it has none."""
    if not carried.owners:
        return None
    ids, found = nearest_of(directions(prototypes), carried.prototypes, carried.owners)
    return carried.theme(ids[found.cosine.argmax()]).parent_theme_id


def _with_their_segments(whole: ThemeSet, old: ThemeSet, heirs: dict[str, str], known: KnownVectors) -> pl.DataFrame:
    """Give the themes that were put back the segments that were theirs, and those of known vectors nearest to them."""
    before = (
        old.members.filter(pl.col("theme_id").is_in(list(heirs)))
        .with_columns(pl.col("theme_id").replace_strict(heirs, return_dtype=pl.String))
        .select("segment_id", before="theme_id", strength_before="strength")
    )
    members = whole.members.join(before, on="segment_id", how="left", maintain_order="left")
    others = members.filter(pl.col("before").is_null())["segment_id"]
    there, vectors = known.find(others.to_list())
    ids, found = nearest_of(seen_from(whole.origin, vectors), whole.prototypes, whole.owners)
    nearer = pl.DataFrame(
        {
            "segment_id": others.filter(pl.Series(there, dtype=pl.Boolean)),
            "nearer": pl.Series(ids, dtype=pl.String),
            "strength_near": strength_of(found, whole.curve),
        }
    ).filter(pl.col("nearer").is_in(list(heirs.values())) & (pl.col("strength_near") > 0))
    return members.join(nearer, on="segment_id", how="left", maintain_order="left").select(
        "segment_id",
        "record_id",
        theme_id=pl.coalesce("before", "nearer", "theme_id"),
        strength=pl.coalesce("strength_before", "strength_near", "strength"),
    )
