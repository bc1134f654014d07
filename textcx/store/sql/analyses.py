"""Analyses in SQL: every table exactly as it was found, the findings also as rows that can be asked for.

Implements ``textcx.ports.AnalysisStore``; the directory of that port is the name an analysis is kept under. An analysis
of a data set also says on its records and segments which theme, stage and pain they were given, in the same
transaction.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from textcx.domain.analysis import Analysis
from textcx.domain.errors import BrokenResult
from textcx.domain.feedback import Unprocessable
from textcx.domain.service.datasets import new_id
from textcx.domain.tables import EXTRA_TABLES, MENTIONS, PAINS, SCHEMAS, conform
from textcx.steps.themes.editing.forget import only_records
from textcx.store.files import damaged, table_bytes, table_of
from textcx.store.sql.datasets import analyzed
from textcx.store.sql.erasure import forget_in_analysis, lock_out, pending_erasures
from textcx.store.sql.rows import SqlStore
from textcx.store.sql.schema.columns import storable
from textcx.store.sql.schema.tables import FINDINGS, SEGMENT, analyses, analysis_tables, datasets, records, segments
from textcx.store.sql.theme_sets import CurrentSet, keep_theme_set

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

MARKS = 101
"""Quantiles of the customer value that are kept."""
KEPT = 3
"""Analyses kept of a data set, the current one included."""
_ON_RECORDS = ("language", "mixed", "n_segments", "primary_theme_id", "primary_stage", "duplicate_of")
_SCORED = {"text_column", "start", "end", "text", "label", "polarity"}
_ON_SEGMENTS = [name for name in SEGMENT if name not in _SCORED and not name.startswith("p_")]
"""What an analysis says anew on a segment: all but its text and what the model says of that."""


class SqlAnalysisStore(SqlStore):
    """Keeps analyses in the database of the service."""

    def save(self, analysis: Analysis, directory: Path) -> None:
        """Keep a finished analysis under a name, in the place of one that had it."""
        with self._database.write() as connection:
            _insert(connection, analysis, place=str(directory))

    def load(self, directory: Path) -> Analysis:
        """Return the analysis of a name, equal to the one saved, or raise ``BrokenResult`` if there is none."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(analyses).where(analyses.c.place == str(directory))).mappings().first()
            if row is None:
                msg = f"there is no finished analysis under {directory}; run an analyze job first"
                raise BrokenResult(msg)
            return _load(connection, row)

    def publish(
        self, analysis: Analysis, *, dataset_id: int, job_id: str, themes: CurrentSet | None, since: datetime
    ) -> str:
        """Make an analysis the current one of its data set and return its id; once per job, however often it is called.

        Records that are gone by now, erased or too old, are left out.

        Args:
            analysis: The analysis.
            dataset_id: Its data set.
            job_id: The job that made it.
            themes: The set that new segments will be assigned to; null leaves that as it is.
            since: When the job began to read; who was erased after that is left out.
        """
        with self._database.write() as connection:
            lock_out(connection, alone=False)
            done = connection.execute(sa.select(analyses.c.id).where(analyses.c.job_id == job_id)).scalar()
            if done is not None:
                return str(done)
            chosen = sa.select(records.c.record_id, records.c.id).where(records.c.dataset_id == dataset_id)
            numbers = dict(connection.execute(chosen).all())
            erased = pending_erasures(connection, since=since)
            analysis = forget_in_analysis(analysis, respondents=erased, there=numbers.keys())
            place = f"{dataset_id}/{job_id}"
            made = _insert(connection, analysis, place=place, dataset_id=dataset_id, job_id=job_id)
            if themes is not None:
                known = only_records(themes.theme_set, analysis.records["record_id"].to_list())
                keep_theme_set(connection, dataset_id, replace(themes, theme_set=known))
            connection.execute(
                sa.update(datasets)
                .where(datasets.c.id == dataset_id)
                .values(current_analysis=made, value_marks=_value_marks(analysis), updated_at=datetime.now(tz=UTC))
            )
            _mark_records(connection, analysis, numbers)
            own = analyses.c.dataset_id == dataset_id
            latest = sa.select(analyses.c.id).where(own).order_by(analyses.c.created_at.desc()).limit(KEPT)
            kept = connection.execute(latest).scalars().all()
            connection.execute(sa.delete(analyses).where(own, analyses.c.id.not_in(kept)))
        return made

    def current(self, dataset: str) -> tuple[str, Analysis]:
        """Return the id of the latest analysis of a data set, and the analysis.

        Raises:
            NotFound: If there is no such data set, or no analysis of it yet.
        """
        with self._database.read() as connection:
            _, found = analyzed(connection, dataset)
            row = connection.execute(sa.select(analyses).where(analyses.c.id == found)).mappings().one()
            return found, _load(connection, row)


