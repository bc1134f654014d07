"""Compare two theme sets: what became of each theme, and how many segments moved.

Sets of one lineage are compared by their ids and history; others by finding the themes of one again in the other.

Invariants, tested: every theme of either set is in exactly one line, as before or as after, or in both; a set compared
with itself shows nothing but themes that go on, with nothing moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.domain.themes.sets import Change
from textcx.steps.themes.geometry.tree import leaves_below, sizes
from textcx.steps.themes.lineage.lineage import same_encoder
from textcx.steps.themes.lineage.matching import Relation, relate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from textcx.domain.themes.sets import LineageEvent, ThemeSet

_ORDER = (Change.CONTINUED, Change.SPLIT, Change.MERGED, Change.BORN, Change.RETIRED, Change.EDITED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """What became of one theme, from a set to another.

    Attributes:
        change: Continued: it is in both. Born, retired: in one only. Split: it was split off from ``before``, or itself
            split into ``after``. Merged: it went into ``after``.
        before: Its id in the first set, or that of the theme it was split off from; null for a theme that was born.
        after: Its id in the second set, or those of what it went into.
        name_before: Name of ``before``.
        name_after: Names of ``after``.
        level: 1 to 3, in the second set where it is there.
        size_before: Segments of ``before`` in the first set; 0 for a theme that was born or split off.
        size_after: Segments of the theme in the second set; 0 for one that is not there any more.
        moved_in: Segments that both sets know and that only came to this theme.
        moved_out: Segments that both sets know and that left this theme.
    """

    change: Change
    before: str | None
    after: tuple[str, ...]
    name_before: str | None
    name_after: tuple[str, ...]
    level: int
    size_before: int
    size_after: int
    moved_in: int
    moved_out: int

    @property
    def unchanged(self) -> bool:
        """Whether nothing but its size changed."""
        renamed = self.name_after != (self.name_before,)
        return self.change is Change.CONTINUED and not (renamed or self.moved_in or self.moved_out)


def diff(old: ThemeSet, new: ThemeSet) -> list[DiffLine]:
    """Compare two sets.

    Args:
        old: The set before.
        new: The set after, or any other one made with the same encoder.

    Returns:
        One line per theme, coarse themes first; on each level those that go on first, then what was split, merged,
        born and retired; the larger first.

    Raises:
        ModelProblem: If the sets are of different lineages and were made with different encoders.
    """
    if old.set_id == new.set_id:
        relation = _by_history(old, new)
    else:
        same_encoder(old, new)
        relation = relate(old, new)
    count = _Counts(old, new)
    back = {yours: mine for mine, yours in relation.pairs.items()}
    split_off = {yours: mine for mine, parts in relation.splits.items() for yours in parts}
    merged_into = {mine: yours for yours, sources in relation.merges.items() for mine in sources}
    lines = []
    for theme in new.themes:
        mine = back.get(theme.theme_id)
        origin = split_off.get(theme.theme_id)
        change = Change.CONTINUED if mine else Change.SPLIT if origin else Change.BORN
        lines.append(count.line(change, before=mine, after=(theme.theme_id,), level=theme.level, off=origin))
    for theme in old.themes:
        each = theme.theme_id
        if each in relation.pairs:
            continue
        after = (merged_into[each],) if each in merged_into else relation.splits.get(each, ())
        change = Change.MERGED if each in merged_into else Change.SPLIT if after else Change.RETIRED
        lines.append(count.line(change, before=each, after=after, level=theme.level, gone=True))
    return sorted(
        lines,
        key=lambda line: (
            line.level,
            _ORDER.index(line.change),
            -max(line.size_before, line.size_after),
            line.before or "",
            line.after,
        ),
    )


class _Counts:
    """Sizes of themes, and the segments that both sets know."""

    def __init__(self, old: ThemeSet, new: ThemeSet) -> None:
        self.sizes = sizes(old), sizes(new)
        self.names = tuple({theme.theme_id: theme.name for theme in each.themes} for each in (old, new))
        self.below = leaves_below(old.themes), leaves_below(new.themes)
        both = old.members.select("segment_id", old="theme_id").join(
            new.members.select("segment_id", new="theme_id"), on="segment_id"
        )
        self.counts: list[tuple[str | None, str | None, int]] = both.group_by("old", "new").len().rows()

    def line(
        self,
        change: Change,
        *,
        before: str | None,
        after: tuple[str, ...],
        level: int,
        off: str | None = None,
        gone: bool = False,
    ) -> DiffLine:
        """Make a line; ``off`` is the theme it was split off from, ``gone`` whether it is not in the second set."""
        there: Collection[str] = self.below[0].get(before or "", ())
        here: Collection[str] = () if gone else self.below[1][after[0]]
        origin = before or off
        return DiffLine(
            change=change,
            before=origin,
            after=after,
            name_before=None if origin is None else self.names[0][origin],
            name_after=tuple(self.names[1][each] for each in after),
            level=level,
            size_before=self.sizes[0].get(before or "", 0),
            size_after=0 if gone else self.sizes[1][after[0]],
            moved_in=sum(count for one, other, count in self.counts if other in here and one not in there),
            moved_out=sum(count for one, other, count in self.counts if one in there and other not in here),
        )


def _by_history(old: ThemeSet, new: ThemeSet) -> Relation:
    """How the themes of two states of one set hang together: by id, and by what happened between them."""
    before, after = ({theme.theme_id for theme in each.themes} for each in (old, new))
    relation = Relation(pairs={each: each for each in before & after})
    known = set(old.history)
    events = [event for event in new.history if event not in known]
    parts: dict[str, list[str]] = {}
    for each in sorted(after - before):
        origin = _origin(each, events, before)
        if origin is not None:
            parts.setdefault(origin, []).append(each)
    for event in events:  # themes whose sub-themes took their place were split, too
        if len(event.before) == 1 and event.before[0] in before - after and len(event.after) > 1:
            parts.setdefault(event.before[0], [each for each in event.after if each in after])
    relation.splits = {mine: tuple(yours) for mine, yours in parts.items() if yours}
    sources: dict[str, list[str]] = {}
    for each in sorted(before - after - parts.keys()):
        heir = _heir(each, events, after)
        if heir is not None:
            sources.setdefault(heir, []).append(each)
    relation.merges = {yours: tuple(mine) for yours, mine in sources.items()}
    return relation


def _origin(theme_id: str, events: Sequence[LineageEvent], known: Collection[str]) -> str | None:
    """The theme that another was split off from, through several events where need be."""
    for event in reversed(events):
        if theme_id in event.after and theme_id not in event.before and len(event.before) == 1:
            theme_id = event.before[0]
            if theme_id in known:
                return theme_id
    return None


def _heir(theme_id: str, events: Iterable[LineageEvent], known: Collection[str]) -> str | None:
    """The theme that another went into, through several events where need be."""
    for event in events:
        if theme_id in event.before and theme_id not in event.after and len(event.after) == 1:
            theme_id = event.after[0]
            if theme_id in known:
                return theme_id
    return theme_id if theme_id in known else None
