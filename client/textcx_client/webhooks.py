"""Where the service tells about events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx_client.answers.datasets import Delivery, NewWebhook, Webhook
from textcx_client.answers.schema import Listing
from textcx_client.connection import json_call, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textcx_client.connection import Connection


class Webhooks:
    """``client.webhooks``; they need a key with the scope admin.

    Every method raises ``ServiceError`` if the service refuses, with status 404 if there is no webhook of that id.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, url: str, *, events: Iterable[str], dataset: str | None = None) -> NewWebhook:
        """Make a webhook. Its secret is shown this once. Never sent again where it may have been made already.

        Args:
            url: http or https, of no private address unless the service allows these.
            events: Some of ``record.urgent`` and ``job.finished``.
            dataset: Only of this data set; null for all.
        """
        document = {"url": url, "events": list(events), "dataset": dataset}
        return self._connection.ask(NewWebhook, json_call("/v1/webhooks", document, safe=False))

    def all(self) -> list[Webhook]:
        """Return all webhooks, oldest first."""
        return list(self._connection.get(Listing[Webhook], "/v1/webhooks").items)

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook."""
        return self._connection.get(Webhook, path_of("webhooks", webhook_id))

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook and what was still to be told to it."""
        self._connection.delete(path_of("webhooks", webhook_id))

    def deliveries(self, webhook_id: str, *, limit: int = 100) -> list[Delivery]:
        """Return the latest messages to a webhook, latest first, at most ``limit`` (1 to 1,000)."""
        path = path_of("webhooks", webhook_id, "deliveries")
        return list(self._connection.get(Listing[Delivery], path, limit=str(limit)).items)
