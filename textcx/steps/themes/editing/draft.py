"""A theme set while edits are applied to it: its parts can be changed one by one, and are put together at the end."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.errors import Conflict, NotFound
from textcx.domain.themes.sets import Change, LineageEvent, Theme
from textcx.steps.themes.geometry.lattice import off_lattice
from textcx.steps.themes.geometry.tree import in_order, leaves_below, tidy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.edits import Edit
    from textcx.domain.themes.sets import ThemeSet


class Draft:
    """A theme set in the making.

    Attributes:
        themes, prototypes, owners, exception_themes: As in the set; themes by id.
        seeds: Themes that segments are matched to, as in the set's ``seed_topics``.
        gone: Themes that an edit took away: the number of the edit, and the themes that took their place.
        named: Themes whose name was given by an edit, and its number.
        made_of: For each theme, the themes of the set as fitted that it was made of.
        homes: The segments that edits named, and the theme each belongs to (null for none).
        points: Their directions from the set's origin, on the lattice, where the vectors are known.
        apart, together: Pairs of segments, with the number of the edit that named them.
        notes: Sentences for the reader.
    """

    def __init__(self, theme_set: ThemeSet) -> None:
        self.base = theme_set
        self.themes: dict[str, Theme] = {theme.theme_id: theme for theme in theme_set.themes}
        self.prototypes = theme_set.prototypes
        self.owners = list(theme_set.owners)
        self.exception_themes = list(theme_set.exception_themes)
        self.seeds = [] if theme_set.seed_topics is None else list(theme_set.seed_topics.theme_ids)
        self.gone: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.named: dict[str, int] = {}
        self.made_of: dict[str, frozenset[str]] = {each: frozenset({each}) for each in self.themes}
        self.homes: dict[str, str | None] = {}
        self.points: dict[str, NDArray[np.float32]] = {}
        self.apart: list[tuple[str, str, int]] = []
        self.together: list[tuple[str, str, int]] = []
        self.events: list[LineageEvent] = []
        self.notes: list[str] = []
        self._rows = {segment: row for row, segment in enumerate(theme_set.members["segment_id"])}
        self._theme_ids = np.array(theme_set.members["theme_id"].to_list(), dtype=object)
        self._strengths = theme_set.members["strength"].to_numpy().copy()
        self._settled = np.ones(len(self._theme_ids), dtype=bool)  # the others are assigned anew when they come again

    def copy(self) -> Draft:
        """Return a draft that can be changed without changing this one."""
        other = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, (dict, list, np.ndarray)) and name != "_rows":
                setattr(other, name, value.copy())
        return other

    @property
    def leaves(self) -> dict[str, tuple[str, ...]]:
        """Leaves below every theme."""
        return leaves_below(self.themes.values())

    def names(self) -> dict[str, str]:
        """Names by id, also of themes of the set that are gone."""
        return {theme.theme_id: theme.name for theme in (*self.base.themes, *self.themes.values())}

    def find(self, theme_id: str, edit: Edit) -> Theme:
        """Return a theme, or the one it went into in a fit after the edit.

        Raises ``Conflict`` if an earlier edit took it away, ``NotFound`` if the set does not have it.
        """
        seen = {theme_id}
        while theme_id not in self.themes:
            if theme_id in self.gone:
                number, heirs = self.gone[theme_id]
                where = " and ".join(repr(self.themes[heir].name) for heir in heirs if heir in self.themes)
                place = f" and {where} took its place" if where else ""
                msg = f"it contradicts edit {number}: by that, theme {theme_id} is gone{place}"
                raise Conflict(msg)
            heir = self._heir(theme_id, since=edit.version)
            if heir is None or heir in seen:
                raise NotFound(unknown_theme(theme_id, self.themes.values()))
            seen.add(heir)
            theme_id = heir
        return self.themes[theme_id]

    def _heir(self, theme_id: str, *, since: int) -> str | None:
        """What a theme went into in a fit after version ``since``; of several parts the largest."""
        for event in self.base.history:
            if event.version > since and theme_id in event.before and event.change in {Change.MERGED, Change.SPLIT}:
                return next((after for after in event.after if after != theme_id), None)
        return None

    def with_parts(self, theme_id: str, edit: Edit) -> list[str]:
        """Return a theme and what fits after the edit split off from it."""
        found = [theme_id]
        for event in self.base.history:
            if event.version > edit.version and event.change is Change.SPLIT and event.before[0] in found:
                found += [each for each in event.after if each in self.themes and each not in found]
        return found

    def is_member(self, segment_id: str) -> bool:
        """Whether the set was learned from a segment and its theme is settled by that."""
        row = self._rows.get(segment_id)
        return row is not None and bool(self._settled[row])

    def theme_of(self, segment_id: str) -> str | None:
        """Theme of a segment, as the draft stands; null where it has none or is no member."""
        theme_id: str | None = self._theme_ids[self._rows[segment_id]] if self.is_member(segment_id) else None
        return theme_id

    def members_of(self, leaf: str) -> list[str]:
        """Segments that are settled in a leaf, in the order of the set."""
        rows = np.flatnonzero((self._theme_ids == leaf) & self._settled)
        return self.base.members["segment_id"].gather(rows).to_list()

    def put(self, segment_id: str, theme_id: str | None) -> None:
        """Put a segment that an edit named, and all that edits keep together with it, into a theme or into none."""
        for each in linked(self.together, segment_id):
            self.homes[each] = theme_id
            row = self._rows.get(each)
            if row is not None:
                self._theme_ids[row] = theme_id
                self._strengths[row] = 0.0 if theme_id is None else 1.0
                self._settled[row] = True

    def share_out(self, segments: Sequence[str], heirs: Sequence[str | None]) -> None:
        """Give members to themes; null lets go of one, so that it is assigned anew when it comes again."""
        for segment, heir in zip(segments, heirs, strict=True):
            self._theme_ids[self._rows[segment]] = heir
            self._settled[self._rows[segment]] = heir is not None

    def give(self, leaf: str, heir: str) -> None:
        """Give everything that a leaf has to another theme; the leaf itself stays, with nothing."""
        self.owners = [heir if owner == leaf else owner for owner in self.owners]
        self.exception_themes = [heir if owner == leaf else owner for owner in self.exception_themes]
        if heir in self.seeds:  # what matches the one is now the other's
            self.seeds = [heir if owner == leaf else owner for owner in self.seeds]
        self._theme_ids[self._theme_ids == leaf] = heir
        self.homes = {segment: heir if home == leaf else home for segment, home in self.homes.items()}
        self.made_of[heir] |= self.made_of[leaf]

    def remove(self, theme_id: str, number: int, heirs: Sequence[str]) -> None:
        """Take away a theme that has nothing left; ``number`` is that of the edit."""
        del self.themes[theme_id]
        self.gone[theme_id] = (number, tuple(heirs))

    def tidy(self, number: int) -> dict[str, str]:
        """Bring the tree into shape after an edit; the themes that were dissolved, and what took their place."""
        before = self.themes.keys()
        self.themes, dissolved = tidy(self.themes, owning=self.owners)
        for only, parent in sorted(dissolved.items()):
            self.give(only, parent)
        for each in before - self.themes.keys():
            self.gone[each] = (number, (dissolved[each],) if each in dissolved else ())
        return dissolved

    def log(self, before: Sequence[str], after: Iterable[str | None], note: str) -> None:
        """Write an edit down in the history."""
        left = tuple(each for each in after if each is not None and each in self.themes)
        event = LineageEvent(
            version=self.base.version, change=Change.EDITED, before=tuple(before), after=left, note=note
        )
        self.events.append(event)

    def finish(self, *, applied: Sequence[int]) -> ThemeSet:
        """Put the set together."""
        members = self.base.members.with_columns(
            theme_id=pl.Series(self._theme_ids.tolist(), dtype=pl.String), strength=pl.Series(self._strengths)
        ).filter(pl.Series(self._settled))
        named = sorted(self.homes.keys() & self.points.keys())
        width = len(self.base.origin)
        points = np.array([self.points[segment] for segment in named], dtype=np.float32).reshape(-1, width)
        seed_topics = self.base.seed_topics
        return in_order(
            replace(
                self.base,
                themes=tuple(self.themes.values()),
                prototypes=self.prototypes,
                owners=tuple(self.owners),
                members=members,
                exceptions=np.concatenate([self.base.exceptions.reshape(-1, width), off_lattice(points)]),
                exception_themes=(*self.exception_themes, *(self.homes[segment] for segment in named)),
                history=(*self.base.history, *self.events),
                seed_topics=seed_topics and replace(seed_topics, theme_ids=tuple(self.seeds)),
                settings=self.base.settings
                | {"edits": {"applied": list(applied), "named": sorted(self.named.keys() & self.themes.keys())}},
            )
        )


def linked(pairs: Sequence[tuple[str, str, int]], segment: str) -> dict[str, list[int]]:
    """Find the segments that pairs link with one, itself among them, and for each the edits in between, the fewest."""
    reached: dict[str, list[int]] = {segment: []}
    queue = [segment]
    for each in queue:
        for one, other, number in pairs:
            if each in {one, other}:
                more = {one, other} - reached.keys()
                reached |= {new: [*reached[each], number] for new in more}
                queue += more
    return reached


def unknown_theme(wanted: str, themes: Iterable[Theme]) -> str:
    """Say that there is no such theme, and which one may have been meant."""
    names = {theme.name.casefold(): theme for theme in themes}
    ids = {theme.theme_id.casefold(): theme for theme in names.values()}
    close = get_close_matches(wanted.casefold(), [*names, *ids], n=1)
    meant = [(names | ids)[each] for each in close]
    hint = f"; did you mean {meant[0].theme_id} ({meant[0].name!r})?" if meant else ""
    return f"the set has no theme {wanted!r}{hint or '; textcx themes show lists them'}"
