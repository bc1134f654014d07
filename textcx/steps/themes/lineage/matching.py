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
from textcx.steps.themes.geometry.closeness import places
from textcx.steps.themes.geometry.lattice import cosines, directions
from textcx.steps.themes.geometry.tree import leaves_below, sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import ThemeSet

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

MEMBERS_WEIGHT, HALF_WEIGHT = 0.6, 10
"""Weight of the members' overlap for leaves with very many shared segments, and how many give half of that weight."""

NO_LIKENESS, SAME, SAME_GROUP = 0.4, 0.5, 0.4
"""Cosine of two leaves from which down they are not alike at all (likeness grows evenly from there to 1); likeness from
which a leaf is the same as before; overlap, weighed by size, from which a coarser theme is."""

FAIR_SHARE, MOSTLY = 0.2, 0.5
"""Least share of a theme's members that a part must take for the theme to count as split; share of its own members that
a part must have from it, and that a merged theme must bring."""

NEAR, ENOUGH_MEMBERS = 0.65, 10
"""Where a leaf has fewer than so many shared segments, its members are said to come from, or go into, its counterpart
or the nearest leaf from this cosine on."""


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
    """Find the themes of a set again, on all levels, in a later one made with the same encoder."""
    relation = Relation()
    if not old.themes or not new.themes:
        return relation
    leaves = _Leaves(old, new)
    _record(relation, leaves.old_ids, leaves.new_ids, leaves.pairs, to=leaves.to, back=leaves.back)
    for level in (1, 2):
        _match_level(relation, old, new, leaves, level=level)
    return relation


class _Leaves:
    """The leaves of two sets, sorted by id: which is which, and where their members went.

    Sizes are shares of all members. Of shape ``(old, new)``: ``pairs``, which old leaf is found again in which new one;
    ``to``, the share of each old leaf that went to each new one; ``back``, the share of each new leaf that came from
    each old one.
    """

    def __init__(self, old: ThemeSet, new: ThemeSet) -> None:
        self.old_ids, self.new_ids = (sorted(leaf.theme_id for leaf in each.leaves()) for each in (old, new))
        self.old_sizes, self.new_sizes = _shares_of_all(old, self.old_ids), _shares_of_all(new, self.new_ids)
        shared = _shared_segments(old, new, self.old_ids, self.new_ids)
        near = _cosines(old, new, self.old_ids, self.new_ids)
        allowed, forced = _allowed(old, new, self.old_ids, self.new_ids)
        likeness = np.where(allowed, _likeness(near, shared), 0.0)
        likeness[forced] = 1.0
        self.pairs = _assign(likeness, least=SAME)
        linked = _linked(near, self.pairs)
        to, back = linked * self.new_sizes[None, :], linked * self.old_sizes[:, None]
        to /= np.maximum(to.sum(axis=1, keepdims=True), 1e-12)
        back /= np.maximum(back.sum(axis=0, keepdims=True), 1e-12)
        both, known_old, known_new = shared[:-1, :-1], shared[:-1].sum(axis=1)[:, None], shared[:, :-1].sum(axis=0)
        to = np.where(known_old >= ENOUGH_MEMBERS, both / np.maximum(known_old, 1.0), to)
        back = np.where(known_new >= ENOUGH_MEMBERS, both / np.maximum(known_new, 1.0), back)
        self.to, self.back = np.where(allowed, to, 0.0), np.where(allowed, back, 0.0)

    def overlap(self, rows: Floats, columns: Floats) -> Floats:
        """Jaccard overlap of groups of old and of new leaves, weighed by size. Shape ``(old groups, new groups)``.

        Each row of ``rows`` is a group of old leaves, 1 for those in it; ``columns`` is the same for new leaves.
        """
        flow = (self.to * self.old_sizes[:, None] + self.back * self.new_sizes[None, :]) / 2
        common = rows @ flow @ columns.T
        union = (rows @ self.old_sizes)[:, None] + (columns @ self.new_sizes)[None, :] - common
        return np.asarray(np.round(common / union, 9), dtype=np.float64)

    def shares(self, rows: Floats, columns: Floats) -> tuple[Floats, Floats]:
        """The same as ``to`` and ``back`` for groups of leaves."""
        to = (rows * self.old_sizes) @ self.to @ columns.T / (rows @ self.old_sizes)[:, None]
        back = rows @ (self.back * self.new_sizes) @ columns.T / (columns @ self.new_sizes)[None, :]
        return np.round(to, 9), np.round(back, 9)


