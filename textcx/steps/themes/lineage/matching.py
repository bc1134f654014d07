"""Find the themes of one set again in another: which is which, and where the members of the others went.

Leaves are matched by two likenesses. One compares where their prototypes lie, as seen from the middle of the two sets'
origins. The other is the Jaccard overlap of their members, counted over the segments that both sets know; it weighs the
more, the more such segments the two leaves have. The best one-to-one assignment is taken (Kuhn, 1955). Coarser themes
are then matched by the leaves below them, level by level from the top, and a theme on a coarse level may be found again
in one that has got sub-themes since, or has lost them.

Invariants, tested: the order of themes and members never matters; every theme has at most one counterpart; a given
theme is only ever itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import scipy  # its subpackages load when they are first used

from textcx.domain.themes.sets import ThemeKind
from textcx.steps.themes.geometry.lattice import cosines
from textcx.steps.themes.geometry.positions import directions, places
from textcx.steps.themes.geometry.tree import leaves_below

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import ThemeSet

MEMBERS_WEIGHT = 0.6
"""Weight of the members' overlap where two leaves have very many segments that both sets know."""

HALF_WEIGHT = 10
"""Such segments with which the overlap has half of that weight."""

NO_LIKENESS = 0.4
"""Cosine of two leaves from which down they are not alike at all; likeness grows evenly from there to 1."""

SAME = 0.5
"""Likeness from which a leaf is the same as before. By vectors alone, that is a cosine of 0.7."""

SAME_GROUP = 0.4
"""Share of leaves, weighed by size, that two coarser themes must have in common, of all that either has."""

FAIR_SHARE = 0.2
"""Least share of a theme's members that a part of it must take, for the theme to count as split."""

MOSTLY = 0.5
"""Share of its members that a part must have from the theme it was split from, and that a merged theme must bring."""

NEAR = 0.65
"""Cosine from which a leaf without a counterpart is said to come from, or go into, the nearest one."""

ENOUGH_MEMBERS = 10
"""Segments known to both sets from which members, not vectors, tell where a leaf's members went."""


@dataclass(slots=True)
class Relation:
    """How the themes of two sets hang together.

    ``pairs``: old id to new id, one to one. ``splits``: old id to its parts, new ids, the larger first, its counterpart
    among them if it has one. ``merges``: new id to the old ids it was made of, in the same way.
    """

    pairs: dict[str, str] = field(default_factory=dict)
    splits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    merges: dict[str, tuple[str, ...]] = field(default_factory=dict)


def relate(old: ThemeSet, new: ThemeSet) -> Relation:
    """Find the themes of a set again in another made with the same encoder.

    Args:
        old: The set before.
        new: The set after.

    Returns:
        How they hang together, on all levels.
    """
    ours, theirs = sorted(leaf.theme_id for leaf in old.leaves()), sorted(leaf.theme_id for leaf in new.leaves())
    relation = Relation()
    if not ours or not theirs:
        return relation
    shared = _shared(old, new, ours, theirs)
    near = _cosines(old, new, ours, theirs)
    allowed, forced = _kinds(old, new, ours, theirs)
    likeness = np.where(allowed, _likeness(near, shared), 0.0)
    likeness[forced] = 1.0
    chosen = _assign(likeness, least=SAME)
    old_sizes, new_sizes = _sizes(old, ours), _sizes(new, theirs)
    to, back = (np.where(allowed, share, 0.0) for share in _shares(near, shared, chosen, old=old_sizes, new=new_sizes))
    leaves = _Leaves(ours, theirs, old_sizes, new_sizes, to, back)
    _tell(relation, ours, theirs, chosen, to=to, back=back)
    for level in (1, 2):
        _match_level(relation, old, new, leaves, level=level)
    return relation


@dataclass(frozen=True, slots=True)
class _Shared:
    """Segments that both sets know: how many each pair of leaves has, and each leaf has in all."""

    pairs: NDArray[np.float64]
    old: NDArray[np.float64]
    new: NDArray[np.float64]


def _shared(old: ThemeSet, new: ThemeSet, ours: Sequence[str], theirs: Sequence[str]) -> _Shared:
    both = old.members.select("segment_id", old="theme_id").join(
        new.members.select("segment_id", new="theme_id"), on="segment_id"
    )
    counts = both.group_by("old", "new").len()
    rows, columns = {each: n for n, each in enumerate(ours)}, {each: n for n, each in enumerate(theirs)}
    table = np.zeros((len(ours) + 1, len(theirs) + 1))  # the last of each: no theme
    for one, other, count in counts.iter_rows():
        table[rows.get(one, -1), columns.get(other, -1)] += count
    return _Shared(table[:-1, :-1], table[:-1].sum(axis=1), table[:, :-1].sum(axis=0))


def _cosines(old: ThemeSet, new: ThemeSet, ours: Sequence[str], theirs: Sequence[str]) -> NDArray[np.float64]:
    """Cosines of the leaves of two sets, as seen from the middle between their origins."""
    middle = (old.origin.astype(np.float64) + new.origin.astype(np.float64)) / 2
    one = directions(_mean_places(old, ours) - middle)
    other = directions(_mean_places(new, theirs) - middle)
    return cosines(one, other).astype(np.float64)


