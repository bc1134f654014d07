"""Follow a run: progress bars for people, seconds and peak memory for the manifest."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator


def peak_memory_mib() -> int:
    """Return the largest resident memory of this process so far, in MiB."""
    per_mib = 1024 * 1024 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB elsewhere
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mib)


class StageClock:
    """Seconds and peak memory of each stage, in the order in which stages were first entered.

    With ``bars``, each has a progress bar on standard error; ``quiet`` leaves out the sentences for whoever waits.
    """

    def __init__(self, *, quiet: bool = True, bars: bool = False) -> None:
        self.seconds: dict[str, float] = {}
        self.memory_mib: dict[str, int] = {}
        self._quiet = quiet
        columns = (SpinnerColumn(), TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn())
        self._bars = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), disable=not bars)
        self._tasks: dict[str, TaskID] = {}
        self._counting: set[str] = set()

    def __enter__(self) -> Self:
        """Start drawing."""
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing, leaving the bars as they are."""
        if not self._bars.disable:
            self._bars.stop()

    def tell(self, sentence: str) -> None:
        """Print a sentence on standard error, above the bars."""
        if not self._bars.disable:
            self._bars.console.print(sentence, markup=False, highlight=False)
        elif not self._quiet:
            sys.stderr.write(f"{sentence}\n")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; entered again, its seconds add up."""
        task = self._task(name)
        self._bars.start_task(task)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            self.memory_mib[name] = peak_memory_mib()
        if name not in self._counting:
            self._bars.update(task, total=1, completed=1)

    def expect(self, name: str, amount: int) -> None:
        """Hear how many records a stage will have."""
        self._counting.add(name)
        self._bars.update(self._task(name), total=amount)

    def advance(self, name: str, amount: int) -> None:
        """Hear of finished records; how many there will be is not known while a file is streamed."""
        if name not in self._counting:
            self._counting.add(name)
            self._bars.update(self._task(name), total=None, completed=0)
        self._bars.advance(self._task(name), amount)

    def finish(self, *names: str) -> None:
        """Hear that stages that count records are finished."""
        for name in self._counting.intersection(names):
            done = int(self._bars.tasks[self._task(name)].completed)
            self._bars.update(self._task(name), total=done, completed=done)

    def report(self) -> list[dict[str, str | float | int]]:
        """Return one entry per stage for the manifest."""
        return [
            {"stage": name, "seconds": round(seconds, 3), "peak_memory_mib": self.memory_mib[name]}
            for name, seconds in self.seconds.items()
        ]

    def _task(self, name: str) -> TaskID:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=None, start=False)
        return self._tasks[name]


def follow(*, quiet: bool, bars: bool = True) -> StageClock:
    """Return a clock for a run on a terminal: with bars where somebody watches, silent where ``quiet``."""
    return StageClock(quiet=quiet, bars=bars and not quiet and sys.stderr.isatty())
