"""``/v1/datasets/{name}/triage``: records that need a person, most urgent first, and what became of them."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from textcx.domain.service.datasets import TriageStatus

from ..deps import Writer, ask, needs_read
from ..http.bodies import read_model
from ..openapi import body_of, problems
from ..schemas.documents import TriageChangeRequest, TriageDocument, TriageEntryDocument, TriagePage, answer
from ..schemas.fields import LONGEST_CURSOR, MOST, AnyId, DatasetName, Words
from ..sheets import MEDIA_TYPE, header, lines
from ..stores import Stores

if TYPE_CHECKING:
    from textcx.domain.service.datasets import TriageEntry

router = APIRouter(tags=["triage"])
READING = problems(401, 403, 404, 405, 422, 429, 500, 503)
COLUMNS = [each.name for each in fields(TriageDocument)]
LOCAL = "this machine"
"""Who changed an entry where there are no keys."""


@router.get(
    "/v1/datasets/{name}/triage",
    summary="Records that need a person, most urgent first",
    dependencies=[Depends(needs_read)],
    responses={
        200: {"model": TriagePage, "content": {"text/csv": {"schema": {"type": "string"}}}},
        **READING,
        **problems(400),
    },
)
async def triage(
    request: Request,
    name: DatasetName,
    *,
    status: Literal["open", "in_progress", "done", "dismissed", "all"] = "open",
    assignee: Words | None = None,
    urgent: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    cursor: Annotated[str | None, Query(max_length=LONGEST_CURSOR)] = None,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Each with its reasons and their points: severity, consequences, customer value, age, repeated contact, question.

    New records are here seconds after they were sent.
    """

    def work(stores: Stores) -> tuple[list[TriageEntry], str | None]:
        wanted = None if status == "all" else TriageStatus(status)
        return stores.context.triage.page(
            name, status=wanted, assignee=assignee, urgent=urgent, limit=limit, cursor=cursor
        )

    entries, following = await ask(request, work)
    if form == "json":
        return answer(TriagePage, {"items": entries, "next_cursor": following})
    sheet = header(COLUMNS) + lines([_row(entry) for entry in entries], COLUMNS)
    disposition = f'attachment; filename="{name}-triage.csv"'
    return Response(sheet, media_type=MEDIA_TYPE, headers={"Content-Disposition": disposition})


def _row(entry: TriageEntry) -> dict[str, Any]:
    reasons = [f"{reason['detail']} ({reason['points']:g})" for reason in entry.reasons]
    return {**_values(entry), "reasons": reasons}


def _values(entry: TriageEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in COLUMNS}


@router.get(
    "/v1/datasets/{name}/triage/{record_id:path}",
    summary="Show an entry with its history",
    dependencies=[Depends(needs_read)],
    responses={200: {"model": TriageEntryDocument}, **READING},
)
async def entry(request: Request, name: DatasetName, record_id: AnyId) -> Response:
    """One record that needs a person, and what was changed about it, by whom and when."""
    return answer(TriageEntryDocument, await ask(request, lambda stores: _with_history(stores, name, record_id)))


@router.patch(
    "/v1/datasets/{name}/triage/{record_id:path}",
    summary="Set status, assignee or note",
    responses={200: {"model": TriageEntryDocument}, **READING, **problems(400, 413, 415)},
    openapi_extra=body_of(TriageChangeRequest),
)
async def change(request: Request, name: DatasetName, record_id: AnyId, caller: Writer) -> Response:
    """Change an entry; what it was before stays in its history, with the name of the key that changed it."""
    wanted = await read_model(request, TriageChangeRequest)
    changes = wanted.model_dump(exclude_unset=True)
    actor = caller.key.name if caller.key is not None else LOCAL

    def work(stores: Stores) -> dict[str, Any]:
        stores.context.triage.change(name, record_id, actor=actor, changes=changes)
        return _with_history(stores, name, record_id)

    return answer(TriageEntryDocument, await ask(request, work))


def _with_history(stores: Stores, name: str, record_id: str) -> dict[str, Any]:
    entry = stores.context.triage.get(name, record_id)
    return {**_values(entry), "history": stores.context.triage.history(name, record_id)}
