"""Run jobs in a process of their own (``textcx worker``).

A worker may be stopped or killed at any time: on SIGTERM or SIGINT it stops at the next step, otherwise at once; its
jobs go on in another worker, or in itself when it is started again.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from textcx.domain.errors import StoreProblem
from textcx.jobs.queue.runner import Runner
from textcx.wiring.service import job_context, open_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from textcx.settings.analysis import Settings
    from textcx.settings.service import ServiceSettings

STOP_SECONDS = 20


def work(*, settings: Settings, service: ServiceSettings, tell: Callable[[str], None]) -> None:
    """Run jobs until the process is told to stop; ``tell`` gets sentences for whoever started it.

    Raises:
        StoreProblem: If the database cannot be reached, or another process took over its jobs.
    """
    database = open_database(service.database)
    runner = Runner(
        job_context(database, settings=settings, service=service), allow_private=service.allow_private_webhooks
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    runner.start()
    tell("Waiting for jobs; stop with Ctrl-C")
    try:
        while not stop.wait(0.5) and not runner.lost.is_set():
            pass
        tell("Stopping at the next step; unfinished jobs go on in another worker, or here when it starts again")
    finally:
        runner.stop(seconds=STOP_SECONDS)
        database.close()
    if runner.lost.is_set():
        msg = "the database was gone, and another process took over the jobs meanwhile; start the worker again"
        raise StoreProblem(msg)
