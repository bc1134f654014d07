"""The database goes in mid-job and comes back: real servers that are stopped, real locks, real limits."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from databases import new_database, new_file, postgres_server, refused, server_folder, start_server, stop_server
from job_context import as_csv, light_context, send, some_rows, wait_for, wait_until
from service_worker import slow_down

from textcx.domain.errors import DiskFull, StoreProblem
from textcx.domain.service.datasets import Job, JobKind, JobState
from textcx.jobs.queue.runner import Runner
from textcx.store.sql.database import Database
from textcx.store.sql.schema.tables import analyses, parts, records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textcx.wiring.job_context import JobContext

ROWS = 120


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with server_folder() as found:
        yield found


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    """Give a PostgreSQL server of these tests' own, since it is stopped."""
    with postgres_server(folder) as url:
        yield url


@pytest.fixture
def on_server(server: str, tmp_path: Path) -> Iterator[JobContext]:
    database = Database(new_database(server, tables=True))
    context = light_context(database, tmp_path / "spool", patience=60.0)
    context.datasets.put("shop")
    yield context
    database.close()


@pytest.fixture
def on_file(tmp_path: Path) -> Iterator[JobContext]:
    database = Database(new_file(tmp_path / "textcx.db"), busy_seconds=0.1)
    context = light_context(database, tmp_path / "spool", patience=60.0)
    context.datasets.put("shop")
    yield context
    database.close()


@contextmanager
def run(context: JobContext) -> Iterator[Runner]:
    runner = Runner(context, take_over_seconds=0.5)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop(seconds=20)


def begun(context: JobContext, job: Job) -> None:
    """Wait until some of an upload is stored."""
    wait_until(lambda: context.jobs.get(job.id).counts.get("stored"))


def stored(context: JobContext) -> list[str]:
    with context.database.read() as connection:
        return sorted(connection.execute(sa.select(records.c.record_id)).scalars())


def whole(context: JobContext, done: Job) -> None:
    """See that all records were stored once."""
    assert (done.state, done.counts["stored"]) == (JobState.DONE, ROWS), done.errors
    assert stored(context) == sorted(f"f{number}" for number in range(ROWS))
    with context.database.read() as connection:
        blobs = sa.select(sa.func.count()).select_from(parts).where(parts.c.blob.is_not(None))
        assert connection.execute(blobs).scalar_one() == ROWS // 20
    assert not list(context.spool.directory.iterdir())


def test_an_ingest_goes_on_when_the_server_is_back(on_server: JobContext, folder: Path) -> None:
    slow_down(on_server.batches, pause=0.05)
    with run(on_server) as runner:
        job = send(on_server, "shop", as_csv(some_rows(ROWS)))
        begun(on_server, job)
        for _ in range(2):
            stop_server(folder)
            with pytest.raises(StoreProblem):
                on_server.jobs.get(job.id)
            time.sleep(0.5)
            start_server(folder)
            time.sleep(0.3)
        whole(on_server, wait_for(on_server, job))
        assert not runner.lost.is_set()


def test_an_ingest_says_that_the_database_was_gone_too_long_and_can_be_started_again(
    on_server: JobContext, server: str
) -> None:
    on_server.patience = 0.3
    slow_down(on_server.batches, pause=0.05)
    with run(on_server):
        job = send(on_server, "shop", as_csv(some_rows(ROWS)))
        begun(on_server, job)
        with refused(on_server.database, server):
            time.sleep(1.5)
        failed = wait_for(on_server, job)
        assert (failed.state, [error.code for error in failed.errors]) == (JobState.FAILED, ["database_unreachable"])
        assert failed.errors[0].retryable
        assert 0 < len(stored(on_server)) < ROWS
        on_server.jobs.again(job.id)
        whole(on_server, wait_for(on_server, job))


def test_an_analysis_that_was_made_while_the_server_was_gone_is_stored_when_it_is_back(
    on_server: JobContext, folder: Path
) -> None:
    store, made, go = on_server.analyses.publish, threading.Event(), threading.Event()
    published: list[Any] = []

    def publish(*args: Any, **options: Any) -> str:
        made.set()
        assert go.wait(30)
        published.append(args[0])
        return store(*args, **options)

    on_server.analyses.publish = publish  # type: ignore[method-assign]
    with run(on_server):
        wait_for(on_server, send(on_server, "shop", as_csv(some_rows(40))))
        job, _ = on_server.jobs.ask(JobKind.ANALYZE, "shop")
        assert made.wait(30)
        stop_server(folder)
        go.set()
        time.sleep(0.5)
        start_server(folder)
        done = wait_for(on_server, job)
    assert (done.state, done.counts["analyzed"]) == (JobState.DONE, 40), done.errors
    assert len(published) > 1, "it was not tried while the server was gone"
    assert published.count(published[0]) == len(published), "what took minutes was made again"
    with on_server.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(analyses)).scalar_one() == 1


def test_a_process_that_is_told_to_stop_while_the_server_is_gone_stops(on_server: JobContext, folder: Path) -> None:
    slow_down(on_server.batches, pause=0.05)
    runner = Runner(on_server)
    runner.start()
    job = send(on_server, "shop", as_csv(some_rows(ROWS)))
    begun(on_server, job)
    stop_server(folder)
    try:
        time.sleep(0.3)
        begin = time.monotonic()
        runner.stop(seconds=3)
        assert time.monotonic() - begin < 20
    finally:
        start_server(folder)
    on_server.stopping.clear()
    with run(on_server):
        whole(on_server, wait_for(on_server, job))


def test_an_ingest_waits_while_another_process_holds_the_file(on_file: JobContext) -> None:
    slow_down(on_file.batches, pause=0.05)
    with run(on_file):
        job = send(on_file, "shop", as_csv(some_rows(ROWS)))
        begun(on_file, job)
        with closing(sqlite3.connect(on_file.database.file or "", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreProblem, match="in use by another process"):
                on_file.datasets.put("other")
            time.sleep(1.0)
            other.execute("ROLLBACK")
        whole(on_file, wait_for(on_file, job))


def test_an_ingest_says_that_the_disk_is_full_and_goes_on_when_there_is_room(on_file: JobContext) -> None:
    on_file.patience = 0.3
    full = {"at": 0}

    @sa.event.listens_for(on_file.database.engine, "checkout")
    def _limit(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {full['at'] or 1 << 30}")

    slow_down(on_file.batches, pause=0.05)
    with run(on_file):
        job = send(on_file, "shop", as_csv(some_rows(ROWS)))
        begun(on_file, job)
        with on_file.database.read() as connection:
            full["at"] = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        failed = wait_for(on_file, job)
        assert (failed.state, [error.code for error in failed.errors]) == (JobState.FAILED, ["disk_full"])
        assert "full" in failed.errors[0].message
        with pytest.raises(DiskFull):
            on_file.datasets.put("large", title="x" * 1_000_000)
        full["at"] = 0
        on_file.jobs.again(job.id)
        whole(on_file, wait_for(on_file, job))


def test_a_damaged_file_is_called_damaged(tmp_path: Path) -> None:
    url = new_file(tmp_path / "textcx.db")
    content = bytearray((tmp_path / "textcx.db").read_bytes())
    content[:100] = b"x" * 100
    (tmp_path / "textcx.db").write_bytes(content)
    database = Database(url)
    with pytest.raises(StoreProblem, match=r"damaged.*backup"), database.read() as connection:
        connection.execute(sa.text("SELECT 1 FROM jobs"))
    database.close()
