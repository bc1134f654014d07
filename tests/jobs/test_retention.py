"""What is older than a data set keeps goes everywhere, by the task that runs every few minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import sqlalchemy as sa
from databases import copy_of, opened
from fakes import FakePhraseFinder
from job_context import as_csv, light_context, light_tools, run_now, send, some_rows

from textcx.domain.service.datasets import JobKind, JobState
from textcx.jobs.queue.runner import keep_house
from textcx.store.files import part_tables, table_of
from textcx.store.sql.reading.counting import Filters
from textcx.store.sql.reading.findings import SqlReading
from textcx.store.sql.schema.tables import analysis_tables, metadata, parts, receipts, records, segments, triage
from textcx.store.theme_sets.directory import from_bytes
from textcx.wiring.job_context import JobContext

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from textcx.ports import Phrase

NOW = datetime(2026, 4, 15, 12, tzinfo=UTC)
DAYS = 30
SAID_ONCE = "Marmalade in the gearbox ruined the gearbox, the gearbox broke and nobody helped me."


def is_old(row: dict[str, Any]) -> bool:
    return datetime.fromisoformat(row["date"]).replace(tzinfo=UTC) < NOW - timedelta(days=DAYS)


@pytest.fixture(scope="module")
def analyzed_twice(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database with two analyses, the second with themes assigned, then retention; nothing was swept yet."""
    with opened(module_url) as database:
        context = light_context(database, tmp_path_factory.mktemp("spool"), batch_rows=30)
        context.datasets.put("shop")
        rows = some_rows(120)
        rows[0] |= {"comment": SAID_ONCE, "date": "2026-01-01"}
        for more in (rows, some_rows(60, first=120)):
            run_now(context, send(context, "shop", as_csv(more)))
            job = run_now(context, context.jobs.ask(JobKind.ANALYZE, "shop")[0])
            assert job.state is JobState.DONE, job.errors
        context.datasets.put("shop", retention_days=DAYS)
    return module_url


@pytest.fixture
def context(analyzed_twice: str, tmp_path: Path) -> Iterator[JobContext]:
    with opened(copy_of(analyzed_twice, tmp_path)) as database:
        yield light_context(database, tmp_path / "spool", batch_rows=30)


class SweepingPhrases(FakePhraseFinder):
    """Lets the house be kept while an analysis works on records that it has read already."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self.swept = False

    def phrases(self, texts: Sequence[str]) -> list[list[Phrase]]:
        if not self.swept:
            keep_house(self._context, now=NOW)
            self.swept = True
        return super().phrases(texts)


OLD = {row["id"] for row in some_rows(180) if is_old(row)} | {"f0"}
YOUNG = {row["id"] for row in some_rows(180)} - OLD


def places(context: JobContext, ids: set[str]) -> set[str]:
    """Name every place of the database that still names or quotes one of the records."""
    found = set()
    with context.database.read() as connection:
        for table in metadata.sorted_tables:
            everything = str(connection.execute(sa.select(table)).all())
            found |= {table.name for one in ids if f"'{one}'" in everything or f'"{one}"' in everything}
        for (blob,) in connection.execute(sa.select(parts.c.blob).where(parts.c.blob.is_not(None))):
            found |= {"blob"} if ids & set(part_tables(blob).records["given_id"]) else set()
        for name, content in connection.execute(sa.select(analysis_tables.c.name, analysis_tables.c.content)):
            frame = table_of(content)
            if "record_id" in frame.columns and ids & set(frame["record_id"]):
                found.add(name)
            for column in ("evidence", "first_quotes"):
                if column in frame.columns:
                    quoted = frame[column].explode().struct.field("record_id").drop_nulls()
                    found |= {f"{name}.{column}"} if ids & set(quoted) else set()
        for (content,) in connection.execute(sa.select(metadata.tables["theme_sets"].c.content)):
            theme_set = from_bytes(content)
            named = {*theme_set.members["record_id"], *(one.partition(":")[0] for one in theme_set.sample_ids)}
            found |= {"theme set"} if ids & named else set()
    return found


def test_what_is_too_old_goes_from_every_place_and_the_rest_stays(context: JobContext) -> None:
    before, young = places(context, OLD), places(context, YOUNG)
    assert before >= {"records", "blob", "segments", "themes.evidence", "pain_points.evidence", "pains", "theme set"}
    keep_house(context, now=NOW)
    assert places(context, OLD) == set()
    assert places(context, YOUNG) == young
    left = {row["record_id"] for row in SqlReading(context.database).records(Filters(dataset="shop"), limit=1000).rows}
    assert left == YOUNG


def test_words_that_only_a_swept_record_said_are_in_no_answer(context: JobContext) -> None:
    reading, shop = SqlReading(context.database), Filters(dataset="shop")

    def answers() -> str:
        pages = (reading.pain_points(shop, limit=1000), reading.themes(shop, limit=1000))
        entries = context.triage.page("shop", status=None, limit=200)[0]
        return str([page.rows for page in pages]) + str(entries)

    assert "Marmalade" in answers()
    keep_house(context, now=NOW)
    assert "Marmalade" not in answers()
    analysis = context.analyses.current("shop")[1]
    assert all("Marmalade" not in str(frame.to_dicts()) for frame in analysis.tables.values())


def test_counts_and_themes_stay_and_a_receipt_says_how_much_went(context: JobContext) -> None:
    themes = [row["records"] for row in SqlReading(context.database).themes(Filters(dataset="shop"), limit=1000).rows]
    headline = context.analyses.current("shop")[1].headline
    with context.database.read() as connection:
        inside = {table.name: _size(connection, table) for table in (records, segments, triage)}
    keep_house(context, now=NOW)
    after = SqlReading(context.database).themes(Filters(dataset="shop"), limit=1000).rows
    assert [row["records"] for row in after] == themes
    assert context.analyses.current("shop")[1].headline == headline
    with context.database.read() as connection:
        (receipt,) = connection.execute(sa.select(receipts.c.kind, receipts.c.removed)).all()
        gone = {table.name: inside[table.name] - _size(connection, table) for table in (records, segments, triage)}
    assert receipt.kind == "retention"
    assert {name: receipt.removed[name] for name in gone} == gone
    assert receipt.removed["evidence"] > 0


def test_what_was_swept_does_not_come_back_with_an_analysis_that_began_before(context: JobContext) -> None:
    tools = light_tools()
    sweeping = SweepingPhrases(context)
    late = JobContext(
        database=context.database, settings=context.settings, spool=context.spool.directory,
        tools=lambda: replace(tools, corpus=replace(tools.corpus, phrases=sweeping)),
    )  # fmt: skip
    job = run_now(late, late.jobs.ask(JobKind.ANALYZE, "shop")[0])
    assert job.state is JobState.DONE, job.errors
    assert sweeping.swept
    assert places(context, OLD) == set()
    assert context.analyses.current("shop")[1].records.height == len(YOUNG)


def test_what_is_left_is_analyzed_with_the_same_themes(context: JobContext) -> None:
    ids = {row["theme_id"] for row in SqlReading(context.database).themes(Filters(dataset="shop"), limit=1000).rows}
    keep_house(context, now=NOW)
    job = run_now(context, context.jobs.ask(JobKind.ANALYZE, "shop")[0])
    assert (job.state, job.counts["records_in"]) == (JobState.DONE, len(YOUNG)), job.errors
    analysis = context.analyses.current("shop")[1]
    assert set(analysis.themes["theme_id"]) <= ids
    assert analysis.records.select(pl.col("created_at").min()).item() >= NOW - timedelta(days=DAYS)


def _size(connection: sa.Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
