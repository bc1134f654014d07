"""``/v1/webhooks``: where to tell about urgent records and finished jobs."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import Query, Request, Response
from pydantic import Field

from textcx.domain.service.datasets import Webhook, WebhookEvent
from textcx.domain.service.keys import Scope
from textcx.jobs.addresses import check_url, choose_address
from textcx_client.answers import datasets as answers
from textcx_client.answers.schema import Listing

from ..http.bodies import read_model
from ..routing import Routes, Stored, answer, in_thread, services_of
from ..schemas.fields import AnyId, DatasetName
from ..schemas.scoring import Strict

routes = Routes("webhooks", scope=Scope.ADMIN)


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


@routes.add(
    "POST /v1/webhooks",
    "Make a webhook",
    answers.NewWebhook,
    status=201,
    also=(404,),
    body=WebhookRequest,
)
async def make(request: Request, stores: Stored) -> Response:
    """Make a webhook. Its secret is shown once; with it each message is signed (`Textcx-Signature`).

    Private addresses are refused unless the service allows them, now and again at every message.
    """
    wanted = await read_model(request, WebhookRequest)
    allow_private = services_of(request).settings.allow_private_webhooks

    def work() -> Webhook:
        check_url(wanted.url)
        parts = urlsplit(wanted.url)
        with suppress(OSError, UnicodeError):  # a host without an address may have one when there is something to tell
            choose_address(parts.hostname or "", parts.port or 443, allow_private=allow_private)
        events = [WebhookEvent(event) for event in wanted.events]
        return stores.context.webhooks.create(wanted.url, events=events, dataset=wanted.dataset)

    made = await in_thread(work)
    return answer(answers.NewWebhook, made, status=201, Location=f"/v1/webhooks/{made.id}")


@routes.add("GET /v1/webhooks", "List webhooks", Listing[answers.Webhook])
def webhooks(stores: Stored) -> dict[str, Any]:
    """All webhooks, oldest first, without their secrets."""
    return {"items": stores.context.webhooks.all()}


@routes.add("GET /v1/webhooks/{webhook_id}", "Show a webhook", answers.Webhook)
def webhook(stores: Stored, webhook_id: AnyId) -> Webhook:
    """One webhook, without its secret."""
    return stores.context.webhooks.get(webhook_id)


@routes.add("GET /v1/webhooks/{webhook_id}/deliveries", "What became of its messages", Listing[answers.Delivery])
def deliveries(stores: Stored, webhook_id: AnyId, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> dict[str, Any]:
    """The latest messages to a webhook, latest first, with state and last error."""
    stores.context.webhooks.get(webhook_id)
    return {"items": stores.context.webhooks.deliveries(webhook_id, limit=limit)}


@routes.add("DELETE /v1/webhooks/{webhook_id}", "Delete a webhook", status=204)
def delete(stores: Stored, webhook_id: AnyId) -> None:
    """Delete a webhook and what was still to be told to it."""
    stores.context.webhooks.delete(webhook_id)
