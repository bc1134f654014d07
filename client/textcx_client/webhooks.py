"""Where the service tells about events, and the check that a message came from a webhook of ours, and lately."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from textcx_client.answers.datasets import Delivery, NewWebhook, Webhook
from textcx_client.answers.schema import Listing
from textcx_client.connection import Part, json_call, path_of
from textcx_client.errors import BadSignature

if TYPE_CHECKING:
    from collections.abc import Iterable

SIGNATURE = "Textcx-Signature"
"""The header that holds the signature."""
TOLERANCE = timedelta(minutes=5)
_SECONDS = re.compile(r"[0-9]{1,12}")


class Webhooks(Part):
    """``client.webhooks``; they need a key with the scope admin.

    Every method raises ``ServiceError`` if the service refuses, with status 404 if there is no webhook of that id.
    """

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


def verify_signature(
    body: bytes, header: str | None, secret: str, *, tolerance: timedelta = TOLERANCE, now: datetime | None = None
) -> None:
    """Check the signature of a message, raising ``BadSignature`` if it is not right; then do not act on the message.

    A message may come twice: remember its ``id``.

    Args:
        body: As it came, before anything parsed it.
        header: Value of ``Textcx-Signature``: ``t=SECONDS,v1=HEX``; null where there is none.
        secret: Shown when the webhook was made.
        tolerance: How long ago it may have been signed, and how far clocks may differ.
        now: The time, with time zone; by default that of this machine.
    """
    pairs = [pair.strip().partition("=") for pair in (header or "").split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not signatures:
        msg = f"The message has no {SIGNATURE} of the kind t=SECONDS,v1=HEX; do not act on it."
        raise BadSignature(msg)
    signed_at = times[0]
    if not _SECONDS.fullmatch(signed_at):
        msg = f"The time in {SIGNATURE} is not a number of seconds; do not act on the message."
        raise BadSignature(msg)
    expected = hmac.new(secret.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest().encode()
    # All are compared, so that the time it takes says nothing about which one matched.
    if not sum(hmac.compare_digest(expected, each.encode("utf-8", "replace")) for each in signatures):
        msg = "The message was not signed with this secret; do not act on it."
        raise BadSignature(msg)
    age = (now or datetime.now(tz=UTC)).timestamp() - int(signed_at)
    if abs(age) > tolerance.total_seconds():
        msg = (
            f"The message was signed {age:.0f} seconds ago, at most {tolerance.total_seconds():g} are taken; "
            "it may have been sent before, or a clock is wrong."
        )
        raise BadSignature(msg)
