"""Send a request, and send it again where that is safe and can help.

Invariants, tested: a request is repeated only after 429, 502, 503, 504 or a broken connection, and one that must not be
done twice only where it cannot have been done; waits grow, are spread at random, and are at least what ``Retry-After``
says; no error holds what was sent, and no respondent's id gets into the log that httpx writes. An answer that does not
fit its type is a ``ServiceError`` that names the field, never its value.
"""

from __future__ import annotations

import json
import logging
import math
import random
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from textcx_client.errors import (
    UNEXPECTED_ANSWER,
    BadSetting,
    InvalidParam,
    ServiceError,
    ServiceUnreachable,
    WrongUse,
)
from textcx_client.version import __version__

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")
JSON = "application/json"
TRANSIENT = frozenset({429, 502, 503, 504})
"""Answers after which the same request may succeed."""
NOT_FOUND, TOO_MANY = 404, 429
CONNECT_SECONDS = 5.0
MOST_DOUBLINGS = 60
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_KEY = re.compile(r"[!-~]{1,500}")
_RESPONDENT = re.compile(r"(/v1/respondents/)[^?#]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often and how patiently a request is sent again.

    Method: "full jitter", M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.

    Attributes:
        times: Most repetitions; 0 for none.
        first: Longest wait before the first repetition, in seconds; it doubles each time.
        longest: Longest wait, in seconds. Where the service asks for a longer one, the error is raised instead.
    """

    times: int = 5
    first: float = 0.5
    longest: float = 30.0

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        if self.times < 0 or not 0 <= self.first <= self.longest < math.inf:
            msg = f"expected times >= 0 and 0 <= first <= longest, got {self}"
            raise BadSetting(msg)

    def wait(self, repetitions: int, *, retry_after: float | None, rng: random.Random) -> float:
        """Return the seconds to wait after so many repetitions: at least ``retry_after``, where there is one."""
        if retry_after is not None:
            return retry_after + rng.uniform(0, self.first)
        return rng.uniform(0, min(self.longest, self.first * 2 ** min(repetitions, MOST_DOUBLINGS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request.

    ``path`` is quoted and below the address of the service. ``body`` may be a function that gives the bytes from the
    beginning, piece by piece. ``safe``: it may be done twice. ``erases``: "not found" after a broken connection means
    that it was done. ``transient``: answers after which it is sent again.
    """

    method: str = "GET"
    path: str
    params: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | Callable[[], Iterator[bytes]] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    safe: bool = True
    erases: bool = False
    transient: frozenset[int] = TRANSIENT


class Connection:
    """Speaks with one service; may be used by several threads."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None,
        timeout: float,
        retries: Retries,
        verify: bool | ssl.SSLContext,
        trust_env: bool,
        sleep: Callable[[float], None],
    ) -> None:
        self.base_url = _checked_address(base_url)
        headers = {"User-Agent": f"textcx-client/{__version__}", "Accept": f"{JSON}, text/csv, text/event-stream"}
        if api_key is not None:
            if not _KEY.fullmatch(api_key):
                msg = "the api_key holds spaces, control characters or letters beyond ASCII; give it as it was shown"
                raise BadSetting(msg)
            headers["Authorization"] = f"Bearer {api_key}"
        if not 0 < timeout < math.inf:
            msg = f"expected a timeout above 0 seconds, got {timeout}"
            raise BadSetting(msg)
        self.retries, self.sleep, self.rng = retries, sleep, random.Random()
        limits = httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout))
        self._http = httpx.Client(headers=headers, verify=verify, trust_env=trust_env, timeout=limits)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, kind: type[T], path: str, **params: str) -> T:
        """Ask for a document."""
        return self.ask(kind, Call(path=path, params=tuple(params.items())))

    def ask(self, kind: type[T], call: Call) -> T:
        """Send a request and read the document that answers it."""
        return self.send(call, take=lambda response: read(kind, response.read()))

    def delete(self, path: str) -> None:
        """Delete a thing; one that is gone after a broken connection was deleted."""
        self.send(Call(method="DELETE", path=path, erases=True), take=httpx.Response.read)

    def send(self, call: Call, *, take: Callable[[httpx.Response], T]) -> T:
        """Send a request until it succeeds, or until sending it again cannot help or is not safe.

        ``take`` reads the answer; what breaks while it reads is treated like any broken connection.
        """
        repetitions, maybe_done = 0, False
        while True:
            try:
                with self.stream(call) as response:
                    return take(response)
            except ServiceError as error:
                if call.erases and maybe_done and error.status == NOT_FOUND:
                    return take(httpx.Response(204))
                if repetitions >= self.retries.times or not self._can_repeat(call, error):
                    raise
                maybe_done = maybe_done or (isinstance(error, ServiceUnreachable) and error.sent)
                pause = self.retries.wait(repetitions, retry_after=error.retry_after, rng=self.rng)
            self.sleep(pause)
            repetitions += 1

    def _can_repeat(self, call: Call, error: ServiceError) -> bool:
        if isinstance(error, ServiceUnreachable):
            return call.safe or not error.sent
        if error.status not in call.transient or (error.retry_after or 0) > self.retries.longest or not error.retryable:
            return False
        return call.safe or error.status == TOO_MANY

    @contextmanager
    def stream(
        self, call: Call, *, read_timeout: float | None = None, also: frozenset[int] = frozenset()
    ) -> Iterator[httpx.Response]:
        """Send a request once and give its answer, of which only the head was read.

        ``read_timeout``: seconds in which something must come. ``also``: further statuses that are no errors.
        """
        body = call.body() if callable(call.body) else call.body
        timeout = self._http.timeout if read_timeout is None else httpx.Timeout(read_timeout, connect=CONNECT_SECONDS)
        refused: ServiceError | None = None
        try:
            with self._http.stream(
                call.method,
                self.base_url + call.path,
                params=list(call.params) or None,
                content=body,
                headers=dict(call.headers),
                timeout=timeout,
            ) as response:
                if response.is_success or response.status_code in also:
                    yield response
                else:
                    response.read()
                    refused = _refusal(response)
        except httpx.RequestError as error:
            detail = f"No answer from {self.base_url} ({type(error).__name__})"
            refused = ServiceUnreachable(detail, sent=not isinstance(error, _NEVER_SENT))
            error.request = httpx.Request(call.method, self.base_url)  # what was sent must not hang on our error
        if refused is not None:
            raise refused from None


class Part:
    """A part of the client, such as ``client.datasets``, with the connection that it shares with the others."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


def read(kind: type[T], content: bytes | str) -> T:
    """Read JSON; unlike msgspec's parser, that of Python takes half emoji, which texts may hold."""
    with suppress(ValueError):
        return convert(kind, json.loads(content))
    msg = "The answer is not JSON"
    raise ServiceError(msg, code=UNEXPECTED_ANSWER, hint="see whether base_url is that of the service")


def convert(kind: type[T], value: object) -> T:
    """Make a dataclass of parsed JSON; it is a ``ServiceError`` if a field is missing or of another type."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        msg = f"The answer is not as expected: {error}"
    raise ServiceError(msg, code=UNEXPECTED_ANSWER, hint="compare the versions of client and service (/info)")


def body_of(document: Mapping[str, Any]) -> bytes:
    """Write a document as JSON; half emoji, common in feedback, are let through."""
    with suppress(TypeError, ValueError):
        return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")
    msg = "only texts, finite numbers, booleans, null, lists and objects can be sent; something else is among them"
    raise WrongUse(msg)


def json_call(
    path: str,
    document: Mapping[str, Any],
    *,
    method: str = "POST",
    safe: bool = True,
    idempotency_key: str | None = None,
) -> Call:
    """Return the request that sends a document."""
    headers = {"Content-Type": JSON}
    if idempotency_key is not None:
        headers["Idempotency-Key"] = idempotency_key
    return Call(method=method, path=path, body=body_of(document), headers=headers, safe=safe)


def path_of(*steps: str) -> str:
    """Return the path of a thing, its names and ids quoted; ``WrongUse`` if one is empty or cannot be sent."""
    path = "/v1"
    for step in steps:
        quoted = ""
        with suppress(UnicodeEncodeError, TypeError):
            quoted = quote(step, safe="")
        if not quoted:
            msg = "expected a name or id, got an empty or broken text"
            raise WrongUse(msg)
        path += "/" + (quoted.replace(".", "%2E") if quoted in {".", ".."} else quoted)
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """What the service says when it refuses (RFC 9457)."""

    code: str
    detail: str
    hint: str
    retryable: bool
    invalid_params: tuple[InvalidParam, ...] | None = None


def _refusal(response: httpx.Response) -> ServiceError:
    """Return the error that an answer of 300 and above is; it quotes no body of another shape."""
    status = response.status_code
    problem = _Problem(
        code=f"http_{status}",
        detail=f"The answer has status {status}",
        hint="see what stands between here and the service",
        retryable=status in TRANSIENT,
    )
    if "json" in response.headers.get("content-type", ""):
        with suppress(ServiceError):
            problem = read(_Problem, response.content)
    return ServiceError(
        problem.detail,
        code=problem.code,
        status=status,
        hint=problem.hint,
        retryable=problem.retryable,
        request_id=response.headers.get("x-request-id"),
        invalid_params=problem.invalid_params or (),
        retry_after=seconds_of(response.headers.get("retry-after"), now=datetime.now(tz=UTC)),
    )


def seconds_of(retry_after: str | None, *, now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` says to wait, maybe as a date (RFC 9110, 10.2.3); null for nothing."""
    value = (retry_after or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def _checked_address(base_url: str) -> str:
    with suppress(httpx.InvalidURL):
        url = httpx.URL(base_url)
        if url.scheme in {"http", "https"} and url.host and not (url.userinfo or url.query or url.fragment):
            return base_url.rstrip("/")
    msg = "expected the address of a service, such as http://127.0.0.1:8321, without a key or query in it"
    raise BadSetting(msg)


class _WithoutRespondents(logging.Filter):
    """Takes respondents' ids out of the addresses that httpx writes into its log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line through, without ids."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                _RESPONDENT.sub(r"\1(id)", str(each)) if isinstance(each, httpx.URL) else each for each in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_WithoutRespondents("textcx_client"))
