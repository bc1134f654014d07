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
from textcx.steps.themes.lineage.lineage import require_same_encoder
from textcx.steps.themes.lineage.matching import Relation, flows, relate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from textcx.domain.themes.sets import ThemeSet

_ORDER = (Change.CONTINUED, Change.SPLIT, Change.MERGED, Change.BORN, Change.RETIRED, Change.EDITED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """What became of one theme, from a set to another.

    Attributes:
        change: Continued: it is in both. Born, retired: in one only. Split: it was split off from ``before``, or itself
            split into ``after``. Merged: it went into ``after``.
        before, name_before: In the first set, or of the theme it was split off from; null for a theme that was born.
        after, name_after: In the second set, or of what it went into.
        level: 1 to 3, in the second set where it is there.
        size_before, size_after: Its segments in either set; 0 where it is not there.
        moved_in, moved_out: Segments that both sets know and that came to it, or left it.
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
    """Compare a set with a later one, or with any other one made with the same encoder, else a ``ModelProblem``.

    There is one line per theme, coarse themes first; on each level those that go on first, then what was split, merged,
    born and retired; the larger first.
    """
    if old.set_id == new.set_id:
        relation = _by_history(old, new)
    else:
        require_same_encoder(old, new)
        relation = relate(old, new)
    counted = flows(old, new)
    size_old, size_new = sizes(old), sizes(new)
    below_old, below_new = leaves_below(old.themes), leaves_below(new.themes)

    def line(
        change: Change, level: int, *, first: str | None, second: str | None, before: str | None, after: tuple[str, ...]
    ) -> DiffLine:
        """Make the line of a theme that has the id ``first`` in the old set and ``second`` in the new one."""
        leaves_old, leaves_new = below_old.get(first or "", ()), below_new.get(second or "", ())
        return DiffLine(
            change=change,
            before=before,
            after=after,
            name_before=before and old.theme(before).name,
            name_after=tuple(new.theme(each).name for each in after),
            level=level,
            size_before=size_old.get(first or "", 0),
            size_after=size_new.get(second or "", 0),
            moved_in=sum(n for one, other, n in counted if other in leaves_new and one not in leaves_old),
            moved_out=sum(n for one, other, n in counted if one in leaves_old and other not in leaves_new),
        )

    back = {after: before for before, after in relation.pairs.items()}
    split_off = {after: before for before, parts in relation.splits.items() for after in parts}
    merged_into = {before: (after,) for after, sources in relation.merges.items() for before in sources}
    lines = []
    for theme in new.themes:
        own = theme.theme_id
        before, origin = back.get(own), split_off.get(own)
        change = Change.CONTINUED if before else Change.SPLIT if origin else Change.BORN
        lines.append(line(change, theme.level, first=before, second=own, before=before or origin, after=(own,)))
    for theme in old.themes:
        own = theme.theme_id
        after = merged_into.get(own) or relation.splits.get(own, ())
        change = Change.MERGED if own in merged_into else Change.SPLIT if after else Change.RETIRED
        if own not in relation.pairs:
            lines.append(line(change, theme.level, first=own, second=None, before=own, after=after))
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


def _by_history(old: ThemeSet, new: ThemeSet) -> Relation:
    """How the themes of two states of one set hang together: by id, and by what happened between them."""
    before, after = ({theme.theme_id for theme in each.themes} for each in (old, new))
    known = set(old.history)
    steps = [(event.before, event.after) for event in new.history if event not in known]
    back = [(there, here) for here, there in reversed(steps)]
    parts: dict[str, list[str]] = {}
    for each in sorted(after - before):
        if (origin := _follow(each, back, before)) is not None:
            parts.setdefault(origin, []).append(each)
    for here, there in steps:  # themes whose sub-themes took their place were split, too
        if len(here) == 1 and here[0] in before - after and len(there) > 1:
            parts.setdefault(here[0], [each for each in there if each in after])
    sources: dict[str, list[str]] = {}
    for each in sorted(before - after - parts.keys()):
        if (heir := _follow(each, steps, after)) is not None:
            sources.setdefault(heir, []).append(each)
    return Relation(
        pairs={each: each for each in before & after},
        splits={each: tuple(found) for each, found in parts.items() if found},
        merges={each: tuple(found) for each, found in sources.items()},
    )


def _follow(
    theme_id: str, steps: Iterable[tuple[tuple[str, ...], tuple[str, ...]]], known: Collection[str]
) -> str | None:
    """Follow a theme from one side of each step to the other, until it is one that is known; else null."""
    for here, there in steps:
        if theme_id in here and theme_id not in there and len(there) == 1:
            theme_id = there[0]
            if theme_id in known:
                return theme_id
    return None
