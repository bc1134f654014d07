"""Jobs: started, waited for, followed, cancelled, started again."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING

from textcx.client.connection import Call, as_json, path_of, posted
from textcx.client.documents import Job
from textcx.client.errors import JobFailed, JobStillRuns, ServiceError
from textcx.client.events import events_of
from textcx.client.reading import read
from textcx.client.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textcx.client.connection import Connection

SHORTEST_LOOK, LONGEST_LOOK = 0.1, 2.0
"""Seconds between two looks at a job that is waited for; it grows."""
QUIET_SECONDS = 60.0
"""The service says something every fifteen seconds; a stream that is quiet for so long is broken."""


class Jobs:
    """``client.jobs``. A job may be named by its id or by what an earlier call said of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def analyze(self, dataset: str, *, relearn: bool | None = None, idempotency_key: str | None = None) -> Job:
        """Start the analysis of a data set.

        Args:
            dataset: Its name.
            relearn: Learn the themes again, keeping their ids; null does so once the data set has doubled.
            idempotency_key: Asking again with it gives the same job; by default one of this call's own.

        Raises:
            ServiceError: If it is refused.
        """
        key = idempotency_key or secrets.token_hex(16)
        wanted = {"kind": "analyze", "dataset": dataset, **({} if relearn is None else {"relearn": relearn})}
        call = posted("/v1/jobs", wanted, Idempotency_Key=key)
        return read(Job, self._connection.send(call, take=as_json))

    def get(self, job: Job | str) -> Job:
        """Return how far a job is.

        Raises:
            ServiceError: With status 404 where there is none of that id.
        """
        return read(Job, self._connection.get(path_of("jobs", _id(job))))

    def all(self, *, dataset: str | None = None, state: str | None = None) -> Rows[Job]:
        """Return jobs that wait, run or ended in the last thirty days, latest first.

        Args:
            dataset: Only those over this data set.
            state: queued, running, done, failed or cancelled.
        """
        told = {"dataset": dataset, "state": state}
        return Rows(self._connection, "/v1/jobs", Job, {name: value for name, value in told.items() if value})

    def wait(
        self,
        job: Job | str,
        *,
        timeout: float | None = None,
        on_progress: Callable[[Job], object] | None = None,
        check: bool = True,
    ) -> Job:
        """Wait until a job is over.

        Args:
            job: The job.
            timeout: Most seconds to wait; null for ever.
            on_progress: Called with the job whenever it changed, and at the end.
            check: Whether a job that failed or was cancelled is an error.

        Returns:
            The job as it ended.

        Raises:
            JobFailed: If it failed or was cancelled.
            JobStillRuns: If it is not over in time.
            ServiceError: If the service cannot be asked.
        """
        begin, told, pause = time.monotonic(), None, SHORTEST_LOOK
        while True:
            found = self.get(job)
            if on_progress is not None and found != told:
                on_progress(found)
            told = found
            if found.over:
                if check and found.state != "done":
                    raise JobFailed(found)
                return found
            left = None if timeout is None else timeout - (time.monotonic() - begin)
            if timeout is not None and left is not None and left <= 0:
                raise JobStillRuns(found, seconds=timeout)
            self._connection.sleep(pause if left is None else min(pause, left))
            pause = min(LONGEST_LOOK, pause * 1.5)

    def events(self, job: Job | str) -> Iterator[Job]:
        """Follow a job: give it whenever it changed, at last as it ended; a stream that breaks is taken up again.

        Raises:
            ServiceError: If the service cannot be reached again, or the job is no longer there.
        """
        path, told = path_of("jobs", _id(job), "events"), None
        retries, failures = self._connection.retries, 0
        call = Call(method="GET", path=path, headers={"Accept": "text/event-stream"})
        while True:
            pause = SHORTEST_LOOK
            try:
                with self._connection.stream(call, quiet_seconds=QUIET_SECONDS) as response:
                    for _, data in events_of(response.iter_bytes()):
                        found = _told(data)
                        if found != told:
                            failures, told = 0, found
                            yield found
                        if found.over:
                            return
            except ServiceError as error:
                if not error.retryable or failures >= retries.times:
                    raise
                pause = retries.wait(failures, asked=error.retry_after, chance=self._connection.chance)
                failures += 1
            self._connection.sleep(pause)

    def cancel(self, job: Job | str) -> Job:
        """Cancel a job: at once where it waits, at its next step where it runs. What is stored stays.

        Raises:
            ServiceError: With status 404 where there is none of that id.
        """
        call = Call(method="DELETE", path=path_of("jobs", _id(job)))
        return read(Job, self._connection.send(call, take=as_json))

    def start_again(self, job: Job | str) -> Job:
        """Start a failed or cancelled job again; it goes on behind what is stored.

        Raises:
            ServiceError: With status 409 where it neither failed nor was cancelled.
        """
        call = posted(path_of("jobs", _id(job)), {"state": "queued"}, method="PATCH", safe=False)
        return read(Job, self._connection.send(call, take=as_json))


def _id(job: Job | str) -> str:
    return job if isinstance(job, str) else job.id


def _told(data: str) -> Job:
    try:
        found = json.loads(data)
    except ValueError:
        found = None  # which is no job
    return read(Job, found)
