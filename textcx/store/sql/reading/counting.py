"""Which records fit a question, and what is counted over them again: the queries behind ``reading``.

A theme counts what is raised of it or of any theme below it. Intervals are those that an analysis would find
(``textcx.steps.statistics.intervals``).
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from textcx.steps.statistics.intervals import (
    POLARITY,
    Sums,
    column,
    mean_interval,
    moments_of_people,
    share_interval,
)
from textcx.store.sql.schema.tables import journey, pain_points, records, segments, themes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from textcx.domain.service.datasets import Dataset

QUOTES = 5
KEYS = {themes: "theme_id", pain_points: "pain_point_id", journey: "stage"}
"""Tables of findings that can be counted again, and what tells the rows of each apart, also among segments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which records count. Everything null or empty lets all through.

    ``since`` and ``until`` bound the time at which a record was said, the first inclusive, the second not; records
    without a date are out where either is given. ``stage`` and ``theme`` ask for a segment of that stage or theme.
    """

    dataset: str
    since: datetime | None = None
    until: datetime | None = None
    source: str | None = None
    stage: str | None = None
    theme: str | None = None
    label: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> list[Any]:
        """Return the filters as plain values, for a cursor to be bound to."""
        times = [None if moment is None else moment.isoformat() for moment in (self.since, self.until)]
        return [self.dataset, *times, self.source, self.stage, self.theme, self.label, sorted(self.attributes.items())]

    @property
    def on_records(self) -> bool:
        """Whether some records are left out for what they are, whatever they raise."""
        return any((self.since, self.until, self.source, self.label, self.attributes))


def with_share_interval(row: dict[str, Any], *, of: int | None = None) -> dict[str, Any]:
    """Add the interval of a theme's share, of so many records, or as many as an analysis must have had."""
    if "share" not in row:
        return row
    n = of if of is not None else round(row["records"] / row["share"]) if row["share"] else 0
    found = share_interval(np.array([float(row["records"] or 0)]), np.array([float(n)]))
    low, high = (column(side)[0] for side in found)
    return {**row, "share_ci_low": low, "share_ci_high": high}


def polarity_intervals(
    connection: Connection, raised: sa.Subquery, keys: Sequence[str]
) -> dict[str, tuple[float | None, float | None]]:
    """Return the interval of the mean polarity of each subject, as an analysis finds it: between respondents."""
    of = raised.c
    chosen = (
        sa.select(of.subject, sa.func.count(), sa.func.sum(of.polarity), sa.func.sum(of.polarity * of.polarity))
        .where(of.subject.in_(keys), of.polarity.is_not(None))
        .group_by(of.subject, of.who)
        .order_by(of.subject, of.who)
    )
    found = connection.execute(chosen).all()
    names = sorted({subject for subject, *_ in found})
    if not names:
        return {}
    codes = np.array([names.index(subject) for subject, *_ in found])
    n, values, squares = np.array([row[1:] for row in found], dtype=np.float64).T
    ends = mean_interval(moments_of_people(codes, Sums(n, n, values, squares, n), len(names)), POLARITY)
    return dict(zip(names, zip(*(column(side).to_list() for side in ends), strict=True), strict=True))


def _below(dataset: Dataset, theme_id: str | None = None) -> sa.CTE:
    """Return pairs of themes of the current analysis: ``node``, and ``theme_id``, itself or one above it.

    With ``theme_id``, only the pairs of that theme.
    """
    own = sa.select(themes.c.theme_id.label("node"), themes.c.theme_id.label("theme_id")).where(
        themes.c.analysis_id == dataset.current_analysis
    )
    if theme_id is not None:
        own = own.where(themes.c.theme_id == theme_id)
    found = own.cte(recursive=True)
    lower = themes.alias()
    return found.union(
        sa.select(lower.c.theme_id, found.c.theme_id).where(
            lower.c.analysis_id == dataset.current_analysis, lower.c.parent_theme_id == found.c.node
        )
    )


def of_theme(column: sa.ColumnElement[Any], theme_id: str, dataset: Dataset) -> sa.ColumnElement[bool]:
    """Say that a theme is the one asked for or stands below it."""
    return sa.or_(column == theme_id, column.in_(sa.select(_below(dataset, theme_id).c.node)))


def of_both(rows: sa.FromClause, filters: Filters, dataset: Dataset) -> list[sa.ColumnElement[bool]]:
    """Say which rows are of the stage and the theme that were asked for, where they have such."""
    fit: list[sa.ColumnElement[bool]] = []
    if filters.stage and "stage" in rows.c:
        fit.append(rows.c.stage == filters.stage)
    if filters.theme and "theme_id" in rows.c:
        fit.append(of_theme(rows.c.theme_id, filters.theme, dataset))
    return fit


