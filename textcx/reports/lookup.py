"""What several sections of the report look up: names of themes, values by subject, the rating that leads, quotes.

Invariants, all tested: a table that is absent reads as an empty one, so that no section needs to ask whether its part
ran; what stands in the mark of a quote is the evidence's own quote, shortened at most; nothing unredacted can appear,
since only ``records.text`` is read; a quote never grows beyond ``QUOTE_LENGTH + 2 * CONTEXT`` characters, however long
its record is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl
from markupsafe import Markup, escape

from textcx.domain.ratings import KINDS
from textcx.domain.tables import CLEAR_FIT, SCHEMAS, empty
from textcx.domain.themes.sets import FRAGILE
from textcx.reports import formats
from textcx.reports.formats import known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textcx.domain.analysis import Analysis

Row = dict[str, Any]

NAME_LENGTH = 70
TITLE_LENGTH = 140
MOST_QUOTED = 80
EVIDENCE_PER_FINDING = 6
CONTEXT = 110
QUOTE_LENGTH = 320
SENTENCE_END = re.compile(r"[.!?…]\s+|\n+")
RATINGS_PER_QUOTE = 2
REPORTED_LEVELS = 2
"""Levels of themes that the report shows."""
LEAST_PRAISED = 0.2
"""Share of clearly positive segments below which a theme is not called praised."""
FEWEST_PLACED = 0.25
"""Share of segments on a stage below which the journey is left out: most journeys of another trade stay below it."""
FEWEST_RATINGS = 5
"""A rating given by fewer respondents is not shown for a part of the customers."""
LEADING_UNITS = tuple(kind.unit for kind in KINDS.values() if kind.unit)
"""Units of the ratings that people steer by, the first one leading."""


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
    def pain_points(self) -> list[Row]:
        """Pain points in the order of their table, mixed groups last; what an earlier version did not find is null."""
        blank = dict.fromkeys(SCHEMAS["pain_points"])
        return sorted(({**blank, **row} for row in self.rows("pain_points")), key=mixed)

    @property
    def clear_pain_points(self) -> list[Row]:
        """Pain points that may be presented as news: all but mixed groups."""
        return [row for row in self.pain_points if not mixed(row)]

    @cached_property
    def reported_themes(self) -> list[Row]:
        """Themes of the two upper levels; finer ones stand in the table of themes only."""
        return [row for row in self.rows("themes") if (row["level"] or 1) <= REPORTED_LEVELS]

    @cached_property
    def fragile(self) -> frozenset[str]:
        """Themes that too few samples found again to be presented as news."""
        rows = self.rows("themes")
        return frozenset(row["theme_id"] for row in rows if known(row["stability"]) and row["stability"] < FRAGILE)

    @cached_property
    def placed(self) -> float | None:
        """Share of segments that stand on a stage of the journey, 0..1; null without segments."""
        rows = [(row["stage"] != "unknown", row["segments"] or 0) for row in self.rows("journey")]
        segments = sum(count for _, count in rows)
        return sum(count for known, count in rows if known) / segments if segments else None

    @property
    def too_few_placed(self) -> bool:
        """Whether too few segments stand on a stage for the journey to be reported."""
        return self.placed is not None and self.placed < FEWEST_PLACED

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
    def leading(self) -> str | None:
        """The rating that stands for all: NPS where asked, else the one most people gave; null where nobody rated."""
        return next((row["rating"] for row in self.overall if known(row.get("value"))), None)

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
        return self.value(self.leading, kind, subject) if self.leading else None

    def leading_effect(self, kind: str, subject: str | None) -> Row | None:
        """Return the effect of a pain point, theme or stage on the leading rating."""
        return self._effects.get((self.leading, kind, subject or "")) if self.leading else None

    @cached_property
    def book(self) -> QuoteBook:
        """Quotes of pain points, themes and praise with the words around them."""
        evidence: list[Row] = []
        for name in ("pain_points", "themes", "praise", "requests", "emerging", "campaigns"):
            column = "first_quotes" if name == "emerging" else "evidence"
            for row in (self.pain_points if name == "pain_points" else self.rows(name))[:MOST_QUOTED]:
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


def mixed(row: Row) -> bool:
    """Tell whether the title of a pain point does not hold for enough of its members."""
    return known(row["fit"]) and row["fit"] < CLEAR_FIT


def title_of(row: Row) -> str:
    """Return the title of a pain point; where an earlier version gave none, what it concerns."""
    title = row["title"] or formats.sentence(row["aspect"] or "Without a title")
    return formats.clip(formats.unmask(title), TITLE_LENGTH)


def _by_subject(frame: pl.DataFrame) -> dict[tuple[str, str, str], Row]:
    rows = frame.iter_rows(named=True)
    return {(row["rating"], row["subject_kind"], row["subject_id"]): row for row in rows}


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote ready to be read: what stands before it, the span that counts, what follows, and where it is from."""

    before: Markup
    span: Markup
    after: Markup
    record_id: str
    facts: str
    """Date, ratings and source of the record, in words; empty where none is known."""


