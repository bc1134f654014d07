from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from serving import MemoryKeys, serving

from textcx.domain.service.keys import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

ROUTES = {
    Scope.READ: [
        "GET /v1/datasets", "GET /v1/datasets/shop", "GET /v1/datasets/shop/records/x", "GET /v1/datasets/shop/triage",
        "GET /v1/datasets/shop/triage/x", "GET /v1/jobs", "GET /v1/jobs/x", "GET /v1/jobs/x/events", "GET /v1/receipts/x",
        *(f"GET /v1/{kind}?dataset=shop" for kind in ("themes", "pain-points", "journey", "drivers", "ratings", "trends", "records")),
    ],
    Scope.WRITE: [
        "PUT /v1/datasets/shop", "DELETE /v1/datasets/shop", "POST /v1/datasets/shop/records", "POST /v1/jobs",
        "PATCH /v1/jobs/x", "DELETE /v1/jobs/x", "PATCH /v1/datasets/shop/triage/x", "DELETE /v1/respondents/x",
    ],
    Scope.ADMIN: [
        "GET /v1/webhooks", "POST /v1/webhooks", "GET /v1/webhooks/x", "DELETE /v1/webhooks/x", "GET /v1/webhooks/x/deliveries",
    ],
}  # fmt: skip
BODIES = {
    "POST /v1/jobs": {"kind": "analyze", "dataset": "shop"}, "PATCH /v1/jobs/x": {"state": "queued"},
    "PATCH /v1/datasets/shop/triage/x": {"status": "done"},
    "POST /v1/webhooks": {"url": "https://example.com", "events": ["job.finished"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def keys() -> dict[Scope, str]:
    return {}


@pytest.fixture(scope="module")
def closed(keys: dict[Scope, str]) -> Iterator[httpx.Client]:
    """The service with keys and without a database."""
    store = MemoryKeys()
    keys.update({scope: store.make(scope) for scope in Scope})
    with serving(keys=store) as client:
        yield client


@pytest.mark.parametrize(("scope", "route"), [(scope, route) for scope, routes in ROUTES.items() for route in routes])
def test_a_route_asks_for_its_scope_and_nothing_else(
    closed: httpx.Client, keys: dict[Scope, str], scope: Scope, route: str
) -> None:
    method, _, path = route.partition(" ")

    def ask(key: str | None) -> httpx.Response:
        headers = {} if key is None else {"x-api-key": key}
        return closed.request(method, path, json=BODIES.get(route, {}), headers=headers)

    assert ask(None).status_code == 401
    for other in Scope:
        answer = ask(keys[other])
        if other in {scope, Scope.ADMIN}:
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable"), answer.text
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
