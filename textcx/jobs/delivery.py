"""Tell webhooks what happened: signed, again and again with growing pauses, never to a private address unless allowed.

A message is signed with the secret of its webhook: ``Textcx-Signature: t=SECONDS,v1=HEX``, where HEX is the HMAC-SHA256
of ``SECONDS.BODY``. Whoever receives it computes the same, compares in constant time and refuses an old SECONDS, as
``textcx_client.verify_signature`` does. The same message may come twice; its ``id`` tells.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from textcx.domain.errors import WrongUse
from textcx.domain.version import __version__
from textcx.jobs.addresses import post
from textcx.store.sql.webhooks import DONE, DUE, FAILED

if TYPE_CHECKING:
    import threading
    from datetime import datetime

    from textcx.domain.service.datasets import Delivery, Webhook
    from textcx.store.sql.webhooks import SqlWebhooks

SIGNATURE = "Textcx-Signature"
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 4 * 3600, 8 * 3600))
"""Pauses between tries; after the last one a delivery has failed."""
_DELIVERED = range(200, 300)


def signature(body: bytes, *, secret: str, at: datetime) -> str:
    """Sign a message as it is sent ``at`` this time, with the secret of its webhook."""
    seconds = int(at.timestamp())
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"


class Delivering:
    """Delivers what is due, one message at a time."""

    def __init__(self, webhooks: SqlWebhooks, *, allow_private: bool, stopping: threading.Event) -> None:
        self._webhooks = webhooks
        self._allow_private = allow_private
        self._stopping = stopping

    def deliver_next(self, *, now: datetime) -> bool:
        """Deliver the next message that is due; says whether there was one."""
        taken = None if self._stopping.is_set() else self._webhooks.take(now=now)
        if taken is None:
            return False
        delivery, webhook = taken
        error = self._send(delivery, webhook, now=now)
        again = error is not None and delivery.attempts < len(PAUSES)
        state, pause = (DUE, PAUSES[delivery.attempts]) if again else (DONE if error is None else FAILED, timedelta())
        self._webhooks.settle(delivery.id, state=state, next_at=now + pause, error=error)
        return True

    def _send(self, delivery: Delivery, webhook: Webhook, *, now: datetime) -> str | None:
        """Send a message; null where it arrived, else why not."""
        body = json.dumps(delivery.payload, sort_keys=True).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"textcx/{__version__}",
            SIGNATURE: signature(body, secret=webhook.secret, at=now),
        }
        try:
            status = post(webhook.url, body, headers=headers, allow_private=self._allow_private)
        except WrongUse as error:
            return str(error)
        except (OSError, http.client.HTTPException) as error:
            return f"nobody answered ({type(error).__name__})"
        return None if status in _DELIVERED else f"answered with status {status}"
