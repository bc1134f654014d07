"""``/v1/jobs``: pieces of work over data sets; started, followed, cancelled, started again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.responses import StreamingResponse

from textcx.domain.errors import Conflict, NotFound, StoreProblem
from textcx.domain.service.datasets import JobKind, JobState

from ..deps import Writer, ask, needs_read, needs_write, stores_of
from ..http.bodies import read_model
from ..openapi import body_of, problems
from ..schemas.documents import JobChange, JobDocument, JobPage, JobRequest, answer, written
from ..schemas.fields import LONGEST_CURSOR, MOST, AnyId, DatasetName, OnceKey
from ..stores import Stores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textcx.domain.service.datasets import Job

router = APIRouter(tags=["jobs"])
READING = problems(401, 403, 405, 422, 429, 500, 503)
WRITING = {**READING, **problems(400, 413, 415)}
LOOK_SECONDS = 0.25
"""Between two looks at the row of a job that somebody follows."""
QUIET_SECONDS = 15.0
"""After so long without news a comment keeps the connection open."""
LONGEST_SECONDS = 600.0
"""Then the stream ends; clients of server-sent events come back by themselves."""

EVENT = {
    "type": "object",
    "description": "each event",
    "properties": {
        "event": {"type": "string", "enum": ["progress", "end"]},
        "data": {"type": "string", "description": "the job, as JSON"},
    },
    "required": ["event", "data"],
}


@router.post(
    "/v1/jobs",
    summary="Analyze a data set",
    status_code=202,
    responses={202: {"model": JobDocument, "description": "accepted"}, **WRITING, **problems(404, 409)},
    openapi_extra=body_of(JobRequest),
)
async def start_job(
    request: Request, caller: Writer, idempotency_key: Annotated[OnceKey | None, Header()] = None
) -> Response:
    """Find themes, pain points, journey, drivers and trends over all records of a data set.

    With an `Idempotency-Key` a repeated request gives the job of the first one. Two jobs of one kind on one data set
    run one after the other.
    """
    wanted = await read_model(request, JobRequest)
    key = caller.key.id if caller.key is not None else ""

    def work(stores: Stores) -> Job:
        if wanted.relearn and stores.context.datasets.get(wanted.dataset).theme_set is not None:
            msg = "the data set is analyzed with a named theme set; learn that again with 'textcx themes learn'"
            raise Conflict(msg)
        request_hash = hashlib.sha256(json.dumps(["analyze", wanted.dataset, wanted.relearn]).encode()).hexdigest()
        job, _ = stores.context.jobs.ask(
            JobKind(wanted.kind),
            wanted.dataset,
            options=wanted.model_dump(include={"relearn"}),
            caller=key,
            idempotency_key=idempotency_key,
            request_hash=request_hash,
        )
        stores.wake()
        return job

    job = await ask(request, work)
    return answer(JobDocument, job, status=202, Location=f"/v1/jobs/{job.id}", Retry_After="1")


@router.get(
    "/v1/jobs",
    summary="List jobs, latest first",
    dependencies=[Depends(needs_read)],
    responses={200: {"model": JobPage}, **READING, **problems(400)},
)
async def jobs(
    request: Request,
    dataset: DatasetName | None = None,
    state: Literal["queued", "running", "done", "failed", "cancelled"] | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    cursor: Annotated[str | None, Query(max_length=LONGEST_CURSOR)] = None,
) -> Response:
    """Jobs that wait, run or ended in the last thirty days."""

    def work(stores: Stores) -> tuple[list[Job], str | None]:
        wanted = None if state is None else JobState(state)
        return stores.context.jobs.page(dataset=dataset, state=wanted, limit=limit, cursor=cursor)

    items, following = await ask(request, work)
    return answer(JobPage, {"items": items, "next_cursor": following})


@router.get(
    "/v1/jobs/{job_id}",
    summary="Show a job",
    dependencies=[Depends(needs_read)],
    responses={200: {"model": JobDocument}, **READING, **problems(404)},
)
async def get_job(request: Request, job_id: AnyId) -> Response:
    """State, progress of each stage, counts, and why it failed if it did."""
    return answer(JobDocument, await ask(request, lambda stores: stores.context.jobs.get(job_id)))


@router.patch(
    "/v1/jobs/{job_id}",
    summary="Start a failed or cancelled job again",
    dependencies=[Depends(needs_write)],
    status_code=202,
    responses={202: {"model": JobDocument, "description": "accepted"}, **WRITING, **problems(404, 409)},
    openapi_extra=body_of(JobChange),
)
async def again(request: Request, job_id: AnyId) -> Response:
    """Start a failed or cancelled job again; it goes on behind what is stored already."""
    await read_model(request, JobChange)

    def work(stores: Stores) -> Job:
        job = stores.context.jobs.again(job_id)
        stores.wake()
        return job

    return answer(JobDocument, await ask(request, work), status=202, Location=f"/v1/jobs/{job_id}")


@router.delete(
    "/v1/jobs/{job_id}",
    summary="Cancel a job",
    dependencies=[Depends(needs_write)],
    responses={
        200: {"model": JobDocument, "description": "it is over"},
        202: {"model": JobDocument, "description": "it ends at its next step"},
        **READING,
        **problems(404),
    },
)
async def cancel(request: Request, job_id: AnyId) -> Response:
    """Cancel a job: at once where it waits, at its next step where it runs. What is stored stays."""
    job = await ask(request, lambda stores: stores.context.jobs.cancel(job_id))
    return answer(JobDocument, job, status=200 if job.state.final else 202)


@router.get(
    "/v1/jobs/{job_id}/events",
    summary="Follow a job",
    dependencies=[Depends(needs_read)],
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": EVENT}}, "description": "server-sent events"},
        **READING,
        **problems(404),
    },
)
async def events(request: Request, job_id: AnyId) -> Response:
    """Server-sent events: `progress` whenever the job changed, `end` when it is over; each holds the job."""
    first = await ask(request, lambda stores: stores.context.jobs.get(job_id))
    return StreamingResponse(
        _events(stores_of(request), first), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


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
    return f"event: {name}\ndata: {written(JobDocument, job).decode()}\n\n"
