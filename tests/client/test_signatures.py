from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from textcx.jobs.delivery import signature
from textcx_client import BadSignature, verify_signature

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
BODY = b'{"id": "evt_1"}'
SIGNED_WITH = "s3cret"
HEADER = signature(BODY, secret=SIGNED_WITH, at=NOW)


def test_what_the_service_signed_a_moment_ago_is_taken() -> None:
    verify_signature(BODY, HEADER, SIGNED_WITH, now=NOW + timedelta(minutes=4))
    verify_signature(BODY, HEADER, SIGNED_WITH, now=NOW - timedelta(minutes=4))
    verify_signature(BODY, f"{HEADER.replace(',v1', ', v1')},v1={'0' * 64},v2=other", SIGNED_WITH, now=NOW)


@pytest.mark.parametrize(
    ("body", "header", "secret"),
    [
        (BODY + b" ", HEADER, SIGNED_WITH), (BODY, HEADER, "other"), (BODY, HEADER.replace("t=1", "t=2"), SIGNED_WITH),
        (BODY, HEADER[:-1], SIGNED_WITH), (BODY, "", SIGNED_WITH), (BODY, None, SIGNED_WITH), (BODY, "t=,v1=", SIGNED_WITH), (BODY, "t=²,v1=é\udc80", SIGNED_WITH),
        (BODY, HEADER.replace("t=", "t=-"), SIGNED_WITH), (BODY, "t=" + "9" * 5000 + ",v1=0", SIGNED_WITH), (BODY, HEADER + "," + HEADER, SIGNED_WITH),
        (BODY, HEADER.split(",")[0], SIGNED_WITH),
    ],
)  # fmt: skip
def test_what_was_not_signed_so_is_refused(body: bytes, header: str | None, secret: str) -> None:
    with pytest.raises(BadSignature, match="do not act on"):
        verify_signature(body, header, secret, now=NOW)


@pytest.mark.parametrize("later", [timedelta(minutes=6), timedelta(minutes=-6), timedelta(days=900)])
def test_what_was_signed_long_ago_or_is_yet_to_come_is_refused(later: timedelta) -> None:
    with pytest.raises(BadSignature, match="at most 300 are taken"):
        verify_signature(BODY, HEADER, SIGNED_WITH, now=NOW + later)
    verify_signature(BODY, HEADER, SIGNED_WITH, now=NOW + later, tolerance=abs(later))
