"""The app: everything put together. ``create_app`` is what servers are given."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache

from fastapi import FastAPI

from textcx.domain.errors import StoreProblem
from textcx.ports import KeyStore, ThemeSets
from textcx.settings.analysis import Settings, load_settings
from textcx.settings.service import ServiceSettings, load_service_settings, settings_file
from textcx.store.sql.keys import SqlKeys
from textcx.wiring.container import Container
from textcx.wiring.job_tools import JobTools
from textcx.wiring.theme_sets import DirectoryThemeSets

from .compat import ROUTERS as COMPAT_ROUTERS
from .edge import Edge
from .http.draining import heard
from .http.errors import add_handlers
from .http.logs import log, set_up_logs
from .http.metrics import Metrics
from .http.security import Guard
from .openapi import document
from .routes import HEALTH, ROUTERS
from .routing import Services
from .scoring.batching import Batcher
from .scoring.tasks import Scoring
from .stores import Stores

SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter while others wait: the event loop should not wait for the model's."""


def create_app(
    settings: ServiceSettings | None = None,
    *,
    analysis: Settings | None = None,
    make_tools: Callable[[], Container] | None = None,
    make_job_tools: Callable[[], JobTools] | None = None,
    keys: KeyStore | None = None,
    theme_sets: ThemeSets | None = None,
) -> FastAPI:
    """Make the app; models are loaded when it starts. Settings come from ``textcx.toml`` and the environment.

    Args:
        settings: Of the service.
        analysis: Of the analysis.
        make_tools: Makes the engines, in the inference thread.
        make_job_tools: Makes those of jobs, apart from the others, when the first job runs.
        keys: Where the keys are; by default in the database of the settings, and without that there is no database.
        theme_sets: By default those in the directory of the settings.
    """
    chosen = settings or load_service_settings()
    how = analysis or load_settings(file=settings_file())
    stores = Stores(settings=how, service=chosen, tools=make_job_tools)
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
    metrics.queued.set_function(lambda: batcher.queued)
    metrics.ready.set_function(lambda: float(batcher.ready))
    app = FastAPI(lifespan=_lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.services = Services(
        settings=chosen,
        scoring=scoring,
        batcher=batcher,
        guard=Guard(
            (lambda: keys) if keys is not None else (lambda: SqlKeys(stores.database)),
            host=chosen.host,
            rate_limit=chosen.rate_limit,
            remember=chosen.key_cache_seconds,
        ),
        metrics=metrics,
        models=cache(Container(how).models),
        stores=stores if keys is None else None,
        checks={} if keys is not None else {"database": stores.check_database, "jobs": stores.check_jobs},
    )
    app.add_middleware(Edge, settings=chosen, metrics=metrics)
    routers = (*ROUTERS, *COMPAT_ROUTERS, HEALTH)
    add_handlers(app, routes=[route for router in routers for route in router.routes])
    for router in routers:
        app.include_router(router)
    app.openapi = cache(lambda: document(app))  # type: ignore[method-assign]  # FastAPI's own way to another document
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    settings, stores = services.settings, services.stores
    set_up_logs(form=settings.log_format, level=settings.log_level)
    sys.setswitchinterval(SWITCH_SECONDS)
    services.batcher.start()
    if stores is not None:
        await asyncio.to_thread(_try, stores)
        stores.begin()
    log("started")
    try:
        with heard(lambda: None if stores is None else stores.drain()):
            yield
    finally:
        log("stopping", queued=services.batcher.queued)
        await services.batcher.close(seconds=settings.drain_seconds)
        if stores is not None:
            await asyncio.to_thread(stores.end)
        log("stopped")


def _try(stores: Stores) -> None:
    """Open the database; one that cannot be reached yet makes the service unready, not dead."""
    try:
        stores.check_database()
    except StoreProblem as problem:
        log("database not reached", level=logging.ERROR, message=str(problem))
