from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from databases import copy_of, opened
from job_context import as_csv, light_context, run_now, send, some_rows

from textcx.domain.service.datasets import JobKind, JobState
from textcx.jobs.queue.runner import keep_house
from textcx.jobs.respondents import erase_respondent
from textcx.store.files import part_tables, table_of
from textcx.store.sql.reading.counting import Filters
from textcx.store.sql.reading.findings import SqlReading
from textcx.store.sql.schema.tables import analysis_tables, metadata, parts, receipts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textcx.wiring.job_context import JobContext

WHO = "customer-2"
MINE = {"f6", "f7", "f8"}


@pytest.fixture(scope="module")
def analyzed(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database with an analyzed data set."""
    with opened(module_url) as database:
        context = light_context(database, tmp_path_factory.mktemp("spool"), batch_rows=30)
        context.datasets.put("shop")
        run_now(context, send(context, "shop", as_csv(some_rows(120))))
        job = run_now(context, context.jobs.ask(JobKind.ANALYZE, "shop")[0])
        assert job.state is JobState.DONE, job.errors
    return module_url


@pytest.fixture
def context(analyzed: str, tmp_path: Path) -> Iterator[JobContext]:
    with opened(copy_of(analyzed, tmp_path)) as database:
        yield light_context(database, tmp_path / "spool", batch_rows=30)


def mentions(context: JobContext, record_ids: set[str]) -> list[str]:
    """Name every place of the database where a record still is."""
    found = []
    with context.database.read() as connection:
        for table in metadata.sorted_tables:
            everything = str(connection.execute(sa.select(table)).all())
            found += [table.name for one in record_ids if f"'{one}'" in everything or f'"{one}"' in everything]
        for (blob,) in connection.execute(sa.select(parts.c.blob).where(parts.c.blob.is_not(None))):
            kept = part_tables(blob)
            assert len(kept.matters) == kept.segments.height
            found += ["blob"] * len(record_ids & set(kept.records["given_id"]))
        for name, content in connection.execute(sa.select(analysis_tables.c.name, analysis_tables.c.content)):
            frame = table_of(content)
            if name in {"records", "segments", "mentions", "pains"}:
                found += [name] * len(record_ids & set(frame["record_id"]))
            if "evidence" in frame.columns:
                quoted = {quote["record_id"] for quotes in frame["evidence"].to_list() for quote in quotes or ()}
                found += [name] * len(record_ids & quoted)
    return found


def test_a_respondent_is_erased_everywhere(context: JobContext) -> None:
    assert mentions(context, MINE)
    receipt = erase_respondent(context, WHO, requested_by="shop")
    assert receipt.removed["records"] == 3
    assert receipt.removed["segments"] >= 3
    assert mentions(context, MINE) == []
    assert len(SqlReading(context.database).records(Filters(dataset="shop"), limit=1000).rows) == 117


def test_what_remains_can_be_analyzed_again(context: JobContext) -> None:
    erase_respondent(context, WHO, requested_by="shop")
    job = run_now(context, context.jobs.ask(JobKind.ANALYZE, "shop")[0])
    assert (job.state, job.counts["records_in"]) == (JobState.DONE, 117), job.errors


def test_erasing_again_finds_nothing_and_gives_a_receipt(context: JobContext) -> None:
    erase_respondent(context, WHO, requested_by="shop")
    again = erase_respondent(context, WHO, requested_by="shop")
    assert again.removed["records"] == 0
    assert context.erasure.receipt(again.id) == again


def test_a_pseudonym_serves_as_well_as_the_id(context: JobContext) -> None:
    pseudonym = SqlReading(context.database).record("shop", "f6")["respondent_id"]
    assert erase_respondent(context, pseudonym, requested_by="shop").removed["records"] == 3


def test_an_upload_that_came_before_the_erasure_does_not_bring_the_respondent_back(context: JobContext) -> None:
    rows = [{**row, "id": f"late-{row['id']}"} for row in some_rows(30)]
    job = send(context, "shop", as_csv(rows))
    erase_respondent(context, WHO, requested_by="shop")
    done = run_now(context, job)
    assert (done.state, done.counts["stored"]) == (JobState.DONE, 27), done.errors
    assert mentions(context, {f"late-{one}" for one in MINE}) == []


def test_an_upload_that_comes_after_the_erasure_is_stored(context: JobContext) -> None:
    erase_respondent(context, WHO, requested_by="shop")
    job = run_now(context, send(context, "shop", as_csv(some_rows(120))))
    assert (job.counts["stored"], job.counts["unchanged"]) == (3, 117)


def test_a_receipt_forgets_whose_it_is_once_nothing_is_under_way(context: JobContext) -> None:
    erase_respondent(context, WHO, requested_by="shop")
    keep_house(context, now=datetime.now(tz=UTC))
    with context.database.read() as connection:
        assert connection.execute(sa.select(receipts.c.respondents)).scalars().all() == [[]]


def test_records_older_than_the_data_set_keeps_them_are_erased(context: JobContext) -> None:
    context.datasets.put("shop", retention_days=30)
    before = SqlReading(context.database).records(Filters(dataset="shop"), limit=1000).rows
    now = datetime(2026, 4, 15, tzinfo=UTC)
    (receipt,) = context.erasure.too_old(now=now)
    left = SqlReading(context.database).records(Filters(dataset="shop"), limit=1000).rows
    assert receipt.kind == "retention"
    assert receipt.removed["records"] == len(before) - len(left) > 0
    assert all(row["created_at"] >= now - timedelta(days=30) for row in left)
    assert context.erasure.too_old(now=now) == []


def test_a_data_set_goes_with_all_that_belongs_to_it(context: JobContext) -> None:
    context.datasets.delete("shop")
    with context.database.read() as connection:
        left = {table.name for table in metadata.sorted_tables if connection.execute(sa.select(table)).first()}
    assert left == set()
