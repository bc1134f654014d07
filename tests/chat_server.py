"""A server of chat completions in a thread, for tests: it answers as it is told, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def remarks(self) -> list[str]:
        shown = json.loads(self.body["messages"][-1]["content"])
        assert isinstance(shown, list)
        return shown


@dataclass(frozen=True)
class Reply:
    """What is answered: nothing for so many seconds, then a status and parts of a body, so many seconds apart."""

    parts: tuple[bytes, ...]
    status: int = 200
    seconds: float = 0.0
    apart: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


def saying(content: object, **how: Any) -> Reply:
    """What a server says whose model says something."""
    return Reply((json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode(),), **how)


def proposing(*answers: object) -> Reply:
    return saying(json.dumps({"answers": answers}))


class ChatServer(ThreadingHTTPServer):
    """Answers what ``answer`` gives for a request."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.asked: list[Asked] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that has gone is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = Asked(self.path, dict(self.headers), body)
        self.server.asked.append(asked)
        reply = self.server.answer(asked)
        self.server.over.wait(reply.seconds)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for part in reply.parts:
            self.wfile.write(part)
            self.wfile.flush()
            self.server.over.wait(reply.apart)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        """Say nothing."""


@contextmanager
def chatting(answer: Callable[[Asked], Reply] | Reply) -> Iterator[ChatServer]:
    """Run a server until the end of the block."""
    server = ChatServer(answer if callable(answer) else lambda _: answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def closed_port() -> str:
    """An address where nobody listens."""
    with chatting(proposing()) as server:
        return server.url
