"""Bodies that come slowly or never, by raw sockets, and uploads for which there is no room."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from databases import new_file
from keeping import keeping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keeping import Kept

PAUSE = 0.5
CLOSE = "Connection: close\r\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("slow")
    with keeping(new_file(folder / "textcx.db"), folder, body_seconds=PAUSE) as client:
        client.folder = folder  # type: ignore[attr-defined]
        client.put("/v1/datasets/shop", json={})
        yield client


class Caller:
    """A caller that sends what it likes, when it likes."""

    def __init__(self, client: Kept, path: str, *, kind: str, length: int, more: str = "") -> None:
        self._socket = socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=20)
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{more}"
        self.send(f"{head}\r\n".encode())

    def send(self, content: bytes) -> None:
        self._socket.sendall(content)

    def drip(self, *, every: float, end: threading.Event) -> None:
        """Send a byte now and again."""
        try:
            while not end.wait(every):
                self.send(b" ")
        except OSError:  # it was hung up on
            return

    def answer(self) -> tuple[int, dict[str, Any]]:
        """Read the answer until the service closes the connection."""
        found = b""
        while piece := self._socket.recv(65_536):
            found += piece
        self._socket.close()
        head, _, body = found.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    ("path", "kind", "more"),
    [
        ("/v1/sentiment", "application/json", ""),
        ("/v1/sentiment", "application/json", "Content-Encoding: gzip\r\n"),
        ("/v1/datasets/shop/records", "application/json", ""),
        ("/v1/datasets/shop/records", "text/csv", ""),
        ("/predict", "application/json", ""),
    ],
)
def test_a_body_that_does_not_come_is_not_waited_for(shop: Kept, path: str, kind: str, more: str) -> None:
    caller = Caller(shop, path, kind=kind, length=100, more=more)
    begin = time.monotonic()
    status, told = caller.answer()
    assert status == 408
    assert told.get("code", "body_too_slow") == "body_too_slow"
    assert PAUSE * 0.9 < time.monotonic() - begin < 10
    assert not list((shop.folder / "spool").iterdir())  # type: ignore[attr-defined]


def test_a_byte_now_and_again_is_not_enough(shop: Kept) -> None:
    caller, end = Caller(shop, "/v1/datasets/shop/records", kind="text/csv", length=100_000), threading.Event()
    thread = threading.Thread(target=caller.drip, kwargs={"every": PAUSE / 5, "end": end})
    begin = time.monotonic()
    thread.start()
    try:
        status, told = caller.answer()
    finally:
        end.set()
        thread.join()
    assert (status, told["code"], told["retryable"]) == (408, "body_too_slow", True)
    assert time.monotonic() - begin < 10
    assert not list((shop.folder / "spool").iterdir())  # type: ignore[attr-defined]


def test_an_upload_that_goes_on_may_take_longer_than_any_pause(shop: Kept) -> None:
    rows = b"".join(b'{"id": "n%d", "text": "The parcel came late and it was broken."}\n' % n for n in range(60))
    caller = Caller(shop, "/v1/datasets/shop/records", kind="application/x-ndjson", length=len(rows), more=CLOSE)
    begin = time.monotonic()
    for start in range(0, len(rows), len(rows) // 8):
        caller.send(rows[start : start + len(rows) // 8])
        time.sleep(PAUSE / 3)
    assert time.monotonic() - begin > PAUSE * 2
    status, told = caller.answer()
    assert status == 202
    assert shop.over(told)["counts"]["stored"] == 60


def test_a_caller_who_waits_long_for_the_answer_is_not_called_slow(shop: Kept) -> None:
    body = json.dumps({"items": [{"text": "Great food."}] * 1000}).encode()
    caller = Caller(shop, "/v1/sentiment", kind="application/json", length=len(body), more=CLOSE)
    caller.send(body)
    assert caller.answer()[0] == 200
