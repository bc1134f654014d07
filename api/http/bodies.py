"""Request bodies: counted as they stream in, decompressed as they stream in, and read as JSON.

Invariants, tested: no body is held that is larger than its limit, whether its length was announced, came in chunks or
grew out of a compressed one; memory for a compressed body is bounded by the limit, not by what it claims to hold.
"""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from .errors import Code, Problem, invalid_params

Model = TypeVar("Model", bound=BaseModel)
GZIP = 31  # what zlib calls a gzip header with the largest window
STEP = 1 << 18  # bytes that are decompressed at once
SLOWEST = 500
"""Bytes a second that are expected of a caller on the whole; some phones far out in the country have no more."""
MOST_DIGITS = 18  # of an announced length: no more than an exabyte is even read as a number
JSON_KINDS = ("application/json", "application/x-amz-json-1.1")


def header_of(scope: Scope, name: bytes) -> bytes | None:
    """Return the first value of a header, its name given in lower case."""
    found: bytes | None = next((value for key, value in scope["headers"] if key == name), None)
    return found


def limited(scope: Scope, receive: Receive, *, limit: int, decompressed: int, seconds: float) -> Receive:
    """Wrap ``receive`` so that a body that is too large or too slow is refused as soon as that is known.

    Where the body is compressed, ``content-encoding`` and ``content-length`` are taken out of the scope.

    Args:
        scope: The request.
        receive: Gives the body as it comes.
        limit: Most bytes as sent.
        decompressed: Most bytes once decompressed.
        seconds: Longest pause, and the time that a body may be behind ``SLOWEST`` bytes a second.
    """
    length = header_of(scope, b"content-length")
    if length is not None and length.isdigit() and (len(length) > MOST_DIGITS or int(length) > limit):
        raise _too_large(limit)
    if (length is None or length == b"0") and header_of(scope, b"transfer-encoding") is None:
        return receive
    receive = _limited(receive, limit, seconds)
    encoding = (header_of(scope, b"content-encoding") or b"").strip().lower()
    if encoding in {b"", b"identity"}:
        return receive
    if encoding not in {b"gzip", b"x-gzip"}:
        raise Problem(Code.UNSUPPORTED_MEDIA_TYPE, "The Content-Encoding is unknown; gzip is understood.")
    taken_out = {b"content-encoding", b"content-length"}
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in taken_out]
    return _unzipped(receive, decompressed)


def _limited(receive: Receive, limit: int, seconds: float) -> Receive:
    """Count what comes and wait for it, but not for ever; what the app does between two pieces costs no time."""
    bytes_left, seconds_left, more = limit, seconds, True

    async def following() -> Message:
        nonlocal bytes_left, seconds_left, more
        if not more:  # from now on this only tells that the caller went away
            return await receive()
        begin = time.monotonic()
        try:
            async with asyncio.timeout(min(seconds_left, seconds)):
                message = await receive()
        except TimeoutError:
            headers = {"Connection": "close"}
            raise Problem(Code.BODY_TOO_SLOW, "The body came too slowly, or not at all.", headers=headers) from None
        size = len(message.get("body", b""))
        seconds_left += size / SLOWEST - (time.monotonic() - begin)
        bytes_left -= size
        if bytes_left < 0:
            raise _too_large(limit)
        more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    return following


def _unzipped(receive: Receive, limit: int) -> Receive:
    plain = _decompressed(receive, limit)

    async def following() -> Message:
        return await anext(plain, None) or await receive()

    return following


async def _decompressed(receive: Receive, limit: int) -> AsyncIterator[Message]:
    """Decompress what comes, a step at a time, member by member."""
    stream = zlib.decompressobj(GZIP)
    left, more, pending = limit, True, b""
    while more or pending or not stream.eof:
        if more and not pending:
            message = await receive()
            if message["type"] != "http.request":
                yield message
                return
            pending, more = message.get("body", b""), message.get("more_body", False)
        try:
            plain = stream.decompress(pending, STEP)
        except zlib.error:
            raise Problem(Code.NOT_JSON, "The body is not what Content-Encoding: gzip promises.") from None
        left -= len(plain)
        if left < 0:
            raise _too_large(limit)
        if not (plain or pending or more or stream.eof):
            raise Problem(Code.NOT_JSON, "The compressed body ends early.")
        if plain:
            yield {"type": "http.request", "body": plain, "more_body": True}
        pending = stream.unconsumed_tail
        if stream.eof and stream.unused_data.strip(b"\0"):  # further members follow
            pending, stream = stream.unused_data, zlib.decompressobj(GZIP)
    yield {"type": "http.request", "body": b"", "more_body": False}


def _too_large(limit: int) -> Problem:
    return Problem(Code.BODY_TOO_LARGE, f"The body holds more than {limit:,} bytes.")


def media_type_of(request: Request) -> str:
    """Return the Content-Type in lower case, without its parameters."""
    return (request.headers.get("content-type") or "").partition(";")[0].strip().lower()


async def read_json(request: Request) -> object:
    """Read the body as JSON; raises ``Problem`` if the Content-Type is another, or the body is no JSON."""
    kind = media_type_of(request)
    if kind not in JSON_KINDS and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Problem(Code.UNSUPPORTED_MEDIA_TYPE, "The Content-Type is not JSON.")
    return parsed(await request.body())


def parsed(body: bytes) -> object:
    """Parse JSON, also with lone surrogates, which pydantic's parser refuses: cut emoji are common in feedback."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(Code.NOT_JSON, "The body could not be read as JSON.") from None


async def read_model(request: Request, model: type[Model]) -> Model:
    """Read the body as a JSON document of a known shape; raises as ``read_json`` and ``checked``."""
    return checked(await read_json(request), model)


def checked(document: object, model: type[Model]) -> Model:
    """Check plain values against a shape; raises ``Problem`` naming the fields that are missing or wrong."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        wrong = invalid_params(error.errors(include_url=False, include_input=False, include_context=False))
        raise Problem(Code.INVALID_REQUEST, "Some fields are missing or wrong.", invalid_params=wrong) from None
