"""Answer questions about data sets: themes, pain points, journey, drivers, ratings, trends and records, by filter.

Without a filter on records the figures are those of the analysis. With one (period, source, label, attributes, stage,
theme) they are counted again over the records that fit, those included that came since: names, ids and stability stay
those of the analysis, intervals are found anew, and trends, which a count cannot give, are null. A theme counts what is
raised of it or of any theme below it. Duplicates do not count. Fewer respondents than the smallest group that may be
shown, chosen by an attribute, give no figures at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from textcx.domain.errors import NotFound, WrongUse
from textcx.domain.service.datasets import Page
from textcx.store.sql.cursors import Order, page_of
from textcx.store.sql.datasets import dataset_of
from textcx.store.sql.reading.counting import (
    PAINS,
    STAGES,
    THEMES,
    Filters,
    Subject,
    counts,
    fitting,
    of_theme,
    polarity_intervals,
    quotes,
    raised_by,
    size,
    with_share_interval,
)
from textcx.store.sql.rows import one_row
from textcx.store.sql.schema.tables import drivers, ratings, records, segments, trends

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from textcx.domain.service.datasets import Dataset
    from textcx.store.sql.database import Database

_SHOWN = (
    "record_id",
    "source",
    "created_at",
    "language",
    "text",
    "redactions",
    "respondent_id",
    "touchpoint",
    "customer_value",
    "ratings",
    "attributes",
    "label",
    "polarity",
    "p_negative",
    "p_neutral",
    "p_positive",
    "mixed",
    "confident",
    "primary_theme_id",
    "primary_stage",
    "duplicate_of",
    "n_segments",
    "reason",
    "received_at",
)


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
        return self._findings(THEMES, filters, limit=limit, cursor=cursor)

    def pain_points(self, filters: Filters, *, limit: int = 100, cursor: str | None = None) -> Page:
        """Return pain points, highest reach x severity first."""
        return self._findings(PAINS, filters, limit=limit, cursor=cursor)

    def journey(self, filters: Filters, *, limit: int = 100, cursor: str | None = None) -> Page:
        """Return stages, in the order of the journey."""
        return self._findings(STAGES, filters, limit=limit, cursor=cursor)

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
            query = sa.select(*(records.c[name] for name in _SHOWN)).where(*fitting(filters, dataset))
            rows, following = page_of(
                connection,
                query,
                order=[Order(records.c.id)],
                limit=limit,
                cursor=cursor,
                bound=["records", *filters.plain()],
            )
        return Page(rows=tuple({name: row[name] for name in _SHOWN} for row in rows), next_cursor=following)

    def record(self, dataset: str, record_id: str) -> dict[str, Any]:
        """Return a record with its segments.

        Raises:
            NotFound: If the data set has no such record.
        """
        with self._database.read() as connection:
            found = dataset_of(connection, dataset)
            chosen = sa.select(records).where(records.c.dataset_id == found.id, records.c.record_id == record_id)
            row = one_row(connection, chosen, missing="the data set has no record with that id")
            own = sa.select(segments).where(segments.c.record == row["id"]).order_by(segments.c.start)
            pieces = [
                {name: value for name, value in piece.items() if name not in {"id", "dataset_id", "record"}}
                for piece in connection.execute(own).mappings()
            ]
        return {**{name: row[name] for name in _SHOWN}, "segments": pieces}

    def _findings(self, subject: Subject, filters: Filters, *, limit: int, cursor: str | None) -> Page:
        with self._database.read() as connection:
            dataset, analysis_id = _analyzed(connection, filters.dataset)
            table = subject.table
            query = sa.select(table).where(table.c.analysis_id == analysis_id)
            bound = [subject.name, analysis_id, *filters.plain()]
            again = filters.on_records or (filters.stage and subject is THEMES) or (filters.theme and subject is STAGES)
            if not again:
                query = _among(query, table, filters, dataset)
                rows, following = page_of(
                    connection, query, order=[Order(table.c.place)], limit=limit, cursor=cursor, bound=bound
                )
                shown = tuple(with_share_interval(_shown(row, table)) for row in rows)
                return Page(rows=shown, next_cursor=following)
            return self._counted_again(
                connection, subject, query, filters=filters, dataset=dataset, limit=limit, cursor=cursor, bound=bound
            )

    def _counted_again(
        self,
        connection: Connection,
        subject: Subject,
        query: sa.Select[Any],
        *,
        filters: Filters,
        dataset: Dataset,
        limit: int,
        cursor: str | None,
        bound: Sequence[Any],
    ) -> Page:
        table = subject.table
        total, people = connection.execute(size(filters, dataset)).one()
        if filters.attributes and people < self._min_group:
            return Page(rows=(), next_cursor=None)
        raised = raised_by(subject, filters, dataset)
        counted = counts(raised).subquery()
        query = _among(query, table, filters, dataset).join(counted, counted.c.subject == table.c[subject.key])
        query = query.add_columns(*(counted.c[name].label(f"new_{name}") for name in _COUNTED))
        order = [Order(table.c.place)]
        if subject is not STAGES:
            weight = (
                counted.c.reach if subject is THEMES else counted.c.reach * sa.func.coalesce(counted.c.severity, 0.0)
            )
            order = [Order(weight, descending=True), Order(table.c.place)]
        rows, following = page_of(connection, query, order=order, limit=limit, cursor=cursor, bound=bound)
        stages = [row[subject.key] for row in rows] if subject is STAGES else []
        spans = polarity_intervals(connection, raised, stages)
        made = []
        for row in rows:
            shown = _shown(row, table)
            new = {name: row[f"new_{name}"] for name in _COUNTED}
            shown |= {"respondents": new["people"], "polarity": new["polarity"], "negative_share": new["negative"]}
            shown |= {"records": new["reach"], "share": new["reach"] / total if total else None, "trend": None}
            low, high = spans.get(row[subject.key], (None, None))
            shown |= {"ci_low": low, "ci_high": high, "segments": new["pieces"], "severity": new["severity"]}
            shown |= {"first_seen": new["first"], "last_seen": new["last"]}
            shown = with_share_interval({name: value for name, value in shown.items() if name in table.c}, of=total)
            if "evidence" in table.c:
                known = row["evidence"] or []
                shown["evidence"] = quotes(
                    connection, subject, row[subject.key], filters=filters, dataset=dataset, known=known
                )
            made.append(shown)
        return Page(rows=tuple(made), next_cursor=following)

    def _measures(
        self,
        table: sa.Table,
        name: str,
        filters: Filters,
        more: Mapping[str, str | None],
        *,
        limit: int,
        cursor: str | None,
        timed: bool = False,
    ) -> Page:
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
                connection,
                query,
                order=[Order(table.c.place)],
                limit=limit,
                cursor=cursor,
                bound=[name, analysis_id, *filters.plain(), sorted(more.items())],
            )
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


def _among(query: sa.Select[Any], table: sa.Table, filters: Filters, dataset: Dataset) -> sa.Select[Any]:
    """Keep the findings that are themselves of a theme, or one below it, or of a stage."""
    if filters.theme and "theme_id" in table.c:
        query = query.where(of_theme(table.c.theme_id, filters.theme, dataset))
    if filters.stage and "stage" in table.c:
        query = query.where(table.c.stage == filters.stage)
    return query


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
