"""What goes wrong, said the same way everywhere: RFC 9457 problem documents, and the vendors' shapes under their paths.

Two invariants, both tested: every answer of 400 and above has one of these shapes, FastAPI's own and those for unknown
paths included; and none repeats anything of the request, but the names of fields that we know ourselves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from textcx.domain.errors import BadCursor, Conflict, DiskFull, NotFound, StoreProblem, TextcxError, WrongUse

from .dialects import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import Scope as AsgiScope

PROBLEM_TYPE = "application/problem+json"
REQUEST_ID = "textcx.request_id"
"""Where the outermost layer keeps the request's id in the ASGI scope."""


class Code(StrEnum):
    """What programs can tell errors apart by; the list only ever grows."""

    NOT_JSON = "not_json"
    INVALID_REQUEST = "invalid_request"
    TOO_MANY_ITEMS = "too_many_items"
    TEXT_TOO_LONG = "text_too_long"
    BAD_CURSOR = "bad_cursor"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    ONLY_LOOPBACK = "only_loopback"
    NOT_FOUND = "not_found"
    THEME_SET_UNKNOWN = "theme_set_unknown"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    MODEL_VERSION_UNAVAILABLE = "model_version_unavailable"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    INTERNAL = "internal"
    NOT_READY = "not_ready"
    STORE_UNAVAILABLE = "store_unavailable"
    BODY_TOO_SLOW = "body_too_slow"
    STORAGE_FULL = "storage_full"


@dataclass(frozen=True, slots=True)
class Kind:
    """What all problems of one code share."""

    status: int
    title: str
    hint: str
    retryable: bool = False


KINDS: Mapping[Code, Kind] = {
    Code.NOT_JSON: Kind(400, "The body is not JSON", "send one JSON document in UTF-8"),
    Code.INVALID_REQUEST: Kind(422, "The request is not as expected", "see invalid_params, and /openapi.json"),
    Code.TOO_MANY_ITEMS: Kind(422, "Too many items", "send them in several requests"),
    Code.TEXT_TOO_LONG: Kind(422, "A text is too long", "send it in parts"),
    Code.BAD_CURSOR: Kind(400, "The cursor does not belong to this query", "begin again without a cursor"),
    Code.UNAUTHORIZED: Kind(401, "No valid key", "send 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'"),
    Code.FORBIDDEN: Kind(403, "The key may not do this", "use a key with the scope that is named"),
    Code.ONLY_LOOPBACK: Kind(403, "Without keys only this machine is served", "make a key: textcx keys create"),
    Code.NOT_FOUND: Kind(404, "There is no such thing", "check path and method against /openapi.json"),
    Code.THEME_SET_UNKNOWN: Kind(404, "There is no such theme set", "name one of those that /info lists"),
    Code.METHOD_NOT_ALLOWED: Kind(405, "The method is not allowed here", "use one of the methods in the header Allow"),
    Code.CONFLICT: Kind(409, "What is kept contradicts the request", "read the present state first"),
    Code.MODEL_VERSION_UNAVAILABLE: Kind(409, "Another model version is loaded", "leave it out, or ask /info which"),
    Code.BODY_TOO_LARGE: Kind(413, "The body is too large", "send less at once; /info lists the limits"),
    Code.UNSUPPORTED_MEDIA_TYPE: Kind(415, "The body is of an unsupported kind", "send JSON, plain or gzipped"),
    Code.RATE_LIMITED: Kind(429, "Too many requests with this key", "wait as long as Retry-After says", retryable=True),
    Code.OVERLOADED: Kind(429, "Too many texts are waiting", "wait as long as Retry-After says", retryable=True),
    Code.INTERNAL: Kind(500, "Something went wrong here", "report the request_id to whoever runs this service"),
    Code.NOT_READY: Kind(503, "The service is starting or stopping", "try again in a few seconds", retryable=True),
    Code.STORE_UNAVAILABLE: Kind(503, "The database cannot be reached", "try again later", retryable=True),
    Code.BODY_TOO_SLOW: Kind(408, "The body did not come in time", "send it without long pauses", retryable=True),
    Code.STORAGE_FULL: Kind(507, "There is no room to keep it", "tell whoever runs this service", retryable=True),
}
_BY_STATUS = {
    400: Code.INVALID_REQUEST,
    401: Code.UNAUTHORIZED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    408: Code.BODY_TOO_SLOW,
    409: Code.CONFLICT,
    413: Code.BODY_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
    507: Code.STORAGE_FULL,
    422: Code.INVALID_REQUEST,
    429: Code.OVERLOADED,
    503: Code.NOT_READY,
}
_BY_ERROR = (
    (NotFound, Code.NOT_FOUND),
    (Conflict, Code.CONFLICT),
    (BadCursor, Code.BAD_CURSOR),
    (WrongUse, Code.INVALID_REQUEST),
    (DiskFull, Code.STORAGE_FULL),
    (StoreProblem, Code.STORE_UNAVAILABLE),
)


