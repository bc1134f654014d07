"""Check that a message came from a webhook of ours, and lately."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

from textcx_client.errors import BadSignature

SIGNATURE = "Textcx-Signature"
"""The header that holds the signature."""
TOLERANCE = timedelta(minutes=5)
_SECONDS = re.compile(r"[0-9]{1,12}")


def verify_signature(
    body: bytes, header: str | None, secret: str, *, tolerance: timedelta = TOLERANCE, now: datetime | None = None
) -> None:
    """Check the signature of a message; returns only where it is right.

    A message may come twice: remember its ``id``.

    Args:
        body: As it came, before anything parsed it.
        header: Value of ``Textcx-Signature``: ``t=SECONDS,v1=HEX``; null where there is none.
        secret: Shown when the webhook was made.
        tolerance: How long ago it may have been signed, and how far clocks may differ.
        now: The time, with time zone; by default that of this machine.

    Raises:
        BadSignature: If it is not right; then do not act on the message.
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
