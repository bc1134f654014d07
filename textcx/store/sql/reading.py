"""Answer questions about data sets: themes, pain points, journey, drivers, ratings, trends and records, by filter.

Without a filter on records the figures are those of the analysis. With one (period, source, label, attributes, stage,
theme) they are counted again over the records that fit: names, ids and stability stay those of the analysis, intervals
and trends, which a count cannot give, are null. Duplicates do not count. Fewer respondents than the smallest group that
may be shown, chosen by an attribute, give no figures at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from textcx.domain.datasets import Page
from textcx.domain.errors import NotFound, WrongUse
from textcx.store.sql.cursors import Order, page_of
from textcx.store.sql.datasets import dataset_of
from textcx.store.sql.schema import drivers, journey, pain_points, ratings, records, segments, themes, trends

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from textcx.domain.datasets import Dataset
    from textcx.store.sql.database import Database

QUOTES = 5
MOST_ATTRIBUTES = 10
_SHOWN = (
    "record_id", "source", "created_at", "language", "text", "redactions", "respondent_id", "touchpoint",
    "customer_value", "ratings", "attributes", "label", "polarity", "p_negative", "p_neutral", "p_positive", "mixed",
    "confident", "primary_theme_id", "primary_stage", "duplicate_of", "n_segments", "reason", "received_at",
)  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class _Subject:
    """A kind of finding: its table, what tells its rows apart, and the column of a segment that refers to it."""

    name: str
    table: sa.Table
    key: str
    raised: sa.ColumnElement[Any]


_THEMES = _Subject("themes", themes, "theme_id", segments.c.theme_id)
_PAINS = _Subject("pain_points", pain_points, "pain_point_id", segments.c.pain_point_id)
_STAGES = _Subject("journey", journey, "stage", segments.c.stage)


class SqlReading:
    """Answers about the data sets of an installation.

    All methods raise ``NotFound`` where there is no such data set, or no analysis of it yet, and ``BadCursor`` for a
    cursor of another query.
    """

    def __init__(self, database: Database, *, min_group: int = 5) -> None:
        """Read from a database.

        Args:
            database: Where the data sets are.
            min_group: Smallest group of respondents, chosen by an attribute, of which anything is shown.
        """
        self._database = database
        self._min_group = min_group

    def themes(self, filters: Filters, *, limit: int = 100, cursor: str | None = None) -> Page:
        """Return themes, widest reach first."""
        return self._findings(_THEMES, filters, limit=limit, cursor=cursor)

    def pain_points(self, filters: Filters, *, limit: int = 100, cursor: str | None = None) -> Page:
        """Return pain points, highest reach x severity first."""
        return self._findings(_PAINS, filters, limit=limit, cursor=cursor)

    def journey(self, filters: Filters, *, limit: int = 100, cursor: str | None = None) -> Page:
        """Return stages, in the order of the journey."""
        return self._findings(_STAGES, filters, limit=limit, cursor=cursor)

    def drivers(
        self, filters: Filters, *, rating: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page:
        """Return drivers, strongest first; only theme, stage and attributes can be asked for.

        Raises:
            WrongUse: If records are filtered: an effect is estimated over all of them.
        """
        return self._measures(drivers, "drivers", filters, {"rating": rating}, limit=limit, cursor=cursor)

    def ratings(
        self, filters: Filters, *, rating: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page:
        """Return the values of ratings; filters as for ``drivers``."""
        return self._measures(ratings, "ratings", filters, {"rating": rating}, limit=limit, cursor=cursor)

    def trends(
        self, filters: Filters, *, measure: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page:
        """Return trends, period by period; filters as for ``drivers``, and the time."""
        return self._measures(trends, "trends", filters, {"measure": measure}, limit=limit, cursor=cursor, timed=True)

    def records(self, filters: Filters, *, limit: int = 100, cursor: str | None = None) -> Page:
        """Return records, redacted, in the order in which they came, those included that could not be analyzed."""
        with self._database.read() as connection:
            dataset = dataset_of(connection, filters.dataset)
            query = sa.select(*(records.c[name] for name in _SHOWN)).where(*_fitting(filters, dataset))
            rows, following = page_of(
                connection, query, order=[Order(records.c.id)], limit=limit, cursor=cursor,
                bound=["records", *filters.plain()],
            )  # fmt: skip
        return Page(rows=tuple({name: row[name] for name in _SHOWN} for row in rows), next_cursor=following)

    def record(self, dataset: str, record_id: str) -> dict[str, Any]:
        """Return a record with its segments.

        Raises:
            NotFound: If the data set has no such record.
        """
        with self._database.read() as connection:
            found = dataset_of(connection, dataset)
            chosen = sa.select(records).where(records.c.dataset_id == found.id, records.c.record_id == record_id)
            row = connection.execute(chosen).mappings().first()
            if row is None:
                msg = "the data set has no record with that id"
                raise NotFound(msg)
            own = sa.select(segments).where(segments.c.record == row["id"]).order_by(segments.c.start)
            pieces = [
                {name: value for name, value in piece.items() if name not in {"id", "dataset_id", "record"}}
                for piece in connection.execute(own).mappings()
            ]
        return {**{name: row[name] for name in _SHOWN}, "segments": pieces}

    def _findings(self, subject: _Subject, filters: Filters, *, limit: int, cursor: str | None) -> Page:
        with self._database.read() as connection:
            dataset, analysis_id = _analyzed(connection, filters.dataset)
            table = subject.table
            query = sa.select(table).where(table.c.analysis_id == analysis_id)
            bound = [subject.name, analysis_id, *filters.plain()]
            again = (
                filters.on_records or (filters.stage and subject is _THEMES) or (filters.theme and subject is _STAGES)
            )
            if not again:
                query = _among(query, table, filters)
                rows, following = page_of(
                    connection, query, order=[Order(table.c.place)], limit=limit, cursor=cursor, bound=bound
                )
                return Page(rows=tuple(_shown(row, table) for row in rows), next_cursor=following)
            return self._counted_again(connection, subject, query, filters, dataset, limit, cursor, bound)

    def _counted_again(  # noqa: PLR0917 - one answer, in one place
        self, connection: Connection, subject: _Subject, query: sa.Select[Any], filters: Filters, dataset: Dataset,
        limit: int, cursor: str | None, bound: Sequence[Any],
    ) -> Page:  # fmt: skip
        table = subject.table
        total, people = connection.execute(_size(filters, dataset)).one()
        if filters.attributes and people < self._min_group:
            return Page(rows=(), next_cursor=None)
        counted = _counts(subject, filters, dataset).subquery()
        query = _among(query, table, filters).join(counted, counted.c.subject == table.c[subject.key])
        query = query.add_columns(*(counted.c[name].label(f"new_{name}") for name in _COUNTED))
        order = [Order(table.c.place)]
        if subject is not _STAGES:
            weight = (
                counted.c.reach if subject is _THEMES else counted.c.reach * sa.func.coalesce(counted.c.severity, 0.0)
            )
            order = [Order(weight, descending=True), Order(table.c.place)]
        rows, following = page_of(connection, query, order=order, limit=limit, cursor=cursor, bound=bound)
        made = []
        for row in rows:
            shown = _shown(row, table)
            new = {name: row[f"new_{name}"] for name in _COUNTED}
            shown |= {"respondents": new["people"], "polarity": new["polarity"], "negative_share": new["negative"]}
            shown |= {"records": new["reach"], "share": new["reach"] / total if total else None, "trend": None}
            shown |= {"ci_low": None, "ci_high": None, "segments": new["pieces"], "severity": new["severity"]}
            shown |= {"first_seen": new["first"], "last_seen": new["last"]}
            shown = {name: value for name, value in shown.items() if name in table.c}
            if "evidence" in table.c:
                shown["evidence"] = _quotes(
                    connection, subject, row[subject.key], filters, dataset, row["evidence"] or []
                )
            made.append(shown)
        return Page(rows=tuple(made), next_cursor=following)

    def _measures(
        self, table: sa.Table, name: str, filters: Filters, more: Mapping[str, str | None], *, limit: int,
        cursor: str | None, timed: bool = False,
    ) -> Page:  # fmt: skip
        if filters.source or filters.label or (not timed and (filters.since or filters.until)):
            msg = f"{name} are found over all records of an analysis; ask by theme, stage or attribute, not by record"
            raise WrongUse(msg)
        with self._database.read() as connection:
            _, analysis_id = _analyzed(connection, filters.dataset)
            query = sa.select(table).where(table.c.analysis_id == analysis_id)
            for column, value in more.items():
                if value is not None:
                    query = query.where(table.c[column] == value)
            wanted = [("stage", filters.stage), ("theme", filters.theme)]
            wanted += [("attribute", f"{attribute}={value}") for attribute, value in filters.attributes.items()]
            either = [
                sa.and_(table.c.subject_kind == kind, table.c.subject_id == which) for kind, which in wanted if which
            ]
            if either:
                query = query.where(sa.or_(*either))
            if timed:
                query = query.where(*_periods(table, filters))
            rows, following = page_of(
                connection, query, order=[Order(table.c.place)], limit=limit, cursor=cursor,
                bound=[name, analysis_id, *filters.plain(), sorted(more.items())],
            )  # fmt: skip
        return Page(rows=tuple(_shown(row, table) for row in rows), next_cursor=following)


_COUNTED = ("reach", "people", "pieces", "polarity", "negative", "severity", "first", "last")


def _analyzed(connection: Connection, name: str) -> tuple[Dataset, str]:
    dataset = dataset_of(connection, name)
    if dataset.current_analysis is None:
        msg = "the data set has not been analyzed yet; start a job with POST /v1/jobs"
        raise NotFound(msg)
    return dataset, dataset.current_analysis


def _shown(row: sa.RowMapping, table: sa.Table) -> dict[str, Any]:
    return {column.name: row[column.name] for column in table.c if column.name not in {"analysis_id", "place"}}


def _among(query: sa.Select[Any], table: sa.Table, filters: Filters) -> sa.Select[Any]:
    """Keep the findings that are themselves of a theme or a stage."""
    if filters.theme and "theme_id" in table.c:
        query = query.where(table.c.theme_id == filters.theme)
    if filters.stage and "stage" in table.c:
        query = query.where(table.c.stage == filters.stage)
    return query


def _fitting(filters: Filters, dataset: Dataset) -> list[sa.ColumnElement[bool]]:
    """Say which records fit."""
    if len(filters.attributes) > MOST_ATTRIBUTES:
        msg = f"records can be filtered by {MOST_ATTRIBUTES} attributes at most"
        raise WrongUse(msg)
    fit: list[sa.ColumnElement[bool]] = [records.c.dataset_id == dataset.id]
    if filters.since is not None:
        fit.append(records.c.created_at >= filters.since)
    if filters.until is not None:
        fit.append(records.c.created_at < filters.until)
    for column, value in ((records.c.source, filters.source), (records.c.label, filters.label)):
        if value is not None:
            fit.append(column == value)
    fit += [records.c.attributes[name].as_string() == value for name, value in filters.attributes.items()]
    own = segments.alias()  # a query around may count segments itself
    raised = [
        column == value
        for column, value in ((own.c.stage, filters.stage), (own.c.theme_id, filters.theme))
        if value is not None
    ]
    if raised:
        fit.append(sa.exists().where(own.c.record == records.c.id, *raised))
    return fit


_WHO = sa.func.coalesce(records.c.respondent_id, records.c.record_id)


def _size(filters: Filters, dataset: Dataset) -> sa.Select[int, int]:
    return sa.select(sa.func.count(), sa.func.count(_WHO.distinct())).where(
        *_fitting(filters, dataset), records.c.duplicate_of.is_(None), records.c.reason.is_(None)
    )


def _counts(subject: _Subject, filters: Filters, dataset: Dataset) -> sa.Select[Any]:
    """Count what the fitting records raise of each subject."""
    return (
        sa.select(
            subject.raised.label("subject"),
            sa.func.count(records.c.id.distinct()).label("reach"),
            sa.func.count(_WHO.distinct()).label("people"),
            sa.func.count().label("pieces"),
            sa.func.avg(segments.c.polarity).label("polarity"),
            sa.func.avg(sa.case((segments.c.label == "negative", 1.0), else_=0.0)).label("negative"),
            sa.func.avg(segments.c.severity).label("severity"),
            sa.func.min(records.c.created_at).label("first"),
            sa.func.max(records.c.created_at).label("last"),
        )
        .join(records, records.c.id == segments.c.record)
        .where(
            *_fitting(filters, dataset), *_of_stage(subject, filters), records.c.duplicate_of.is_(None),
            subject.raised.is_not(None),
        )
        .group_by(subject.raised)
    )  # fmt: skip


def _of_stage(subject: _Subject, filters: Filters) -> list[sa.ColumnElement[bool]]:
    """Count only the segments of the stage or theme that was asked for, not the others of their records."""
    fit: list[sa.ColumnElement[bool]] = []
    if filters.stage and subject is not _PAINS:
        fit.append(segments.c.stage == filters.stage)
    if filters.theme and subject is not _PAINS:
        fit.append(segments.c.theme_id == filters.theme)
    return fit


def _quotes(  # noqa: PLR0917 - one question
    connection: Connection, subject: _Subject, key: str, filters: Filters, dataset: Dataset, known: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return quotes of the fitting records: those of the analysis among them, else the clearest."""
    fitting = sa.select(records.c.record_id).where(
        *_fitting(filters, dataset), records.c.record_id.in_([quote["record_id"] for quote in known])
    )
    among = set(connection.execute(fitting).scalars())
    kept = [quote for quote in known if quote["record_id"] in among]
    if kept:
        return kept
    chosen = (
        sa.select(records.c.record_id, segments.c.start, segments.c.end, segments.c.text.label("quote"))
        .join(records, records.c.id == segments.c.record)
        .where(*_fitting(filters, dataset), *_of_stage(subject, filters), subject.raised == key)
        .order_by(sa.func.coalesce(segments.c.strength, 0.0).desc(), segments.c.id)
        .limit(QUOTES)
    )
    return [dict(row) for row in connection.execute(chosen).mappings()]


_LENGTHS = {7: "%Y-%m", 10: "%Y-%m-%d"}


def _periods(table: sa.Table, filters: Filters) -> list[sa.ColumnElement[bool]]:
    """Keep the periods that touch the time asked for, whatever they are: days, weeks or months."""
    fit: list[sa.ColumnElement[bool]] = []
    for length, form in _LENGTHS.items():
        other = sa.func.length(table.c.period) != length
        if filters.since is not None:
            fit.append(sa.or_(other, table.c.period >= filters.since.strftime(form)))
        if filters.until is not None:
            fit.append(sa.or_(other, table.c.period <= filters.until.strftime(form)))
    weeks = sa.func.length(table.c.period) == len("2026-W01")
    for moment, later in ((filters.since, True), (filters.until, False)):
        if moment is not None:
            year, week, _ = moment.isocalendar()
            named = f"{year}-W{week:02d}"
            bound = table.c.period >= named if later else table.c.period <= named
            fit.append(sa.or_(sa.not_(weeks), bound))
    return fit
