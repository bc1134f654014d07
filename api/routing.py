"""What routes are made with: the services of the app, callers who may do what a route does, answers, and declarations.

Reading needs a key that may read, anything else one that may write, unless the subject needs another scope. Any route
may answer with the problems of ``ALWAYS``, one that takes a body also with those of ``WITH_BODY``, one whose path names
something with 404; ``also`` has others.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial, wraps
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request, Response, params
from pydantic import BaseModel
from starlette.responses import JSONResponse

from textcx.domain.errors import WrongUse
from textcx.domain.items import GivenText
from textcx.domain.service.keys import Scope
from textcx.settings.service import ServiceSettings

from .http.errors import Code, Problem, refused
from .http.metrics import Metrics
from .http.security import Guard
from .openapi import body_of, problems
from .scoring.batching import Batcher
from .scoring.tasks import Scoring
from .stores import Stores

T = TypeVar("T")
Route = TypeVar("Route", bound=Callable[..., Any])
ALWAYS = (401, 403, 405, 422, 429, 500, 503)
WITH_BODY = (400, 413, 415)
MEANINGS: dict[int, dict[str, str]] = {200: {}, 201: {"description": "made"}, 202: {"description": "accepted"}}


@dataclass(slots=True, kw_only=True)
class Services:
    """Everything that one app works with; made once by ``create_app``.

    Attributes:
        models: Returns name and SHA-256 of the model files, for ``/info``.
        stores: The database and what is kept in it; null where the app was given its keys otherwise.
        checks: Further conditions of readiness by name; each may block and raises ``TextcxError`` where it fails.
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


async def stores_of(request: Request) -> Stores:
    """Return the stores of the app that got the request; raises ``Problem`` if it has none."""
    found = services_of(request).stores
    if found is None:
        raise Problem(Code.STORE_UNAVAILABLE, "This service was started without a database.")
    return found


Stored = Annotated[Stores, Depends(stores_of)]


def needs(scope: Scope | None) -> params.Depends:
    """Make a dependency that lets only callers with a scope through, or with any valid key; notes whose it is."""

    async def check(request: Request) -> None:
        key = await services_of(request).guard.check(request, scope)
        request.state.key_id = "" if key is None else key.id
        request.state.caller = "this machine" if key is None else key.name

    dependency: params.Depends = Depends(check)
    return dependency


async def ask(kind: str, texts: Sequence[GivenText], *, request: Request) -> list[Any]:
    """Ask the model about texts, if there are any, until the caller goes away; the body must have been read."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return await services_of(request).batcher.submit(kind, texts, gone=gone) if texts else []


async def in_thread(work: Callable[[], T]) -> T:
    """Do something with the stores, in a thread; raises ``Problem`` saying what they refused, and ``StoreProblem``."""
    try:
        return await asyncio.to_thread(work)
    except WrongUse as error:
        raise refused(error) from None


def check_count(count: int, *, most: int) -> None:
    """Refuse more items than are taken at once; raises ``Problem`` if there are more."""
    if count > most:
        raise Problem(Code.TOO_MANY_ITEMS, f"{count:,} items came; at most {most:,} are taken at once.")


def dumped(document: object) -> bytes:
    """Return a document as JSON in ASCII, so that cut emoji can be written too."""
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")


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
        """Declare a route, such as ``GET /v1/jobs``, with what it is for, takes (``body``) and answers.

        A plain function does its work in a thread, and what it returns is the document to answer with; it may return
        a response as well, and an ``async`` function does.

        Args:
            route: Method and path.
            summary: What it is for.
            document: What it answers with; null for nothing.
            status: Of that answer.
            also: Statuses of problems that this route has besides the usual ones.
            body: The document that it reads.
            responses: More answers by status, or more about them.
            openapi_extra: As FastAPI's; describes a body that ``body`` cannot.
            response_class: As FastAPI's.
        """
        method, _, path = route.partition(" ")
        answers: dict[int | str, Any] = {} if document is None else {status: {"model": document, **MEANINGS[status]}}
        for code, more in (responses or {}).items():
            answers[code] = {**answers.get(code, {}), **more}
        extra = openapi_extra if body is None else body_of(body)
        usual = (*ALWAYS, *(() if extra is None else WITH_BODY), *((404,) if "{" in path else ()))

        def declare(work: Route) -> Route:
            self.router.add_api_route(
                path,
                work if inspect.iscoroutinefunction(work) else _threaded(work, document, status),
                methods=[method],
                summary=summary,
                response_model=None,
                status_code=status,
                dependencies=[needs(self._scope or (Scope.READ if method == "GET" else Scope.WRITE))],
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
