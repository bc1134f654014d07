"""The outermost layer: ids, limits, headers, logs and numbers of every request, and the net under it.

Plain ASGI, since every request passes through it. Invariants, tested: every answer has an ``X-Request-ID`` and the
security headers; no body beyond its limit is read; an error that nobody foresaw is a problem document that says nothing
about itself, and its log line holds no message, since that could hold what the caller sent.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textcx.settings.service import ServiceSettings

from .http.bodies import header_of, limited
from .http.errors import REQUEST_ID, Problem, as_problem, problem_response
from .http.logs import log, where
from .http.metrics import Metrics
from .http.security import KEY_ID
from .scoring.batching import CallerGone

OWN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
FILES = re.compile(r"/v1/datasets/[^/]+/records")
"""Paths that take files."""
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
]
QUIET = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked every few seconds by machines; logged only where something unforeseen happens."""
GONE = 499
FAILED = 500


class Edge:
    """Wraps the app."""

    def __init__(self, app: ASGIApp, *, settings: ServiceSettings, metrics: Metrics) -> None:
        """Wrap an app: the limits are those of the settings, and the metrics are told about every request."""
        self._app, self._settings, self._metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        request_id = _request_id(scope)
        scope[REQUEST_ID] = request_id
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode("ascii")),
                    *(pair for pair in HEADERS if pair[0] not in present),
                ]
            await send(message)

        error: BaseException | None = None
        try:
            await self._app(scope, self._bounded(scope, receive), answer)
        except CallerGone:
            status = GONE
            self._metrics.abandoned.inc()
        except Exception as raised:  # noqa: BLE001 - the outermost edge
            error = None if isinstance(raised, Problem) else raised
            if status:  # the answer has begun: all that is left is to break it off
                status = FAILED
                self._note(scope, status, begin, error)
                raise _BrokenOff from None
            await problem_response(as_problem(raised), scope)(scope, receive, answer)
        self._note(scope, status, begin, error)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            return receive
        chosen = self._settings
        limit, decompressed = chosen.max_body_bytes, chosen.max_decompressed_bytes
        if FILES.fullmatch(scope["path"]):
            limit, decompressed = chosen.max_file_bytes, chosen.max_decompressed_file_bytes
        return limited(scope, receive, limit=limit, decompressed=decompressed, seconds=chosen.body_seconds)

    def _note(self, scope: Scope, status: int, begin: float, error: BaseException | None) -> None:
        seconds = time.perf_counter() - begin
        route = getattr(scope.get("route"), "path", None) or "(none)"
        method = scope["method"] if scope["method"] in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} else "(other)"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if route in QUIET and error is None:
            return
        fields: dict[str, Any] = {
            "request_id": scope[REQUEST_ID],
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(1000 * seconds, 1),
        }
        if KEY_ID in scope:
            fields["key_id"] = scope[KEY_ID]
        if error is not None:
            fields |= {"error": type(error).__name__, "where": where(error)}
        log("request", level=logging.ERROR if status >= FAILED and error is not None else logging.INFO, **fields)


class _BrokenOff(RuntimeError):
    """An answer could not be finished; the server closes the connection."""


def _request_id(scope: Scope) -> str:
    """Return the caller's own id where it is a plain one, else a new one."""
    given = header_of(scope, b"x-request-id")
    return given.decode("ascii") if given is not None and OWN_ID.fullmatch(given) else secrets.token_hex(12)
