"""What routes ask for: the services of the app, its stores, and a caller who may do what the route does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from textcx.domain.errors import WrongUse
from textcx.domain.service.keys import Scope
from textcx.settings.service import ServiceSettings

from .http.errors import Code, Problem, refused
from .http.metrics import Metrics
from .http.security import Caller, Guard
from .scoring.batching import Batcher
from .scoring.tasks import Scoring
from .stores import Stores

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Services:
    """Everything that one app works with; made once by ``create_app``.

    Attributes:
        settings: Of the service.
        scoring: What the inference thread does.
        batcher: Its queue.
        guard: Checks callers.
        metrics: Numbers for Prometheus.
        models: Name and SHA-256 of the model files, for ``/info``; called once, in a thread.
        stores: The database and what is kept in it; null where the app was given its keys otherwise.
        checks: Further conditions of readiness by name, such as the database; each raises ``TextcxError`` where it
            fails. Called in a thread.
    """

    settings: ServiceSettings
    scoring: Scoring
    batcher: Batcher
    guard: Guard
    metrics: Metrics
    models: Callable[[], list[dict[str, str]]]
    stores: Stores | None = None
    checks: dict[str, Callable[[], None]] = field(default_factory=dict)


def services_of(request: Request) -> Services:
    """Return the services of the app that got the request."""
    found: Services = request.app.state.services
    return found


def stores_of(request: Request) -> Stores:
    """Return the stores of the app that got the request.

    Raises:
        Problem: If it has none.
    """
    found = services_of(request).stores
    if found is None:
        raise Problem(Code.STORE_UNAVAILABLE, "This service was started without a database.")
    return found


Stored = Annotated[Stores, Depends(stores_of)]


def needs(scope: Scope | None) -> Callable[[Request], object]:
    """Make a dependency that lets only callers with a scope through; null for any valid key."""

    async def check(request: Request) -> None:
        request.state.caller = await services_of(request).guard.check(request, scope)

    return check


def caller_of(request: Request) -> Caller:
    """Return who made a request that ``needs`` has let through."""
    found: Caller = request.state.caller
    return found


async def in_thread(work: Callable[[], T]) -> T:
    """Do something with the stores, in a thread.

    Raises:
        Problem: Saying what the stores refused.
        StoreProblem: If the database cannot be reached.
    """
    try:
        return await asyncio.to_thread(work)
    except WrongUse as error:
        raise refused(error) from None
