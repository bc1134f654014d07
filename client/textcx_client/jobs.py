"""Jobs: started, waited for, followed, cancelled, started again.

Their events are server-sent events as the HTML standard defines them (section 9.2.6). Lines end in CR, LF or CR LF
only: ``str.splitlines`` also breaks at other characters, which a message may hold.
"""

from __future__ import annotations

import codecs
import re
import secrets
import time
from typing import TYPE_CHECKING

from textcx_client.answers.datasets import Job
from textcx_client.answers.schema import Page
from textcx_client.connection import Call, Part, json_call, path_of, read
from textcx_client.errors import JobFailed, JobStillRuns, ServiceError
from textcx_client.rows import Rows, params_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two looks at a job that is waited for; it grows."""
_END_OF_LINE = re.compile(r"\r\n|\n|\r")
QUIET_SECONDS = 60.0
"""The service says something every fifteen seconds; a stream that is quiet for so long is broken."""


class Jobs(Part):
    """``client.jobs``. A job may be named by its id or by what an earlier call returned.

    Every method raises ``ServiceError`` if the service refuses, with status 404 if there is no job of that id.
    """

    def analyze(self, dataset: str, *, relearn: bool | None = None, idempotency_key: str | None = None) -> Job:
        """Start the analysis of a data set; asking again with the same ``idempotency_key`` gives the same job.

        By default each call has a key of its own.

        ``relearn`` learns the themes again, keeping their ids; null does so once the data set has doubled.
        """
        document = {"kind": "analyze", "dataset": dataset, "relearn": relearn}
        key = idempotency_key or secrets.token_hex(16)
        return self._connection.ask(Job, json_call("/v1/jobs", document, idempotency_key=key))

    def get(self, job: Job | str) -> Job:
        """Return how far a job is."""
        return self._connection.get(Job, _path(job))

    def all(self, *, dataset: str | None = None, state: str | None = None) -> Rows[Job]:
        """Return jobs that wait, run or ended in the last thirty days, latest first.

        Only those over ``dataset``, and in ``state``: queued, running, done, failed or cancelled.
        """
        return Rows(self._connection, "/v1/jobs", Page[Job], params_of(dataset=dataset, state=state))

    def wait(
        self,
        job: Job | str,
        *,
        timeout: float | None = None,
        on_progress: Callable[[Job], object] | None = None,
        check: bool = True,
    ) -> Job:
        """Wait until a job is over, and return it as it ended.

        Args:
            job: The job.
            timeout: Most seconds to wait; null for ever.
            on_progress: Called with the job whenever it changed, and at the end.
            check: Whether a job that failed or was cancelled is an error.

        Raises:
            JobFailed: If it failed or was cancelled.
            JobStillRuns: If it is not over in time.
        """
        start, seen, pause = time.monotonic(), None, SHORTEST_PAUSE
        while True:
            latest = self.get(job)
            if on_progress is not None and latest != seen:
                on_progress(latest)
            seen = latest
            if latest.over:
                if check and latest.state != "done":
                    raise JobFailed(latest)
                return latest
            if timeout is not None:
                left = timeout - (time.monotonic() - start)
                if left <= 0:
                    raise JobStillRuns(latest, seconds=timeout)
                pause = min(pause, left)
            self._connection.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 1.5)

    def events(self, job: Job | str) -> Iterator[Job]:
        """Follow a job: give it whenever it changed, at last as it ended; a stream that breaks is resumed."""
        call = Call(path=f"{_path(job)}/events", headers={"Accept": "text/event-stream"})
        retries, failures, seen = self._connection.retries, 0, None
        while True:
            pause = SHORTEST_PAUSE
            try:
                with self._connection.stream(call, read_timeout=QUIET_SECONDS) as response:
                    for data in event_data(response.iter_bytes()):
                        latest = read(Job, data)
                        if latest != seen:
                            failures, seen = 0, latest
                            yield latest
                        if latest.over:
                            return
            except ServiceError as error:
                if not error.retryable or failures >= retries.times:
                    raise
                pause = retries.wait(failures, retry_after=error.retry_after, rng=self._connection.rng)
                failures += 1
            self._connection.sleep(pause)

    def cancel(self, job: Job | str) -> Job:
        """Cancel a job: at once where it waits, at its next step where it runs. What is stored stays."""
        return self._connection.ask(Job, Call(method="DELETE", path=_path(job)))

    def start_again(self, job: Job | str) -> Job:
        """Start a failed or cancelled job again; it goes on behind what is stored. Another is refused with 409."""
        return self._connection.ask(Job, json_call(_path(job), {"state": "queued"}, method="PATCH", safe=False))


def _path(job: Job | str) -> str:
    return path_of("jobs", job if isinstance(job, str) else job.id)


def event_data(pieces: Iterable[bytes]) -> Iterator[str]:
    """Give the data of each event. Comments, names and an incomplete last event are dropped."""
    data: list[str] = []
    for line in _lines(pieces):
        field, _, value = line.partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    for piece in pieces:
        rest += decoder.decode(piece)
        held = "\r" if rest.endswith("\r") else ""  # its LF may still come
        *whole, rest = _END_OF_LINE.split(rest.removesuffix(held) if held else rest)
        yield from whole
        rest += held
