"""Check that a message came from a webhook of ours, and lately."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from textcx.client.errors import BadSignature

SIGNATURE = "Textcx-Signature"
"""The header that holds the signature."""
TOLERANCE = timedelta(minutes=5)
LONGEST_SECONDS = 12
"""Digits of the moment of signing."""


def verify_signature(
    body: bytes, header: str | None, secret: str, *, tolerance: timedelta = TOLERANCE, now: datetime | None = None
) -> None:
    """Check the signature of a message; returns only where it is right.

    A message may come twice: remember its ``id``.

    Args:
        body: As it came, before anything read it.
        header: Value of ``Textcx-Signature``: ``t=SECONDS,v1=HEX``; null where there is none.
        secret: Shown when the webhook was made.
        tolerance: How long ago it may have been signed, and how far clocks may differ.
        now: The time, with time zone; by default that of this machine.

    Raises:
        BadSignature: If it is not right; then do not act on the message.
    """
    pairs = [pair.strip().partition("=") for pair in (header or "").split(",")]
    moments = [value for name, _, value in pairs if name == "t"]
    given = [value for name, _, value in pairs if name == "v1"]
    if len(moments) != 1 or not given:
        msg = f"The message has no {SIGNATURE} of the kind t=SECONDS,v1=HEX; do not act on it."
        raise BadSignature(msg)
    signed_at = moments[0]
    if not (signed_at.isascii() and signed_at.isdigit() and len(signed_at) <= LONGEST_SECONDS):
        msg = f"The moment in {SIGNATURE} is no number of seconds; do not act on the message."
        raise BadSignature(msg)
    wanted = hmac.new(secret.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest().encode()
    if not any([hmac.compare_digest(wanted, each.encode("utf-8", "replace")) for each in given]):  # noqa: C419 - all are compared, so that time tells nothing
        msg = "The message was not signed with this secret; do not act on it."
        raise BadSignature(msg)
    moment = (now or datetime.now(tz=UTC)).timestamp()
    if abs(moment - int(signed_at)) > tolerance.total_seconds():
        msg = (
            f"The message was signed {moment - int(signed_at):.0f} seconds ago, at most "
            f"{tolerance.total_seconds():g} are taken; it may have been sent before, or a clock is wrong."
        )
        raise BadSignature(msg)
