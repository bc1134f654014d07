"""Open what jobs work with, and run jobs in a process of their own (``textcx worker``).

A worker may be stopped or killed at any time: on SIGTERM or SIGINT it stops at the next step, otherwise at once; its
jobs go on in another worker, or in itself when it is started again.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from textcx.domain.errors import StoreProblem
from textcx.jobs.context import JobContext, tools_of
from textcx.jobs.queue.runner import Runner
from textcx.store.theme_sets.named import DirectoryThemeSets
from textcx.wiring.container import Container, open_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from textcx.jobs.context import JobTools
    from textcx.settings.analysis import Settings
    from textcx.settings.service import ServiceSettings
    from textcx.store.sql.database import Database

STOP_SECONDS = 20


def open_context(
    database: Database,
    *,
    settings: Settings,
    service: ServiceSettings,
    tools: Callable[[], JobTools] | None = None,
) -> JobContext:
    """Put together what jobs work with.

    Args:
        database: Where all is kept; stays the caller's to close.
        settings: How the analysis is done.
        service: Where the spool and the named theme sets are.
        tools: Builds the engines at the first job; by default from ``settings``, apart from all other engines of the
            process.

    Returns:
        The bench.

    Raises:
        StoreProblem: If the spool cannot be made.
    """
    return JobContext(
        database=database, settings=settings, spool=service.spool,
        tools=tools or (lambda: tools_of(Container(settings))), named_sets=DirectoryThemeSets(service.theme_sets),
    )  # fmt: skip


def work(*, settings: Settings, service: ServiceSettings, tell: Callable[[str], None]) -> None:
    """Run jobs until the process is told to stop.

    Args:
        settings: How the analysis is done.
        service: Where the database and the spool are.
        tell: Called with sentences for whoever started it.

    Raises:
        StoreProblem: If the database cannot be reached, or another process took this one's place.
    """
    database = open_database(service.database)
    context = open_context(database, settings=settings, service=service)
    runner = Runner(context, allow_private=service.allow_private_webhooks)
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    runner.start()
    tell("Waiting for jobs; stop with Ctrl-C")
    try:
        while not told.wait(0.5) and not runner.lost.is_set():
            pass
        tell("Stopping at the next step; unfinished jobs go on in another worker, or here when it starts again")
    finally:
        runner.stop(seconds=STOP_SECONDS)
        database.close()
    if runner.lost.is_set():
        msg = "the database was gone, and another process took this one's place meanwhile; start the worker again"
        raise StoreProblem(msg)
