"""Follow a job: stage, records and seconds into its row, and the wish to stop out of it.

The row is written at most once a second, so that following costs nothing. Every stage asks whether the job is to stop,
so that also a long step ends soon after it was cancelled.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import StoreProblem
from textcx.domain.service.interruptions import JobCancelled, ProcessEnds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textcx.domain.service.datasets import Job
    from textcx.wiring.job_context import JobContext

SELDOM_SECONDS = 1.0


class JobProgress:
    """Follows one attempt of a job. Implements ``textcx.ports.ProgressReporter``."""

    def __init__(self, context: JobContext, job: Job) -> None:
        """Go on from the progress that the row has."""
        self._context, self._job = context, job
        self._written = 0.0
        self.progress: dict[str, Any] = {"stages": {}, **job.progress}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; entered again, its seconds add up."""
        self.check()
        entry = self._entry(name)
        self.progress["stage"] = name
        self.write()
        start = time.perf_counter()
        try:
            yield
        finally:
            entry["seconds"] = round(entry["seconds"] + time.perf_counter() - start, 3)

    def expect(self, name: str, amount: int) -> None:
        """Note how many a stage will handle in all."""
        self._entry(name)["total"] = amount

    def advance(self, name: str, amount: int) -> None:
        """Note that a stage has handled so many more."""
        self._entry(name)["done"] += amount
        self.write()

    def _entry(self, name: str) -> dict[str, Any]:
        entry: dict[str, Any] = self.progress["stages"].setdefault(name, {"done": 0, "seconds": 0.0})
        return entry

    def check(self) -> None:
        """Stop here, by ``ProcessEnds`` or ``JobCancelled``, if the process or the attempt is to end."""
        if self._context.stopping.is_set():
            raise ProcessEnds
        try:
            stop = self._context.jobs.stopping(self._job.id, attempt=self._job.attempt)
        except StoreProblem:
            return  # the step itself finds out soon enough, and is patient
        if stop:
            raise JobCancelled

    def write(self, *, always: bool = False) -> None:
        """Write the progress into the row, unless that was just done."""
        now = time.monotonic()
        if always or now - self._written >= SELDOM_SECONDS:
            self._written = now
            with suppress(StoreProblem):
                self.note(progress=self.progress)

    def note(self, **columns: object) -> None:
        """Write ``progress``, ``counts`` or ``warnings`` into the row."""
        self._context.jobs.note(self._job.id, attempt=self._job.attempt, **columns)

    def report(self) -> list[dict[str, str | float | int]]:
        """Return one entry per stage for the manifest."""
        return [{"stage": name, "seconds": entry["seconds"]} for name, entry in self.progress["stages"].items()]