class Problem(HTTPException):
    """An error with all that its document needs. ``detail`` and ``invalid_params`` never hold anything of the input."""

    def __init__(
        self,
        code: Code,
        detail: str,
        *,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
        invalid_params: Sequence[Mapping[str, str]] = (),
        status: int | None = None,
    ) -> None:
        """Describe what went wrong.

        Args:
            code: For programs; decides status, title and whether trying again helps.
            detail: What came and what was expected, for people.
            hint: What to do; that of the code by default.
            headers: Such as ``Retry-After``.
            invalid_params: ``{name, reason}`` of each field that is wrong.
            status: That of the code by default.
        """
        self.code, self.kind, self.invalid_params = code, KINDS[code], tuple(invalid_params)
        self.hint = hint or self.kind.hint
        super().__init__(status or self.kind.status, detail, dict(headers) if headers else None)

    def document(self, request_id: str) -> dict[str, Any]:
        """Return the problem document."""
        body: dict[str, Any] = {
            "type": f"urn:textcx:problem:{self.code}",
            "title": self.kind.title,
            "status": self.status_code,
            "detail": self.detail,
            "instance": f"urn:textcx:request:{request_id}",
            "code": str(self.code),
            "hint": self.hint,
            "retryable": self.kind.retryable,
            "request_id": request_id,
        }
        if self.invalid_params:
            body["invalid_params"] = [dict(each) for each in self.invalid_params]
        return body


def problem_response(problem: Problem, scope: AsgiScope) -> Response:
    """Return the answer for a problem, in the shape that callers of the path expect."""
    request_id = scope.get(REQUEST_ID, "")
    path = scope.get("path", "")
    for prefix, shape in DIALECTS.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            status, body, headers = shape(str(problem.code), problem.status_code, problem.detail, request_id)
            return Response(
                json.dumps(body), status, {**(problem.headers or {}), **headers}, media_type="application/json"
            )
    return Response(
        json.dumps(problem.document(request_id)), problem.status_code, problem.headers, media_type=PROBLEM_TYPE
    )


def invalid_params(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Turn what pydantic's ``errors()`` says into at most 20 ``{name, reason}``, without anything that came."""
    return [{"name": _place(error["loc"], error["type"]), "reason": _reason(error)} for error in errors[:20]]


def _place(location: Sequence[Any], kind: str) -> str:
    steps = [str(step) for step in location if step != "body"]
    if kind == "extra_forbidden" and steps:  # the name itself is the caller's
        steps[-1] = "(another field)"
    return ".".join(steps) or "body"


def _reason(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "this field is not known; /openapi.json lists those that are"
    message = str(error["msg"]).removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def add_handlers(app: FastAPI, *, routes: Sequence[BaseRoute]) -> None:
    """Make every error that reaches FastAPI a problem document; ``routes`` are those of the app."""

    async def on_http(request: Request, error: Exception) -> Response:
        problem = as_problem(error)
        allowed = _methods_of(routes, getattr(request.scope.get("route"), "path", ""))
        if problem.code is Code.METHOD_NOT_ALLOWED and allowed:  # the framework names those of one route only
            problem.headers = {**(problem.headers or {}), "Allow": allowed}
        return problem_response(problem, request.scope)

    for kind in (HTTPException, RequestValidationError, TextcxError):
        app.add_exception_handler(kind, on_http)


def _methods_of(routes: Sequence[BaseRoute], path: str) -> str:
    """Return all methods of a path by its template, as the header ``Allow`` lists them."""
    methods = {
        method
        for route in routes
        if getattr(route, "path", None) == path
        for method in getattr(route, "methods", None) or ()
    }
    return ", ".join(sorted(methods))


def as_problem(error: Exception) -> Problem:
    """Return the problem that an error is; an error that nobody foresaw says nothing about itself."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        found = error.errors()
        if any(each["type"] == "json_invalid" for each in found):
            return Problem(Code.NOT_JSON, "The body could not be read as JSON.")
        return Problem(Code.INVALID_REQUEST, "Some fields are missing or wrong.", invalid_params=invalid_params(found))
    if isinstance(error, HTTPException):
        other = Code.INTERNAL if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else Code.INVALID_REQUEST
        code = _BY_STATUS.get(error.status_code, other)
        return Problem(code, f"{KINDS[code].title}.", headers=error.headers, status=error.status_code)
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return Problem(code, f"{KINDS[code].title}.")
    return Problem(Code.INTERNAL, "The service failed to answer; nothing of the request was kept.")
