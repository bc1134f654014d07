from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from keeping import Kept


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"],  # noqa: S104 - an address that is refused
)  # fmt: skip
def test_private_addresses_are_refused_unless_allowed(kept: Kept, host: str) -> None:
    answer = kept.post("/v1/webhooks", json={"url": f"http://{host}/hook", "events": ["record.urgent"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert "not public" in answer.json()["detail"]
    assert kept.get("/v1/webhooks").json()["items"] == []
