"""What the routes about data sets, jobs, triage, webhooks and respondents take and give.

What they take are strict pydantic models; what they give are the client's dataclasses, called documents here since the
domain has types of the same names.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator
from starlette.responses import Response

from textcx.jobs.columns import NAMES
from textcx_client.answers import datasets as answers
from textcx_client.answers.schema import Listing, Page

from .fields import DatasetName, Moment, Words
from .scoring import EXAMPLE_TEXT, Id, Strict, Text

MOST_NAMES = 50
LONGEST_VALUE = 500


DatasetDocument = answers.Dataset
DatasetList = Listing[answers.Dataset]
JobDocument = answers.Job
JobPage = Page[answers.Job]
TriageDocument = answers.TriageEntry
TriagePage = Page[answers.TriageEntry]
TriageEntryDocument = answers.TriageDetail
WebhookDocument = answers.Webhook
NewWebhookDocument = answers.NewWebhook
WebhookList = Listing[answers.Webhook]
DeliveryList = Listing[answers.Delivery]
ReceiptDocument = answers.Receipt


def written(document: type[object], value: object) -> bytes:
    """Return what a store returns as JSON, with the fields of a document."""
    plain = msgspec.to_builtins(value, builtin_types=(datetime,))
    return msgspec.json.encode(msgspec.convert(plain, document))


def answer(document: type[object], value: object, *, status: int = 200, **headers: str) -> Response:
    """Answer with a document; underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(written(document, value), status, named, media_type="application/json")


# data sets


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


def _named(value: object) -> dict[str, Any]:
    """Check names that a caller chose; they are never repeated in an error."""
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MOST_NAMES or not all(_is_name(name) for name in value):
        msg = f"expected an object with at most {MOST_NAMES} names, of 1 to 100 letters, digits, '_', '-' and spaces"
        raise ValueError(msg)
    return value


def _is_name(name: str) -> bool:
    return 1 <= len(name) <= 100 and name.strip() == name and all(c.isalnum() or c in "_- " for c in name)  # noqa: PLR2004


def _ratings(value: object) -> dict[str, Any]:
    found = _named(value)
    for rating in found.values():
        if rating is not None and not _is_number(rating):
            msg = "expected numbers, or null where there is no rating"
            raise ValueError(msg)
    return found


def _attributes(value: object) -> dict[str, Any]:
    found = _named(value)
    for told in found.values():
        fits = told is None or isinstance(told, bool) or _is_number(told)
        if not fits and not (isinstance(told, str) and len(told) <= LONGEST_VALUE):
            msg = f"expected texts of at most {LONGEST_VALUE} characters, numbers, booleans or null"
            raise ValueError(msg)
    return found


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 1e300 and math.isfinite(value)  # noqa: PLR2004 - far beyond any rating


_OBJECT = {"type": ["object", "null"], "maxProperties": MOST_NAMES}


class GivenRecord(Strict):
    """One answer, review or post."""

    id: Id = Field(default=None, description="makes sending it again harmless; without one its content does")
    text: Text = Field(description="the customer's words, in English", examples=[EXAMPLE_TEXT])
    created_at: Moment | None = Field(default=None, description="when it was said")
    source: Literal["review", "survey", "social", "support"] | None = None
    respondent: Id = Field(default=None, description="who said it; kept as a pseudonym only")
    touchpoint: Words | None = Field(default=None, description="where the contact was")
    customer_value: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        default=None, description="such as revenue a year"
    )
    ratings: Annotated[
        dict[str, Any],
        PlainValidator(_ratings),
        WithJsonSchema({**_OBJECT, "additionalProperties": {"type": ["number", "null"]}}),
    ] = Field(default_factory=dict, description="nps, csat, ces, stars, or others that the data set declares")
    attributes: Annotated[
        dict[str, Any],
        PlainValidator(_attributes),
        WithJsonSchema({**_OBJECT, "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}),
    ] = Field(default_factory=dict, description="what groups customers: plan, region")


class RecordsRequest(Strict):
    """Records to keep in a data set."""

    records: list[GivenRecord] = Field(min_length=1, description="/info says how many at most")
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "records": [
                        {
                            "id": "r-1", "text": EXAMPLE_TEXT, "created_at": "2026-03-31T12:00:00Z",
                            "ratings": {"nps": 6}, "attributes": {"plan": "pro"},
                        }
                    ]
                }
            ]
        }
    )  # fmt: skip


# jobs


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


# triage


class TriageChangeRequest(Strict):
    """What is to be changed; fields that are left out stay. Null takes an assignee or a note away."""

    status: Literal["open", "in_progress", "done", "dismissed"] = "open"
    assignee: Words | None = None
    note: Annotated[str, Field(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _something(self) -> TriageChangeRequest:
        if not self.model_fields_set:
            msg = "name at least one of status, assignee and note"
            raise ValueError(msg)
        return self

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "examples": [{"status": "in_progress"}]})


# webhooks


class WebhookRequest(Strict):
    """A webhook to make."""

    url: str = Field(
        max_length=2000,
        description="http or https",
        examples=["https://example.com/hook"],
        json_schema_extra={"format": "uri", "pattern": "^https?://"},
    )
    events: list[Literal["record.urgent", "job.finished"]] = Field(min_length=1, max_length=2)
    dataset: DatasetName | None = Field(default=None, description="only of this data set; null for all")