def fitting(filters: Filters, dataset: Dataset) -> list[sa.ColumnElement[bool]]:
    """Say which records fit."""
    fit: list[sa.ColumnElement[bool]] = [records.c.dataset_id == dataset.id]
    wanted = (
        (records.c.created_at, operator.ge, filters.since),
        (records.c.created_at, operator.lt, filters.until),
        (records.c.source, operator.eq, filters.source),
        (records.c.label, operator.eq, filters.label),
    )
    fit += [holds(column, value) for column, holds, value in wanted if value is not None]
    fit += [records.c.attributes[name].as_string() == value for name, value in filters.attributes.items()]
    own = segments.alias()  # a query around may count segments itself
    raised = of_both(own, filters, dataset)
    if raised:
        fit.append(sa.exists().where(own.c.record == records.c.id, *raised))
    return fit


_WHO = sa.func.coalesce(records.c.respondent_id, records.c.record_id)


def size(filters: Filters, dataset: Dataset) -> sa.Select[int, int]:
    """Count the fitting records and their respondents."""
    return sa.select(sa.func.count(), sa.func.count(_WHO.distinct())).where(
        *fitting(filters, dataset), records.c.duplicate_of.is_(None), records.c.reason.is_(None)
    )


def raised_by(table: sa.Table, filters: Filters, dataset: Dataset) -> sa.Subquery:
    """Return what the segments of the fitting records raise: one row for each finding that a segment is of."""
    raised: sa.ColumnElement[Any] = segments.c[KEYS[table]]
    source: sa.FromClause = sa.join(segments, records, records.c.id == segments.c.record)
    if table is themes:
        tree = _below(dataset)
        source = source.join(tree, tree.c.node == segments.c.theme_id)
        raised = tree.c.theme_id
    return (
        sa.select(
            raised.label("subject"),
            _WHO.label("who"),
            records.c.id.label("record"),
            records.c.created_at,
            segments.c.polarity,
            segments.c.label,
            segments.c.severity,
        )
        .select_from(source)
        .where(
            *fitting(filters, dataset),
            *_asked_for(table, filters, dataset),
            records.c.duplicate_of.is_(None),
            raised.is_not(None),
        )
        .subquery()
    )


def counts(raised: sa.Subquery) -> sa.Select[Any]:
    """Count what is raised of each ``subject``, by the names of the columns of findings."""
    return sa.select(
        raised.c.subject,
        sa.func.count(raised.c.record.distinct()).label("records"),
        sa.func.count(raised.c.who.distinct()).label("respondents"),
        sa.func.count().label("segments"),
        sa.func.avg(raised.c.polarity).label("polarity"),
        sa.func.avg(sa.case((raised.c.label == "negative", 1.0), else_=0.0)).label("negative_share"),
        sa.func.avg(raised.c.severity).label("severity"),
        sa.func.min(raised.c.created_at).label("first_seen"),
        sa.func.max(raised.c.created_at).label("last_seen"),
    ).group_by(raised.c.subject)


def _asked_for(table: sa.Table, filters: Filters, dataset: Dataset) -> list[sa.ColumnElement[bool]]:
    """Count only the segments of the stage or theme that was asked for, not the others of their records."""
    return [] if table is pain_points else of_both(segments, filters, dataset)


def quotes(
    connection: Connection, table: sa.Table, row: sa.RowMapping, *, filters: Filters, dataset: Dataset
) -> list[dict[str, Any]]:
    """Return quotes of the fitting records for a finding: those of the analysis among them, else the clearest."""
    key, known = row[KEYS[table]], row["evidence"] or []
    quoted = sa.select(records.c.record_id).where(
        *fitting(filters, dataset), records.c.record_id.in_([quote["record_id"] for quote in known])
    )
    among = set(connection.execute(quoted).scalars())
    kept = [quote for quote in known if quote["record_id"] in among]
    if kept:
        return kept
    chosen = (
        sa.select(records.c.record_id, segments.c.start, segments.c.end, segments.c.text.label("quote"))
        .join(records, records.c.id == segments.c.record)
        .where(
            *fitting(filters, dataset),
            *_asked_for(table, filters, dataset),
            of_theme(segments.c.theme_id, key, dataset) if table is themes else segments.c[KEYS[table]] == key,
        )
        .order_by(sa.func.coalesce(segments.c.strength, 0.0).desc(), segments.c.id)
        .limit(QUOTES)
    )
    return [dict(row) for row in connection.execute(chosen).mappings()]
