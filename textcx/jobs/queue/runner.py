"""Run the jobs of a database in this process: hand out what was asked for, take over from the dead, keep house.

Every process that runs jobs has one runner; on PostgreSQL there may be many, on SQLite too, of one machine. A runner
may be killed at any moment: what it did is in the database, and what it did not do is found there by the next one.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import DiskFull, NotFound, StoreProblem, TextcxError
from textcx.domain.service.datasets import JobError, JobKind, JobState
from textcx.jobs.analyze import Analyze
from textcx.jobs.delivery import Delivering
from textcx.jobs.ingest import Ingest
from textcx.jobs.interruptions import JobCancelled, ProcessEnds
from textcx.jobs.queue.leases import Slots
from textcx.jobs.queue.reconcile import end, reconcile

if TYPE_CHECKING:
    from collections.abc import Callable

    from textcx.domain.service.datasets import Job
    from textcx.jobs.context import JobContext
    from textcx.jobs.ingest import Step
    from textcx.jobs.queue.durable import Durable

_STATE = "over"
_GONE = "database_unreachable"
LOGGER = logging.getLogger("textcx.jobs")
DISPATCH_SECONDS = 0.25
TAKE_OVER_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 600.0
KEPT = timedelta(days=30)
RAW_KEPT = timedelta(days=1)
"""So long the raw file of a job that failed or was cancelled is kept, so that it can be started again."""
"""Ended jobs and deliveries are kept so long."""


class _Over(Exception):
    """The attempt is over before its time: cancelled, or failed for a reason."""

    def __init__(self, error: JobError | None) -> None:
        super().__init__()
        self.error = error


def _careful(context: JobContext, step: Step, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Carry out a step of which no exception gets out: how it ended is what is remembered, by us and not by DBOS.

    While the database cannot be reached, the step is tried again; each can be.
    """

    def ended() -> dict[str, Any]:
        try:
            return context.patiently(work)
        except JobCancelled:
            return {_STATE: JobState.CANCELLED.value}
        except Exception as error:
            if type(error).__module__.startswith("dbos"):
                raise  # another process runs the job, or DBOS itself is in trouble
            if not isinstance(error, TextcxError):
                LOGGER.error("a step failed: %s in %s", type(error).__name__, _where(error))  # noqa: TRY400 - a traceback may show texts
            return {_STATE: JobState.FAILED.value, "error": explain(error).plain()}

    outcome = step(name, ended)
    if _STATE in outcome:
        error = outcome.get("error")
        raise _Over(None if error is None else JobError(**error))
    return outcome