def _shares_of_all(theme_set: ThemeSet, leaves: Sequence[str]) -> Floats:
    counted = sizes(theme_set)
    size = np.array([max(1, counted[leaf]) for leaf in leaves], dtype=np.float64)
    return np.asarray(size / size.sum(), dtype=np.float64)


def flows(old: ThemeSet, new: ThemeSet) -> list[tuple[str | None, str | None, int]]:
    """Count the segments that both sets know by the leaves they have in the one and the other; null for none."""
    after = new.members.select("segment_id", new="theme_id")
    both = old.members.select("segment_id", old="theme_id").join(after, on="segment_id")
    return both.group_by("old", "new").len().rows()


def _shared_segments(old: ThemeSet, new: ThemeSet, old_ids: Sequence[str], new_ids: Sequence[str]) -> Floats:
    """How many segments each pair of leaves shares; the last row and column stand for no theme."""
    rows, columns = ({each: place for place, each in enumerate(ids)} for ids in (old_ids, new_ids))
    table = np.zeros((len(old_ids) + 1, len(new_ids) + 1))
    for before, after, count in flows(old, new):
        table[rows.get(before or "", -1), columns.get(after or "", -1)] += count
    return table


def _cosines(old: ThemeSet, new: ThemeSet, old_ids: Sequence[str], new_ids: Sequence[str]) -> Floats:
    """Cosines of the leaves of two sets, as seen from the middle between their origins."""
    origins = [each.origin.astype(np.float64) for each in (old, new)]
    seen = []
    for theme_set, ids, origin in zip((old, new), (old_ids, new_ids), origins, strict=True):
        place, owners = places(theme_set, theme_set.prototypes), np.array(theme_set.owners)
        owned = [place[owners == leaf] for leaf in ids]
        means = np.stack([own.mean(axis=0) if len(own) else origin for own in owned])
        seen.append(directions(means - (origins[0] + origins[1]) / 2))
    return cosines(*seen).astype(np.float64)


def _allowed(old: ThemeSet, new: ThemeSet, old_ids: Sequence[str], new_ids: Sequence[str]) -> tuple[Flags, Flags]:
    """Which pairs may be matched at all, and which must be: a given theme is itself, and nothing else is."""
    given = [
        np.array([each.theme(theme_id).kind is ThemeKind.GIVEN for theme_id in ids], dtype=bool)
        for each, ids in ((old, old_ids), (new, new_ids))
    ]
    forced = np.logical_and.outer(*given) & (np.array(old_ids)[:, None] == np.array(new_ids)[None, :])
    return ~np.logical_or.outer(*given) | forced, forced


def _likeness(near: Floats, shared: Floats) -> Floats:
    both = shared[:-1, :-1]
    union = shared[:-1].sum(axis=1)[:, None] + shared[:, :-1].sum(axis=0)[None, :] - both
    weight = MEMBERS_WEIGHT * union / (union + HALF_WEIGHT)
    by_place = np.clip((near - NO_LIKENESS) / (1.0 - NO_LIKENESS), 0.0, 1.0)
    return np.asarray(weight * (both / np.maximum(union, 1.0)) + (1.0 - weight) * by_place, dtype=np.float64)


def _assign(likeness: Floats, *, least: float) -> Flags:
    """Best one-to-one assignment of rows to columns, of those alike enough."""
    worth = np.round(np.where(likeness >= least, likeness, 0.0), 6)
    chosen = scipy.optimize.linear_sum_assignment(worth, maximize=True)
    pairs = np.zeros(worth.shape, dtype=bool)
    pairs[chosen] = worth[chosen] > 0.0
    return pairs


def _linked(near: Floats, pairs: Flags) -> Flags:
    """Leaves that are taken to share members where these cannot be counted: pairs and, without one, the nearest."""
    linked = pairs.copy()
    rows, columns = np.flatnonzero(~pairs.any(axis=1)), np.flatnonzero(~pairs.any(axis=0))
    linked[near[:, columns].argmax(axis=0), columns] = near[:, columns].max(axis=0) >= NEAR
    linked[rows, near[rows].argmax(axis=1)] |= near[rows].max(axis=1) >= NEAR
    return linked


