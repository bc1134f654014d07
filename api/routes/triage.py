"""``/v1/datasets/{name}/triage``: records that need a person, most urgent first, and what became of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import ConfigDict, Field, model_validator

from textcx.domain.service.datasets import TriageEntry, TriageStatus
from textcx.store.sql.cursors import MOST_ROWS
from textcx_client.answers import datasets as answers
from textcx_client.answers.schema import Page

from ..http.bodies import read_model
from ..routing import Routes, Stored, answer, in_thread
from ..schemas.fields import AnyId, Cursor, DatasetName, Words
from ..schemas.scoring import Strict
from ..sheets import CSV_CONTENT, header, lines, sheet_headers
from ..stores import Stores

routes = Routes("triage")
COLUMNS = [each.name for each in fields(answers.TriageEntry)]


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


@routes.add(
    "GET /v1/datasets/{name}/triage",
    "Records that need a person, most urgent first",
    Page[answers.TriageEntry],
    responses={200: CSV_CONTENT},
    also=(400,),
)
def triage(
    stores: Stored,
    name: DatasetName,
    *,
    status: Literal["open", "in_progress", "done", "dismissed", "all"] = "open",
    assignee: Words | None = None,
    urgent: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
    cursor: Cursor = None,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> dict[str, Any] | Response:
    """Each with its reasons and their points: safety first, then severity, consequences, leaving and further ones.

    New records are here seconds after they were sent.
    """
    wanted = None if status == "all" else TriageStatus(status)
    entries, following = stores.context.triage.page(
        name, status=wanted, assignee=assignee, urgent=urgent, limit=limit, cursor=cursor
    )
    if form == "json":
        return {"items": entries, "next_cursor": following}
    rows = [
        {**_values(entry), "reasons": [f"{reason['detail']} ({reason['points']:g})" for reason in entry.reasons]}
        for entry in entries
    ]
    return Response(header(COLUMNS) + lines(rows, COLUMNS), headers=sheet_headers(f"{name}-triage"))


@routes.add("GET /v1/datasets/{name}/triage/{record_id:path}", "Show an entry with its history", answers.TriageDetail)
def entry(stores: Stored, name: DatasetName, record_id: AnyId) -> dict[str, Any]:
    """One record that needs a person, and what was changed about it, by whom and when."""
    return _with_history(stores, name, record_id)


@routes.add(
    "PATCH /v1/datasets/{name}/triage/{record_id:path}",
    "Set status, assignee or note",
    answers.TriageDetail,
    body=TriageChangeRequest,
)
async def change(request: Request, stores: Stored, name: DatasetName, record_id: AnyId) -> Response:
    """Change an entry; what it was before stays in its history, with the name of the key that changed it."""
    wanted = await read_model(request, TriageChangeRequest)
    changes = wanted.model_dump(exclude_unset=True)

    def work() -> dict[str, Any]:
        stores.context.triage.change(name, record_id, actor=request.state.caller, changes=changes)
        return _with_history(stores, name, record_id)

    return answer(answers.TriageDetail, await in_thread(work))


def _with_history(stores: Stores, name: str, record_id: str) -> dict[str, Any]:
    entry = stores.context.triage.get(name, record_id)
    return {**_values(entry), "history": stores.context.triage.history(name, record_id)}


def _values(entry: TriageEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in COLUMNS}
