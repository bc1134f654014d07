"""``/v1/webhooks``: where to tell about urgent records and finished jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Request, Response

from textcx.domain.service.datasets import WebhookEvent
from textcx.jobs.addresses import check_url, choose_address

from ..deps import ask, needs_admin, services_of
from ..http.bodies import read_model
from ..openapi import body_of, problems
from ..schemas.documents import DeliveryList, NewWebhookDocument, WebhookDocument, WebhookList, WebhookRequest, answer
from ..schemas.fields import AnyId
from ..stores import Stores

if TYPE_CHECKING:
    from textcx.domain.service.datasets import Delivery, Webhook

router = APIRouter(tags=["webhooks"], dependencies=[Depends(needs_admin)])
READING = problems(401, 403, 405, 422, 429, 500, 503)


@router.post(
    "/v1/webhooks",
    summary="Make a webhook",
    status_code=201,
    responses={201: {"model": NewWebhookDocument, "description": "made"}, **READING, **problems(400, 404, 413, 415)},
    openapi_extra=body_of(WebhookRequest),
)
async def make(request: Request) -> Response:
    """Make a webhook. Its secret is shown once; with it each message is signed (`Textcx-Signature`).

    Private addresses are refused unless the service allows them, now and again at every message.
    """
    wanted = await read_model(request, WebhookRequest)
    allow_private = services_of(request).settings.allow_private_webhooks

    def work(stores: Stores) -> Webhook:
        _check(wanted.url, allow_private=allow_private)
        events = [WebhookEvent(event) for event in wanted.events]
        return stores.context.webhooks.create(wanted.url, events=events, dataset=wanted.dataset)

    made = await ask(request, work)
    return answer(NewWebhookDocument, made, status=201, Location=f"/v1/webhooks/{made.id}")


def _check(url: str, *, allow_private: bool) -> None:
    """Refuse what can be refused now; a host without an address today may have one when there is something to tell."""
    check_url(url)
    parts = urlsplit(url)
    try:
        choose_address(parts.hostname or "", parts.port or 443, allow_private=allow_private)
    except (OSError, UnicodeError):
        return


@router.get("/v1/webhooks", summary="List webhooks", responses={200: {"model": WebhookList}, **READING})
async def webhooks(request: Request) -> Response:
    """All webhooks, oldest first, without their secrets."""
    return answer(WebhookList, {"items": await ask(request, lambda stores: stores.context.webhooks.all())})


@router.get(
    "/v1/webhooks/{webhook_id}",
    summary="Show a webhook",
    responses={200: {"model": WebhookDocument}, **READING, **problems(404)},
)
async def webhook(request: Request, webhook_id: AnyId) -> Response:
    """One webhook, without its secret."""
    return answer(WebhookDocument, await ask(request, lambda stores: stores.context.webhooks.get(webhook_id)))


@router.get(
    "/v1/webhooks/{webhook_id}/deliveries",
    summary="What became of its messages",
    responses={200: {"model": DeliveryList}, **READING, **problems(404)},
)
async def deliveries(
    request: Request, webhook_id: AnyId, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Response:
    """The latest messages to a webhook, latest first, with state and last error."""

    def work(stores: Stores) -> list[Delivery]:
        stores.context.webhooks.get(webhook_id)
        return stores.context.webhooks.deliveries(webhook_id, limit=limit)

    return answer(DeliveryList, {"items": await ask(request, work)})


@router.delete(
    "/v1/webhooks/{webhook_id}",
    summary="Delete a webhook",
    status_code=204,
    responses={**READING, **problems(404)},
)
async def delete(request: Request, webhook_id: AnyId) -> Response:
    """Delete a webhook and what was still to be told to it."""
    await ask(request, lambda stores: stores.context.webhooks.delete(webhook_id))
    return Response(status_code=204)
