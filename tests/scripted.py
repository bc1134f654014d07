"""A server on loopback that answers what it was told to, one answer after the other, and notes what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Say:
    """An answer. ``breaks`` ends the connection after so many bytes of the body, before the head if it is negative."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    breaks: int | None = None


HANG_UP = Say(breaks=-1)


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def problem(status: int, code: str, *, retryable: bool | None = None, **headers: str) -> Say:
    """Say what the service says when it refuses."""
    document = {
        "type": f"urn:textcx:problem:{code}", "title": "Refused", "status": status, "detail": "It was refused.",
        "instance": "urn:textcx:request:r1", "code": code, "hint": "do otherwise",
        "retryable": status in {429, 503} if retryable is None else retryable, "request_id": "r1",
    }  # fmt: skip
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Say(status, document, {"Content-Type": "application/problem+json", "X-Request-ID": "r1", **named})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers, self._body(headers)))
        said = self.server.script.pop(0) if self.server.script else problem(500, "internal")
        if said.breaks is not None and said.breaks < 0:
            self.close_connection = True
            return
        body = (
            said.body if isinstance(said.body, bytes) else b"" if said.body is None else json.dumps(said.body).encode()
        )
        self.send_response(said.status)
        for name, value in {"Content-Type": "application/json", **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: said.breaks])
        self.close_connection = said.breaks is not None

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names of the base class

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(headers.get("content-length", 0)))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


class Scripted(ThreadingHTTPServer):
    """What was asked, and what is still to be said."""

    daemon_threads = True

    def __init__(self, script: list[Say]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script, self.asked = script, list[Asked]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers may hang up."""


@contextmanager
def saying(*script: Say) -> Iterator[Scripted]:
    """Serve until the end of the block; all that was to be said must have been said."""
    server = Scripted(list(script))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(10)
        with contextlib.suppress(OSError):
            server.server_close()
    assert not server.script, "not all was asked for"
