"""What several sections of the report look up: names of themes, values by subject, the rating that leads, quotes.

Invariant, tested: a table that is absent reads as an empty one, so that no section needs to ask whether its part ran.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.domain.ratings import KINDS
from textcx.domain.tables import SCHEMAS, empty
from textcx.domain.themes.sets import FRAGILE
from textcx.reports import formats
from textcx.reports.formats import known
from textcx.reports.quotes import QuoteBook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textcx.domain.analysis import Analysis

Row = dict[str, Any]

NAME_LENGTH = 70
STATEMENT_LENGTH = 140
MOST_QUOTED = 80
EVIDENCE_PER_FINDING = 6
RATINGS_PER_QUOTE = 2
REPORTED_LEVELS = 2
"""Levels of themes that the report shows."""
LEAST_PRAISED = 0.2
"""Share of clearly positive segments below which a theme is not called praised."""
FEWEST_RATINGS = 5
"""A rating given by fewer respondents is not shown for a part of the customers."""
LEADING_UNITS = tuple(kind.unit for kind in KINDS.values() if kind.unit)
"""Units of the ratings that people steer by, the first one leading."""


@dataclass(frozen=True, slots=True)
class Leading:
    """The rating that stands for all where there is room for one: NPS where asked, else the one most people gave."""

    name: str
    title: str


class Lookup:
    """Read-only views of an analysis, built once per report."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.headline: Mapping[str, Any] = analysis.headline
        self.manifest: Mapping[str, Any] = analysis.manifest

    def table(self, name: str) -> pl.DataFrame:
        """Return a table, or an empty one where its part found nothing or did not run."""
        frame = self.analysis.tables.get(name)
        if frame is not None:
            return frame
        return empty(SCHEMAS[name]) if name in SCHEMAS else pl.DataFrame()

    def rows(self, name: str, *, most: int | None = None) -> list[Row]:
        """Return the first rows of a table as dictionaries."""
        frame = self.table(name)
        return (frame if most is None else frame.head(most)).to_dicts()

    @cached_property
    def counted(self) -> int:
        """Records that findings count: analyzed, without the marked duplicates."""
        return self.table("records")["duplicate_of"].null_count()

    @cached_property
    def theme_names(self) -> dict[str, str]:
        """Name of each theme by id."""
        themes = self.table("themes").select("theme_id", "name").iter_rows()
        return {
            theme: formats.sentence(formats.clip(formats.unmask(name or theme), NAME_LENGTH)) for theme, name in themes
        }

    @cached_property
    def reported_themes(self) -> list[Row]:
        """Themes of the two upper levels; finer ones stand in the table of themes only."""
        return [row for row in self.rows("themes") if (row["level"] or 1) <= REPORTED_LEVELS]

    @cached_property
    def fragile(self) -> frozenset[str]:
        """Themes that too few samples found again to be presented as news."""
        rows = self.rows("themes")
        return frozenset(row["theme_id"] for row in rows if known(row["stability"]) and row["stability"] < FRAGILE)

    def stage(self, stage: str | None) -> str:
        """Return the title of a stage, as the taxonomy of the run has it."""
        title = (self.manifest.get("stage_titles") or {}).get(stage or "")
        return formats.clip(title, NAME_LENGTH) if title else formats.stage_name(stage)

    @cached_property
    def overall(self) -> list[Row]:
        """Values of the ratings over all respondents, the leading one first: NPS, CSAT, stars, others."""
        order = {unit: position for position, unit in enumerate(LEADING_UNITS)}
        return sorted(
            (dict(row) for row in self.headline.get("ratings") or []),
            key=lambda row: (
                order.get(row.get("unit") or "", len(order)),
                -(row.get("n_commented") or row.get("n") or 0),
                row["rating"],
            ),
        )

    @cached_property
    def leading(self) -> Leading | None:
        """The rating that stands for all, or null where nobody rated."""
        names = (row["rating"] for row in self.overall if known(row.get("value")))
        return next((Leading(name, formats.rating_name(name)) for name in names), None)

    @cached_property
    def units(self) -> dict[str, str]:
        """Unit of each rating's value by name."""
        frame = self.table("ratings").select("rating", "unit").unique().sort("rating", "unit")
        return {**dict(frame.iter_rows()), **{row["rating"]: row.get("unit") or "" for row in self.overall}}

    @cached_property
    def _values(self) -> dict[tuple[str, str, str], Row]:
        return _by_subject(self.table("ratings").filter(pl.col("subject_kind") != "period"))

    @cached_property
    def _effects(self) -> dict[tuple[str, str, str], Row]:
        return _by_subject(self.table("drivers"))

    def value(self, rating: str, kind: str, subject: str | None) -> Row | None:
        """Return the value of a rating for those who raised a theme or stage, or have an attribute."""
        return self._values.get((rating, kind, subject or ""))

    def leading_value(self, kind: str, subject: str | None) -> Row | None:
        """Return the value of the leading rating for a theme or an attribute."""
        return self.value(self.leading.name, kind, subject) if self.leading else None

    def leading_effect(self, kind: str, subject: str | None) -> Row | None:
        """Return the effect of a pain point, theme or stage on the leading rating."""
        return self._effects.get((self.leading.name, kind, subject or "")) if self.leading else None

    @cached_property
    def book(self) -> QuoteBook:
        """Quotes of pain points, themes and praise with the words around them."""
        evidence: list[Row] = []
        for name in ("pain_points", "themes", "praise", "emerging"):
            column = "first_quotes" if name == "emerging" else "evidence"
            for row in self.rows(name, most=MOST_QUOTED):
                evidence += (row.get(column) or [])[:EVIDENCE_PER_FINDING]
        ratings = [row["rating"] for row in self.overall] or sorted(self.units)
        return QuoteBook(self.table("records"), evidence, ratings=ratings[:RATINGS_PER_QUOTE])

    @cached_property
    def praised(self) -> list[Row]:
        """Themes praised by many and for the most part: praising records times share, without the hardly praised."""
        rows = [
            row
            for row in self.rows("praise")
            if (row["share_positive"] or 0.0) >= LEAST_PRAISED and row["theme_id"] not in self.fragile
        ]
        return sorted(rows, key=lambda row: (-(row["records"] or 0) * row["share_positive"], row["theme_id"]))

    def theme(self, theme_id: str | None) -> str:
        """Return the name of a theme, or what to say where there is none."""
        return self.theme_names.get(theme_id or "", "No theme")

    def share(self, records: int | None) -> float | None:
        """Return records as a share of those that findings count."""
        return None if records is None or not self.counted else min(1.0, records / self.counted)


def _by_subject(frame: pl.DataFrame) -> dict[tuple[str, str, str], Row]:
    rows = frame.iter_rows(named=True)
    return {(row["rating"], row["subject_kind"], row["subject_id"]): row for row in rows}
