"""How routes are declared: a path, what it is for and what it answers; scope, problems and threads follow from that.

Reading needs a key that may read, anything else one that may write, unless the subject needs another scope. Any route
may answer with the problems of ``ALWAYS``, one that takes a body also with those of ``WITH_BODY``; ``also`` has others.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial, wraps
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from textcx.domain.service.keys import Scope

from .deps import in_thread, needs
from .openapi import body_of, problems

Route = TypeVar("Route", bound=Callable[..., Any])
ALWAYS = (401, 403, 405, 422, 429, 500, 503)
WITH_BODY = (400, 413, 415)


def written(document: type[object], value: object) -> bytes:
    """Return what a store returns as JSON, with the fields of a document."""
    plain = msgspec.to_builtins(value, builtin_types=(datetime,))
    return msgspec.json.encode(msgspec.convert(plain, document))


def answer(document: type[object], value: object, *, status: int = 200, **headers: str) -> Response:
    """Answer with a document; underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(written(document, value), status, named, media_type="application/json")


class Routes:
    """The routes of one subject."""

    def __init__(self, tag: str, *, scope: Scope | None = None) -> None:
        self.router = APIRouter(tags=[tag])
        self._scope = scope

    def add(
        self,
        route: str,
        summary: str,
        document: type[object] | None = None,
        *,
        status: int = 200,
        also: Collection[int] = (),
        body: type[BaseModel] | None = None,
        responses: Mapping[int | str, Any] | None = None,
        openapi_extra: dict[str, Any] | None = None,
        response_class: type[Response] = JSONResponse,
    ) -> Callable[[Route], Route]:
        """Declare a route, as ``GET /v1/jobs``.

        A plain function does its work in a thread, and what it returns is the document to answer with; it may return
        a response as well, and an ``async`` function does.

        Args:
            route: Method and path.
            summary: What it is for.
            document: What it answers with; null for nothing.
            status: Of an answer.
            also: Statuses of problems that this route has besides the usual ones.
            body: The document that it reads.
            responses: More of its answers by status, or more about them.
            openapi_extra: As FastAPI's; with the description of a body that ``body`` cannot describe.
            response_class: As FastAPI's.
        """
        method, _, path = route.partition(" ")
        scope = self._scope or (Scope.READ if method == "GET" else Scope.WRITE)
        answers: dict[int | str, Any] = {} if document is None else {status: {"model": document}}
        for code, more in (responses or {}).items():
            answers[code] = {**answers.get(code, {}), **more}
        extra = openapi_extra if body is None else body_of(body)
        usual = ALWAYS if extra is None else ALWAYS + WITH_BODY

        def declare(work: Route) -> Route:
            self.router.add_api_route(
                path,
                work if inspect.iscoroutinefunction(work) else _threaded(work, document, status),
                methods=[method],
                summary=summary,
                response_model=None,
                status_code=status,
                dependencies=[Depends(needs(scope))],
                responses={**answers, **problems(*usual, *also)},
                openapi_extra=extra,
                response_class=response_class,
            )
            return work

        return declare


def _threaded(work: Callable[..., Any], document: type[object] | None, status: int) -> Callable[..., Any]:
    @wraps(work)
    async def endpoint(**parameters: object) -> Response:
        found = await in_thread(partial(work, **parameters))
        if isinstance(found, Response):
            return found
        return Response(status_code=status) if document is None else answer(document, found, status=status)

    return endpoint
