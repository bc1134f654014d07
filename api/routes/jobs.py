"""``/v1/jobs``: pieces of work over data sets; started, followed, cancelled, started again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import Header, Query, Request, Response
from pydantic import Field
from starlette.responses import StreamingResponse

from textcx.domain.errors import Conflict, NotFound, StoreProblem
from textcx.domain.service.datasets import Job, JobKind, JobState
from textcx.store.sql.cursors import MOST_ROWS
from textcx_client.answers import datasets as answers
from textcx_client.answers.schema import Page

from ..http.bodies import read_model
from ..openapi import object_of
from ..routing import Routes, Stored, answer, in_thread, written
from ..schemas.fields import AnyId, Cursor, DatasetName, OnceKey
from ..schemas.scoring import Strict
from ..stores import Stores

routes = Routes("jobs")
LOOK_SECONDS = 0.25
"""Between two looks at the row of a job that somebody follows."""
QUIET_SECONDS = 15.0
"""After so long without news a comment keeps the connection open."""
LONGEST_SECONDS = 600.0
"""Then the stream ends; clients of server-sent events come back by themselves."""

EVENT = {
    "description": "each event",
    **object_of(
        event={"type": "string", "enum": ["progress", "end"]},
        data={"type": "string", "description": "the job, as JSON"},
    ),
}


class JobRequest(Strict):
    """A job to start."""

    kind: Literal["analyze"]
    dataset: DatasetName
    relearn: bool | None = Field(
        default=None,
        description="learn the themes again, keeping their ids; null does so once the data set has doubled",
    )


class JobChange(Strict):
    """Start a failed or cancelled job again; it goes on where it was."""

    state: Literal["queued"]


@routes.add("POST /v1/jobs", "Analyze a data set", answers.Job, status=202, also=(404, 409), body=JobRequest)
async def start_job(
    request: Request, stores: Stored, idempotency_key: Annotated[OnceKey | None, Header()] = None
) -> Response:
    """Find themes, pain points, journey, drivers and trends over all records of a data set.

    With an `Idempotency-Key` a repeated request gives the job of the first one. Two jobs of one kind on one data set
    run one after the other.
    """
    wanted = await read_model(request, JobRequest)

    def work() -> Job:
        if wanted.relearn and stores.context.datasets.get(wanted.dataset).theme_set is not None:
            msg = "the data set is analyzed with a named theme set; learn that again with 'textcx themes learn'"
            raise Conflict(msg)
        request_hash = hashlib.sha256(json.dumps(["analyze", wanted.dataset, wanted.relearn]).encode()).hexdigest()
        job, _ = stores.context.jobs.ask(
            JobKind(wanted.kind),
            wanted.dataset,
            options=wanted.model_dump(include={"relearn"}),
            caller=request.state.key_id,
            idempotency_key=idempotency_key,
            request_hash=request_hash,
        )
        stores.wake()
        return job

    job = await in_thread(work)
    return answer(answers.Job, job, status=202, Location=f"/v1/jobs/{job.id}", Retry_After="1")


@routes.add("GET /v1/jobs", "List jobs, latest first", Page[answers.Job], also=(400,))
def jobs(
    stores: Stored,
    dataset: DatasetName | None = None,
    state: Literal["queued", "running", "done", "failed", "cancelled"] | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Jobs that wait, run or ended in the last thirty days."""
    wanted = None if state is None else JobState(state)
    items, following = stores.context.jobs.page(dataset=dataset, state=wanted, limit=limit, cursor=cursor)
    return {"items": items, "next_cursor": following}


@routes.add("GET /v1/jobs/{job_id}", "Show a job", answers.Job)
def get_job(stores: Stored, job_id: AnyId) -> Job:
    """State, progress of each stage, counts, and why it failed if it did."""
    return stores.context.jobs.get(job_id)


@routes.add(
    "PATCH /v1/jobs/{job_id}",
    "Start a failed or cancelled job again",
    answers.Job,
    status=202,
    also=(409,),
    body=JobChange,
)
async def again(request: Request, stores: Stored, job_id: AnyId) -> Response:
    """Start a failed or cancelled job again; it goes on behind what is stored already."""
    await read_model(request, JobChange)
    job = await in_thread(lambda: stores.context.jobs.again(job_id))
    stores.wake()
    return answer(answers.Job, job, status=202, Location=f"/v1/jobs/{job_id}")


@routes.add(
    "DELETE /v1/jobs/{job_id}",
    "Cancel a job",
    answers.Job,
    responses={
        200: {"description": "it is over"},
        202: {"model": answers.Job, "description": "it ends at its next step"},
    },
)
def cancel(stores: Stored, job_id: AnyId) -> Response:
    """Cancel a job: at once where it waits, at its next step where it runs. What is stored stays."""
    job = stores.context.jobs.cancel(job_id)
    return answer(answers.Job, job, status=200 if job.state.final else 202)


@routes.add(
    "GET /v1/jobs/{job_id}/events",
    "Follow a job",
    responses={
        200: {
            "content": {"text/event-stream": {"schema": EVENT}},
            "description": "server-sent events",
        }
    },
    response_class=StreamingResponse,
)
def events(stores: Stored, job_id: AnyId) -> Response:
    """Server-sent events: `progress` whenever the job changed, `end` when it is over; each holds the job."""
    following = _events(stores, stores.context.jobs.get(job_id))
    return StreamingResponse(following, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(stores: Stores, job: Job) -> AsyncIterator[str]:
    begin = last = time.monotonic()
    yield _event(job)
    shown = job.updated_at
    while not job.state.final and not stores.stopping and time.monotonic() - begin < LONGEST_SECONDS:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            job = await asyncio.to_thread(stores.context.jobs.get, job.id)
        except NotFound:
            return  # deleted with its data set
        except StoreProblem:
            continue  # the job waits for the database as well
        if job.updated_at != shown:
            shown, last = job.updated_at, time.monotonic()
            yield _event(job)
        elif time.monotonic() - last > QUIET_SECONDS:
            last = time.monotonic()
            yield ": nothing new\n\n"


def _event(job: Job) -> str:
    name = "end" if job.state.final else "progress"
    return f"event: {name}\ndata: {written(answers.Job, job).decode()}\n\n"
