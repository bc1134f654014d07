"""The client: one object for one service.

    with Client("http://127.0.0.1:8321") as client:
        client.sentiment("Great food, but we waited an hour.").label

Invariant, tested: neither it nor its errors show a key or a text.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from textcx_client.answers.datasets import Info, Readiness
from textcx_client.answers.scoring import AnalyzedItem, Batch, Item
from textcx_client.connection import Call, Connection, Retries, read
from textcx_client.datasets import Datasets, Respondents
from textcx_client.errors import ServiceError
from textcx_client.findings import Findings, Triage
from textcx_client.jobs import Jobs
from textcx_client.scoring import Scorer
from textcx_client.webhooks import Webhooks

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

    from textcx_client.scoring import TextLike

TIMEOUT = 60.0
"""Seconds; 1,000 texts take some on a small machine."""
READY_PAUSE = 0.2
UNAVAILABLE = 503


class Client:
    """Calls a textcx service. May be used by several threads; close it, or use it as a context manager.

    Every call raises ``ServiceError`` if the service refuses, fails or cannot be reached, after the retries that are
    safe, and ``WrongUse`` for what cannot be sent.

    Attributes:
        datasets: Data sets and records.
        jobs: Analyses, and the jobs that read records in.
        findings: Themes, pain points, journey, drivers, ratings, trends, records.
        triage: Records that need a person.
        webhooks: Where the service tells about events.
        respondents: The erasure of persons.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout: float = TIMEOUT,
        retries: int | Retries = 5,
        verify: bool | ssl.SSLContext = True,
        trust_env: bool = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a client; nothing is asked yet. ``BadSetting`` is raised if one of these cannot be.

        Args:
            base_url: Such as ``http://127.0.0.1:8321``; may have a path, behind a proxy.
            api_key: A key of the service, ``tcx_...``; null where it has none.
            timeout: Seconds without a sign of life after which a request is given up; a connection must be made in 5.
            retries: How often a request is sent again where that is safe and can help, or how in detail.
            verify: Whose certificates are trusted: true, or an ``ssl.SSLContext``.
            trust_env: Whether proxies that the environment names are used.
            sleep: Waits some seconds; for programs with a way of their own.
        """
        policy = retries if isinstance(retries, Retries) else Retries(times=retries)
        self._connection = Connection(
            base_url, api_key=api_key, timeout=timeout, retries=policy, verify=verify, trust_env=trust_env, sleep=sleep
        )
        self.datasets = Datasets(self._connection)
        self.jobs = Jobs(self._connection)
        self.findings = Findings(self._connection)
        self.triage = Triage(self._connection)
        self.webhooks = Webhooks(self._connection)
        self.respondents = Respondents(self._connection)

    def __repr__(self) -> str:
        """Name the service, never the key."""
        return f"Client({self._connection.base_url!r})"

    def __enter__(self) -> Self:
        """Give the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._connection.close()

    def sentiment(self, text: TextLike, *, segments: bool = False, model_version: str | None = None) -> Item:
        """Score one text as ``sentiment_many`` does; one that is too long is an error with code ``text_too_long``."""
        return self._sentiment(segments=segments, model_version=model_version).one(text)

    def sentiment_many(
        self, texts: Iterable[TextLike], *, segments: bool = False, model_version: str | None = None
    ) -> Batch[Item]:
        """Score texts, in as many requests as they need; nothing of them is kept.

        Args:
            texts: Any number, each alone or with id and language.
            segments: List the segments of each.
            model_version: The version that must answer; by default the one that answers first answers all.

        Returns:
            An item for each text, in order; a ``FailedItem`` where a text could not be scored.
        """
        return self._sentiment(segments=segments, model_version=model_version).many(texts)

    def analyze(
        self, text: TextLike, *, theme_set: str | None = None, model_version: str | None = None
    ) -> AnalyzedItem:
        """Analyze one text as ``analyze_many`` does; one that is too long is an error with code ``text_too_long``."""
        return self._analyze(theme_set=theme_set, model_version=model_version).one(text)

    def analyze_many(
        self, texts: Iterable[TextLike], *, theme_set: str | None = None, model_version: str | None = None
    ) -> Batch[AnalyzedItem]:
        """Find segments with stage, pain points and themes of texts, as ``sentiment_many`` scores them.

        Args:
            texts: Any number, each alone or with id and language.
            theme_set: Assign the themes of this set.
            model_version: The version that must answer; by default the one that answers first answers all.
        """
        return self._analyze(theme_set=theme_set, model_version=model_version).many(texts)

    def info(self) -> Info:
        """Return what the service is made of: models, calibration, limits."""
        return self._connection.get(Info, "/info")

    def ready(self) -> Readiness:
        """Return whether the service takes work, as it says itself; asked once."""
        with self._connection.stream(Call(path="/readyz"), also=frozenset({UNAVAILABLE})) as response:
            return read(Readiness, response.read())

    def wait_until_ready(self, *, timeout: float = 60.0) -> Readiness:
        """Wait until the service takes work; it is a ``ServiceError`` if it does not within ``timeout`` seconds."""
        end = time.monotonic() + timeout
        while True:
            try:
                readiness = self.ready()
                if readiness.ready:
                    return readiness
                why = ", ".join(f"{name}: {state}" for name, state in readiness.checks.items() if state != "ok")
            except ServiceError as error:
                if not error.retryable:
                    raise
                why = error.detail
            if time.monotonic() >= end:
                msg = f"The service is not ready after {timeout:g} seconds ({why})"
                raise ServiceError(msg, code="not_ready", retryable=True, hint="see its log")
            self._connection.sleep(READY_PAUSE)

    def _sentiment(self, *, segments: bool, model_version: str | None) -> Scorer[Item]:
        return Scorer(self._connection, "/v1/sentiment", Item, segments=segments or None, model_version=model_version)

    def _analyze(self, *, theme_set: str | None, model_version: str | None) -> Scorer[AnalyzedItem]:
        return Scorer(self._connection, "/v1/analyze", AnalyzedItem, theme_set=theme_set, model_version=model_version)
