"""What goes wrong, said the same way everywhere: RFC 9457 problem documents, and the vendors' shapes under their paths.

Two invariants, both tested: every answer of 400 and above has one of these shapes, FastAPI's own and those for unknown
paths included; and none repeats anything of the request, but the names of fields that we know ourselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from textcx.domain.errors import BadCursor, Conflict, DiskFull, NotFound, StoreProblem, TextcxError, WrongUse

PROBLEM_TYPE = "application/problem+json"
REQUEST_ID = "textcx.request_id"
"""Where the outermost layer keeps the request's id in the ASGI scope."""


class Code(Enum):
    """What programs can tell errors apart by, in lower case, with status, title and hint; the list only ever grows."""

    NOT_JSON = 400, "The body is not JSON", "send one JSON document in UTF-8"
    INVALID_REQUEST = 422, "The request is not as expected", "see invalid_params, and /openapi.json"
    TOO_MANY_ITEMS = 422, "Too many items", "send them in several requests"
    TEXT_TOO_LONG = 422, "A text is too long", "send it in parts"
    BAD_CURSOR = 400, "The cursor does not belong to this query", "begin again without a cursor"
    UNAUTHORIZED = 401, "No valid key", "send 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'"
    FORBIDDEN = 403, "The key may not do this", "use a key with the scope that is named"
    ONLY_LOOPBACK = 403, "Without keys only this machine is served", "make a key: textcx keys create"
    NOT_FOUND = 404, "There is no such thing", "check path and method against /openapi.json"
    THEME_SET_UNKNOWN = 404, "There is no such theme set", "name one of those that /info lists"
    METHOD_NOT_ALLOWED = 405, "The method is not allowed here", "use one of the methods in the header Allow"
    CONFLICT = 409, "What is kept contradicts the request", "read the present state first"
    MODEL_VERSION_UNAVAILABLE = 409, "Another model version is loaded", "leave it out, or ask /info which"
    BODY_TOO_LARGE = 413, "The body is too large", "send less at once; /info lists the limits"
    UNSUPPORTED_MEDIA_TYPE = 415, "The body is of an unsupported kind", "send JSON, plain or gzipped"
    OVERLOADED = 429, "Too many texts are waiting", "wait as long as Retry-After says"
    RATE_LIMITED = 429, "Too many requests with this key", "wait as long as Retry-After says"
    INTERNAL = 500, "Something went wrong here", "report the request_id to whoever runs this service"
    NOT_READY = 503, "The service is starting or stopping", "try again in a few seconds"
    STORE_UNAVAILABLE = 503, "The database cannot be reached", "try again later"
    BODY_TOO_SLOW = 408, "The body did not come in time", "send it without long pauses"
    STORAGE_FULL = 507, "There is no room to keep it", "tell whoever runs this service"

    def __init__(self, status: int, title: str, hint: str) -> None:
        self.status, self.title, self.hint = status, title, hint

    def __str__(self) -> str:
        """Return the code as it is written in documents."""
        return self.name.lower()


RETRYABLE = frozenset({408, 429, 503, 507})
"""Statuses of codes with which the same request can succeed later."""
_BY_STATUS = {code.status: code for code in reversed(Code)} | {400: Code.INVALID_REQUEST}
_BY_ERROR = (
    (NotFound, Code.NOT_FOUND),
    (Conflict, Code.CONFLICT),
    (BadCursor, Code.BAD_CURSOR),
    (WrongUse, Code.INVALID_REQUEST),
    (DiskFull, Code.STORAGE_FULL),
    (StoreProblem, Code.STORE_UNAVAILABLE),
)


class Problem(HTTPException):
    """An error with all that its document needs. ``detail`` and ``invalid_params`` never hold anything of the input.

    Status and hint are those of the code unless others are given.
    """

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
        self.code, self.hint, self.invalid_params = code, hint or code.hint, invalid_params
        super().__init__(status or code.status, detail, dict(headers) if headers else None)

    def document(self, request_id: str) -> dict[str, Any]:
        """Return the problem document."""
        body = {
            "type": f"urn:textcx:problem:{self.code}",
            "title": self.code.title,
            "status": self.status_code,
            "detail": self.detail,
            "instance": f"urn:textcx:request:{request_id}",
            "code": str(self.code),
            "hint": self.hint,
            "retryable": self.code.status in RETRYABLE,
            "request_id": request_id,
        }
        return {**body, "invalid_params": list(self.invalid_params)} if self.invalid_params else body


# The shapes of those whose clients call us; their retries then work by themselves.

Shape = tuple[int, dict[str, Any], dict[str, str]]

COMPREHEND, AZURE, PREDICT = "/compat/comprehend", "/compat/azure", "/predict"
AWS_JSON = "application/x-amz-json-1.1"
SERVER_ERROR, WRONG_METHOD, FAILED_MODEL = 500, 405, 424

