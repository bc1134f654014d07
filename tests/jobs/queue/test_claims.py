from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from job_context import as_csv, light_context, send, some_rows, wait_for, wait_until

from textcx.domain.service.datasets import Job, JobKind, JobState, UploadState
from textcx.jobs.queue.runner import Runner
from textcx.store.sql.jobs import SqlJobs
from textcx.store.sql.schema.tables import jobs, records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textcx.store.sql.database import Database
    from textcx.wiring.job_context import JobContext

TESTS = Path(__file__).parents[2]


@pytest.fixture
def context(database: Database, tmp_path: Path) -> JobContext:
    context = light_context(database, tmp_path / "spool")
    context.datasets.put("shop")
    return context


@contextmanager
def run(context: JobContext) -> Iterator[Runner]:
    context.stopping.clear()
    runner = Runner(context, take_over_seconds=0.2)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop(seconds=10)


class Held:
    """Holds up the storing of batches until it is let go."""

    def __init__(self, context: JobContext) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        save = context.batches.save

        def slowly(*args: Any) -> Any:
            self.reached.set()
            assert self.go.wait(30)
            return save(*args)

        batches: Any = context.batches
        batches.save = slowly


class CountedJobs(SqlJobs):
    """Counts how often somebody looks for jobs of dead workers."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._looks = threading.Semaphore(0)

    def workers(self) -> set[str]:
        names = super().workers()
        self._looks.release()
        return names

    def wait_for_looks(self, count: int) -> None:
        """Wait for so many more looks that begin from now on, and for the end of all but the last."""
        while self._looks.acquire(blocking=False):
            pass
        for _ in range(count + 1):
            assert self._looks.acquire(timeout=30)


def stored(context: JobContext) -> list[str]:
    with context.database.read() as connection:
        return sorted(connection.execute(sa.select(records.c.record_id)).scalars())


def started_again(context: JobContext, job: Job, *, rows: int) -> None:
    """Start a job again, see it done and each record stored once."""
    context.jobs.again(job.id)
    done = wait_for(context, job)
    assert (done.state, done.attempt, done.counts["stored"]) == (JobState.DONE, 2, rows), done.errors
    assert stored(context) == sorted(f"f{number}" for number in range(rows))


@pytest.mark.slow
def test_a_job_that_kills_whoever_runs_it_is_given_up_and_can_be_started_again(context: JobContext) -> None:
    url = context.database.engine.url.render_as_string(hide_password=False)
    worker = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(TESTS / "service_worker.py"), url, str(context.spool.directory), "0.3"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
    )  # fmt: skip
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        job = send(context, "shop", as_csv(some_rows(60)))
        wait_until(lambda: context.jobs.get(job.id).state is JobState.RUNNING)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
    with context.database.write() as connection:
        connection.execute(sa.update(jobs).values(beginnings=50))
    with run(context):
        failed = wait_for(context, job)
        assert (failed.state, [error.code for error in failed.errors]) == (JobState.FAILED, ["given_up"])
        assert "50 times" in failed.errors[0].message
        started_again(context, job, rows=60)


def test_a_job_to_be_cancelled_whose_worker_died_is_cancelled_by_the_next(context: JobContext) -> None:
    job = send(context, "shop", as_csv(some_rows(20)))
    context.jobs.claim("worker-7", JobKind.INGEST)
    context.jobs.cancel(job.id)
    with run(context):
        over = wait_for(context, job)
    assert (over.state, over.errors) == (JobState.CANCELLED, ())
    assert context.datasets.upload(job.upload_id or "").state is UploadState.CANCELLED


def test_a_job_that_this_process_claimed_and_could_not_begin_is_begun_after_all(context: JobContext) -> None:
    with run(context):
        context.datasets.put("other")
        held = Held(context)
        first = send(context, "shop", as_csv(some_rows(20)))
        assert held.reached.wait(20)
        with context.database.write() as connection:
            [worker] = connection.execute(sa.select(jobs.c.worker)).scalars()
        second = send(context, "other", as_csv(some_rows(40)))
        with context.database.write() as connection:
            mine = sa.update(jobs).where(jobs.c.id == second.id)
            connection.execute(mine.values(state=JobState.RUNNING, worker=worker))
        held.go.set()
        assert wait_for(context, first).state is JobState.DONE
        done = wait_for(context, second)
    assert (done.state, done.counts["stored"]) == (JobState.DONE, 40), done.errors


def test_jobs_that_run_or_are_over_are_left_alone(context: JobContext) -> None:
    held = Held(context)
    context.jobs = jobs = CountedJobs(context.database)
    with run(context):
        job = send(context, "shop", as_csv(some_rows(20)))
        assert held.reached.wait(20)
        jobs.wait_for_looks(3)
        assert context.jobs.get(job.id).state is JobState.RUNNING
        held.go.set()
        assert wait_for(context, job).attempt == 1
        asked, _ = context.jobs.ask(JobKind.ANALYZE, "shop")
        assert wait_for(context, asked).state is JobState.DONE
        jobs.wait_for_looks(3)
        assert {context.jobs.get(one.id).state for one in (job, asked)} == {JobState.DONE}
