"""What routes ask for: the services of the app, and a caller who may do what the route does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from textcx.domain.service import Scope

from .security import Caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from textcx.config import Settings
    from textcx.service_config import ServiceSettings

    from .batching import Batcher
    from .metrics import Metrics
    from .scoring import Scoring
    from .security import Guard
    from .storage import Storage
    from .stores import Stores


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
        storage: The database; null where the app was given its keys otherwise.
        stores: What routes and jobs keep in it; null likewise.
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
    storage: Storage | None = None
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