def _mean_places(theme_set: ThemeSet, leaves: Sequence[str]) -> NDArray[np.float64]:
    place, owners = places(theme_set), np.array(theme_set.owners)
    rows = [np.flatnonzero(owners == leaf) for leaf in leaves]
    return np.stack([place[own].mean(axis=0) if len(own) else theme_set.origin.astype(np.float64) for own in rows])


def _kinds(
    old: ThemeSet, new: ThemeSet, ours: Sequence[str], theirs: Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pairs may be matched at all, and which must be: a given theme is itself, and nothing else is."""
    one = {theme.theme_id for theme in old.themes if theme.kind is ThemeKind.GIVEN}
    other = {theme.theme_id for theme in new.themes if theme.kind is ThemeKind.GIVEN}
    found = np.outer([each not in one for each in ours], [each not in other for each in theirs])
    forced = np.array([[mine in one and mine in other and mine == yours for yours in theirs] for mine in ours])
    return found | forced, forced


def _likeness(near: NDArray[np.float64], shared: _Shared) -> NDArray[np.float64]:
    union = shared.old[:, None] + shared.new[None, :] - shared.pairs
    weight = MEMBERS_WEIGHT * union / (union + HALF_WEIGHT)
    overlap = shared.pairs / np.maximum(union, 1.0)
    by_place = np.clip((near - NO_LIKENESS) / (1.0 - NO_LIKENESS), 0.0, 1.0)
    return np.asarray(weight * overlap + (1.0 - weight) * by_place, dtype=np.float64)


def _assign(likeness: NDArray[np.float64], *, least: float) -> dict[int, int]:
    """Best one-to-one assignment of rows to columns, of those alike enough."""
    worth = np.round(np.where(likeness >= least, likeness, 0.0), 6)
    rows, columns = scipy.optimize.linear_sum_assignment(worth, maximize=True)
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if worth[row, column] > 0.0}


def _sizes(theme_set: ThemeSet, leaves: Sequence[str]) -> NDArray[np.float64]:
    counted = dict(theme_set.members.drop_nulls("theme_id")["theme_id"].value_counts().iter_rows())
    size = np.array([max(1, counted.get(leaf, 0)) for leaf in leaves], dtype=np.float64)
    return np.asarray(size / size.sum(), dtype=np.float64)


def _shares(
    near: NDArray[np.float64],
    shared: _Shared,
    chosen: dict[int, int],
    *,
    old: NDArray[np.float64],
    new: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of each old leaf that went to each new one, and share of each new leaf that came from each old one.

    Counted where a leaf has enough segments that both sets know; elsewhere told by its counterpart and, for the leaves
    that have none, by the nearest leaf.
    """
    linked = np.zeros(near.shape)
    for row, column in chosen.items():
        linked[row, column] = 1.0
    for column in set(range(near.shape[1])) - set(chosen.values()):
        row = int(near[:, column].argmax())
        linked[row, column] = near[row, column] >= NEAR
    for row in set(range(near.shape[0])) - set(chosen):
        column = int(near[row].argmax())
        linked[row, column] = max(linked[row, column], near[row, column] >= NEAR)
    to, back = linked * new[None, :], linked * old[:, None]
    to /= np.maximum(to.sum(axis=1, keepdims=True), 1e-12)
    back /= np.maximum(back.sum(axis=0, keepdims=True), 1e-12)
    counted_to = shared.pairs / np.maximum(shared.old[:, None], 1.0)
    counted_back = shared.pairs / np.maximum(shared.new[None, :], 1.0)
    return (
        np.where(shared.old[:, None] >= ENOUGH_MEMBERS, counted_to, to),
        np.where(shared.new[None, :] >= ENOUGH_MEMBERS, counted_back, back),
    )


def _tell(
    relation: Relation,
    ours: Sequence[str],
    theirs: Sequence[str],
    chosen: dict[int, int],
    *,
    to: NDArray[np.float64],
    back: NDArray[np.float64],
) -> None:
    """Write down pairs, splits and merges of leaves, or of the coarser themes of one level."""
    taken = {column: row for row, column in chosen.items()}
    for row, mine in enumerate(ours):
        parts = [
            (-to[row, column], yours)
            for column, yours in enumerate(theirs)
            if taken.get(column, row) == row
            and (column in taken or (to[row, column] >= FAIR_SHARE and back[row, column] >= MOSTLY))
        ]
        if len(parts) > 1:
            relation.splits[mine] = tuple(yours for _, yours in sorted(parts))
    for column, yours in enumerate(theirs):
        sources = [
            (taken.get(column) != row, -back[row, column], mine, row)
            for row, mine in enumerate(ours)
            if taken.get(column) == row
            or (row not in chosen and mine not in relation.splits and to[row, column] >= MOSTLY)
        ]
        if len(sources) > 1:
            first = min(sources)[-1]
            relation.merges[yours] = tuple(mine for _, _, mine, _ in sorted(sources))
            chosen[first], taken[column] = column, first
    relation.pairs.update({ours[row]: theirs[column] for row, column in chosen.items()})


@dataclass(frozen=True, slots=True)
class _Leaves:
    """The leaves of both sets, their sizes (they add up to 1), and where their members went and came from."""

    ours: Sequence[str]
    theirs: Sequence[str]
    old: NDArray[np.float64]
    new: NDArray[np.float64]
    to: NDArray[np.float64]
    back: NDArray[np.float64]

    def overlap(self, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Jaccard overlap of groups of leaves, weighed by size.

        Args:
            rows: One row per group of old leaves, 1 for those in it. Shape ``(groups, old leaves)``.
            columns: The same for new leaves.
        """
        flow = (self.to * self.old[:, None] + self.back * self.new[None, :]) / 2
        common = rows @ flow @ columns.T
        return np.asarray(common / ((rows @ self.old)[:, None] + (columns @ self.new)[None, :] - common))

    def overlap_of_pairs(self, pairs: Mapping[str, str]) -> dict[str, float]:
        """Jaccard overlap of those pairs that are leaves, by the old id."""
        row, column = ({each: place for place, each in enumerate(ids)} for ids in (self.ours, self.theirs))
        found = {}
        for mine, yours in pairs.items():
            if mine in row and yours in column:
                at = row[mine], column[yours]
                common = (self.to[at] * self.old[at[0]] + self.back[at] * self.new[at[1]]) / 2
                found[mine] = round(float(common / (self.old[at[0]] + self.new[at[1]] - common)), 9)
        return found

    def shares(
        self, rows: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Share of each old group that went to each new one, and of each new group that came from each old one."""
        to = (rows * self.old) @ self.to @ columns.T / (rows @ self.old)[:, None]
        back = rows @ (self.back * self.new) @ columns.T / (columns @ self.new)[None, :]
        return np.round(to, 9), np.round(back, 9)


def _match_level(relation: Relation, old: ThemeSet, new: ThemeSet, leaves: _Leaves, *, level: int) -> None:
    """Match what stands for the leaves on a coarse level, where at least one of the two has sub-themes."""
    above, below = _groups(old, leaves.ours, level=level), _groups(new, leaves.theirs, level=level)
    back = {yours: mine for mine, yours in relation.pairs.items()}
    ours = [each for each in sorted(above) if relation.pairs.get(each, leaves.theirs[0]) in leaves.theirs]
    theirs = [each for each in sorted(below) if back.get(each, leaves.ours[0]) in leaves.ours]
    if not ours or not theirs:
        return
    rows, columns = np.stack([above[each] for each in ours]), np.stack([below[each] for each in theirs])
    overlap = np.round(leaves.overlap(rows, columns), 9)
    allowed, forced = _kinds(old, new, ours, theirs)
    worth = np.where(allowed, overlap, 0.0)
    worth[forced] = 1.0
    as_leaf = leaves.overlap_of_pairs(relation.pairs)
    before = np.array([as_leaf.get(mine, 0.0) for mine in ours])
    after = np.array([as_leaf.get(back.get(yours, ""), 0.0) for yours in theirs])
    worth[worth < np.maximum(before[:, None], after[None, :])] = 0.0  # a leaf's counterpart among the leaves is better
    old_leaves, new_leaves = set(leaves.ours), set(leaves.theirs)
    worth[np.ix_([mine in old_leaves for mine in ours], [yours in new_leaves for yours in theirs])] = 0.0
    chosen = _assign(worth, least=SAME_GROUP)
    for row, column in chosen.items():  # where one of them is a leaf, its counterpart among the leaves gives way
        relation.pairs = {
            mine: yours for mine, yours in relation.pairs.items() if mine != ours[row] and yours != theirs[column]
        }
        relation.pairs[ours[row]] = theirs[column]
    inner_rows = [row for row, mine in enumerate(ours) if mine not in old_leaves]
    inner_columns = [column for column, yours in enumerate(theirs) if yours not in new_leaves]
    if inner_rows and inner_columns:
        to, back_ = leaves.shares(rows[inner_rows], columns[inner_columns])
        inner = Relation()
        pairs = {
            inner_rows.index(row): inner_columns.index(column)
            for row, column in chosen.items()
            if row in inner_rows and column in inner_columns
        }
        own, other = [ours[row] for row in inner_rows], [theirs[column] for column in inner_columns]
        _tell(inner, own, other, pairs, to=to, back=back_)
        relation.splits.update(inner.splits)
        relation.merges.update(inner.merges)
        for mine, yours in inner.pairs.items():
            if yours not in relation.pairs.values():
                relation.pairs.setdefault(mine, yours)


def _groups(theme_set: ThemeSet, leaves: Sequence[str], *, level: int) -> dict[str, NDArray[np.float64]]:
    """For each theme that stands for leaves on a level: 1 for those, 0 for the others. Arrays of ``(leaves,)``."""
    below = leaves_below(theme_set.themes)
    shown = set(theme_set.at_level(level).values())
    return {each: np.isin(leaves, below[each]).astype(np.float64) for each in shown}
