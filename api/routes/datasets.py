"""``/v1/datasets``: feedback that belongs together, and the records that come into it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from ..deps import Writer, ask, needs_read, needs_write, services_of, stores_of
from ..http.bodies import read_model
from ..openapi import body_of, problems
from ..schemas.documents import DatasetDocument, DatasetList, DatasetRequest, JobDocument, RecordsRequest, answer
from ..schemas.fields import DatasetName, OnceKey, RatingFlag, Words
from ..spooling import FILES, UploadRequest, column_settings, receive
from ..stores import Stores

router = APIRouter(tags=["data sets"])
READING = problems(401, 403, 405, 422, 429, 500, 503)
WRITING = {**READING, **problems(400, 413, 415)}


def records_body() -> dict[str, Any]:
    """Describe the kinds of bodies that records come in."""
    found = body_of(RecordsRequest)
    file = {"schema": {"type": "string"}, "example": "id,comment,date,nps\nr-1,Great food.,2026-03-31,9\n"}
    lines = {"schema": {"type": "string"}, "example": '{"id": "r-1", "comment": "Great food.", "nps": 9}\n'}
    found["requestBody"]["content"] |= {kind: file if kind.startswith("text/") else lines for kind in FILES}
    return found


class Columns(BaseModel):
    """Which columns of a file are what; found by their names and contents where it is not said."""

    model_config = ConfigDict(extra="forbid")
    text_column: list[Words] = []
    id_column: Words | None = None
    date_column: Words | None = None
    date_format: Words | None = None
    source: Words | None = None
    source_column: Words | None = None
    respondent_column: Words | None = None
    touchpoint_column: Words | None = None
    value_column: Words | None = None
    attribute: list[Words] = []
    rating: list[RatingFlag] = []
    filename: Words | None = None


@router.get(
    "/v1/datasets",
    summary="List data sets",
    dependencies=[Depends(needs_read)],
    responses={200: {"model": DatasetList}, **READING},
)
async def datasets(request: Request) -> Response:
    """All data sets, by name."""
    return answer(DatasetList, {"items": await ask(request, lambda stores: stores.context.datasets.all())})


@router.put(
    "/v1/datasets/{name}",
    summary="Make a data set, or change what is said about it",
    dependencies=[Depends(needs_write)],
    responses={
        200: {"model": DatasetDocument},
        201: {"model": DatasetDocument, "description": "made"},
        **WRITING,
        **problems(404, 409),  # a name with a slash is another path
    },
    openapi_extra=body_of(DatasetRequest),
)
async def put_dataset(request: Request, name: DatasetName) -> Response:
    """Make a data set, or replace title, columns, retention and theme set of one; its records stay."""
    wanted = await read_model(request, DatasetRequest)
    encoder = services_of(request).scoring.model_version or None

    def work(stores: Stores) -> tuple[Any, bool]:
        columns = column_settings(wanted.columns)
        themes = stores.named_theme_set(wanted.theme_set, encoder_id=encoder)
        return stores.context.datasets.put(
            name, title=wanted.title, columns=columns, retention_days=wanted.retention_days, theme_set=themes
        )

    found, new = await ask(request, work)
    if not new:
        return answer(DatasetDocument, found)
    return answer(DatasetDocument, found, status=201, Location=f"/v1/datasets/{name}")


@router.get(
    "/v1/datasets/{name}",
    summary="Show a data set",
    dependencies=[Depends(needs_read)],
    responses={200: {"model": DatasetDocument}, **READING, **problems(404)},
)
async def get_dataset(request: Request, name: DatasetName) -> Response:
    """What is said about a data set, and what its first upload showed."""
    return answer(DatasetDocument, await ask(request, lambda stores: stores.context.datasets.get(name)))


@router.delete(
    "/v1/datasets/{name}",
    summary="Delete a data set with everything in it",
    dependencies=[Depends(needs_write)],
    status_code=204,
    responses={**READING, **problems(404)},
)
async def delete_dataset(request: Request, name: DatasetName) -> Response:
    """Delete records, analyses, jobs, triage and uploads of a data set. Its running jobs end."""

    def work(stores: Stores) -> None:
        for file in stores.context.datasets.delete(name):
            stores.context.spool.delete(file)

    await ask(request, work)
    return Response(status_code=204)


@router.post(
    "/v1/datasets/{name}/records",
    summary="Send records: JSON, JSONL or CSV",
    status_code=202,
    responses={202: {"model": JobDocument, "description": "a job reads them"}, **WRITING, **problems(404, 409)},
    openapi_extra=records_body(),
)
async def send_records(
    request: Request,
    name: DatasetName,
    columns: Annotated[Columns, Query()],
    caller: Writer,
    idempotency_key: Annotated[OnceKey | None, Header()] = None,
) -> Response:
    """Take records in; a job cleans, masks, scores and stores them, and puts urgent ones into the triage queue.

    What was sent before - the same id and content, or the same content where there is no id - is stored once. Files
    are streamed to a private place on disk and deleted when their records are stored.
    """
    settings = columns.model_dump(exclude_defaults=True, exclude={"filename"})
    key = caller.key.id if caller.key is not None else ""
    stores = stores_of(request)
    if settings:
        settings = await ask(request, lambda _: column_settings(settings))
    upload = UploadRequest(
        dataset=name, columns=settings, filename=columns.filename, caller=key, idempotency_key=idempotency_key
    )
    job = await receive(request, upload, stores=stores, settings=services_of(request).settings)
    return answer(JobDocument, job, status=202, Location=f"/v1/jobs/{job.id}")
