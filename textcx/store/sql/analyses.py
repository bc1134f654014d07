"""Analyses in SQL: every table exactly as it was found, the findings also as rows that can be asked for.

Implements ``textcx.ports.AnalysisStore``; the directory of that port is the name an analysis is kept under. Saving
under a name that is taken replaces what was there. An analysis of a data set also says on its records and segments
which theme, stage and pain they were given, in the same transaction.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from textcx.domain.analysis import Analysis
from textcx.domain.errors import BrokenResult, NotFound
from textcx.domain.feedback import Unprocessable
from textcx.domain.service.datasets import new_id
from textcx.domain.tables import EXTRA_TABLES, SCHEMAS, conform
from textcx.steps.themes.editing.forget import only_records
from textcx.store.sql.blobs import table_bytes, table_of
from textcx.store.sql.datasets import dataset_of
from textcx.store.sql.erasure import forget_in_analysis, lock_out, pending_erasures
from textcx.store.sql.schema.columns import storable
from textcx.store.sql.schema.tables import FINDINGS, analyses, analysis_tables, datasets, records, segments
from textcx.store.sql.theme_sets import CurrentSet, keep_theme_set

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from textcx.store.sql.database import Database

MARKS = 101
"""Quantiles of the customer value that are kept."""


class SqlAnalysisStore:
    """Keeps analyses in the database of the service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, analysis: Analysis, directory: Path) -> None:
        """Keep a finished analysis under a name.

        Args:
            analysis: The analysis.
            directory: The name.
        """
        with self._database.write() as connection:
            _insert(connection, analysis, place=str(directory))

    def load(self, directory: Path) -> Analysis:
        """Return the analysis of a name, equal to the one saved.

        Raises:
            BrokenResult: If there is none.
        """
        with self._database.read() as connection:
            row = connection.execute(sa.select(analyses).where(analyses.c.place == str(directory))).mappings().first()
            if row is None:
                msg = f"there is no finished analysis under {directory}; run an analyze job first"
                raise BrokenResult(msg)
            return _load(connection, row)

    def publish(
        self, analysis: Analysis, *, dataset_id: int, job_id: str, themes: CurrentSet | None, since: datetime
    ) -> str:
        """Keep the analysis of a data set and make it the current one; once per job, however often it is called.

        Records that are gone by now, erased or too old, are left out.

        Args:
            analysis: The analysis.
            dataset_id: Its data set.
            job_id: The job that made it.
            themes: The set that new segments will be assigned to; null leaves that as it is.
            since: When the job began to read; who was erased after that is left out.

        Returns:
            The id of the analysis.
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
            made = _insert(
                connection,
                analysis,
                place=f"{dataset_id}/{job_id}",
                dataset_id=dataset_id,
                job_id=job_id,
            )
            if themes is not None:
                known = only_records(themes.theme_set, analysis.records["record_id"].to_list())
                keep_theme_set(connection, dataset_id, replace(themes, theme_set=known))
            connection.execute(
                sa.update(datasets)
                .where(datasets.c.id == dataset_id)
                .values(current_analysis=made, value_marks=_value_marks(analysis), updated_at=datetime.now(tz=UTC))
            )
            _mark_records(connection, analysis, numbers)
            connection.execute(
                sa.delete(analyses).where(
                    analyses.c.dataset_id == dataset_id, analyses.c.id.not_in(_latest(connection, dataset_id))
                )
            )
        return made

    def current(self, dataset: str) -> tuple[str, Analysis]:
        """Return the id of the latest analysis of a data set, and the analysis.

        Raises:
            NotFound: If there is no such data set, or no analysis of it yet.
        """
        with self._database.read() as connection:
            found = dataset_of(connection, dataset).current_analysis
            if found is None:
                msg = "the data set has not been analyzed yet; start a job with POST /v1/jobs"
                raise NotFound(msg)
            row = connection.execute(sa.select(analyses).where(analyses.c.id == found)).mappings().one()
            return found, _load(connection, row)


KEPT = 3
"""Analyses kept of a data set, the current one included."""


def _latest(connection: Connection, dataset_id: int) -> list[str]:
    chosen = sa.select(analyses.c.id).where(analyses.c.dataset_id == dataset_id)
    return list(connection.execute(chosen.order_by(analyses.c.created_at.desc()).limit(KEPT)).scalars())


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
            known = [column.name for column in FINDINGS[name].columns if column.name in table.columns]
            rows = [
                {"analysis_id": made, "place": number, **storable(row)}
                for number, row in enumerate(table.select(known).iter_rows(named=True))
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
    try:
        tables = {name: table_of(stored[name]) for name in (*SCHEMAS, *EXTRA_TABLES) if name in stored}
    except (OSError, pl.exceptions.PolarsError) as error:
        msg = f"the stored analysis {row['id']} is damaged ({type(error).__name__}); run the analyze job again"
        raise BrokenResult(msg) from error
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
    own_records = analysis.records.select("record_id", *_ON_RECORDS)
    updates = [
        {"which": numbers[row["record_id"]], **{f"new_{name}": row[name] for name in _ON_RECORDS}}
        for row in own_records.iter_rows(named=True)
        if row["record_id"] in numbers
    ]
    if updates:
        changed: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in _ON_RECORDS}
        connection.execute(sa.update(records).where(records.c.id == sa.bindparam("which")).values(changed), updates)
    mentions = analysis.tables["mentions"].select("segment_id", "theme_id", "strength")
    pains = analysis.tables["pains"].select("segment_id", "aspect", "statement", "severity", "reasons", "pain_point_id")
    own = (
        analysis.segments.select("segment_id", "record_id", "start", "end", "stage", "stage_confidence", "pain")
        .join(mentions.unique("segment_id", keep="first", maintain_order=True), on="segment_id", how="left")
        .join(pains, on="segment_id", how="left")
    )
    changes = [
        {"of": numbers[row["record_id"]], "from": row["start"], "to": row["end"]}
        | {f"new_{name}": storable(row[name]) for name in _ON_SEGMENTS}
        for row in own.iter_rows(named=True)
        if row["record_id"] in numbers
    ]
    if changes:
        connection.execute(
            sa.update(segments)
            .where(
                segments.c.record == sa.bindparam("of"),
                segments.c.start == sa.bindparam("from"),
                segments.c.end == sa.bindparam("to"),
            )
            .values({name: sa.bindparam(f"new_{name}") for name in _ON_SEGMENTS}),
            changes,
        )


_ON_RECORDS = ("language", "mixed", "n_segments", "primary_theme_id", "primary_stage", "duplicate_of")
_ON_SEGMENTS = (
    "stage",
    "stage_confidence",
    "theme_id",
    "strength",
    "pain",
    "aspect",
    "statement",
    "severity",
    "reasons",
    "pain_point_id",
)
