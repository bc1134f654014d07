"""Who may call: keys, scopes and the rate of each key.

A key is taken from ``Authorization: Bearer``, ``X-Api-Key``, or the place where a vendor's client puts its own:
``Ocp-Apim-Subscription-Key`` (Azure) or the access key id of an AWS signature, which itself is not checked, since we
keep no secret that could check it. Only digests of keys are compared, looked up and remembered.

Without any key the service answers on loopback only, and then only to callers on this machine that are no web page of
somebody else: the Host must be a loopback name (a page of a rebound name has another) and so must an Origin.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import Scope as AsgiScope

from textcx.domain.errors import StoreProblem
from textcx.domain.service.keys import KEY_LENGTH, ApiKey, Scope, digest_of
from textcx.ports import KeyStore
from textcx.settings.service import is_loopback

from .errors import Code, Problem

T = TypeVar("T")
KEY_ID = "textcx.key_id"
"""Where the id of the caller's key is kept in the ASGI scope, for the log."""
TOUCH_SECONDS = 60.0
MOST_REMEMBERED = 10_000
_AWS_KEY = re.compile(r"AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)/")
MINUTE = 60.0
CHALLENGE = {"WWW-Authenticate": "Bearer"}


class RateLimiter:
    """Lets each key make so many requests a minute, evenly refilled (generic cell rate algorithm)."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Set the rate; 0 lets everything through."""
        self._gap = MINUTE / per_minute if per_minute else 0.0
        self._clock = clock
        self._next: dict[str, float] = {}

    def wait_for(self, key_id: str) -> float:
        """Count a request; return the seconds to wait where it is one too many, else 0."""
        if not self._gap:
            return 0.0
        now = self._clock()
        due = max(self._next.get(key_id, 0.0), now)
        if due - now > MINUTE - self._gap:
            return due - now - (MINUTE - self._gap)
        self._next[key_id] = due + self._gap
        return 0.0


class Guard:
    """Checks callers against the key store, remembering for a few seconds what it said."""

    def __init__(self, store: Callable[[], KeyStore], *, host: str, rate_limit: int, remember: float) -> None:
        """Prepare to check callers.

        Args:
            store: Returns where the keys are; called in a thread.
            host: Where the service listens; only where that is loopback are callers without a key served.
            rate_limit: Requests of a key in a minute; 0 for no limit.
            remember: Seconds for which an answer of the store is believed.
        """
        self._store, self._remember = store, remember
        self._keyless = is_loopback(host)
        self._rates = RateLimiter(rate_limit)
        self._known: dict[str, tuple[Any, float]] = {}
        self._touched: dict[str, float] = {}

    async def check(self, request: Request, needed: Scope | None) -> ApiKey | None:
        """Return the key of a caller, null where there are no keys; where no scope is needed any valid key will do.

        Raises ``Problem`` if the key is missing, unknown, revoked, expired, too weak or too busy.
        """
        secret = presented_key(request.scope)
        if secret is None:
            await self._without_key(request)
            return None
        key: ApiKey | None = None
        if len(secret) == KEY_LENGTH:
            digest = digest_of(secret)
            key = await self._recall(digest, lambda store: store.find(digest))
        if key is None or not key.valid_at(datetime.now(UTC)):
            raise Problem(Code.UNAUTHORIZED, "The key is not known, or no longer valid.", headers=CHALLENGE)
        request.scope[KEY_ID] = key.id
        if needed is not None and not key.allows(needed):
            raise Problem(Code.FORBIDDEN, f"This needs a key with the scope {needed}.")
        wait = self._rates.wait_for(key.id)
        if wait > 0:
            headers = {"Retry-After": str(int(wait) + 1)}
            raise Problem(Code.RATE_LIMITED, "This key makes too many requests.", headers=headers)
        await self._touch(key)
        return key

    async def _without_key(self, request: Request) -> None:
        if await self._recall("any key", lambda store: store.any_key()):
            raise Problem(Code.UNAUTHORIZED, "No key came with the request.", headers=CHALLENGE)
        if not (self._keyless and is_local(request.scope)):
            raise Problem(Code.ONLY_LOOPBACK, "There are no keys, and this caller is not on this machine.")

    async def _recall(self, what: str, ask: Callable[[KeyStore], T]) -> T:
        """Return what the store says, or said lately."""
        now = time.monotonic()
        remembered: tuple[T, float] | None = self._known.get(what)
        if remembered is not None and now < remembered[1]:
            return remembered[0]
        found = await asyncio.to_thread(lambda: ask(self._store()))
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[what] = (found, now + self._remember)
        return found

    async def _touch(self, key: ApiKey) -> None:
        now = time.monotonic()
        if now - self._touched.get(key.id, -TOUCH_SECONDS) >= TOUCH_SECONDS:
            self._touched[key.id] = now
            with suppress(StoreProblem):  # a key is valid all the same while nothing can be written
                await asyncio.to_thread(lambda: self._store().touch(key.id, at=datetime.now(UTC)))


def presented_key(scope: AsgiScope) -> str | None:
    """Return the key that came with a request, wherever a client may put it; null where there is none."""
    found: str | None = None
    for name, value in scope["headers"]:
        text = str(value, "latin-1")
        if name == b"authorization":
            signed = _AWS_KEY.match(text)
            return signed[1] if signed else text.partition(" ")[2].strip()
        if name in {b"x-api-key", b"ocp-apim-subscription-key"}:
            found = text.strip()
    return found


def is_local(scope: AsgiScope) -> bool:
    """Say whether a request came from this machine and was not sent by a web page of another site."""
    client = scope.get("client")
    if client is None or not is_loopback(client[0]):
        return False
    prefixes = {b"host": "//", b"origin": ""}
    places = [prefixes[name] + value.decode("latin-1") for name, value in scope["headers"] if name in prefixes]
    return all(is_loopback(_host(place)) for place in places)


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
