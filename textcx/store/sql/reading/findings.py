"""Answer questions about data sets: themes, pain points, journey, drivers, ratings, trends and records, by filter.

Without a filter on records the figures are those of the analysis. With one (period, source, label, attributes, stage,
theme) they are counted again over the records that fit, those included that came since: names, titles, ids, fit and
stability stay those of the analysis, intervals are found anew, and what a count cannot give (trends; of pain points
also stages, 90th percentile, safety and effect) is null. A theme counts what is
raised of it or of any theme below it. Duplicates do not count. Fewer respondents than the smallest group that may be
shown, chosen by an attribute, give no figures at all.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from textcx.domain.errors import WrongUse
from textcx.domain.service.datasets import Page
from textcx.domain.tables import RECORDS
from textcx.store.sql.cursors import Order, page_of
from textcx.store.sql.datasets import analyzed, dataset_of
from textcx.store.sql.reading.counting import (
    KEYS,
    Filters,
    counts,
    fitting,
    of_both,
    polarity_intervals,
    quotes,
    raised_by,
    size,
    with_share_interval,
)
from textcx.store.sql.rows import SqlStore, one_row
from textcx.store.sql.schema.tables import (
    SEGMENT,
    drivers,
    journey,
    pain_points,
    ratings,
    records,
    segments,
    themes,
    trends,
)

if TYPE_CHECKING:
    from textcx.store.sql.database import Database

_SHOWN = [name for name in (*RECORDS, "ratings", "attributes", "reason", "received_at") if name != "windows"]
_COUNTED = ("records", "respondents", "segments", "polarity", "negative_share", "severity", "first_seen", "last_seen")


class SqlReading(SqlStore):
    """Answers about the data sets of an installation, a page at a time.

    All methods raise ``NotFound`` where there is no such data set, or no analysis of it yet, and ``BadCursor`` for a
    cursor of another query.
    """

    def __init__(self, database: Database, *, min_group: int = 5) -> None:
        """Read from a database; ``min_group`` respondents, chosen by an attribute, are the fewest that are shown."""
        super().__init__(database)
        self._min_group = min_group

    def themes(self, filters: Filters, *, limit: int = 100, cursor: str | None = None) -> Page:
        """Return themes, widest reach first."""
        return self._findings(themes, filters, limit=limit, cursor=cursor)

    def pain_points(self, filters: Filters, *, limit: int = 100, cursor: str | None = None) -> Page:
        """Return pain points, the weightiest first."""
        return self._findings(pain_points, filters, limit=limit, cursor=cursor)

    def journey(self, filters: Filters, *, limit: int = 100, cursor: str | None = None) -> Page:
        """Return stages, in the order of the journey."""
        return self._findings(journey, filters, limit=limit, cursor=cursor)

    def drivers(
        self, filters: Filters, *, rating: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page:
        """Return drivers, strongest first; only theme, stage and attributes can be asked for.

        Raises:
            WrongUse: If records are filtered: an effect is estimated over all of them.
        """
        return self._measures(drivers, filters, ("rating", rating), limit=limit, cursor=cursor)

    def ratings(
        self, filters: Filters, *, rating: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page:
        """Return the values of ratings; filters as for ``drivers``."""
        return self._measures(ratings, filters, ("rating", rating), limit=limit, cursor=cursor)

    def trends(
        self, filters: Filters, *, measure: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page:
        """Return trends, period by period; filters as for ``drivers``, and the time."""
        return self._measures(trends, filters, ("measure", measure), limit=limit, cursor=cursor)

    def records(self, filters: Filters, *, limit: int = 100, cursor: str | None = None) -> Page:
        """Return records, redacted, in the order in which they came, those included that could not be analyzed."""
        with self._database.read() as connection:
            fit = fitting(filters, dataset_of(connection, filters.dataset))
            query = sa.select(*(records.c[name] for name in _SHOWN)).where(*fit)
            order, bound = [Order(records.c.id)], ["records", *filters.plain()]
            rows, following = page_of(connection, query, order=order, limit=limit, cursor=cursor, bound=bound)
        return Page(rows=tuple({name: row[name] for name in _SHOWN} for row in rows), next_cursor=following)

    def record(self, dataset: str, record_id: str) -> dict[str, Any]:
        """Return a record of a data set with its segments."""
        with self._database.read() as connection:
            found = dataset_of(connection, dataset)
            chosen = sa.select(records).where(records.c.dataset_id == found.id, records.c.record_id == record_id)
            row = one_row(connection, chosen, missing="the data set has no record with that id")
            own = sa.select(*(segments.c[name] for name in SEGMENT)).where(segments.c.record == row["id"])
            pieces = [dict(piece) for piece in connection.execute(own.order_by(segments.c.start)).mappings()]
        return {**{name: row[name] for name in _SHOWN}, "segments": pieces}

    def _findings(self, table: sa.Table, filters: Filters, *, limit: int, cursor: str | None) -> Page:
        key = KEYS[table]
        with self._database.read() as connection:
            dataset, analysis_id = analyzed(connection, filters.dataset)
            query = sa.select(table).where(table.c.analysis_id == analysis_id, *of_both(table, filters, dataset))
            order = [Order(table.c.place)]
            bound = [table.name, analysis_id, *filters.plain()]
            again = filters.on_records or (filters.stage and table is themes) or (filters.theme and table is journey)
            if not again:
                rows, following = page_of(connection, query, order=order, limit=limit, cursor=cursor, bound=bound)
                return Page(rows=tuple(with_share_interval(_shown(row, table)) for row in rows), next_cursor=following)
            total, people = connection.execute(size(filters, dataset)).one()
            if filters.attributes and people < self._min_group:
                return Page(rows=(), next_cursor=None)
            raised = raised_by(table, filters, dataset)
            counted = counts(raised).subquery()
            query = query.join(counted, counted.c.subject == table.c[key])
            query = query.add_columns(*(counted.c[name].label(f"new_{name}") for name in _COUNTED))
            if table is themes:
                order.insert(0, Order(counted.c.records, descending=True))
            elif table is pain_points:
                weight = counted.c.records * sa.func.coalesce(counted.c.severity, 0.0)
                order.insert(0, Order(weight, descending=True))
            rows, following = page_of(connection, query, order=order, limit=limit, cursor=cursor, bound=bound)
            spans = polarity_intervals(connection, raised, [row[key] for row in rows if table is journey])
            made = []
            for row in rows:
                new = {name: row[f"new_{name}"] for name in _COUNTED}
                low, high = spans.get(row[key], (None, None))
                new |= {
                    "share": new["records"] / total if total else None,
                    **dict.fromkeys(("trend", "stages", "severity_p90", "safety", "effect")),
                    "ci_low": low,
                    "ci_high": high,
                }
                if "evidence" in table.c:
                    new["evidence"] = quotes(connection, table, row, filters=filters, dataset=dataset)
                shown = {name: new.get(name, value) for name, value in _shown(row, table).items()}
                made.append(with_share_interval(shown, of=total))
        return Page(rows=tuple(made), next_cursor=following)

    def _measures(
        self, table: sa.Table, filters: Filters, one: tuple[str, str | None], *, limit: int, cursor: str | None
    ) -> Page:
        timed = table is trends
        if filters.source or filters.label or (not timed and (filters.since or filters.until)):
            msg = (
                f"{table.name} are found over all records of an analysis; "
                "ask by theme, stage or attribute, not by record"
            )
            raise WrongUse(msg)
        column, value = one
        with self._database.read() as connection:
            _, analysis_id = analyzed(connection, filters.dataset)
            query = sa.select(table).where(table.c.analysis_id == analysis_id, *_periods(table, filters))
            if value is not None:
                query = query.where(table.c[column] == value)
            wanted = [("stage", filters.stage), ("theme", filters.theme)]
            wanted += [("attribute", f"{attribute}={each}") for attribute, each in filters.attributes.items()]
            either = [
                sa.and_(table.c.subject_kind == kind, table.c.subject_id == which) for kind, which in wanted if which
            ]
            if either:
                query = query.where(sa.or_(*either))
            order, bound = [Order(table.c.place)], [table.name, analysis_id, *filters.plain(), [one]]
            rows, following = page_of(connection, query, order=order, limit=limit, cursor=cursor, bound=bound)
        return Page(rows=tuple(_shown(row, table) for row in rows), next_cursor=following)


def _shown(row: sa.RowMapping, table: sa.Table) -> dict[str, Any]:
    return {column.name: row[column.name] for column in table.c if column.name not in {"analysis_id", "place"}}


def _periods(table: sa.Table, filters: Filters) -> list[sa.ColumnElement[bool]]:
    """Keep the periods that touch the time asked for, whatever they are: days, weeks or months."""
    fit: list[sa.ColumnElement[bool]] = []
    for moment, holds in ((filters.since, operator.ge), (filters.until, operator.le)):
        if moment is not None:
            year, week, _ = moment.isocalendar()
            for name in (f"{moment:%Y-%m}", f"{moment:%Y-%m-%d}", f"{year}-W{week:02d}"):
                other = sa.func.length(table.c.period) != len(name)
                fit.append(sa.or_(other, holds(table.c.period, name)))
    return fit
