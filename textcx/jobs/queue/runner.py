"""Run jobs in threads of this process: claim what waits, take over from dead workers, deliver messages, keep house.

A process has one runner; on PostgreSQL there may be many, on SQLite too, of one machine. A runner may be killed at any
moment: what it did is in the database, and what it did not do is found there by the next one. A job is a row that a
worker claims; it is free again as soon as the lease of that worker is.
"""

from __future__ import annotations

import logging
import re
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from textcx.domain.errors import DiskFull, NotFound, StoreProblem, TextcxError
from textcx.domain.service.datasets import JobError, JobKind, JobState, UploadState
from textcx.domain.service.interruptions import JobCancelled, ProcessEnds
from textcx.jobs.analyze import Analyze
from textcx.jobs.delivery import Delivering
from textcx.jobs.ingest import Ingest
from textcx.jobs.queue.leases import WorkerLease
from textcx.steps.pains.urgency import aged

if TYPE_CHECKING:
    from collections.abc import Callable

    from textcx.domain.service.datasets import Job
    from textcx.wiring.job_context import JobContext

LOGGER = logging.getLogger("textcx.jobs")
AT_ONCE = {JobKind.INGEST: 2, JobKind.ANALYZE: 1}
"""Jobs of each kind that one process runs at a time."""
DISPATCH_SECONDS = 0.25
TAKE_OVER_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 600.0
AFTER_TROUBLE_SECONDS = 1.0
KEPT = timedelta(days=30)
"""Ended jobs and deliveries are kept so long."""
RAW_KEPT = timedelta(days=1)
"""So long the raw file of a job that failed or was cancelled is kept, so that it can be started again."""
MOST_BEGINNINGS = 50
"""So often an attempt is begun in processes that die of it or otherwise; one that kills them all must end some time."""
GIVEN_UP = JobError(
    code="given_up",
    message=f"the job was begun {MOST_BEGINNINGS} times, and each time the process that ran it died",
    hint="the machine may be short of memory; what was done is kept; start the job again: it goes on where it was",
    retryable=True,
)


class Runner:
    """Runs jobs in threads of this process, from ``start`` to ``stop``.

    ``lost`` is set when another process took this one's lease while the database was gone: nothing runs here any more.
    """

    def __init__(
        self, context: JobContext, *, allow_private: bool = False, take_over_seconds: float = TAKE_OVER_SECONDS
    ) -> None:
        """Prepare a runner; webhooks may be on private addresses if those are allowed.

        Every ``take_over_seconds`` it looks for jobs of dead processes and for those that the queue lost.
        """
        self.lost = threading.Event()
        self._context = context
        self._take_over_seconds = take_over_seconds
        self._delivering = Delivering(context.webhooks, allow_private=allow_private, stopping=context.stopping)
        self._wake = threading.Event()
        self._loops: list[threading.Thread] = []
        self._running: dict[str, tuple[JobKind, threading.Thread]] = {}
        self._lease: WorkerLease | None = None
        self._looked = -take_over_seconds  # at once: what a dead process left waits already

    def start(self) -> None:
        """Begin to run jobs, those that a dead process of the same lease left at once; needs the database."""
        lease = self._lease = WorkerLease(self._context.database)
        self._context.jobs.release(lease.name)
        turns: dict[str, Callable[[], None]] = {
            "dispatch": partial(self._dispatch, lease),
            "deliver": self._deliver,
            "keep-house": self._keep_house,
        }
        for name, turn in turns.items():
            self._loops.append(_thread(name, partial(self._loop, name, turn)))

    def wake(self) -> None:
        """Look for new jobs now rather than in a moment."""
        self._wake.set()

    def stop(self, *, seconds: float = 10) -> None:
        """Stop at the next step of each job, waiting so long for it; the rest goes on in the next process."""
        self._context.stopping.set()
        self._wake.set()
        until = time.monotonic() + seconds
        for thread in self._loops:
            thread.join(timeout=max(0.0, until - time.monotonic()))
        for _, thread in [*self._running.values()]:  # complete only now: nothing is claimed any more
            thread.join(timeout=max(0.0, until - time.monotonic()))
        if self._lease is not None:
            self._lease.close()

    def run(self, job: Job) -> None:
        """Run a claimed job to its end, whatever that is."""
        error: JobError | None = None
        try:
            if job.beginnings <= MOST_BEGINNINGS:
                work = Ingest if job.kind is JobKind.INGEST else Analyze
                work(self._context, job).run()
                return
            error = GIVEN_UP
        except JobCancelled:
            pass
        except Exception as raised:  # noqa: BLE001 - the outermost edge of a job
            if self._context.stopping.is_set() and not isinstance(raised, TextcxError):
                return  # the interpreter ends under it; the job goes on in the next process
            error = explain(raised)
            if not isinstance(raised, TextcxError):
                _log_fault(f"job {job.id}", raised)
        while not self._ended(job, error):
            if self._context.stopping.wait(AFTER_TROUBLE_SECONDS):
                return

    def _ended(self, job: Job, error: JobError | None) -> bool:
        try:
            self._context.patiently(partial(end_job, self._context, job, error=error))
        except StoreProblem as problem:
            LOGGER.warning("job %s waits for the database: %s", job.id, problem)
            return False
        return True

    def _loop(self, name: str, turn: Callable[[], None]) -> None:
        """Take turns until the process is to end, whatever happens in them."""
        while not self._context.stopping.is_set():
            try:
                turn()
            except Exception as error:  # noqa: BLE001 - the outermost edge of a thread that must go on
                if isinstance(error, StoreProblem):
                    LOGGER.warning("%s is put off: %s", name, error)
                else:
                    _log_fault(name, error)
                self._context.stopping.wait(AFTER_TROUBLE_SECONDS)

    def _dispatch(self, lease: WorkerLease) -> None:
        """Start the jobs that may run, and from time to time free those of dead workers."""
        self._wake.wait(DISPATCH_SECONDS)
        self._wake.clear()
        self._running = {job_id: one for job_id, one in self._running.items() if one[1].is_alive()}
        if time.monotonic() - self._looked >= self._take_over_seconds:
            self._looked = time.monotonic()
            self._check_leases(lease)
        for kind, most in AT_ONCE.items():
            while not self._context.stopping.is_set() and sum(one[0] is kind for one in self._running.values()) < most:
                job = self._context.jobs.claim(lease.name, kind)
                if job is None:
                    break
                self._running[job.id] = (kind, _thread(job.id, partial(self._run, job)))

    def _run(self, job: Job) -> None:
        try:
            self.run(job)
        except ProcessEnds:
            LOGGER.info("job %s goes on in the next process", job.id)
        finally:
            self._wake.set()  # the next one may begin

    def _check_leases(self, lease: WorkerLease) -> None:
        if not lease.held():
            LOGGER.error("this process lost its lease while the database was gone, and another took it: it stops")
            self.lost.set()
            self._context.stopping.set()
            return
        for name in self._context.jobs.workers():
            with lease.if_dead(name) as dead:
                freed = 0
                if dead or name == lease.name:  # what it holds itself and does not run was begun in vain
                    freed = self._context.jobs.release(name, keep=() if dead else self._running)
            if freed:
                LOGGER.info("%d jobs that nobody ran are taken over", freed)

    def _deliver(self) -> None:
        if not self._delivering.deliver_next(now=datetime.now(tz=UTC)):
            self._context.stopping.wait(1.0)

    def _keep_house(self) -> None:
        if not self._context.stopping.wait(HOUSEKEEPING_SECONDS):
            keep_house(self._context, now=datetime.now(tz=UTC))


