"""What ``benchmarks.service.fuzz`` checks of every answer, beyond the checks of schemathesis.

* Every answer has ``X-Request-ID`` and the security headers, and none is a 5xx.
* Every error of our own routes is a consistent problem document; those of the drop-in routes have the vendors' shapes.
* No error repeats, in body or headers, the canary word of the request.
* A key without the scope gets 403 (or the vendor's error for it), a missing or wrong one 401; never anything else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from schemathesis.core.failures import AcceptedNegativeData, FailureGroup
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis.core.transport import Response

    from benchmarks.service.fuzz_cases import Case

CANARY = "zq7canary"
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
MEMBERS = {
    "type": str,
    "title": str,
    "status": int,
    "detail": str,
    "instance": str,
    "code": str,
    "hint": str,
    "retryable": bool,
    "request_id": str,
}
BELOW = b"Invalid HTTP request received."
"""Answer of the server below the app to malformed HTTP."""
ERROR, SERVER_ERROR, FORBIDDEN, UNAUTHORIZED, NOT_FOUND = 400, 500, 403, 401, 404
BEYOND_SCHEMA = (RejectedPositiveData, AcceptedNegativeData)
"""Schema and service differ in what they accept, but the answer is as documented."""


def by_schemathesis(case: Case, response: Response, *, as_made: bool) -> Iterator[tuple[str, str]]:
    """Yield what schemathesis's own checks find: name of the failure and what it says.

    Args:
        case: What was sent.
        response: The answer.
        as_made: Whether it was sent as schemathesis made it.

    Checks that send requests of their own, with wrong keys and after deletions, are done elsewhere.
    """
    from schemathesis.specs.openapi import checks

    wanted = [
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
        checks.negative_data_rejection,
        checks.positive_data_acceptance,
        checks.missing_required_header,
        checks.unsupported_method,
        checks.allow_header_conformance,
    ]
    try:
        case.validate_response(response, checks=wanted)
    except FailureGroup as group:
        for failure in group.exceptions:
            if isinstance(failure, UnsupportedMethodResponse) and not as_made:
                continue  # another path by now, or a body that is refused before anything else
            yield type(failure).__name__, getattr(failure, "message", "")


def below_the_app(response: Response) -> bool:
    """Return whether the server refused the request before it reached the app."""
    return response.status_code == ERROR and response.content == BELOW


def of_ours(path: str, method: str, response: Response) -> Iterator[tuple[str, str]]:
    """Yield what our own checks find.

    Args:
        path: Template of the route.
        method: As it was sent.
        response: The answer.
    """
    request_id = _header(response, "x-request-id")
    if not request_id:
        yield "request id", "X-Request-ID is missing"
    for name, value in HEADERS.items():
        if _header(response, name) != value:
            yield "security headers", f"{name} is missing or another"
    if response.status_code >= SERVER_ERROR:
        yield "5xx", "a server error"
    if response.status_code < ERROR:
        return
    if method != "HEAD":
        wrong = wrong_shape(path, response, request_id)
        if wrong is not None:
            yield "shape of errors", wrong
    if CANARY in (response.content.decode("latin-1") + json.dumps(dict(response.headers))).lower():
        yield "echo", "an error repeats what was sent"


def wrong_shape(path: str, response: Response, request_id: str) -> str | None:
    """Return what is wrong with the shape of an error; None where nothing is."""
    try:
        document = json.loads(response.content)
    except ValueError:
        return "an error that is no JSON"
    if not isinstance(document, dict):
        return "an error that is no object"
    if path == "/compat/comprehend":
        fits = {"__type", "message"} <= set(document) and _header(response, "x-amzn-requestid") == request_id
    elif path.startswith("/compat/azure"):
        fits = {"code", "message"} <= set(document.get("error") or ())
    elif path == "/predict":
        fits = set(document) == {"error", "error_type"}
    elif path == "/readyz" and response.status_code > SERVER_ERROR:
        fits = document.get("ready") is False
    else:
        return _wrong_problem(document, response, request_id)
    return None if fits else "not the vendor's shape"


def _wrong_problem(document: dict[str, Any], response: Response, request_id: str) -> str | None:
    if _header(response, "content-type") != "application/problem+json":
        return "an error that is no application/problem+json"
    for name, kind in MEMBERS.items():
        if not isinstance(document.get(name), kind):
            return f"a problem document without {name}"
    if set(document) - set(MEMBERS) - {"invalid_params"}:
        return "a problem document with members that are not described"
    if (document["status"], document["request_id"]) != (response.status_code, request_id):
        return "a problem document with another status or request_id than the answer"
    return None


def scope_of(method: str, path: str, tags: list[str]) -> str | None:
    """Return the scope that a route needs; None where any key will do."""
    if path.startswith("/v1/webhooks"):
        return "admin"
    if "scoring" in tags or "drop-in" in tags:
        return "analyze"
    if path in {"/livez", "/readyz", "/info", "/metrics"}:
        return None
    return "read" if method == "GET" else "write"


BEFORE_THE_KEY = frozenset({413, 415})
"""Bodies refused before the key is checked: too large, or of an unknown Content-Encoding."""


def refused(path: str, response: Response, status: int) -> bool:
    """Return whether a call was refused for its key, with this status or the vendor's equivalent."""
    if path == "/compat/comprehend":
        kind = "AccessDeniedException" if status == FORBIDDEN else "UnrecognizedClientException"
        return response.status_code == ERROR and kind in response.text
    return response.status_code == status


def _header(response: Response, name: str) -> str:
    found = response.headers.get(name) or [""]
    return found[0]
