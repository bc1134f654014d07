"""Bring the rows of jobs into line with the queue: no job counts as running that nobody will ever run.

A job ends in its own row, by its own steps. Where the queue gives it up before that - its tables were damaged or full,
or every process that ran the job died - this is what ends the job, so that its caller hears of it and can start it
again. A job that the queue never heard of, since its tables were lost, is handed over again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from textcx.domain.errors import NotFound
from textcx.domain.service.datasets import JobError, JobState, UploadState
from textcx.jobs.queue.status import MOST_BEGINNINGS, WorkflowStatus

if TYPE_CHECKING:
    from textcx.domain.service.datasets import Job
    from textcx.jobs.context import JobContext
    from textcx.jobs.queue.durable import Durable

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


def reconcile(context: JobContext, durable: Durable) -> int:
    """End jobs that the queue gave up, and hand over again those that it lost.

    May be done by several processes at once, and again at any time.

    Args:
        context: Where the jobs are.
        durable: The queue.

    Returns:
        How many jobs it was.

    Raises:
        StoreProblem: If the database cannot be reached.
    """
    jobs = context.jobs.handed_over()  # read before the queue is asked: what ends in between ends in its row first
    if not jobs:
        return 0
    touched = 0
    for job, status in zip(jobs, durable.statuses(jobs), strict=True):
        if status is WorkflowStatus.ALIVE:
            continue
        if status is WorkflowStatus.UNKNOWN:
            LOGGER.warning("job %s was lost by the queue and is handed over again", job.id)
            durable.enqueue(job)
            touched += 1
            continue
        error = GIVEN_UP if status is WorkflowStatus.GIVEN_UP else BROKEN_OFF
        if end(context, job.id, attempt=job.attempt, error=None if job.cancel_requested else error):
            LOGGER.warning("job %s is over: the queue has it as %s", job.id, status)
            touched += 1
    return touched


def end(context: JobContext, job_id: str, *, attempt: int, error: JobError | None) -> bool:
    """End an attempt of a job that did not come to its own end: failed with an error or, without one, cancelled.

    Returns:
        Whether it was there to be ended.

    Raises:
        StoreProblem: If the database cannot be reached.
    """
    try:
        job: Job = context.jobs.get(job_id)
    except NotFound:
        LOGGER.info("job %s ends: its data set was deleted", job_id)
        return False
    if job.upload_id is not None and job.attempt == attempt and not job.state.final:
        left = UploadState.CANCELLED if error is None else UploadState.FAILED
        context.datasets.mark_upload(job.upload_id, state=left)
    state = JobState.CANCELLED if error is None else JobState.FAILED
    return context.jobs.end(job_id, state, attempt=attempt, errors=[] if error is None else [error])
