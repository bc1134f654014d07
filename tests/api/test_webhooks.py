from __future__ import annotations

import http.server
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from databases import new_file
from keeping import as_records, keeping

from textcx.jobs.delivery import SIGNATURE
from textcx_client import verify_signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keeping import Kept


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps the messages that come."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.messages: list[tuple[bytes, str]] = []


class Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.messages.append((body, self.headers[SIGNATURE]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def open_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The service, allowed to call private addresses."""
    folder = tmp_path_factory.mktemp("open")
    with keeping(new_file(folder / "textcx.db"), folder, allow_private_webhooks=True) as client:
        yield client


def test_finished_jobs_and_urgent_records_are_told_signed(open_service: Kept, receiver: Receiver) -> None:
    client = open_service
    client.put("/v1/datasets/shop", json={})
    asked = {"url": f"http://127.0.0.1:{receiver.server_port}/hook", "events": ["job.finished"], "dataset": "shop"}
    answer = client.post("/v1/webhooks", json=asked)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/v1/webhooks/{made['id']}"
    shown = client.get(answer.headers["location"])
    assert "secret" not in shown.json()
    assert made["secret"] not in client.get("/v1/webhooks").text
    job = client.records("shop", as_records(3))
    until = time.monotonic() + 20
    while not receiver.messages and time.monotonic() < until:
        time.sleep(0.05)
    body, signature = receiver.messages[0]
    told = json.loads(body)
    assert (told["type"], told["data"]["job_id"], told["data"]["state"]) == ("job.finished", job["id"], "done")
    verify_signature(body, signature, made["secret"])
    while client.get(f"/v1/webhooks/{made['id']}/deliveries").json()["items"][0]["state"] != "done":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert client.delete(f"/v1/webhooks/{made['id']}").status_code == 204
    assert client.get(f"/v1/webhooks/{made['id']}").status_code == 404
    assert client.get("/v1/webhooks").json()["items"] == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com", "http://", "https://user:secretword@example.com/", "http://exa mple.com", "javascript:alert(1)",
        "http://x\n.com", "http://[::1", "h" * 2001, "http://example.com:99999/", "http://\ud83d.example",
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused_and_not_repeated(open_service: Kept, url: str) -> None:
    answer = open_service.post(
        "/v1/webhooks", content=json.dumps({"url": url, "events": ["job.finished"]}),
        headers={"content-type": "application/json"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert "secretword" not in answer.text


@pytest.mark.parametrize(
    "body", [{}, {"url": "https://example.com", "events": []}, {"url": "https://example.com", "events": ["all"]}]
)
def test_a_webhook_that_cannot_be_is_refused(open_service: Kept, body: dict[str, Any]) -> None:
    assert open_service.post("/v1/webhooks", json=body).status_code == 422


def test_a_webhook_of_no_data_set_is_refused(open_service: Kept) -> None:
    asked = {"url": "http://127.0.0.1/", "events": ["job.finished"], "dataset": "none"}
    assert open_service.post("/v1/webhooks", json=asked).status_code == 404
