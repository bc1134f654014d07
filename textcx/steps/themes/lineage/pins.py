"""Put pinned themes that a new fit did not find again back to where they were.

Invariants, tested: a pinned theme keeps its id, name and prototypes; segments that were its go back to it; the tree
stays in shape.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.steps.themes.geometry.closeness import strength_of
from textcx.steps.themes.geometry.positions import directions, nearest_of, seen_from, taken_over
from textcx.steps.themes.geometry.tree import children_of, height, leaves_below, move, tidy, unique_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textcx.domain.themes.sets import Theme, ThemeSet
    from textcx.steps.themes.geometry.positions import KnownVectors
    from textcx.steps.themes.lineage.matching import Relation

DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays because of a pin though it was not found again: leaves, and pinned themes with sub-themes. Old ids."""

    leaves: tuple[str, ...]
    groups: tuple[str, ...]


def lost_pins(old: ThemeSet, relation: Relation) -> Kept:
    """Find the pinned themes of the set before that have no counterpart, and the leaves that are lost with them."""
    below = leaves_below(old.themes)
    lost = [theme for theme in old.themes if theme.pinned and theme.theme_id not in relation.pairs]
    groups = [theme for theme in lost if below[theme.theme_id] != (theme.theme_id,)]
    leaves = {leaf for theme in lost for leaf in below[theme.theme_id] if leaf not in relation.pairs}
    groups.sort(key=lambda theme: (theme.level, theme.theme_id))
    return Kept(tuple(sorted(leaves)), tuple(theme.theme_id for theme in groups))


def with_pins(carried: ThemeSet, old: ThemeSet, kept: Kept, known: KnownVectors) -> ThemeSet:
    """Put pinned themes back, with prototypes, place in the tree and segments.

    Args:
        carried: The new set, with the ids of the old one taken over.
        old: The set before.
        kept: What stays.
        known: Vectors of segments that the new set was learned from.
    """
    rows = [row for row, owner in enumerate(old.owners) if owner in kept.leaves]
    prototypes = np.concatenate([carried.prototypes, taken_over(old, old.prototypes[rows], carried)])
    owners = (*carried.owners, *(old.owners[row] for row in rows))
    themes = _in_tree(carried, old, kept, prototypes=prototypes, owners=owners)
    themes, dissolved = tidy(themes, owning=set(owners))
    heirs = {owner: dissolved.get(owner, owner) for owner in owners}
    whole = replace(
        carried,
        themes=tuple(_others_give_way(themes, {*kept.leaves, *kept.groups}).values()),
        prototypes=prototypes,
        owners=tuple(heirs[owner] for owner in owners),
        members=carried.members.with_columns(
            pl.col("theme_id").replace_strict(heirs, default=None, return_dtype=pl.String)
        ),
    )
    return replace(whole, members=_come_home(whole, old, {leaf: heirs[leaf] for leaf in kept.leaves}, known))


def _in_tree(
    carried: ThemeSet, old: ThemeSet, kept: Kept, *, prototypes: NDArray[np.float32], owners: tuple[str, ...]
) -> dict[str, Theme]:
    themes = {theme.theme_id: theme for theme in carried.themes}
    before = {theme.theme_id: theme for theme in old.themes}
    below = leaves_below(old.themes)
    for group in kept.groups:
        parent = before[group].parent_theme_id
        inner = {*children_of(themes.values()), *kept.groups}
        fits = parent is not None and parent in inner and parent in themes and themes[parent].level + 1 < DEEPEST
        themes[group] = replace(before[group], parent_theme_id=None)
        move(themes, group, parent=parent if fits else None)
    for leaf in kept.leaves:
        parent = before[leaf].parent_theme_id
        if parent not in kept.groups and parent not in children_of(themes.values()):
            own = [row for row, owner in enumerate(owners) if owner == leaf]
            parent = _beside(carried, prototypes[own])
        themes[leaf] = replace(before[leaf], parent_theme_id=None)
        move(themes, leaf, parent=parent)
    for group in kept.groups:
        for leaf in below[group]:
            if leaf in themes and height(themes, leaf) == 0:
                move(themes, leaf, parent=group)
    return themes


def _beside(carried: ThemeSet, prototypes: NDArray[np.float32]) -> str | None:
    """Parent of the leaf nearest to some prototypes; null where it has none."""
    if not carried.owners:
        return None
    names, found = nearest_of(directions(prototypes), carried.prototypes, carried.owners)
    return carried.theme(names[int(found.cosine.argmax())]).parent_theme_id


def _others_give_way(themes: dict[str, Theme], kept: set[str]) -> dict[str, Theme]:
    """Rename themes that go by the name of one that was put back."""
    taken = {theme.name.casefold() for theme_id, theme in themes.items() if theme_id in kept}
    settled = {}
    for theme_id, theme in sorted(themes.items()):
        name = theme.name if theme_id in kept else unique_name(theme.name, theme.keywords, taken)
        taken.add(name.casefold())
        settled[theme_id] = replace(theme, name=name)
    return settled


def _come_home(whole: ThemeSet, old: ThemeSet, heirs: dict[str, str], known: KnownVectors) -> pl.DataFrame:
    """Give the themes that were put back the segments that were theirs, and those of known vectors nearest to them."""
    home = (
        old.members.filter(pl.col("theme_id").is_in(list(heirs)))
        .with_columns(pl.col("theme_id").replace_strict(heirs, return_dtype=pl.String))
        .select("segment_id", home="theme_id", as_before="strength")
    )
    members = whole.members.join(home, on="segment_id", how="left", maintain_order="left")
    others = members.filter(pl.col("home").is_null())["segment_id"].to_list()
    at, vectors = known.find(others)
    nearer: list[tuple[str, str, float]] = []
    if len(vectors):
        names, found = nearest_of(seen_from(whole.origin, vectors), whole.prototypes, whole.owners)
        strengths = strength_of(found, whole.curve)
        segments = [segment for segment, there in zip(others, at.tolist(), strict=True) if there]
        own = set(heirs.values())
        nearer = [
            (segment, name, strength)
            for segment, name, strength in zip(segments, names, strengths.tolist(), strict=True)
            if name in own and strength > 0
        ]
    schema = {"segment_id": pl.String, "nearer": pl.String, "as_near": pl.Float64}
    found_frame = pl.DataFrame(nearer, schema=schema, orient="row")
    return members.join(found_frame, on="segment_id", how="left", maintain_order="left").select(
        "segment_id",
        "record_id",
        theme_id=pl.coalesce("home", "nearer", "theme_id"),
        strength=pl.coalesce("as_before", "as_near", "strength"),
    )
