"""What the routes about data sets, jobs, triage, webhooks and respondents take and give, as pydantic models."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from starlette.responses import Response

from .fields import DatasetName, LONGEST_NAME, Moment, Words
from .schemas import EXAMPLE_TEXT, Id, Strict, Text

MOST_NAMES = 50


class Answer(BaseModel):
    """A document that is made of what a store returns."""

    model_config = ConfigDict(from_attributes=True)


def answer(model: type[BaseModel], found: Any, *, status: int = 200, **headers: str) -> Response:  # noqa: ANN401 - what a store returns
    """Answer with a document; underscores in the names of headers stand for hyphens."""
    body = model.model_validate(found).model_dump_json()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, status, named, media_type="application/json")


# data sets


class DatasetRequest(Strict):
    """What is said about a data set."""

    title: Words | None = Field(default=None, description="heading for people")
    columns: dict[str, Any] = Field(
        default_factory=dict,
        description="which columns of its files are what, by the names of the settings: text_column, id_column, rating ...",
        examples=[{"text_column": ["comment"], "rating": ["nps=nps:0-10"]}],
    )
    retention_days: int | None = Field(default=None, ge=1, le=36_500, description="older records are deleted")


class DatasetDocument(Answer):
    """A data set."""

    name: str
    title: str | None
    columns: dict[str, Any]
    learned: dict[str, Any] = Field(description="what the first upload showed; later ones are read so, too")
    retention_days: int | None
    current_analysis: str | None = Field(description="null before the first one has finished")
    created_at: datetime
    updated_at: datetime


class DatasetList(Answer):
    """All data sets, by name."""

    items: list[DatasetDocument]


def _rating_names(values: dict[str, Any]) -> dict[str, Any]:
    if len(values) > MOST_NAMES or not all(_rating_name(name) for name in values):
        msg = f"expected at most {MOST_NAMES} names of 1 to {LONGEST_NAME} letters, digits, '_', '-' and spaces"
        raise ValueError(msg)
    return values


def _rating_name(name: str) -> bool:
    return 1 <= len(name) <= LONGEST_NAME and name.strip() == name and all(
        letter.isalnum() or letter in "_- " for letter in name
    )  # fmt: skip


def _moment(value: object) -> str | None:
    if value is None:
        return None
    from .fields import _moment as read  # noqa: PLC0415

    return read(value).isoformat(timespec="seconds")
