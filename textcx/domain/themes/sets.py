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
    """A theme of a set.

    Attributes:
        theme_id: Opaque, kept for life.
        parent_theme_id: The theme above; null on level 1.
        level: 1 to 3, 1 the coarsest.
        name: At most five words, unique within the set.
        keywords: Best first.
        stability: Share of the resamples in which the theme was found again, 0..1; null where that was not measured.
        born: Version of the set in which it appeared.
        pinned: Kept by a person: a new fit that does not find it again keeps it as it was.
        hidden: Left out of reports by a person; its members are still counted as assigned.
    """

    theme_id: str
    parent_theme_id: str | None
    level: int
    name: str
    keywords: tuple[str, ...] = ()
    stability: float | None = None
    kind: ThemeKind = ThemeKind.FOUND
    born: int = 1
    pinned: bool = False
    hidden: bool = False


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
    """What became of themes in the version of the set that the event led to, with a sentence for the reader.

    ``before`` and ``after`` are theme ids, one-to-one for continued themes, empty for born and retired ones.
    """

    version: int
    change: Change
    before: tuple[str, ...]
    after: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedTopics:
    """What matching segments to the themes of a team takes; see ``textcx.steps.themes.assignment.seed_topics``.

    Attributes:
        theme_ids: Of the themes that are matched, sorted.
        origin: What vectors are taken relative to. Shape ``(width,)``.
        prototypes: Unit vectors relative to ``origin``. Shape ``(themes, width)``.
        background: Likewise. Shape ``(up to BACKGROUND, width)``.
        slopes: How fast the log odds of a match grow with nearness. Shape ``(themes,)``.
        biases: The log odds at nearness 0. Shape ``(themes,)``.
        cuts: Nearness from which segments are matched; infinite for a theme that cannot be told. Shape ``(themes,)``.
        share_right: What the left-out examples say is right among the matched, 0..1; the most that a strength can be.
    """

    theme_ids: tuple[str, ...]
    origin: NDArray[np.float32]
    prototypes: NDArray[np.float32]
    background: NDArray[np.float32]
    slopes: NDArray[np.float64]
    biases: NDArray[np.float64]
    cuts: NDArray[np.float64]
    share_right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeSet:
    """A set of themes, ready to be assigned to.

    Attributes:
        set_id: Opaque, kept for life.
        version: 1 for the first fit, one more for every further fit.
        encoder_id: The encoder whose vectors the prototypes are; vectors of another one are refused.
        themes: All themes, parents before children, wider reach first.
        origin: Mean of the vectors learned from; vectors are taken relative to it. Shape ``(width,)``, float32.
        prototypes: Where the leaves lie: unit vectors relative to ``origin``. Shape ``(prototypes, width)``, float32.
        owners: Theme id of each prototype; a leaf has one or, after edits, several.
        members: Frame of ``MEMBERS``, sorted by segment_id: what was learned from.
        sample_ids: Segments whose vectors are kept, for splitting a theme later; sorted, at most 20,000.
        sample: Their vectors, unit length, not relative to anything. Shape ``(len(sample_ids), width)``, float16.
        exceptions: Single segments put elsewhere by hand: unit vectors relative to ``origin``, shape
            ``(exceptions, width)``.
        exception_themes: Theme id for each exception; null for nowhere.
        history: Oldest first.
        settings: How it was learned: seed, sizes, versions; JSON values.
        seed_topics: How segments are matched to the team's own themes; null where there are none.
    """

    set_id: str
    version: int
    encoder_id: str
    themes: tuple[Theme, ...]
    origin: NDArray[np.float32]
    prototypes: NDArray[np.float32]
    owners: tuple[str, ...]
    curve: StrengthCurve
    members: pl.DataFrame
    sample_ids: tuple[str, ...]
    sample: NDArray[np.float16]
    exceptions: NDArray[np.float32]
    exception_themes: tuple[str | None, ...] = ()
    history: tuple[LineageEvent, ...] = ()
    settings: dict[str, object] = field(default_factory=dict)
    seed_topics: SeedTopics | None = None

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
    """Map every leaf of a tree to its ancestor on a level, or to itself where it stands on that level or above.

    Args:
        tree: Id, parent's id and level of every node.
        level: 1 to 3.
    """
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
