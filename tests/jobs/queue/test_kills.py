from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from job_context import as_csv, light_context, send, some_rows, wait_for, wait_until
from service_worker import slow_down

from textcx.domain.service.datasets import JobKind, JobState
from textcx.jobs.queue.runner import Runner
from textcx.store.sql.schema.tables import parts, records

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


@pytest.fixture
def runner(context: JobContext) -> Iterator[Runner]:
    runner = Runner(context)
    runner.start()
    yield runner
    runner.stop(seconds=10)


class Workers:
    """Workers in processes of their own."""

    def __init__(self, context: JobContext) -> None:
        self._arguments = [
            context.database.engine.url.render_as_string(hide_password=False),
            str(context.spool.directory),
        ]
        self._all: list[subprocess.Popen[str]] = []

    def start(self, *, pause: float = 0.05) -> subprocess.Popen[str]:
        worker = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(TESTS / "service_worker.py"), *self._arguments, str(pause)],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
        )  # fmt: skip
        self._all.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        return worker

    def kill(self, worker: subprocess.Popen[str]) -> None:
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def close(self) -> None:
        for worker in self._all:
            worker.kill()
            worker.wait()
            assert worker.stdout is not None
            worker.stdout.close()


@pytest.fixture
def workers(context: JobContext) -> Iterator[Workers]:
    workers = Workers(context)
    yield workers
    workers.close()


def ids(context: JobContext) -> list[str]:
    with context.database.read() as connection:
        return list(connection.execute(sa.select(records.c.record_id)).scalars())


@pytest.mark.usefixtures("runner")
def test_an_upload_is_ingested_and_its_data_set_analyzed(context: JobContext) -> None:
    job = wait_for(context, send(context, "shop", as_csv(some_rows(90))))
    assert job.state is JobState.DONE, job.errors
    asked, _ = context.jobs.ask(JobKind.ANALYZE, "shop")
    job = wait_for(context, asked)
    assert job.state is JobState.DONE, job.errors
    assert job.counts["records_in"] == job.counts["analyzed"] == 90
    assert job.progress["stages"]["themes"]["seconds"] >= 0
    current, analysis = context.analyses.current("shop")
    assert current == job.analysis_id
    assert sorted(analysis.records["record_id"]) == sorted(ids(context))


@pytest.mark.usefixtures("runner")
def test_two_jobs_on_one_data_set_run_one_after_the_other(context: JobContext) -> None:
    first = send(context, "shop", as_csv(some_rows(100)))
    second = send(context, "shop", as_csv(some_rows(100, first=50)))
    first, second = wait_for(context, first), wait_for(context, second)
    assert (first.counts["stored"], second.counts["stored"], second.counts["unchanged"]) == (100, 50, 50)
    assert first.finished_at is not None
    assert second.started_at is not None
    assert second.started_at >= first.finished_at


@pytest.mark.slow
def test_a_killed_worker_loses_nothing_and_stores_nothing_twice(context: JobContext, workers: Workers) -> None:
    chance = random.Random(11)
    job = send(context, "shop", as_csv(some_rows(300)))
    kills = 0
    while kills < 5 and not context.jobs.get(job.id).state.final:
        worker = workers.start()
        time.sleep(chance.uniform(0.1, 1.0))
        workers.kill(worker)
        kills += 1
    workers.start(pause=0.0)
    done = wait_for(context, job)
    assert kills >= 3
    assert (done.state, done.counts["stored"]) == (JobState.DONE, 300), done.errors
    assert sorted(ids(context)) == sorted(f"f{number}" for number in range(300))
    with context.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(parts)).scalar_one() <= 16
    assert not list(context.spool.directory.iterdir())


@pytest.mark.slow
def test_another_worker_takes_over_from_a_dead_one(context: JobContext, workers: Workers) -> None:
    first, _ = workers.start(pause=0.2), workers.start(pause=0.2)
    job = send(context, "shop", as_csv(some_rows(100)))
    wait_until(lambda: context.jobs.get(job.id).counts.get("stored"))
    workers.kill(first)
    done = wait_for(context, job)
    assert (done.state, done.counts["stored"]) == (JobState.DONE, 100)
    assert len(set(ids(context))) == 100


@pytest.mark.slow
def test_several_workers_share_the_queue(context: JobContext, workers: Workers) -> None:
    for _ in range(2):
        workers.start(pause=0.1)
    jobs = []
    for number in range(6):
        context.datasets.put(f"shop-{number}")
        jobs.append(send(context, f"shop-{number}", as_csv(some_rows(40))))
    assert {wait_for(context, job).state for job in jobs} == {JobState.DONE}
    assert len(ids(context)) == 240


def test_a_job_is_cancelled_while_it_runs(context: JobContext, runner: Runner) -> None:
    slow_down(context.batches, pause=0.05)
    job = send(context, "shop", as_csv(some_rows(300)))
    wait_until(lambda: context.jobs.get(job.id).counts.get("stored"))
    context.jobs.cancel(job.id)
    done = wait_for(context, job)
    assert done.state is JobState.CANCELLED
    assert 0 < len(ids(context)) < 300


def test_a_runner_that_stops_leaves_its_job_to_the_next(context: JobContext) -> None:
    job = send(context, "shop", as_csv(some_rows(240)))
    first = Runner(context)
    first.start()
    wait_until(lambda: context.jobs.get(job.id).counts.get("stored"))
    first.stop()
    assert not context.jobs.get(job.id).state.final
    context.stopping.clear()
    second = Runner(context)
    second.start()
    try:
        assert wait_for(context, job).counts["stored"] == 240
    finally:
        second.stop()
