"""The service with light tools, on a real server on loopback, for tests of ``api``."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
from fakes import FakeEncoder, FakeLanguageDetector, FakePhraseFinder, FakeRedactor, FakeSplitter
from languages import ENGLISH

from api.main import create_app
from textcx.domain.service.keys import ApiKey, Scope, digest_of, new_secret, visible_part_of
from textcx.settings.analysis import Settings
from textcx.settings.service import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textcx.domain.encoding import Encoding

POISON = "poison"
"""A text with this word makes the encoder fail."""


class GatedEncoder(FakeEncoder):
    """Waits at a gate, if there is one, and notes what it was asked."""

    def __init__(self, gate: Gate | None) -> None:
        self._gate = gate

    def encode(self, texts: Sequence[str], *, vectors: bool = True, tags: bool = False) -> Encoding:
        if any(POISON in text for text in texts):
            msg = "the encoder met poison"
            raise ArithmeticError(msg)
        if self._gate is not None:
            self._gate.pass_through(texts)
        return super().encode(texts, vectors=vectors, tags=tags)


@dataclass
class Gate:
    """Holds the encoder up until it is opened."""

    open: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    asked: list[list[str]] = field(default_factory=list)
    closed: bool = False

    def close(self) -> None:
        self.closed = True

    def pass_through(self, texts: Sequence[str]) -> None:
        self.asked.append(list(texts))
        if self.closed:
            self.reached.set()
            assert self.open.wait(30)


class FakeTools:
    """What ``textcx.wiring.container.Container`` is to the service."""

    def __init__(self, gate: Gate | None = None) -> None:
        self.encoder = GatedEncoder(gate)
        self.languages = FakeLanguageDetector()
        self.splitter = FakeSplitter()
        self.redactor = FakeRedactor()
        self.phrases = FakePhraseFinder()
        self.language = ENGLISH


class MemoryKeys:
    """Implements the ``KeyStore`` port in memory."""

    def __init__(self) -> None:
        self.keys: dict[str, ApiKey] = {}
        self.touched: list[str] = []

    def make(self, *scopes: Scope, **changes: Any) -> str:
        secret = new_secret()
        self.keys[digest_of(secret)] = ApiKey(
            **{
                "id": f"key-{len(self.keys)}", "name": "test", "prefix": visible_part_of(secret),
                "scopes": frozenset(scopes or (Scope.ANALYZE,)), "created_at": datetime.now(UTC), **changes,
            }
        )  # fmt: skip
        return secret

    def find(self, sha256: str) -> ApiKey | None:
        return self.keys.get(sha256)

    def any_key(self) -> bool:
        return any(key.valid_at(datetime.now(UTC)) for key in self.keys.values())

    def touch(self, key_id: str, *, at: datetime) -> None:
        assert at.tzinfo is not None
        self.touched.append(key_id)


@contextmanager
def serving(
    *,
    keys: MemoryKeys | None = None,
    gate: Gate | None = None,
    theme_sets: Any = None,
    make_tools: Any = None,
    extend: Any = None,
    **changes: Any,
) -> Iterator[httpx.Client]:
    """Serve on a free port until the end of the block; gives a client."""
    app = create_app(
        ServiceSettings(**{"key_cache_seconds": 0.0, "drain_seconds": 5, "log_level": "error", **changes}),
        analysis=Settings(threads=1),
        make_tools=make_tools or (lambda: FakeTools(gate)),
        keys=keys or MemoryKeys(),
        theme_sets=theme_sets,
    )
    if extend is not None:
        extend(app)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.005)
        assert thread.is_alive(), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            while make_tools is None and client.get("/readyz").status_code != 200:
                thread.join(0.005)
            yield client
    finally:
        server.should_exit = True
        if gate is not None:
            thread.join(0.3)  # a stopping service with a busy model is a case of its own
            gate.open.set()
        thread.join(20)
    assert not thread.is_alive()
