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
    """Everything an analysis found."""

    tables: dict[str, pl.DataFrame]  # by the names of ``textcx.domain.tables.SCHEMAS``
    headline: dict[str, Any]  # the few numbers people quote
    manifest: dict[str, Any]  # how the result came to be
    unprocessable: tuple[Unprocessable, ...] = ()
    notes: tuple[str, ...] = ()  # sentences for the reader
    theme_set: ThemeSet | None = None  # the set that the themes are of; kept beside the tables

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
        """One row per pain point, the weightiest first."""
        return self.tables["pain_points"]

    @property
    def drivers(self) -> pl.DataFrame:
        """One row per rating and subject, strongest effect first. Association, not cause."""
        return self.tables["drivers"]
