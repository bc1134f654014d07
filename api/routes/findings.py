"""What was found in a data set, by period, source, stage, theme, label and attributes.

``/v1/themes``, ``/v1/pain-points``, ``/v1/journey``, ``/v1/drivers``, ``/v1/ratings``, ``/v1/trends``, ``/v1/records``.
Figures are those of the latest analysis; where records are filtered, they are counted again over those that fit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import fields
from functools import partial, wraps
from typing import Annotated, Any, Literal, get_args

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from textcx.domain.service.datasets import Page as Rows
from textcx.store.sql.cursors import MOST_ROWS
from textcx.store.sql.reading.counting import Filters
from textcx_client.answers import findings as answers
from textcx_client.answers.schema import Page

from ..routing import Routes, Stored, answer, in_thread
from ..schemas.fields import LONGEST_CURSOR, AnyId, Attribute, DatasetName, Moment, Words
from ..sheets import CSV_CONTENT, header, lines, sheet_headers
from ..stores import Stores

routes = Routes("findings")
ReadPage = Callable[..., Rows]
"""Reads a page, given ``limit`` and ``cursor``."""


class Paged(BaseModel):
    """Which page, and in which form."""

    model_config = ConfigDict(extra="forbid")
    dataset: DatasetName = Field(description="name of the data set")
    attribute: list[Attribute] = Field(default=[], max_length=10, description="NAME=VALUE; all must fit")
    stage: Words | None = Field(default=None, description="stage of the journey")
    theme: Words | None = Field(default=None, description="id of a theme")
    limit: int | None = Field(default=None, ge=1, le=MOST_ROWS, description="rows of a page; 100, or all as CSV")
    cursor: str | None = Field(default=None, max_length=LONGEST_CURSOR, description="next_cursor of the page before")
    format: Literal["json", "csv"] = "json"


class Timed(Paged):
    """With a period."""

    since: Moment | None = Field(default=None, description="said at this time or later")
    until: Moment | None = Field(default=None, description="said before this time")


class Filtered(Timed):
    """With everything that tells records apart."""

    source: Words | None = Field(default=None, description="review, survey, social or support")
    label: Literal["negative", "neutral", "positive"] | None = None


class Rated(Paged):
    """Of one rating."""

    rating: Words | None = Field(default=None, description="name of a rating, such as nps")


class Measured(Timed):
    """Of one measure."""

    measure: Words | None = Field(default=None, description="what is counted, such as share")


def filters_of(wanted: Paged) -> Filters:
    """Return the filters that were asked for."""
    named = wanted.model_dump(include={"dataset", "since", "until", "source", "stage", "theme", "label"})
    attributes = {name: value for name, _, value in (pair.partition("=") for pair in wanted.attribute)}
    return Filters(**named, attributes=attributes)


def _finding(route: str, summary: str, page_of: type[Page[Any]]) -> Callable[[Callable[..., ReadPage]], object]:
    """Declare a route that answers with a page of rows as JSON, or with a sheet of all of them."""
    columns = [each.name for row in get_args(page_of) for each in fields(row)]

    def declare(reading: Callable[..., ReadPage]) -> object:
        @wraps(reading)
        async def endpoint(stores: Stores, wanted: Paged) -> Response:
            def page(cursor: str | None) -> Rows:
                limit = wanted.limit or (100 if wanted.format == "json" else MOST_ROWS)
                return reading(stores, wanted)(limit=limit, cursor=cursor)

            first = await in_thread(partial(page, wanted.cursor))
            if wanted.format == "json":
                document = {"items": first.rows, "next_cursor": first.next_cursor}
                return await asyncio.to_thread(answer, page_of, document)

            async def sheet() -> AsyncIterator[str]:
                yield header(columns)
                found = first
                while True:
                    yield await asyncio.to_thread(lines, found.rows, columns)
                    if found.next_cursor is None or wanted.limit is not None:
                        return
                    found = await asyncio.to_thread(page, found.next_cursor)

            return StreamingResponse(sheet(), headers=sheet_headers(f"{wanted.dataset}-{route.rpartition('/')[2]}"))

        return routes.add(route, summary, page_of, responses={200: CSV_CONTENT}, also=(400, 404))(endpoint)

    return declare


@_finding("GET /v1/themes", "What customers talk about", Page[answers.Theme])
def themes(stores: Stored, wanted: Annotated[Filtered, Query()]) -> ReadPage:
    """Themes with reach, sentiment, trend and quotes; widest reach first."""
    return partial(stores.reading.themes, filters_of(wanted))


@_finding("GET /v1/pain-points", "What goes wrong for customers", Page[answers.PainPoint])
def pain_points(stores: Stored, wanted: Annotated[Filtered, Query()]) -> ReadPage:
    """Pain points with severity, reach, stage and quotes; highest reach x severity first."""
    return partial(stores.reading.pain_points, filters_of(wanted))


@_finding("GET /v1/journey", "How each stage of the journey is felt", Page[answers.Stage])
def journey(stores: Stored, wanted: Annotated[Filtered, Query()]) -> ReadPage:
    """Stages in their order, with segments, respondents and polarity."""
    return partial(stores.reading.journey, filters_of(wanted))


@_finding("GET /v1/drivers", "What goes with high and low ratings", Page[answers.Driver])
def drivers(stores: Stored, wanted: Annotated[Rated, Query()]) -> ReadPage:
    """Themes and stages with their effect on a rating, strongest first: an association, not a cause."""
    return partial(stores.reading.drivers, filters_of(wanted), rating=wanted.rating)


@_finding("GET /v1/ratings", "NPS, CSAT, CES and other ratings", Page[answers.Rating])
def ratings(stores: Stored, wanted: Annotated[Rated, Query()]) -> ReadPage:
    """Values of ratings over all, by theme, stage, attribute and period, with intervals."""
    return partial(stores.reading.ratings, filters_of(wanted), rating=wanted.rating)


@_finding("GET /v1/trends", "What changes over time", Page[answers.Trend])
def trends(stores: Stored, wanted: Annotated[Measured, Query()]) -> ReadPage:
    """Values of measures by period, with intervals."""
    return partial(stores.reading.trends, filters_of(wanted), measure=wanted.measure)


@_finding("GET /v1/records", "The records themselves", Page[answers.KeptRecord])
def records(stores: Stored, wanted: Annotated[Filtered, Query()]) -> ReadPage:
    """Records in the order in which they came, masked where they would identify a person."""
    return partial(stores.reading.records, filters_of(wanted))


@routes.add("GET /v1/datasets/{name}/records/{record_id:path}", "Show a record with its segments", answers.RecordDetail)
def record(stores: Stored, name: DatasetName, record_id: AnyId) -> dict[str, Any]:
    """One record, masked, with what was found in each of its segments."""
    return stores.reading.record(name, record_id)