def _insert(connection: Connection, analysis: Analysis, *, place: str, **columns: object) -> str:
    connection.execute(sa.delete(analyses).where(analyses.c.place == place))
    made = new_id("ana")
    connection.execute(
        sa.insert(analyses).values(
            id=made,
            place=place,
            created_at=datetime.now(tz=UTC),
            manifest=storable(analysis.manifest),
            headline=storable(analysis.headline),
            notes=storable(list(analysis.notes)),
            unprocessable=storable([asdict(broken) for broken in analysis.unprocessable]),
            **columns,
        )
    )
    for name, frame in analysis.tables.items():
        table = conform(frame, SCHEMAS[name], name=name) if name in SCHEMAS else frame
        content = table_bytes(table)
        connection.execute(sa.insert(analysis_tables).values(analysis_id=made, name=name, content=content))
        if name in FINDINGS:
            known = table.select(column.name for column in FINDINGS[name].columns if column.name in table.columns)
            rows = [
                {"analysis_id": made, "place": number, **storable(row)}
                for number, row in enumerate(known.iter_rows(named=True))
            ]
            if rows:
                connection.execute(sa.insert(FINDINGS[name]), rows)
    return made


def _load(connection: Connection, row: sa.RowMapping) -> Analysis:
    chosen = sa.select(analysis_tables.c.name, analysis_tables.c.content)
    stored = dict(connection.execute(chosen.where(analysis_tables.c.analysis_id == row["id"])).all())
    missing = [name for name in SCHEMAS if name not in stored]
    if missing:
        msg = f"the stored analysis {row['id']} lacks the tables {missing}; run the analyze job again"
        raise BrokenResult(msg)
    with damaged(f"the stored analysis {row['id']}", "run the analyze job again"):
        tables = {name: table_of(stored[name]) for name in (*SCHEMAS, *EXTRA_TABLES) if name in stored}
    return Analysis(
        tables=tables,
        headline=row["headline"],
        manifest=row["manifest"],
        notes=tuple(row["notes"]),
        unprocessable=tuple(Unprocessable.from_plain(broken) for broken in row["unprocessable"]),
    )


def _value_marks(analysis: Analysis) -> list[float]:
    values = analysis.records["customer_value"].drop_nulls().sort()
    if values.len() <= MARKS:
        return values.to_list()
    return [float(values.quantile(place / (MARKS - 1)) or 0.0) for place in range(MARKS)]


def _mark_records(connection: Connection, analysis: Analysis, numbers: dict[str, int]) -> None:
    """Say on records and segments what the analysis made of them."""
    there = pl.DataFrame(list(numbers.items()), schema={"record_id": pl.String, "number": pl.Int64}, orient="row")
    own = analysis.records.select("record_id", *_ON_RECORDS).join(there, on="record_id")  # attributes have any name
    here = {"id": "number"}
    _update(connection, records, own.select(*here.values(), *_ON_RECORDS), here=here)
    mentions, pains = (
        analysis.tables[name].select(schema.names()).drop("record_id")
        for name, schema in (("mentions", MENTIONS), ("pains", PAINS))
    )
    own_segments = (
        analysis.segments.join(there, on="record_id")
        .join(mentions.unique("segment_id", keep="first", maintain_order=True), on="segment_id", how="left")
        .join(pains, on="segment_id", how="left")
    )
    here = {"record": "number", "start": "start", "end": "end"}
    _update(connection, segments, own_segments.select(*here.values(), *_ON_SEGMENTS), here=here)


def _update(connection: Connection, table: sa.Table, frame: pl.DataFrame, *, here: dict[str, str]) -> None:
    """Change rows of a table to those of a frame; ``here`` maps the table's key columns to those of the frame."""
    if frame.height:
        bound: dict[str, sa.ColumnElement[object]] = {name: sa.bindparam(f"new_{name}") for name in frame.columns}
        same = [table.c[column] == bound.pop(name) for column, name in here.items()]
        values = storable(frame.select(pl.all().name.prefix("new_")).rows(named=True))
        connection.execute(sa.update(table).where(*same).values(bound), values)
