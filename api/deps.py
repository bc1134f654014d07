"""What routes ask for: the services of the app, and a caller who may do what the route does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request

from textcx.domain.errors import BadCursor, Conflict, NotFound, WrongUse
from textcx.domain.service.keys import Scope

from .http.errors import Code, Problem
from .http.security import Caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from textcx.settings.analysis import Settings
    from textcx.settings.service import ServiceSettings

    from .http.metrics import Metrics
    from .http.security import Guard
    from .scoring.batching import Batcher
    from .scoring.tasks import Scoring
    from .stores import Stores


T = TypeVar("T")
_CODES = ((NotFound, Code.NOT_FOUND), (Conflict, Code.CONFLICT), (BadCursor, Code.BAD_CURSOR))


@dataclass(slots=True, kw_only=True)
class Services:
    """Everything that one app works with; made once by ``create_app``.

    Attributes:
        settings: Of the service.
        analysis: Of the analysis.
        scoring: What the inference thread does.
        batcher: Its queue.
        guard: Checks callers.
        metrics: Numbers for Prometheus.
        models: Name and SHA-256 of the model files, for ``/info``; called once, in a thread.
        stores: The database and what is kept in it; null where the app was given its keys otherwise.
        checks: Further conditions of readiness by name, such as the database; each raises ``TextcxError`` where it
            fails. Called in a thread.
        on_start: Called when the app starts, in order; may return an awaitable.
        on_stop: Called when it stops, after the inference thread has drained, in reverse order.
    """

    settings: ServiceSettings
    analysis: Settings
    scoring: Scoring
    batcher: Batcher
    guard: Guard
    metrics: Metrics
    models: Callable[[], list[dict[str, str]]]
    stores: Stores | None = None
    checks: dict[str, Callable[[], None]] = field(default_factory=dict)
    on_start: list[Callable[[], Any]] = field(default_factory=list)
    on_stop: list[Callable[[], Any]] = field(default_factory=list)

    def drain(self) -> None:
        """Let answers that would go on until the end come to it: the service was told to stop."""
        if self.stores is not None:
            self.stores.drain()


def services_of(request: Request) -> Services:
    """Return the services of the app that got the request."""
    found: Services = request.app.state.services
    return found


class _Needs:
    """A dependency that lets only callers with a scope through."""

    def __init__(self, needed: Scope | None) -> None:
        self.needed = needed

    async def __call__(self, request: Request) -> Caller:
        return await services_of(request).guard.check(request, self.needed)


needs_analyze, needs_read, needs_write, needs_admin = (
    _Needs(scope) for scope in (Scope.ANALYZE, Scope.READ, Scope.WRITE, Scope.ADMIN)
)
needs_any_key = _Needs(None)
"""As ``dependencies=[Depends(needs_read)]`` of a route or router, or as the types below where the caller matters."""

ForServices = Annotated[Services, Depends(services_of)]
Analyst = Annotated[Caller, Depends(needs_analyze)]
Reader = Annotated[Caller, Depends(needs_read)]
Writer = Annotated[Caller, Depends(needs_write)]
Admin = Annotated[Caller, Depends(needs_admin)]


def stores_of(request: Request) -> Stores:
    """Return the stores of the app that got the request.

    Raises:
        Problem: If it has none.
    """
    found = services_of(request).stores
    if found is None:
        raise Problem(Code.STORE_UNAVAILABLE, "This service was started without a database.")
    return found


async def ask(request: Request, work: Callable[[Stores], T]) -> T:
    """Do something with the stores, in a thread.

    Args:
        request: The request.
        work: What is to be done.

    Raises:
        Problem: Saying what the stores refused.
        StoreProblem: If the database cannot be reached.
    """
    stores = stores_of(request)
    try:
        return await asyncio.to_thread(work, stores)
    except WrongUse as error:
        raise refused(error) from None


def refused(error: WrongUse) -> Problem:
    """Return what a store or a check of ours refused as a problem; their sentences hold nothing of the request."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), Code.INVALID_REQUEST)
    message = str(error)
    return Problem(code, f"{message[:1].upper()}{message[1:]}.")
