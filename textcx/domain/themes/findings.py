"""What a finding of themes holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.tables import EMERGING, empty
from textcx.domain.themes.sets import shown_at

if TYPE_CHECKING:
    from textcx.domain.themes.sets import ThemeSet

MIN_SEGMENTS = 30
"""Fewer segments than this cannot carry themes."""


@dataclass(frozen=True, slots=True)
class ThemeFinding:
    """The themes of a set of segments; ``emerging`` are groups that the set does not explain, most records first."""

    themes: pl.DataFrame  # of ``tables.THEMES``, all levels, the coarsest first and widest reach first in each
    mentions: pl.DataFrame  # of ``tables.MENTIONS``, sorted by segment; its themes are leaves
    unassigned_share: float  # of the segments of substance, those that belong to no theme, 0..1
    boilerplate_share: float  # of the segments, those of three words or more that say nothing about anything, 0..1
    short_share: float = 0.0  # the same of fewer words
    theme_set: ThemeSet | None = None
    emerging: pl.DataFrame = field(default_factory=lambda: empty(EMERGING))
    notes: tuple[str, ...] = ()

    def themes_at(self, level: int) -> pl.DataFrame:
        """The themes that stand for everything on a level: those on it, and leaves above it."""
        return self.themes.filter(pl.col("theme_id").is_in(sorted(set(self._shown(level).values()))))

    def mentions_at(self, level: int) -> pl.DataFrame:
        """The mentions by the themes that stand for everything on a level."""
        return self.mentions.with_columns(pl.col("theme_id").replace_strict(self._shown(level), return_dtype=pl.String))

    def _shown(self, level: int) -> dict[str, str]:
        return shown_at(self.themes.select("theme_id", "parent_theme_id", "level").rows(), level=level)
