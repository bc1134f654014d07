from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from serving import MemoryKeys, serving

from textcx.domain.service.keys import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))
KEPT = {"data sets", "jobs", "findings", "triage", "privacy", "webhooks"}
ROUTES = [
    (method.upper(), path)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if KEPT & set(operation["tags"])
]


def scope_of(method: str, path: str) -> Scope:
    """What docs/service.md says: webhooks are the admins', reading is reading, all else is writing."""
    if path.startswith("/v1/webhooks"):
        return Scope.ADMIN
    return Scope.READ if method == "GET" else Scope.WRITE


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


def test_all_that_is_kept_is_here() -> None:
    assert len(ROUTES) >= 29


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_route_asks_for_its_scope_and_nothing_else(
    closed: httpx.Client, keys: dict[Scope, str], method: str, path: str
) -> None:
    def ask(key: str | None) -> httpx.Response:
        headers = {} if key is None else {"x-api-key": key}
        return closed.request(method, re.sub(r"{\w+}", "x", path), headers=headers)

    assert ask(None).status_code == 401
    for other in Scope:
        answer = ask(keys[other])
        if other in {scope_of(method, path), Scope.ADMIN}:
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable"), answer.text
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
