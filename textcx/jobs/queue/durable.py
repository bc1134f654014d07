"""Jobs as durable workflows, by DBOS: queues, remembered steps, recovery. The only file that knows DBOS.

DBOS keeps its own tables beside ours: on PostgreSQL in the schema ``textcx_jobs`` of the same database, on SQLite in
a file of its own. It is given ids and numbers only, as JSON: no text, no pickle. Of one data set one job of each kind
runs at a time; the next one waits in the queue.

What a step raises ends the job in its row, not in DBOS, except where the process ends, this process is no longer the
one that runs the job, or DBOS's own tables cannot be reached.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from dbos._recovery import recover_pending_workflows  # not public; dbos is pinned, and a test kills real processes
from dbos._utils import INTERNAL_QUEUE_NAME  # likewise
from sqlalchemy import exc

from textcx.domain.service.datasets import JobKind
from textcx.jobs.queue.status import MOST_BEGINNINGS, WorkflowStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textcx.domain.service.datasets import Job
    from textcx.jobs.ingest import Step
    from textcx.jobs.queue.leases import Slots
    from textcx.store.sql.database import Database

LOGGER = logging.getLogger("textcx.jobs")
SCHEMA = "textcx_jobs"
VERSION = "jobs-1"
"""Of the order of steps: a job that was begun under another version is left to processes of that version."""
QUEUES = {JobKind.INGEST: "textcx-ingest", JobKind.ANALYZE: "textcx-analyze"}
AT_ONCE = {JobKind.INGEST: 2, JobKind.ANALYZE: 1}
"""Jobs of each kind that one process runs at a time."""
POLLING_SECONDS = 0.25
_runs: dict[str, Callable[[str, int, Step], None]] = {}


_STATUSES = {
    "SUCCESS": WorkflowStatus.ENDED, "ERROR": WorkflowStatus.ENDED, "CANCELLED": WorkflowStatus.ENDED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": WorkflowStatus.GIVEN_UP
}  # fmt: skip
"""DBOS's words for what is over."""


@DBOS.workflow(name="textcx.job", max_recovery_attempts=MOST_BEGINNINGS)
def _job(job_id: str, attempt: int) -> str:
    """Run a job; every step goes through ``_step``."""
    _runs["run"](job_id, attempt, _step)
    return job_id


def _step(name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return DBOS.run_step({"name": name}, work)
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        if "no such" in str(getattr(error, "orig", "")):  # tables or columns: waiting does not bring them
            raise
        LOGGER.warning("step %s could not be noted (%s); the job is taken up again", name, type(error).__name__)
        raise _Unnoted from None


class _Unnoted(BaseException):
    """DBOS could not reach its tables and did not wait: the job stays unfinished and is taken up again."""


class Durable:
    """DBOS in this process. There can be one at a time."""

    def __init__(self, database: Database, slots: Slots, *, run: Callable[[str, int, Step], None]) -> None:
        """Start: jobs of this place that a dead process left are taken up at once.

        Args:
            database: Where our tables are.
            slots: The place of this process.
            run: Runs an attempt of a job by its steps.
        """
        _runs["run"] = run
        logging.getLogger("dbos").setLevel(logging.ERROR)
        config: DBOSConfig = {
            "name": "textcx",
            "system_database_url": system_url(database),
            "dbos_system_schema": SCHEMA,
            "executor_id": slots.name,
            "application_version": VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "ERROR",
            "sys_db_pool_size": 5,
            "db_engine_kwargs": {"hide_parameters": True},
            "enable_otlp": False,
        }
        self._slots = slots
        self._idle: set[str] = set()
        self._dbos = DBOS(config=config)
        try:
            DBOS.launch()
            for kind, name in QUEUES.items():
                DBOS.register_queue(
                    name, worker_concurrency=AT_ONCE[kind], partition_concurrency=1,
                    polling_interval_sec=POLLING_SECONDS,
                )  # fmt: skip
        except BaseException:
            DBOS.destroy()
            raise

    def enqueue(self, job: Job) -> None:
        """Hand an attempt of a job to the queue; doing so again changes nothing."""
        with (
            SetWorkflowID(_name(job)),
            SetEnqueueOptions(queue_partition_key=str(job.dataset_id)),
        ):
            DBOS.enqueue_workflow(QUEUES[job.kind], _job, job.id, job.attempt)

    def statuses(self, jobs: Sequence[Job]) -> list[WorkflowStatus]:
        """Say what became of the present attempts of jobs that were handed over.

        Args:
            jobs: The jobs, at most some hundred.

        Returns:
            One for each, in order; unknown where DBOS's tables are not those to which it was handed over.
        """
        found = DBOS.list_workflows(workflow_ids=[_name(job) for job in jobs], load_input=False, load_output=False)
        known = {status.workflow_id: _STATUSES.get(status.status, WorkflowStatus.ALIVE) for status in found}
        return [known.get(_name(job), WorkflowStatus.UNKNOWN) for job in jobs]

    def take_over(self) -> int:
        """Put the jobs of dead processes back into the queue, and those that this one took but could not begin.

        The latter happens where the database goes at that very moment: the job counts as running here, but nobody
        runs it. It must be found so twice in a row, since beginning takes a moment, too.

        Returns:
            How many.
        """
        taken = 0
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        here = {status.workflow_id for status in pending if status.executor_id == self._slots.name}
        idle = here.difference(self._dbos._active_workflows_set.activeList())  # noqa: SLF001 - not public, as above
        for workflow in idle & self._idle:
            taken += self._dbos._sys_db.reenqueue_for_recovery(workflow, [self._slots.name], INTERNAL_QUEUE_NAME)  # noqa: SLF001 - as above
        self._idle = idle
        for name in {status.executor_id for status in pending if status.executor_id} - {self._slots.name}:
            with self._slots.if_dead(name) as dead:
                if dead:
                    taken += len(recover_pending_workflows(self._dbos, [name]))
        return taken

    def close(self, *, seconds: int) -> None:
        """Stop; jobs that do not end within so many seconds go on in another process."""
        DBOS.destroy(workflow_completion_timeout_sec=seconds)


def _name(job: Job) -> str:
    return f"{job.id}:{job.attempt}"


def system_url(database: Database) -> str:
    """Return the URL of the database in which DBOS keeps its tables."""
    file = database.file
    if file is None:
        return database.engine.url.render_as_string(hide_password=False)
    own = file.with_name(f"{file.stem}-jobs{file.suffix or '.sqlite'}")
    with closing(sqlite3.connect(own)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    return f"sqlite:///{own}"
