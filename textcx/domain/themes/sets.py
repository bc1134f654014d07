"""Theme sets: the themes of a body of feedback, kept so that new records are assigned to them without a new fit.

Fitted again, a set keeps its themes' ids and writes down what became of each. People's edits lie beside it and are
applied after every fit.

The themes form a tree of up to three levels: level 1 is for managers, level 2 for analysts, level 3 the finest that the
data bear. Only leaves have members and prototypes. A theme that would have a single child has none instead, so a leaf
may stand on any level.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.matters import Nearness

FORMAT = 1
"""Version of the files of a theme set; raised only when an older reader could not make sense of them."""
MAIN_THEMES = (8, 15)
"""Fewest and most themes of level 1, where there are more than the most."""
SUB_THEMES = 40
"""Themes of level 2 aimed at, where there are clearly more."""
FRAGILE = 0.5
"""Themes with a lower stability are fragile: marked, and kept out of headlines."""
MEMBERS = pl.Schema({"segment_id": pl.String, "record_id": pl.String, "theme_id": pl.String, "strength": pl.Float64})
"""Which segment the set was learned from raises which theme (a leaf); null where none."""


class ThemeKind(StrEnum):
    """Where a theme comes from: the feedback, or a team's own taxonomy."""

    FOUND = "found"
    GIVEN = "given"


class Change(StrEnum):
    """What became of a theme in a new fit, or was done to it by hand."""

    CONTINUED = "continued"
    BORN = "born"
    SPLIT = "split"
    MERGED = "merged"
    RETIRED = "retired"
    EDITED = "edited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A theme of a set."""

    theme_id: str  # opaque, kept for life
    parent_theme_id: str | None  # null on level 1
    level: int  # 1 to 3, 1 the coarsest
    name: str  # at most five words, unique within the set
    keywords: tuple[str, ...] = ()  # best first
    stability: float | None = None  # share of the resamples in which it was found again, 0..1; null where not measured
    kind: ThemeKind = ThemeKind.FOUND
    born: int = 1  # version of the set in which it appeared
    pinned: bool = False  # by a person: a new fit that does not find it again keeps it as it was
    hidden: bool = False  # left out of reports by a person; its members are still counted as assigned


@dataclass(frozen=True, slots=True)
class StrengthCurve:
    """Turns closeness into strength: the probability, 0..1, that a resample puts the segment into the same theme.

    ``1 / (1 + exp(-(bias + by_cosine * cosine + by_margin * margin)))``; ``margin`` is the lead in cosine over the next
    theme, negative where another one is nearer. Fitted on the resamples of the fit itself (Platt, 1999). ``least`` is
    the cosine to the nearest theme below which a segment stays unassigned: it is one of a kind.
    """

    bias: float
    by_cosine: float
    by_margin: float
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageEvent:
    """What became of themes in a version of the set."""

    version: int  # of the set that the event led to
    change: Change
    before: tuple[str, ...]  # theme ids; none for born themes
    after: tuple[str, ...]  # theme ids; none for retired ones
    note: str  # a sentence for the reader


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedTopics:
    """What matching segments to the themes of a team takes; see ``textcx.steps.themes.assignment.seed_topics``."""

    theme_ids: tuple[str, ...]  # of the themes that are matched, sorted
    origin: NDArray[np.float32]  # shape ``(width,)``
    prototypes: NDArray[np.float32]  # unit vectors relative to ``origin``, shape ``(themes, width)``
    curve: Nearness  # from the cosine to a prototype to the probability that the theme covers a segment
    least: float  # probability, 0..1, from which segments are matched


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeSet:
    """A set of themes, ready to be assigned to."""

    set_id: str  # opaque, kept for life
    version: int  # 1 for the first fit, one more for every further fit
    encoder_id: str  # vectors of another encoder are refused
    themes: tuple[Theme, ...]  # parents before children, wider reach first
    origin: NDArray[np.float32]  # mean of the vectors learned from, shape ``(width,)``
    prototypes: NDArray[np.float32]  # of the leaves: unit vectors relative to ``origin``, shape ``(prototypes, width)``
    owners: tuple[str, ...]  # theme id of each prototype; a leaf has one or, after edits, several
    curve: StrengthCurve
    members: pl.DataFrame  # a frame of ``MEMBERS``, sorted by segment_id
    sample_ids: tuple[str, ...]  # segments kept for splitting a theme later; sorted, at most 20,000
    sample: NDArray[np.float16]  # their vectors, unit length, relative to nothing, shape ``(sample_ids, width)``
    exceptions: NDArray[np.float32]  # single segments put elsewhere by hand: unit vectors relative to ``origin``
    exception_themes: tuple[str | None, ...] = ()  # where they belong; null for nowhere
    history: tuple[LineageEvent, ...] = ()  # oldest first
    settings: dict[str, object] = field(default_factory=dict)  # how it was learned: seed, sizes, versions; JSON values
    seed_topics: SeedTopics | None = None  # the team's own themes, if any

    def theme(self, theme_id: str) -> Theme:
        """Return the theme with an id; a ``KeyError`` where there is none."""
        return {theme.theme_id: theme for theme in self.themes}[theme_id]

    def leaves(self) -> tuple[Theme, ...]:
        """Return the themes without children, in order."""
        parents = {theme.parent_theme_id for theme in self.themes}
        return tuple(theme for theme in self.themes if theme.theme_id not in parents)

    def at_level(self, level: int) -> dict[str, str]:
        """Map every leaf to the theme that stands for it on a level from 1 to 3, as ``shown_at`` does."""
        return shown_at([(theme.theme_id, theme.parent_theme_id, theme.level) for theme in self.themes], level=level)


def shown_at(tree: list[tuple[str, str | None, int]], *, level: int) -> dict[str, str]:
    """Map every leaf of a tree (id, parent, level) to its ancestor on a level, or to itself where it is higher up."""
    parents = {node: parent for node, parent, _ in tree}
    levels = {node: own for node, _, own in tree}
    inner = set(parents.values())
    shown: dict[str, str] = {}
    for leaf in (node for node in parents if node not in inner):
        node = leaf
        while levels[node] > level and (above := parents[node]) is not None:
            node = above
        shown[leaf] = node
    return shown
