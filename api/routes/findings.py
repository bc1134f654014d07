"""What was found in a data set, by period, source, stage, theme, label and attributes.

``/v1/themes``, ``/v1/pain-points``, ``/v1/journey``, ``/v1/drivers``, ``/v1/ratings``, ``/v1/trends``, ``/v1/records``.
Figures are those of the latest analysis; where records are filtered, they are counted again over those that fit.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from textcx.store.sql.reading.counting import Filters

from ..deps import ask, needs_read, stores_of
from ..openapi import problems
from ..schemas.documents import answer
from ..schemas.fields import LONGEST_CURSOR, MOST, AnyId, Attribute, DatasetName, Moment, Words, named
from ..schemas.findings import (
    DriverPage,
    JourneyPage,
    PainPointPage,
    RatingPage,
    RecordDetail,
    RecordPage,
    ThemePage,
    TrendPage,
    columns_of,
)
from ..sheets import MEDIA_TYPE, header, lines
from ..stores import Stores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from textcx.domain.service.datasets import Page
    from textcx_client.answers.schema import Page as Rows

router = APIRouter(tags=["findings"], dependencies=[Depends(needs_read)])
PROBLEMS = problems(400, 401, 403, 404, 405, 422, 429, 500, 503)


class Paged(BaseModel):
    """Which page, and in which form."""

    model_config = ConfigDict(extra="forbid")
    dataset: DatasetName = Field(description="name of the data set")
    attribute: list[Attribute] = Field(default=[], max_length=10, description="NAME=VALUE; all must fit")
    stage: Words | None = Field(default=None, description="stage of the journey")
    theme: Words | None = Field(default=None, description="id of a theme")
    limit: int | None = Field(default=None, ge=1, le=MOST, description="rows of a page; 100, or all as CSV")
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
    fields = wanted.model_dump(include={"dataset", "since", "until", "source", "stage", "theme", "label"})
    return Filters(**fields, attributes=named(wanted.attribute))


async def _found(
    request: Request,
    wanted: Paged,
    model: type[Rows[Any]],
    read: Callable[[Stores], Callable[..., Page]],
) -> Response:
    """Answer with a page as JSON, or with a sheet."""
    limit = wanted.limit or (100 if wanted.format == "json" else MOST)

    def page(cursor: str | None, stores: Stores) -> Page:
        return read(stores)(limit=limit, cursor=cursor)

    first = await ask(request, partial(page, wanted.cursor))
    if wanted.format == "json":
        return await asyncio.to_thread(answer, model, {"items": first.rows, "next_cursor": first.next_cursor})
    columns = columns_of(model)
    whole = wanted.limit is None
    stores = stores_of(request)

    async def sheet() -> AsyncIterator[str]:
        yield header(columns)
        found = first
        while True:
            yield await asyncio.to_thread(lines, found.rows, columns)
            if found.next_cursor is None or not whole:
                return
            found = await asyncio.to_thread(page, found.next_cursor, stores)

    name = request.url.path.rpartition("/")[2]
    disposition = f'attachment; filename="{wanted.dataset}-{name}.csv"'
    return StreamingResponse(sheet(), media_type=MEDIA_TYPE, headers={"Content-Disposition": disposition})


def _as(model: type[Rows[Any]]) -> dict[int | str, dict[str, object]]:
    content = {"text/csv": {"schema": {"type": "string"}}}
    return {200: {"model": model, "content": content}, **PROBLEMS}


@router.get("/v1/themes", summary="What customers talk about", responses=_as(ThemePage))
async def themes(request: Request, wanted: Annotated[Filtered, Query()]) -> Response:
    """Themes with reach, sentiment, trend and quotes; widest reach first."""
    return await _found(request, wanted, ThemePage, lambda stores: partial(stores.reading.themes, filters_of(wanted)))


@router.get("/v1/pain-points", summary="What goes wrong for customers", responses=_as(PainPointPage))
async def pain_points(request: Request, wanted: Annotated[Filtered, Query()]) -> Response:
    """Pain points with severity, reach, stage and quotes; highest reach x severity first."""
    return await _found(
        request, wanted, PainPointPage, lambda stores: partial(stores.reading.pain_points, filters_of(wanted))
    )


@router.get("/v1/journey", summary="How each stage of the journey is felt", responses=_as(JourneyPage))
async def journey(request: Request, wanted: Annotated[Filtered, Query()]) -> Response:
    """Stages in their order, with segments, respondents and polarity."""
    return await _found(
        request, wanted, JourneyPage, lambda stores: partial(stores.reading.journey, filters_of(wanted))
    )


@router.get("/v1/drivers", summary="What goes with high and low ratings", responses=_as(DriverPage))
async def drivers(request: Request, wanted: Annotated[Rated, Query()]) -> Response:
    """Themes and stages with their effect on a rating, strongest first: an association, not a cause."""
    return await _found(
        request,
        wanted,
        DriverPage,
        lambda stores: partial(stores.reading.drivers, filters_of(wanted), rating=wanted.rating),
    )


@router.get("/v1/ratings", summary="NPS, CSAT, CES and other ratings", responses=_as(RatingPage))
async def ratings(request: Request, wanted: Annotated[Rated, Query()]) -> Response:
    """Values of ratings over all, by theme, stage, attribute and period, with intervals."""
    return await _found(
        request,
        wanted,
        RatingPage,
        lambda stores: partial(stores.reading.ratings, filters_of(wanted), rating=wanted.rating),
    )


@router.get("/v1/trends", summary="What changes over time", responses=_as(TrendPage))
async def trends(request: Request, wanted: Annotated[Measured, Query()]) -> Response:
    """Values of measures by period, with intervals."""
    return await _found(
        request,
        wanted,
        TrendPage,
        lambda stores: partial(stores.reading.trends, filters_of(wanted), measure=wanted.measure),
    )


@router.get("/v1/records", summary="The records themselves", responses=_as(RecordPage))
async def records(request: Request, wanted: Annotated[Filtered, Query()]) -> Response:
    """Records in the order in which they came, masked where they would identify a person."""
    return await _found(request, wanted, RecordPage, lambda stores: partial(stores.reading.records, filters_of(wanted)))


@router.get(
    "/v1/datasets/{name}/records/{record_id:path}",
    summary="Show a record with its segments",
    responses={200: {"model": RecordDetail}, **problems(401, 403, 404, 405, 422, 429, 500, 503)},
)
async def record(request: Request, name: DatasetName, record_id: AnyId) -> Response:
    """One record, masked, with what was found in each of its segments."""
    return answer(RecordDetail, await ask(request, lambda stores: stores.reading.record(name, record_id)))
