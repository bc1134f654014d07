"""Follow a run: progress bars for people, seconds and peak memory for the manifest."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB_DIVISOR = 1024 * 1024 if sys.platform == "darwin" else 1024
"""``ru_maxrss`` is in bytes on macOS and in KiB elsewhere."""


def peak_memory_mib() -> int:
    """Return the largest resident memory of this process so far, in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB_DIVISOR)


class StageClock:
    """Seconds and peak memory of each stage, in the order in which stages were first entered; shows nothing.

    Args:
        quiet: Whether to leave out the sentences for whoever waits.
    """

    def __init__(self, *, quiet: bool = True) -> None:
        self.seconds: dict[str, float] = {}
        self.memory_mib: dict[str, int] = {}
        self._quiet = quiet

    def __enter__(self) -> Self:
        """Start to follow a run."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""

    def tell(self, sentence: str) -> None:
        """Print a sentence on standard error."""
        if not self._quiet:
            sys.stderr.write(f"{sentence}\n")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; entered again, its seconds add up."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            self.memory_mib[name] = peak_memory_mib()

    def expect(self, name: str, amount: int) -> None:
        """Hear how many records a stage will have."""

    def advance(self, name: str, amount: int) -> None:
        """Hear of finished records."""

    def finish(self, *names: str) -> None:
        """Hear that stages are finished."""

    def report(self) -> list[dict[str, str | float | int]]:
        """Return one entry per stage for the manifest."""
        return [
            {"stage": name, "seconds": round(seconds, 3), "peak_memory_mib": self.memory_mib[name]}
            for name, seconds in self.seconds.items()
        ]


class ProgressBars(StageClock):
    """A stage clock that also shows a progress bar per stage on standard error."""

    def __init__(self) -> None:
        super().__init__()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<16}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}
        self._counting: set[str] = set()

    def __enter__(self) -> Self:
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing, leaving the bars as they are."""
        self._progress.stop()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and show its bar."""
        task = self._task(name)
        self._progress.start_task(task)
        with super().stage(name):
            yield
        if name not in self._counting:
            self._progress.update(task, total=1, completed=1)

    def expect(self, name: str, amount: int) -> None:
        """Give the bar of a stage its length."""
        self._counting.add(name)
        self._progress.update(self._task(name), total=amount)

    def advance(self, name: str, amount: int) -> None:
        """Count records in the bar of a stage; how many there will be is not known while a file is streamed."""
        if name not in self._counting:
            self._counting.add(name)
            self._progress.update(self._task(name), total=None, completed=0)
        self._progress.advance(self._task(name), amount)

    def finish(self, *names: str) -> None:
        """Fill the bars of stages that count records."""
        for name in self._counting.intersection(names):
            task = self._task(name)
            done = int(self._progress.tasks[task].completed)
            self._progress.update(task, total=done, completed=done)

    def tell(self, sentence: str) -> None:
        """Print a sentence above the bars."""
        self._progress.console.print(sentence, markup=False, highlight=False)

    def _task(self, name: str) -> TaskID:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=None, start=False)
        return self._tasks[name]


def follow(*, quiet: bool, bars: bool = True) -> StageClock:
    """Return a clock for a run on a terminal: with bars where somebody watches, silent where ``quiet``."""
    if bars and not quiet and sys.stderr.isatty():
        return ProgressBars()
    return StageClock(quiet=quiet)