def tidy(text: str) -> Markup:
    """Escape a text, put it on one line and turn masked characters into one short label."""
    one_line = re.sub(r"\s+", " ", text)
    pieces, at = [], 0
    for match in formats.MASK.finditer(one_line):
        label = Markup('<span class="redacted">redacted</span>')
        pieces += [escape(one_line[at : match.start()]), label]
        at = match.end()
    return Markup("").join([*pieces, escape(one_line[at:])])


def _before(text: str, start: int) -> str:
    window = text[max(0, start - CONTEXT) : start]
    ends = list(SENTENCE_END.finditer(window))
    near = [end for end in ends if end.end() < len(window)]
    if near:
        return window[near[-1].end() :]
    if ends or start <= CONTEXT:
        return "" if ends else window
    space = window.find(" ")
    return "…" + window[space + 1 :] if 0 <= space < CONTEXT // 2 else "…" + window


def _after(text: str, end: int) -> str:
    window = text[end : end + CONTEXT]
    stop = next((match for match in SENTENCE_END.finditer(window) if match.start() > 0), None)
    if stop:
        return window[: stop.start() + 1].rstrip("\n")
    if end + CONTEXT >= len(text):
        return window
    space = window.rfind(" ")
    return (window[:space] if space > CONTEXT // 2 else window) + "…"


def _facts(record: Mapping[str, Any], ratings: Sequence[str]) -> str:
    # a single answer is no NPS: that is a balance of many
    titles = {name: "NPS answer" if name == "nps" else formats.rating_name(name) for name in ratings}
    answers = [f"{title} {record[name]:g}" for name, title in titles.items() if record.get(name) is not None]
    parts = [formats.day(record.get("created_at")), *answers, formats.clip(str(record.get("source") or ""), 30)]
    return " · ".join(part for part in parts if part)


class QuoteBook:
    """Looks up the records that quotes come from; built once per report, for the quoted records only."""

    def __init__(self, records: pl.DataFrame, evidence: Iterable[Mapping[str, Any]], *, ratings: Sequence[str]) -> None:
        wanted = sorted({str(piece["record_id"]) for piece in evidence})
        self._ratings = [name for name in ratings if name in records.columns]
        columns = ["record_id", "text", "created_at", "source", *self._ratings]
        found = records.filter(pl.col("record_id").is_in(wanted)).select(columns)
        self._records = {str(record["record_id"]): record for record in found.iter_rows(named=True)}

    def quote(self, piece: Mapping[str, Any]) -> Quote:
        """Make one quote of a piece of evidence; without its record the quote stands alone."""
        record_id = str(piece["record_id"])
        record = self._records.get(record_id, {})
        text, start, end = str(record.get("text") or ""), int(piece["start"]), int(piece["end"])
        held = text[start:end] == piece["quote"]
        return Quote(
            before=tidy(_before(text, start)) if held else Markup(""),
            span=tidy(formats.clip(str(piece["quote"]), QUOTE_LENGTH)),
            after=tidy(_after(text, end)) if held else Markup(""),
            record_id=formats.clip(record_id, 48),
            facts=_facts(record, self._ratings),
        )

    def quotes(self, evidence: Sequence[Mapping[str, Any]] | None, *, most: int) -> tuple[Quote, ...]:
        """Make at most ``most`` quotes in the order of the evidence, no record and no wording twice."""
        chosen: list[Mapping[str, Any]] = []
        seen: set[str] = set()
        for piece in evidence or ():
            marks = {str(piece["record_id"]), "quote " + str(piece["quote"]).casefold()}
            if not marks & seen:
                chosen.append(piece)
                seen |= marks
        return tuple(self.quote(piece) for piece in chosen[:most])
