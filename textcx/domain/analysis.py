"""The result of an analysis: its tables, its headline, and what was left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from textcx.domain.feedback import Unprocessable
    from textcx.domain.themes.sets import ThemeSet

SCHEMA_VERSION = "1.0"
"""Version of ``analysis.json``; the first number changes when a reader of the old shape would break."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything an analysis found.

    ``tables`` holds one frame per name of ``textcx.domain.tables.SCHEMAS``, ``headline`` the few numbers people quote,
    ``manifest`` how the result came to be. ``notes`` are sentences for the reader. ``theme_set`` is the set that the
    themes are of; it is kept beside the tables.
    """

    tables: dict[str, pl.DataFrame]
    headline: dict[str, Any]
    manifest: dict[str, Any]
    unprocessable: tuple[Unprocessable, ...] = ()
    notes: tuple[str, ...] = ()
    theme_set: ThemeSet | None = None

    @property
    def records(self) -> pl.DataFrame:
        """One row per analyzed record."""
        return self.tables["records"]

    @property
    def segments(self) -> pl.DataFrame:
        """One row per segment, the unit that models see."""
        return self.tables["segments"]

    @property
    def themes(self) -> pl.DataFrame:
        """One row per theme, widest reach first."""
        return self.tables["themes"]

    @property
    def pain_points(self) -> pl.DataFrame:
        """One row per pain point, highest reach x severity first."""
        return self.tables["pain_points"]

    @property
    def drivers(self) -> pl.DataFrame:
        """One row per rating and subject, strongest effect first. Association, not cause."""
        return self.tables["drivers"]