def end_job(context: JobContext, job: Job, *, error: JobError | None) -> None:
    """End an attempt of a job that did not come to its own end: failed with an error or, without one, cancelled."""
    try:
        now = context.jobs.get(job.id)
    except NotFound:
        LOGGER.info("job %s ends: its data set was deleted", job.id)
        return
    if now.attempt != job.attempt or now.state.final:
        return
    if job.upload_id is not None:
        left = UploadState.CANCELLED if error is None else UploadState.FAILED
        context.datasets.mark_upload(job.upload_id, state=left)
    if error is None:
        context.jobs.end(job.id, JobState.CANCELLED, attempt=job.attempt)
    else:
        context.jobs.end(job.id, JobState.FAILED, attempt=job.attempt, errors=[error])
        LOGGER.warning("job %s failed: %s", job.id, error.code)


def keep_house(context: JobContext, *, now: datetime) -> None:
    """Do what time asks for: what is too old is erased, waiting entries grow older, what nobody needs is swept out."""
    context.erasure.too_old(now=now)
    context.erasure.forget_names()
    context.triage.update_scores(lambda urgency, created_at: aged(urgency, created_at=created_at, now=now))
    context.jobs.forget(older_than=KEPT)
    context.webhooks.forget(older_than=KEPT)
    context.datasets.let_go(ended_before=now - RAW_KEPT)
    context.spool.sweep(keep=context.datasets.spooled())


def explain(error: Exception) -> JobError:
    """Say why a job failed, without anything that could be a verbatim."""
    if isinstance(error, StoreProblem):
        full = isinstance(error, DiskFull)
        when = "there is room" if full else "the database is back"
        return JobError(
            code="disk_full" if full else "database_unreachable",
            message=str(error),
            hint=f"what was done is kept; start the job again when {when}: it goes on where it was",
            retryable=True,
        )
    if isinstance(error, TextcxError):
        code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
        return JobError(code=code, message=str(error), hint="", retryable=False)
    return JobError(
        code="internal_error",
        message=f"{type(error).__name__} in {_where(error)}",
        hint="this is a fault of textcx; start the job again, and report it if it happens again",
        retryable=True,
    )


def _thread(name: str, work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name=f"textcx-{name}", daemon=True)
    thread.start()
    return thread


def _log_fault(what: str, error: Exception) -> None:
    """Log a fault without its message and traceback, which may show texts."""
    LOGGER.error("%s failed: %s in %s", what, type(error).__name__, _where(error))


def _where(error: BaseException) -> str:
    """Name the innermost line of ours that an error passed."""
    frames = [(str(frame.f_globals.get("__name__")), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    return next((f"{module}:{line}" for module, line in reversed(frames) if module.startswith("textcx")), "unknown")