_AWS = {
    "unauthorized": "UnrecognizedClientException",
    "only_loopback": "UnrecognizedClientException",
    "forbidden": "AccessDeniedException",
    "rate_limited": "TooManyRequestsException",
    "overloaded": "TooManyRequestsException",
    "not_json": "SerializationException",
    "too_many_items": "BatchSizeLimitExceededException",
    "text_too_long": "TextSizeLimitExceededException",
    "not_found": "UnknownOperationException",
    "not_ready": "ServiceUnavailableException",
}
_AZURE_OUTER = {status: HTTPStatus(status).phrase.replace(" ", "") for status in (401, 403, 404, 429, 500, 503)}
_AZURE_INNER = {
    "too_many_items": "InvalidDocumentBatch",
    "model_version_unavailable": "ModelVersionIncorrect",
    "not_json": "InvalidRequestBodyFormat",
    "invalid_request": "InvalidParameterValue",
}
_TEI = {
    400: "empty",
    401: "unauthorized",
    403: "unauthorized",
    422: "tokenizer",
    429: "overloaded",
    503: "unhealthy",
}


def comprehend(code: str, status: int, message: str, request_id: str) -> Shape:
    """As Amazon Comprehend says it: 400 also for throttling, the kind in ``__type``."""
    kind = _AWS.get(code, "InternalServerException" if status >= SERVER_ERROR else "InvalidRequestException")
    return (
        status if status >= SERVER_ERROR or status == WRONG_METHOD else 400,
        {"__type": kind, "Message": message, "message": message},
        {"content-type": AWS_JSON, "x-amzn-RequestId": request_id, "x-amzn-ErrorType": kind},
    )


def azure(code: str, status: int, message: str, request_id: str) -> Shape:
    """As Azure AI Language says it: a code for all, the particular one inside."""
    outer = _AZURE_OUTER.get(status)
    headers = {"apim-request-id": request_id}
    if outer is not None:
        return status, {"error": {"code": outer, "message": message}}, headers
    inner = {"code": _AZURE_INNER.get(code, "InvalidRequest"), "message": message}
    status = 400 if status in {409, 422} else status
    return status, {"error": {"code": "InvalidRequest", "message": "Invalid Request.", "innererror": inner}}, headers


def predict(code: str, status: int, message: str, request_id: str) -> Shape:
    """As text-embeddings-inference says it."""
    del request_id
    status = 413 if code in {"too_many_items", "text_too_long"} else FAILED_MODEL if code == "internal" else status
    kind = "backend" if status == FAILED_MODEL else _TEI.get(status, "validation")
    return status, {"error": message, "error_type": kind}, {}


DIALECTS: Mapping[str, Callable[[str, int, str, str], Shape]] = {
    COMPREHEND: comprehend,
    AZURE: azure,
    PREDICT: predict,
}


def problem_response(problem: Problem, scope: Scope) -> Response:
    """Return the answer for a problem, in the shape that callers of the path expect."""
    request_id = scope.get(REQUEST_ID, "")
    path = scope.get("path", "")
    for prefix, shape in DIALECTS.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            status, body, headers = shape(str(problem.code), problem.status_code, problem.detail, request_id)
            headers = {"content-type": "application/json", **(problem.headers or {}), **headers}
            return Response(json.dumps(body), status, headers)
    document = json.dumps(problem.document(request_id))
    return Response(document, problem.status_code, problem.headers, media_type=PROBLEM_TYPE)


def invalid_params(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Turn what pydantic's ``errors()`` says into at most 20 ``{name, reason}``, without anything that came."""
    return [_invalid_param(error) for error in errors[:20]]


def _invalid_param(error: Mapping[str, Any]) -> dict[str, str]:
    steps = [str(step) for step in error["loc"] if step != "body"]
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":  # the name itself is the caller's
        steps[-1:] = ["(another field)"]
        message = "this field is not known; /openapi.json lists those that are"
    return {"name": ".".join(steps) or "body", "reason": message[0].lower() + message[1:]}


def add_handlers(app: FastAPI, *, routes: Sequence[BaseRoute]) -> None:
    """Make every error that reaches FastAPI a problem document; ``routes`` are those of the app."""

    async def on_http(request: Request, error: Exception) -> Response:
        problem = as_problem(error)
        path = getattr(request.scope.get("route"), "path", "")
        if problem.code is Code.METHOD_NOT_ALLOWED:  # the framework names the methods of one route only
            same = [route for route in routes if getattr(route, "path", None) == path]
            allowed = sorted({method for route in same for method in getattr(route, "methods", None) or ()})
            problem.headers = {**(problem.headers or {}), **({"Allow": ", ".join(allowed)} if allowed else {})}
        return problem_response(problem, request.scope)

    for kind in (HTTPException, RequestValidationError, TextcxError):
        app.add_exception_handler(kind, on_http)


def as_problem(error: Exception) -> Problem:
    """Return the problem that an error is; an error that nobody foresaw says nothing about itself."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        wrong = invalid_params(error.errors())
        return Problem(Code.INVALID_REQUEST, "Some fields are missing or wrong.", invalid_params=wrong)
    if isinstance(error, HTTPException):
        other = Code.INTERNAL if error.status_code >= SERVER_ERROR else Code.INVALID_REQUEST
        code = _BY_STATUS.get(error.status_code, other)
        return Problem(code, f"{code.title}.", headers=error.headers, status=error.status_code)
    code = _code_of(error)
    if code is Code.INTERNAL:
        return Problem(code, "The service failed to answer; nothing of the request was kept.")
    return Problem(code, f"{code.title}.")


def refused(error: WrongUse) -> Problem:
    """Return what a store or a check of ours refused as a problem; their sentences hold nothing of the request."""
    message = str(error)
    return Problem(_code_of(error), f"{message[:1].upper()}{message[1:]}.")


def _code_of(error: Exception) -> Code:
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Code.INTERNAL)
