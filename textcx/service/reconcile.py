"""Bring the rows of jobs into line with the queue: no job counts as running that nobody will ever run.

A job ends in its own row, by its own steps. Where the queue gives it up before that - its tables were damaged or full,
or every process that ran the job died - this is what ends the job, so that its caller hears of it and can start it
again. A job that the queue never heard of, since its tables were lost, is handed over again.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import TYPE_CHECKING

from textcx.domain.datasets import JobError, JobState, UploadState
from textcx.domain.errors import NotFound

if TYPE_CHECKING:
    from textcx.domain.datasets import Job
    from textcx.service.bench import Bench
    from textcx.service.durable import Durable

MOST_BEGINNINGS = 50
"""So often an attempt is begun in processes that die of it or otherwise; one that kills them all must end some time."""
LOGGER = logging.getLogger("textcx.jobs")
AGAIN = "what was done is kept; start the job again: it goes on where it was"
BROKEN_OFF = JobError(
    code="broken_off", message="the queue of jobs broke this job off, and the job could not say why", retryable=True,
    hint=f"look into the log of the process that ran it; {AGAIN}",
)  # fmt: skip
GIVEN_UP = JobError(
    code="given_up", retryable=True,
    message=f"the job was begun {MOST_BEGINNINGS} times, and each time the process that ran it died",
    hint=f"the machine may be short of memory; {AGAIN}",
)  # fmt: skip


class Fate(StrEnum):
    """What became of the present attempt of a job, as far as the queue knows."""

    ALIVE = "alive"
    ENDED = "ended"
    GIVEN_UP = "given up"
    UNKNOWN = "unknown"


def reconcile(bench: Bench, durable: Durable) -> int:
    """End jobs that the queue gave up, and hand over again those that it lost.

    May be done by several processes at once, and again at any time.

    Args:
        bench: Where the jobs are.
        durable: The queue.

    Returns:
        How many jobs it was.

    Raises:
        StoreProblem: If the database cannot be reached.
    """
    jobs = bench.jobs.handed_over()  # read before the queue is asked: what ends in between ends in its row first
    if not jobs:
        return 0
    touched = 0
    for job, fate in zip(jobs, durable.fates(jobs), strict=True):
        if fate is Fate.ALIVE:
            continue
        if fate is Fate.UNKNOWN:
            LOGGER.warning("job %s was lost by the queue and is handed over again", job.id)
            durable.enqueue(job)
            touched += 1
            continue
        error = GIVEN_UP if fate is Fate.GIVEN_UP else BROKEN_OFF
        if end(bench, job.id, attempt=job.attempt, error=None if job.cancel_requested else error):
            LOGGER.warning("job %s is over: the queue has it as %s", job.id, fate)
            touched += 1
    return touched


def end(bench: Bench, job_id: str, *, attempt: int, error: JobError | None) -> bool:
    """End an attempt of a job that did not come to its own end: failed with an error or, without one, cancelled.

    Returns:
        Whether it was there to be ended.

    Raises:
        StoreProblem: If the database cannot be reached.
    """
    try:
        job: Job = bench.jobs.get(job_id)
    except NotFound:
        LOGGER.info("job %s ends: its data set was deleted", job_id)
        return False
    if job.upload_id is not None and job.attempt == attempt and not job.state.final:
        left = UploadState.CANCELLED if error is None else UploadState.FAILED
        bench.datasets.mark_upload(job.upload_id, state=left)
    state = JobState.CANCELLED if error is None else JobState.FAILED
    return bench.jobs.end(job_id, state, attempt=attempt, errors=[] if error is None else [error])
