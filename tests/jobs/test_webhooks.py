from __future__ import annotations

import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from job_context import as_csv, light_context, run_now, send

from textcx.domain.errors import NotFound, WrongUse
from textcx.domain.service.datasets import WebhookEvent
from textcx.jobs import addresses
from textcx.jobs.addresses import PrivateAddress, check_url, choose_address, is_public
from textcx.jobs.delivery import PAUSES, SIGNATURE, Delivering
from textcx_client import BadSignature, verify_signature

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textcx.store.sql.database import Database
    from textcx.wiring.job_context import JobContext

BAD = {
    "id": "n1",
    "comment": "Terrible, the broken heater caught fire and burned my hand and they charged me twice. When do I get a refund?",
    "customer": "jo",
    "date": "2026-01-01",
    "nps": 0,
    "plan": "pro",
}


class Receiver:
    """A web server that remembers what it was told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.headers[SIGNATURE], body))
                self.send_response(outer.status)
                if outer.status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{outer.port}/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?a=1"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def context(database: Database, tmp_path: Path) -> JobContext:
    context = light_context(database, tmp_path / "spool")
    context.datasets.put("shop")
    return context


def delivering(context: JobContext, *, allow_private: bool = True) -> Delivering:
    return Delivering(context.webhooks, allow_private=allow_private, stopping=context.stopping)


def test_an_urgent_record_and_a_finished_job_are_told_signed_and_without_words(
    context: JobContext, receiver: Receiver
) -> None:
    hook = context.webhooks.create(receiver.url, events=list(WebhookEvent))
    run_now(context, send(context, "shop", as_csv([BAD])))
    now = datetime.now(tz=UTC)
    while delivering(context).deliver_next(now=now):
        pass
    told = [json.loads(body) for _, body in receiver.got]
    assert [one["type"] for one in told] == ["record.urgent", "job.finished"]
    assert told[0]["data"]["record_id"] == "n1"
    assert told[0]["data"]["score"] >= 55
    assert told[1]["data"]["state"] == "done"
    for header, body in receiver.got:
        verify_signature(body, header, hook.secret, now=now)
        with pytest.raises(BadSignature):
            verify_signature(body + b" ", header, hook.secret, now=now)
        assert b"burned" not in body
        assert b"jo" not in body.replace(b'"job', b"").replace(b"job_", b"").replace(b"job.finished", b"")
    assert {one.state for one in context.webhooks.deliveries(hook.id)} == {"done"}


def test_a_webhook_is_told_only_what_it_asked_for(context: JobContext, receiver: Receiver) -> None:
    context.datasets.put("other")
    context.webhooks.create(receiver.url, events=[WebhookEvent.RECORD_URGENT])
    context.webhooks.create(receiver.url, events=list(WebhookEvent), dataset="other")
    run_now(context, send(context, "shop", as_csv([BAD])))
    while delivering(context).deliver_next(now=datetime.now(tz=UTC)):
        pass
    assert [json.loads(body)["type"] for _, body in receiver.got] == ["record.urgent"]


@pytest.mark.parametrize("status", [500, 302, 404])
def test_what_did_not_arrive_is_told_again_with_growing_pauses_and_then_given_up(
    context: JobContext, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    hook = context.webhooks.create(receiver.url, events=[WebhookEvent.JOB_FINISHED])
    run_now(context, send(context, "shop", as_csv([BAD])))
    now = datetime.now(tz=UTC)
    times = 0
    for pause in (*PAUSES, timedelta(0)):
        assert delivering(context).deliver_next(now=now)
        assert not delivering(context).deliver_next(now=now)
        times += 1
        now += pause
    assert len(receiver.got) == times == len(PAUSES) + 1
    (delivery,) = context.webhooks.deliveries(hook.id)
    assert delivery.state == "failed"
    assert str(status) in str(delivery.last_error)
    assert not delivering(context).deliver_next(now=now + timedelta(days=9))


def test_a_private_address_is_never_called_unless_allowed(context: JobContext, receiver: Receiver) -> None:
    hook = context.webhooks.create(receiver.url, events=[WebhookEvent.JOB_FINISHED])
    run_now(context, send(context, "shop", as_csv([BAD])))
    assert delivering(context, allow_private=False).deliver_next(now=datetime.now(tz=UTC))
    assert receiver.got == []
    assert "not public" in str(context.webhooks.deliveries(hook.id)[0].last_error)


def test_a_name_is_judged_by_every_address_it_has_when_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))],
        [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.216.34", "10.0.0.5")],
    ]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: answers.pop(0))
    assert choose_address("rebinding.example", 80, allow_private=False)[1] == ("93.184.216.34", 80)
    with pytest.raises(PrivateAddress):
        choose_address("rebinding.example", 80, allow_private=False)


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.1", "100.64.0.1", "224.0.0.1",
    "::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::",
])  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", [
    "ftp://example.com", "https://", "https://user:pass@example.com", "https://example.com/\r\nX: y", "https://ex ample.com",
    "https://example.com:99999", "file:///etc/passwd", "https://" + "a" * 3000, "",
])  # fmt: skip
def test_a_url_that_cannot_be_called_is_refused(url: str) -> None:
    with pytest.raises(WrongUse):
        check_url(url)


def test_a_message_goes_with_its_webhook_and_a_lease_keeps_it_from_others(
    context: JobContext, receiver: Receiver
) -> None:
    hook = context.webhooks.create(receiver.url, events=[WebhookEvent.JOB_FINISHED])
    run_now(context, send(context, "shop", as_csv([BAD])))
    now = datetime.now(tz=UTC)
    assert context.webhooks.take(now=now) is not None
    assert context.webhooks.take(now=now) is None
    assert context.webhooks.take(now=now + timedelta(minutes=3)) is not None
    context.webhooks.delete(hook.id)
    assert context.webhooks.take(now=now + timedelta(minutes=9)) is None
    with pytest.raises(NotFound):
        context.webhooks.get(hook.id)