class Runner:
    """Runs jobs in threads of this process, from ``start`` to ``stop``."""

    def __init__(
        self, context: JobContext, *, allow_private: bool = False, take_over_seconds: float = TAKE_OVER_SECONDS
    ) -> None:
        """Prepare a runner.

        Args:
            context: What jobs work with.
            allow_private: Whether webhooks may be on private addresses.
            take_over_seconds: How often to look for jobs of dead processes and for those that the queue lost.
        """
        self._context = context
        self._take_over_seconds = take_over_seconds
        self._delivering = Delivering(context.webhooks, allow_private=allow_private, stopping=context.stopping)
        self._wake = threading.Event()
        self._threads: list[threading.Thread] = []
        self._slots: Slots | None = None
        self._durable: Durable | None = None
        self.lost = threading.Event()

    def start(self) -> None:
        """Begin to run jobs.

        Raises:
            StoreProblem: If the database cannot be reached.
        """
        from textcx.jobs.queue.durable import Durable  # noqa: PLC0415 - DBOS is loaded by the processes that run jobs

        self._slots = Slots(self._context.database)
        self._durable = Durable(self._context.database, self._slots, run=self.run)
        for name, work in (("dispatch", self._dispatch), ("deliver", self._deliver), ("keep-house", self._keep_house)):
            thread = threading.Thread(target=work, name=f"textcx-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def wake(self) -> None:
        """Look for new jobs now rather than in a moment."""
        self._wake.set()

    def stop(self, *, seconds: int = 10) -> None:
        """Stop at the next step of each job; what is unfinished goes on in the next process.

        Args:
            seconds: How long to wait for the steps that run.
        """
        self._context.stopping.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout=seconds)
        if self._durable is not None:
            self._durable.close(seconds=seconds)
        if self._slots is not None:
            self._slots.close()

    def run(self, job_id: str, attempt: int, step: Step) -> None:
        """Run an attempt of a job in this thread, to its end, whatever that is.

        Args:
            job_id: The job.
            attempt: Which attempt; nothing happens where it is over or another one has begun.
            step: Carries out a named piece of work once.
        """
        if not step("begin", lambda: {"go": self._begin(job_id, attempt)})["go"]:
            return
        try:
            job = self._as_long_as_it_takes(job_id, lambda: self._context.jobs.get(job_id))
            kind = Ingest if job.kind is JobKind.INGEST else Analyze
            kind(self._context, job).run(lambda name, work: _careful(self._context, step, name, work))
        except _Over as over:
            step("end", partial(self._end, job_id, attempt, over))
        except NotFound:
            LOGGER.info("job %s ends: its data set was deleted", job_id)

    def _begin(self, job_id: str, attempt: int) -> bool:
        job = self._as_long_as_it_takes(job_id, lambda: self._context.jobs.begin(job_id, attempt=attempt))
        return job is not None

    def _end(self, job_id: str, attempt: int, over: _Over) -> dict[str, Any]:
        self._as_long_as_it_takes(job_id, lambda: end(self._context, job_id, attempt=attempt, error=over.error))
        if over.error is not None:
            LOGGER.warning("job %s failed: %s", job_id, over.error.code)
        return {}

    def _as_long_as_it_takes(self, job_id: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the work returns
        """Do something in the database, however long it cannot be reached; say so from time to time."""
        while True:
            try:
                return self._context.patiently(work)
            except StoreProblem as error:
                LOGGER.error("job %s waits for the database: %s", job_id, error)  # noqa: TRY400 - a traceback says no more
                if self._context.stopping.wait(1.0):
                    raise ProcessEnds from None

    def _dispatch(self) -> None:
        """Hand to the queue what was asked for, and from time to time what dead processes left."""
        looked = -self._take_over_seconds  # at once: what a dead process left waits already
        while not self._context.stopping.is_set():
            self._wake.wait(DISPATCH_SECONDS)
            self._wake.clear()
            try:
                for job in self._context.jobs.undispatched():
                    self._hand_over(job)
                if time.monotonic() - looked >= self._take_over_seconds:
                    looked = time.monotonic()
                    self._look_after_places()
            except StoreProblem as error:
                LOGGER.warning("no jobs can be handed out: %s", error)
                self._context.stopping.wait(1.0)
            except Exception as error:  # noqa: BLE001 - the outermost edge of a thread that must go on
                LOGGER.error("handing out jobs failed: %s in %s", type(error).__name__, _where(error))  # noqa: TRY400
                self._context.stopping.wait(1.0)

    def _hand_over(self, job: Job) -> None:
        if self._durable is not None and not self._context.stopping.is_set():
            self._durable.enqueue(job)
            self._context.jobs.mark_dispatched(job)

    def _look_after_places(self) -> None:
        if self._slots is None or self._durable is None:
            return
        if not self._slots.held():
            LOGGER.error("this process lost its place while the database was gone, and another took it: it stops")
            self.lost.set()
            self._context.stopping.set()
            return
        reconcile(self._context, self._durable)
        taken = self._durable.take_over()
        if taken:
            LOGGER.info("%d jobs of a process that died were taken over", taken)

    def _deliver(self) -> None:
        while not self._context.stopping.is_set():
            try:
                told = self._delivering.deliver_next(now=datetime.now(tz=UTC))
            except StoreProblem:
                told = False
            except Exception as error:  # noqa: BLE001 - as above
                LOGGER.error("delivering failed: %s in %s", type(error).__name__, _where(error))  # noqa: TRY400
                told = False
            if not told:
                self._context.stopping.wait(1.0)

    def _keep_house(self) -> None:
        while not self._context.stopping.wait(HOUSEKEEPING_SECONDS):
            try:
                keep_house(self._context, now=datetime.now(tz=UTC))
            except StoreProblem as error:
                LOGGER.warning("housekeeping is put off: %s", error)
            except Exception as error:  # noqa: BLE001 - as above
                LOGGER.error("housekeeping failed: %s in %s", type(error).__name__, _where(error))  # noqa: TRY400


def keep_house(context: JobContext, *, now: datetime) -> None:
    """Do what time asks for: what is too old is erased, waiting entries grow older, what nobody needs is swept out."""
    context.erasure.too_old(now=now)
    context.erasure.forget_names()
    context.triage.grow_older(now=now)
    context.jobs.forget(older_than=KEPT)
    context.webhooks.forget(older_than=KEPT)
    context.datasets.let_go(ended_before=now - RAW_KEPT)
    context.spool.sweep(keep=context.datasets.spooled())


def explain(error: Exception) -> JobError:
    """Say why a job failed, without anything that could be a verbatim."""
    if isinstance(error, StoreProblem):
        code, when = ("disk_full", "there is room") if isinstance(error, DiskFull) else (_GONE, "the database is back")
        return JobError(
            code=code, message=str(error), retryable=True,
            hint=f"what was done is kept; start the job again when {when}: it goes on where it was",
        )  # fmt: skip
    if isinstance(error, TextcxError):
        return JobError(code=_snake(type(error).__name__), message=str(error), hint="", retryable=False)
    return JobError(
        code="internal_error", message=f"{type(error).__name__} in {_where(error)}", retryable=True,
        hint="this is a fault of textcx; start the job again, and report it if it happens again",
    )  # fmt: skip


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _where(error: BaseException) -> str:
    """Name the innermost place of ours that an error passed; never its message, which may hold a text."""
    place, trace = "", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith("textcx"):
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place or "unknown"
