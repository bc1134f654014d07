"""The app: everything put together. ``create_app`` is what servers are given."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from textcx.domain.errors import StoreProblem
from textcx.settings.analysis import load_settings
from textcx.settings.service import load_service_settings, settings_file
from textcx.wiring.container import Container
from textcx.wiring.theme_sets import DirectoryThemeSets

from .compat import ROUTERS as COMPAT_ROUTERS
from .deps import Services
from .edge import Edge
from .http.draining import heard
from .http.errors import add_handlers
from .http.logs import log, set_up_logs
from .http.metrics import Metrics
from .http.security import Guard
from .openapi import document
from .routes import HEALTH, ROUTERS
from .scoring.batching import Batcher
from .scoring.tasks import Scoring
from .stores import Stores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from textcx.ports import KeyStore, ThemeSets
    from textcx.settings.analysis import Settings
    from textcx.settings.service import ServiceSettings
    from textcx.wiring.job_tools import JobTools

    from .scoring.tasks import Tools

SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter while others wait: the event loop should not wait for the model's."""


def create_app(
    settings: ServiceSettings | None = None,
    *,
    analysis: Settings | None = None,
    make_tools: Callable[[], Tools] | None = None,
    make_job_tools: Callable[[], JobTools] | None = None,
    keys: KeyStore | None = None,
    theme_sets: ThemeSets | None = None,
) -> FastAPI:
    """Make the app; models are loaded when it starts.

    Args:
        settings: Of the service; by default from ``textcx.toml`` and the environment.
        analysis: Of the analysis; likewise.
        make_tools: Makes the engines, in the inference thread; by default those of ``textcx.wiring.container``.
        make_job_tools: Makes those of jobs, apart from the others, when the first job runs.
        keys: Where the keys are; by default in the database of the settings.
        theme_sets: By default those in the directory of the settings.

    Returns:
        The app; ``app.state.services`` holds what it works with.
    """
    chosen = settings or load_service_settings()
    how = analysis or load_settings(file=settings_file())
    stores = Stores(settings=how, service=chosen, tools=make_job_tools) if keys is None else None
    metrics = Metrics()
    scoring = Scoring(
        make_tools or (lambda: Container(how, small_batches=True, between=batcher.let_pass)),
        settings=how,
        theme_sets=theme_sets or DirectoryThemeSets(chosen.theme_sets),
    )
    batcher = Batcher(
        scoring,
        metrics=metrics,
        queue_limit=chosen.queue_limit,
        batch_tokens=chosen.batch_tokens,
        max_wait=chosen.max_wait_ms / 1000,
    )
    guard = Guard(keys or stores, host=chosen.host, rate_limit=chosen.rate_limit, remember=chosen.key_cache_seconds)
    services = Services(
        settings=chosen,
        analysis=how,
        scoring=scoring,
        batcher=batcher,
        guard=guard,
        metrics=metrics,
        models=cache(Container(how).models),
        stores=stores,
    )
    if stores is not None:
        services.checks |= {"database": stores.check_database, "jobs": stores.check_jobs}
        services.on_start += [lambda: asyncio.to_thread(_try, stores), stores.begin]
        services.on_stop.append(lambda: asyncio.to_thread(stores.end))
    metrics.follow(queued=lambda: batcher.queued, ready=lambda: float(batcher.ready))
    app = FastAPI(lifespan=_lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.services = services
    app.add_middleware(Edge, settings=chosen, metrics=metrics)
    routers = (*ROUTERS, *COMPAT_ROUTERS, HEALTH)
    add_handlers(app, routes=[route for router in routers for route in router.routes])
    for router in routers:
        app.include_router(router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's own way to another document
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = document(app)
    return app.openapi_schema


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    set_up_logs(form=services.settings.log_format, level=services.settings.log_level)
    sys.setswitchinterval(SWITCH_SECONDS)
    services.batcher.start()
    for begin in services.on_start:
        await _maybe(begin())
    log("started")
    try:
        with heard(services.drain):
            yield
    finally:
        log("stopping", queued=services.batcher.queued)
        await services.batcher.close(seconds=services.settings.drain_seconds)
        for end in reversed(services.on_stop):
            await _maybe(end())
        log("stopped")


def _try(stores: Stores) -> None:
    """Open the database; one that cannot be reached yet makes the service unready, not dead."""
    try:
        stores.check_database()
    except StoreProblem as problem:
        log("database not reached", level=logging.ERROR, message=str(problem))


async def _maybe(result: object) -> None:
    if inspect.isawaitable(result):
        await result
