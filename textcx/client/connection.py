"""Send a request, and send it again where that is safe and can help.

Invariants, tested: a request is repeated only after 429, 502, 503, 504 or a broken connection, and one that must not be
done twice only where it cannot have been done; waits grow, are spread at random, and are at least what ``Retry-After``
says; no error holds what was sent, and nothing of a respondent's id gets into the log that httpx writes.

Method of the waits: "full jitter", M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
"""

from __future__ import annotations

import json
import logging
import math
import random
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from textcx.client.errors import UNEXPECTED_ANSWER, InvalidParam, ServiceError, ServiceUnreachable
from textcx.domain.errors import BadSetting, WrongUse
from textcx.domain.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")
JSON = "application/json"
PASSING = frozenset({429, 502, 503, 504})
"""Answers after which the same request may succeed."""
NOT_FOUND, TOO_MANY = 404, 429
CONNECT_SECONDS = 5.0
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_KEY = re.compile(r"[!-~]{1,500}")
_PERSON = re.compile(r"(/v1/respondents/)[^?#]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often and how patiently a request is sent again.

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

    def wait(self, done: int, *, asked: float | None, chance: random.Random) -> float:
        """Return the seconds to wait before the next repetition.

        Args:
            done: Repetitions so far, from 0.
            asked: What ``Retry-After`` says, in seconds; null where it says nothing.
            chance: Source of chance.
        """
        if asked is not None:
            return asked + chance.uniform(0, self.first)
        return chance.uniform(0, min(self.longest, self.first * 2 ** min(done, 60)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request.

    Attributes:
        method: Of HTTP.
        path: Below the address of the service, quoted.
        params: Query, in order.
        body: What is sent: bytes, or a function that gives them from the beginning, piece by piece.
        headers: Further ones.
        safe: Whether it may be done twice.
        erases: Whether "not found" after a broken connection means that it was done.
        passing: Answers after which it is sent again.
    """

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | Callable[[], Iterator[bytes]] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    safe: bool = True
    erases: bool = False
    passing: frozenset[int] = PASSING


class Connection:
    """Speaks with one service; may be used by several threads."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None,
        timeout: float,
        retries: Retries,
        verify: Any,  # noqa: ANN401 - what httpx takes
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
        self.retries, self.sleep, self.chance = retries, sleep, random.Random()
        self._http = httpx.Client(
            headers=headers, verify=verify, trust_env=trust_env,
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
        )  # fmt: skip

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, path: str, **params: str) -> Any:  # noqa: ANN401 - any JSON
        """Ask for a document."""
        return self.send(Call(method="GET", path=path, params=tuple(params.items())), take=as_json)

    def send(self, call: Call, *, take: Callable[[httpx.Response], T]) -> T:
        """Send a request until it succeeds, or until sending it again cannot help or is not safe.

        Args:
            call: The request.
            take: Reads the answer; what breaks while it reads is treated like any broken connection.

        Raises:
            ServiceError: If it did not succeed; the last failure.
        """
        done, lost = 0, False
        while True:
            try:
                with self.stream(call) as response:
                    return take(response)
            except ServiceError as error:
                if call.erases and lost and error.status == NOT_FOUND:
                    return take(httpx.Response(204))
                if done >= self.retries.times or not self._helps(call, error):
                    raise
                lost = lost or (isinstance(error, ServiceUnreachable) and error.sent)
                pause = self.retries.wait(done, asked=error.retry_after, chance=self.chance)
            self.sleep(pause)
            done += 1

    def _helps(self, call: Call, error: ServiceError) -> bool:
        if isinstance(error, ServiceUnreachable):
            return call.safe or not error.sent
        if error.status not in call.passing or (error.retry_after or 0) > self.retries.longest or not error.retryable:
            return False
        return call.safe or error.status == TOO_MANY

    @contextmanager
    def stream(
        self, call: Call, *, quiet_seconds: float | None = None, also: frozenset[int] = frozenset()
    ) -> Iterator[httpx.Response]:
        """Send a request once and give its answer, of which only the head was read.

        Args:
            call: The request.
            quiet_seconds: How long nothing may come; that of the client by default.
            also: Further statuses that are answers and no errors.

        Raises:
            ServiceError: If the answer is none of success, or the connection breaks while the block reads it.
        """
        body = call.body() if callable(call.body) else call.body
        timeout = httpx.USE_CLIENT_DEFAULT if quiet_seconds is None else httpx.Timeout(quiet_seconds, connect=5.0)
        broken: tuple[str, bool] | None = None
        refused: ServiceError | None = None
        try:
            with self._http.stream(
                call.method, self.base_url + call.path, params=list(call.params) or None, content=body,
                headers=dict(call.headers), timeout=timeout,
            ) as response:  # fmt: skip
                if response.is_success or response.status_code in also:
                    yield response
                else:
                    response.read()
                    refused = refusal(response)
        except httpx.RequestError as error:
            broken = type(error).__name__, not isinstance(error, _NEVER_SENT)
            error.request = httpx.Request(call.method, self.base_url)  # what was sent must not hang on our error
        if broken is not None:
            detail = f"No answer from {self.base_url} ({broken[0]})"
            raise ServiceUnreachable(detail, sent=broken[1]) from None
        if refused is not None:
            raise refused


def as_json(response: httpx.Response) -> Any:  # noqa: ANN401 - any JSON
    """Read an answer as JSON.

    Raises:
        ServiceError: If it is none.
    """
    try:
        return json.loads(response.read())
    except ValueError:
        pass
    msg = "The answer is not JSON"
    raise ServiceError(
        msg, code=UNEXPECTED_ANSWER, status=response.status_code, hint="see whether base_url is that of the service"
    )


def nothing(response: httpx.Response) -> None:
    """Take an answer without content."""
    response.read()


def body_of(document: Mapping[str, Any]) -> bytes:
    """Write a document as JSON; half emoji, common in feedback, are let through.

    Raises:
        WrongUse: If it holds something that JSON cannot say.
    """
    try:
        return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError):
        pass
    msg = "only texts, finite numbers, booleans, null, lists and objects can be sent; something else is among them"
    raise WrongUse(msg)


def posted(path: str, document: Mapping[str, Any], *, method: str = "POST", safe: bool = True, **headers: str) -> Call:
    """Return the request that sends a document; underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call(
        method=method, path=path, body=body_of(document), headers={"Content-Type": JSON, **named}, safe=safe
    )  # fmt: skip


def path_of(*steps: str) -> str:
    """Return the path of a thing, its names and ids quoted.

    Raises:
        WrongUse: If one of them is empty or cannot be sent.
    """
    quoted = []
    for step in steps:
        try:
            one = quote(step, safe="")
        except (UnicodeEncodeError, TypeError):
            one = ""
        if not one:
            msg = "expected a name or id, got an empty or broken text"
            raise WrongUse(msg)
        quoted.append(one.replace(".", "%2E") if one in {".", ".."} else one)
    return "/v1/" + "/".join(quoted)


def refusal(response: httpx.Response) -> ServiceError:
    """Return the error that an answer of 300 and above is; of a body of another shape nothing is repeated."""
    status, told = response.status_code, {}
    if "json" in response.headers.get("content-type", ""):
        try:
            found = json.loads(response.content)
        except ValueError:
            found = None
        told = found if isinstance(found, dict) else {}
    known = isinstance(told.get("code"), str)
    wrong = told.get("invalid_params")
    return ServiceError(
        str(told.get("detail") or told.get("title") or "") if known else f"The answer has status {status}",
        code=str(told["code"]) if known else f"http_{status}",
        status=status,
        hint=str(told.get("hint") or "") if known else "see what stands between here and the service",
        retryable=bool(told.get("retryable", status in PASSING)),
        request_id=response.headers.get("x-request-id"),
        invalid_params=[
            InvalidParam(str(each.get("name", "")), str(each.get("reason", "")))
            for each in (wrong if isinstance(wrong, list) else [])
            if isinstance(each, dict)
        ],
        retry_after=seconds_of(response.headers.get("retry-after"), now=datetime.now(tz=UTC)),
    )


def seconds_of(retry_after: str | None, *, now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` says to wait, maybe as a date (RFC 9110, 10.2.3); null for nothing."""
    said = (retry_after or "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def _checked_address(base_url: str) -> str:
    try:
        parts = urlsplit(base_url)
        fine = parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.fragment)
        fine = fine and "@" not in parts.netloc and (parts.port is None or parts.port > 0)
    except ValueError:
        fine = False
    if not fine:
        msg = "expected the address of a service, such as http://127.0.0.1:8321, without a key or query in it"
        raise BadSetting(msg)
    return base_url.rstrip("/")


class _WithoutPersons(logging.Filter):
    """Takes respondents' ids out of the addresses that httpx writes into its log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line through, without ids."""
        if isinstance(record.args, tuple) and any(isinstance(each, httpx.URL) for each in record.args):
            record.args = tuple(
                _PERSON.sub(r"\1(id)", str(each)) if isinstance(each, httpx.URL) else each for each in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_WithoutPersons("textcx.client"))
SLEEP = time.sleep
