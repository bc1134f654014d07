from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from serving import MemoryKeys, serving

from api.http.security import RateLimiter, is_local, presented_key
from textcx.domain.service.keys import Scope, new_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture(scope="module")
def good(keys: MemoryKeys) -> str:
    return keys.make(Scope.ANALYZE)


@pytest.fixture(scope="module")
def closed(keys: MemoryKeys, good: str) -> Iterator[httpx.Client]:
    with serving(keys=keys) as client:
        yield client


def score(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.post("/v1/sentiment", json={"text": "good"}, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer {}"}, {"authorization": "bearer {}"}, {"x-api-key": "{}"}, {"ocp-apim-subscription-key": "{}"},
        {"authorization": "AWS4-HMAC-SHA256 Credential={}/20260101/eu-west-1/comprehend/aws4_request, SignedHeaders=host, Signature=0"},
    ],
)  # fmt: skip
def test_a_key_is_found_wherever_a_client_puts_it(closed: httpx.Client, good: str, headers: dict[str, str]) -> None:
    assert score(closed, **{name: value.format(good) for name, value in headers.items()}).status_code == 200


def test_without_a_key_nothing_is_answered_once_there_are_keys(closed: httpx.Client) -> None:
    answer = score(closed)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/info", "/metrics"):
        assert closed.get(path).status_code == 401


def test_health_needs_no_key(closed: httpx.Client) -> None:
    assert closed.get("/livez").status_code == closed.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "wrong", [new_secret(), "tcx_short", "x" * 5000, "\u00e9" * 47], ids=["another", "short", "long", "not-ascii"]
)
def test_an_unknown_key_is_refused_without_repeating_it(closed: httpx.Client, wrong: str) -> None:
    answer = closed.post("/v1/sentiment", json={"text": "good"}, headers={"x-api-key": wrong.encode("latin-1")})
    assert answer.status_code == 401
    assert wrong not in answer.text


@pytest.mark.parametrize("change", [{"revoked_at": NOW}, {"expires_at": NOW - timedelta(seconds=1)}])
def test_a_revoked_or_expired_key_is_refused(
    closed: httpx.Client, keys: MemoryKeys, change: dict[str, datetime]
) -> None:
    assert score(closed, authorization=f"Bearer {keys.make(Scope.ANALYZE, **change)}").status_code == 401


def test_a_key_does_only_what_its_scopes_say(closed: httpx.Client, keys: MemoryKeys) -> None:
    reader, admin = keys.make(Scope.READ, Scope.WRITE), keys.make(Scope.ADMIN)
    answer = score(closed, authorization=f"Bearer {reader}")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert score(closed, authorization=f"Bearer {admin}").status_code == 200


def test_the_use_of_a_key_is_noted_once_in_a_while(closed: httpx.Client, keys: MemoryKeys) -> None:
    secret = keys.make(Scope.ANALYZE)
    for _ in range(3):
        score(closed, authorization=f"Bearer {secret}")
    assert keys.touched.count(keys.find(_digest(secret)).id) == 1  # type: ignore[union-attr]


def _digest(secret: str) -> str:
    from textcx.domain.service.keys import digest_of

    return digest_of(secret)


def test_a_key_that_asks_too_often_is_told_when_to_come_back() -> None:
    keys = MemoryKeys()
    busy, other = keys.make(Scope.ANALYZE), keys.make(Scope.ANALYZE)
    with serving(keys=keys, rate_limit=3) as client:
        answers = [score(client, authorization=f"Bearer {busy}") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[3].json()["code"] == "rate_limited"
        assert answers[3].json()["retryable"]
        assert 1 <= int(answers[3].headers["retry-after"]) <= 21
        assert score(client, authorization=f"Bearer {other}").status_code == 200


def test_a_rate_refills_evenly() -> None:
    time = 0.0
    limiter = RateLimiter(60, clock=lambda: time)
    assert [limiter.wait_for("a") for _ in range(60)] == [0.0] * 60
    assert limiter.wait_for("a") == pytest.approx(1.0)
    time = 1.0
    assert limiter.wait_for("a") == 0.0
    assert limiter.wait_for("a") == pytest.approx(1.0)


def test_without_keys_foreign_web_pages_are_refused(service: httpx.Client) -> None:
    for headers in ({"host": "rebound.example"}, {"origin": "https://evil.example"}, {"origin": "null"}):
        answer = score(service, **headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "only_loopback")
    assert score(service, origin="http://localhost:3000").status_code == 200


def test_without_keys_a_service_for_others_answers_nobody() -> None:
    with serving(host="0.0.0.0") as client:  # noqa: S104 - a setting that is refused
        assert score(client).json()["code"] == "only_loopback"


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("10.0.0.1", False), ("192.168.1.2", False)],
)
def test_only_this_machine_is_local(address: str, *, local: bool) -> None:
    assert is_local({"client": (address, 1), "headers": [(b"host", b"localhost:8321")]}) is local


def test_a_request_without_a_key_has_none() -> None:
    assert presented_key({"headers": [(b"accept", b"*/*")]}) is None
