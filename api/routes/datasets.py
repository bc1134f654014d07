"""``/v1/datasets``: feedback that belongs together, and the records that come into it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from textcx.domain.service.datasets import Dataset
from textcx.jobs.columns import NAMES
from textcx_client.answers import datasets as answers
from textcx_client.answers.schema import Listing

from ..http.bodies import read_model
from ..openapi import body_of
from ..routing import Routes, Stored, answer, in_thread, services_of
from ..schemas.fields import DatasetName, OnceKey, RatingFlag, Words
from ..schemas.records import RecordsRequest
from ..schemas.scoring import Strict
from ..spooling import FILES, Upload, column_settings

routes = Routes("data sets")


class DatasetRequest(Strict):
    """What is said about a data set."""

    title: Words | None = Field(default=None, description="heading for people")
    columns: dict[str, Any] = Field(
        default_factory=dict,
        description="which columns of its files are what, named as the settings of textcx.toml",
        json_schema_extra={"propertyNames": {"enum": list(NAMES)}},
        examples=[{"text_column": ["comment"], "rating": ["nps=nps:0-10"]}],
    )
    retention_days: int | None = Field(default=None, ge=1, le=36_500, description="older records are deleted")
    theme_set: Words | None = Field(
        default=None, description="analyze with this theme set, new records too; null learns one from the records"
    )


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


def records_body() -> dict[str, Any]:
    """Describe the kinds of bodies that records come in."""
    found = body_of(RecordsRequest)
    file = {"schema": {"type": "string"}, "example": "id,comment,date,nps\nr-1,Great food.,2026-03-31,9\n"}
    lines = {"schema": {"type": "string"}, "example": '{"id": "r-1", "comment": "Great food.", "nps": 9}\n'}
    found["requestBody"]["content"] |= {kind: file if kind.startswith("text/") else lines for kind in FILES}
    return found


@routes.add("GET /v1/datasets", "List data sets", Listing[answers.Dataset])
def datasets(stores: Stored) -> dict[str, Any]:
    """All data sets, by name."""
    return {"items": stores.context.datasets.all()}


@routes.add(
    "PUT /v1/datasets/{name}",
    "Make a data set, or change what is said about it",
    answers.Dataset,
    responses={201: {"model": answers.Dataset, "description": "made"}},
    also=(409,),
    body=DatasetRequest,
)
async def put_dataset(request: Request, stores: Stored, name: DatasetName) -> Response:
    """Make a data set, or replace title, columns, retention and theme set of one; its records stay."""
    wanted = await read_model(request, DatasetRequest)
    encoder = services_of(request).scoring.model_version or None

    def work() -> tuple[Dataset, bool]:
        columns = column_settings(wanted.columns)
        themes = stores.named_theme_set(wanted.theme_set, encoder_id=encoder)
        return stores.context.datasets.put(
            name, title=wanted.title, columns=columns, retention_days=wanted.retention_days, theme_set=themes
        )

    found, new = await in_thread(work)
    if not new:
        return answer(answers.Dataset, found)
    return answer(answers.Dataset, found, status=201, Location=f"/v1/datasets/{name}")


@routes.add("GET /v1/datasets/{name}", "Show a data set", answers.Dataset)
def get_dataset(stores: Stored, name: DatasetName) -> Dataset:
    """What is said about a data set, and what its first upload showed."""
    return stores.context.datasets.get(name)


@routes.add("DELETE /v1/datasets/{name}", "Delete a data set with everything in it", status=204)
def delete_dataset(stores: Stored, name: DatasetName) -> None:
    """Delete records, analyses, jobs, triage and uploads of a data set. Its running jobs end."""
    for file in stores.context.datasets.delete(name):
        stores.context.spool.delete(file)


@routes.add(
    "POST /v1/datasets/{name}/records",
    "Send records: JSON, JSONL or CSV",
    answers.Job,
    status=202,
    responses={202: {"description": "a job reads them"}},
    also=(409,),
    openapi_extra=records_body(),
)
async def send_records(
    request: Request,
    stores: Stored,
    name: DatasetName,
    columns: Annotated[Columns, Query()],
    idempotency_key: Annotated[OnceKey | None, Header()] = None,
) -> Response:
    """Take records in; a job cleans, masks, scores and stores them, and puts urgent ones into the triage queue.

    What was sent before - the same id and content, or the same content where there is no id - is stored once. Files
    are streamed to a private place on disk and deleted when their records are stored.
    """
    settings = columns.model_dump(exclude_defaults=True, exclude={"filename"})
    upload = Upload(
        stores=stores,
        settings=services_of(request).settings,
        dataset=name,
        columns=await in_thread(lambda: column_settings(settings)) if settings else {},
        filename=columns.filename,
        caller=request.state.key_id,
        idempotency_key=idempotency_key,
    )
    job = await upload.receive(request)
    return answer(answers.Job, job, status=202, Location=f"/v1/jobs/{job.id}")