def _record(
    relation: Relation, old_ids: Sequence[str], new_ids: Sequence[str], pairs: Flags, *, to: Floats, back: Floats
) -> None:
    """Write down pairs, splits and merges of leaves, or of themes with sub-themes on one level; ids are sorted."""
    parts = pairs | (~pairs.any(axis=0) & (to >= FAIR_SHARE) & (back >= MOSTLY))
    for row in np.flatnonzero(parts.sum(axis=1) > 1).tolist():
        columns = np.flatnonzero(parts[row])
        columns = columns[np.argsort(-to[row, columns], kind="stable")]
        relation.splits[old_ids[row]] = tuple(new_ids[column] for column in columns.tolist())
    alone = ~np.any(pairs, axis=1) & np.array([each not in relation.splits for each in old_ids])
    pairs = pairs.copy()
    for column, after in enumerate(new_ids):
        rows = np.flatnonzero(pairs[:, column] | (alone & (to[:, column] >= MOSTLY)))
        if len(rows) > 1:
            rows = rows[np.lexsort((-back[rows, column], ~pairs[rows, column]))]  # its counterpart, then the largest
            relation.merges[after] = tuple(old_ids[row] for row in rows.tolist())
            pairs[rows[0], column], alone[rows[0]] = True, False
    for row, column in np.argwhere(pairs).tolist():
        if new_ids[column] not in relation.pairs.values():
            relation.pairs.setdefault(old_ids[row], new_ids[column])


def _match_level(relation: Relation, old: ThemeSet, new: ThemeSet, leaves: _Leaves, *, level: int) -> None:
    """Match what stands for the leaves on a coarse level, where at least one of the two has sub-themes."""
    old_leaves, new_leaves = set(leaves.old_ids), set(leaves.new_ids)
    old_groups, new_groups = _groups(old, leaves.old_ids, level=level), _groups(new, leaves.new_ids, level=level)
    back = {after: before for before, after in relation.pairs.items()}
    old_ids = [each for each in sorted(old_groups) if each not in relation.pairs or relation.pairs[each] in new_leaves]
    new_ids = [each for each in sorted(new_groups) if each not in back or back[each] in old_leaves]
    if not old_ids or not new_ids:
        return
    rows, columns = np.stack([old_groups[each] for each in old_ids]), np.stack([new_groups[each] for each in new_ids])
    allowed, forced = _allowed(old, new, old_ids, new_ids)
    worth = np.where(allowed, leaves.overlap(rows, columns), 0.0)
    worth[forced] = 1.0
    among_leaves = leaves.overlap(np.eye(len(leaves.old_ids)), np.eye(len(leaves.new_ids)))
    as_leaf = {
        before: among_leaves[leaves.old_ids.index(before), leaves.new_ids.index(after)]
        for before, after in relation.pairs.items()
        if before in old_leaves and after in new_leaves
    }
    least_old = np.array([as_leaf.get(each, 0.0) for each in old_ids])
    least_new = np.array([as_leaf.get(back.get(each, ""), 0.0) for each in new_ids])
    # A leaf's counterpart among the leaves is better.
    worth[worth < np.maximum(least_old[:, None], least_new[None, :])] = 0.0
    inner_old = np.array([each not in old_leaves for each in old_ids])
    inner_new = np.array([each not in new_leaves for each in new_ids])
    pairs = _assign(np.where(np.logical_or.outer(inner_old, inner_new), worth, 0.0), least=SAME_GROUP)
    for row, column in np.argwhere(pairs).tolist():  # the counterpart that a leaf has among the leaves gives way
        before, after = old_ids[row], new_ids[column]
        relation.pairs = {one: other for one, other in relation.pairs.items() if one != before and other != after}
        relation.pairs[before] = after
    if inner_old.any() and inner_new.any():
        to, moved_back = leaves.shares(rows[inner_old], columns[inner_new])
        own, other = np.array(old_ids)[inner_old].tolist(), np.array(new_ids)[inner_new].tolist()
        _record(relation, own, other, pairs[np.ix_(inner_old, inner_new)], to=to, back=moved_back)


def _groups(theme_set: ThemeSet, leaves: Sequence[str], *, level: int) -> dict[str, Floats]:
    """For each theme that stands for leaves on a level: 1 for those, 0 for the others. Arrays of ``(leaves,)``."""
    below = leaves_below(theme_set.themes)
    shown = theme_set.at_level(level).values()
    return {each: np.isin(leaves, below[each]).astype(np.float64) for each in shown}
