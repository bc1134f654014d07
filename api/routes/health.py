"""Whether the service lives and is ready, what it is made of, and its numbers."""

from __future__ import annotations

import asyncio
from math import nan
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import generate_latest
from starlette.responses import JSONResponse

from textcx.domain.errors import TextcxError
from textcx.domain.version import __version__

from ..openapi import problems
from ..routing import needs, services_of

router = APIRouter(tags=["operation"])
OK, FAILED = "ok", "failed"
LIMITS = (
    *("max_items", "max_text_characters", "max_body_bytes", "max_decompressed_bytes", "max_file_bytes"),
    *("rate_limit", "queue_limit"),
)


@router.get("/livez", summary="The process answers", responses=problems(405))
async def livez() -> dict[str, bool]:
    """Say that the process answers; needs no key."""
    return {"live": True}


@router.get(
    "/readyz",
    summary="The service can take work",
    responses={503: {"description": "not ready", "content": {"application/json": {}}}, **problems(405)},
)
async def readyz(request: Request) -> Response:
    """Say whether the model is loaded, the queue below its limit and the database reachable; needs no key."""
    services = services_of(request)
    batcher = services.batcher
    checks = {
        "model": OK if batcher.ready else (FAILED if batcher.failure else "loading"),
        "queue": "full" if batcher.full else OK,
    }
    for name, check in services.checks.items():
        try:
            await asyncio.to_thread(check)
            checks[name] = OK
        except TextcxError:
            checks[name] = FAILED
    ready = all(state == OK for state in checks.values())
    return JSONResponse({"ready": ready, "checks": checks}, 200 if ready else 503)


@router.get(
    "/info",
    summary="Models and limits",
    dependencies=[needs(None)],
    responses=problems(401, 403, 405, 429),
)
async def info(request: Request) -> dict[str, Any]:
    """Name the models with their SHA-256, what the calibration promises, and every limit."""
    services = services_of(request)
    settings, scoring = services.settings, services.scoring
    return {
        "service": "textcx",
        "version": __version__,
        "model_version": scoring.model_version or None,
        "models": await asyncio.to_thread(services.models),
        "calibration": {"confident_at": scoring.confident_at or None},
        "precision": scoring.precision or None,
        "theme_sets": list(scoring.theme_sets.names()),
        "limits": {name: getattr(settings, name) for name in LIMITS},
    }


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    dependencies=[needs(None)],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(401, 403, 405, 429)},
)
async def metrics(request: Request) -> Response:
    """Give all numbers in Prometheus's text format."""
    services = services_of(request)
    services.metrics.jobs.set(nan if services.stores is None else await asyncio.to_thread(services.stores.waiting))
    page = generate_latest(services.metrics.registry)
    return Response(page, media_type="text/plain; version=0.0.4; charset=utf-8")
