"""The stores behind the routes, and the jobs that run in this process.

Routes never block the event loop: ``ask`` does their work with the stores in a thread, and says what the stores refuse
as a problem. Uploads have threads of their own, so that slow senders hold up nobody else.

Nothing is opened before it is needed. The runner of jobs starts beside the app and tries again while the database
cannot be reached, so that a service without its database is unready and not dead.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import nan

from textcx.domain.errors import StoreProblem, TextcxError
from textcx.jobs.queue.runner import Runner
from textcx.settings.analysis import Settings
from textcx.settings.service import ServiceSettings
from textcx.steps.themes.editing.forget import only_records
from textcx.store.sql.database import Database
from textcx.store.sql.keys import SqlKeys
from textcx.store.sql.reading.findings import SqlReading
from textcx.store.sql.theme_sets import CurrentSet
from textcx.wiring.job_context import JobContext
from textcx.wiring.job_tools import JobTools
from textcx.wiring.service import job_context, open_database

from .http.errors import Code, Problem
from .http.logs import log, where

MOST_UPLOADS = 16
"""Uploads that are received at a time; more get 429."""
AGAIN_SECONDS = 2.0
STOP_SECONDS = 10


class Stores:
    """Opened at first use. All methods but ``begin``, ``drain`` and ``wake`` may block."""

    def __init__(
        self, *, settings: Settings, service: ServiceSettings, tools: Callable[[], JobTools] | None = None
    ) -> None:
        """Remember what to open; by default jobs have engines of their own, of the settings of the analysis."""
        self._settings, self._service, self._tools = settings, service, tools
        self._lock = threading.RLock()
        self._database: Database | None = None
        self._context: JobContext | None = None
        self._runner: Runner | None = None
        self._draining = False
        self._stopping = threading.Event()
        self._starting: threading.Thread | None = None
        self.uploads = ThreadPoolExecutor(MOST_UPLOADS, "textcx-upload")
        self.uploading = 0

    @property
    def database(self) -> Database:
        """The database, with its tables; raises ``StoreProblem`` if it cannot be reached or is of another version."""
        with self._lock:
            if self._database is None:
                self._database = open_database(self._service.database)
            return self._database

    @property
    def context(self) -> JobContext:
        """What jobs work with; raises as ``database``."""
        with self._lock:
            if self._context is None:
                self._context = job_context(
                    self.database, settings=self._settings, service=self._service, tools=self._tools
                )
            return self._context

    @property
    def reading(self) -> SqlReading:
        """Answers about data sets."""
        return SqlReading(self.context.database, min_group=self._settings.min_group)

    @property
    def stopping(self) -> bool:
        """Whether the app is going down, or was told to."""
        return self._draining or self._stopping.is_set()

    def drain(self) -> None:
        """Take note that the process was told to stop; jobs run on until ``end``."""
        self._draining = True

    def named_theme_set(self, name: str | None, *, encoder_id: str | None) -> CurrentSet | None:
        """Return a theme set of the directory for a data set, without the segments it was learned from.

        Raises ``Problem`` if there is none of that name, or it cannot be used with the encoder.
        """
        if name is None:
            return None
        sets = self.context.named_sets
        if sets is None or name not in sets.names():
            raise Problem(Code.THEME_SET_UNKNOWN, "There is no theme set of that name.")
        try:
            found = sets.get(name, encoder_id=encoder_id)
        except TextcxError as error:
            log("a theme set cannot be used", level=logging.ERROR, error=type(error).__name__, message=str(error))
            detail = "The theme set is damaged, or was made with another encoder; the log says more."
            raise Problem(Code.CONFLICT, detail) from None
        return CurrentSet(theme_set=only_records(found, ()), name=name, learned_from=None)

    def begin(self) -> None:
        """Start to run jobs, unless they run elsewhere."""
        if self._service.run_jobs:
            self._starting = threading.Thread(target=self._start, name="textcx-start-jobs", daemon=True)
            self._starting.start()

    def end(self) -> None:
        """Stop at the next step of each job; what is unfinished goes on in the next process."""
        self._stopping.set()
        if self._starting is not None:
            self._starting.join(timeout=STOP_SECONDS)
        if self._runner is not None:
            self._runner.stop(seconds=STOP_SECONDS)
        self.uploads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            if self._database is not None:
                self._database.close()

    def wake(self) -> None:
        """Look for new jobs now rather than in a moment."""
        if self._runner is not None:
            self._runner.wake()

    def check_database(self) -> None:
        """Raise ``StoreProblem`` where the database does not answer."""
        SqlKeys(self.database).find("")

    def check_jobs(self) -> None:
        """Raise ``StoreProblem`` where another process took over the jobs that should run here."""
        if self._runner is not None and self._runner.lost.is_set():
            msg = "the database was gone, and another process took over the jobs meanwhile; start the service again"
            raise StoreProblem(msg)

    def waiting(self) -> float:
        """Return how many jobs wait or run; NaN while the database cannot be reached."""
        try:
            return self.context.jobs.waiting()
        except StoreProblem:
            return nan

    def _start(self) -> None:
        while not self._stopping.is_set():
            runner: Runner | None = None
            try:
                runner = Runner(self.context, allow_private=self._service.allow_private_webhooks)
                runner.start()
            except Exception as error:  # noqa: BLE001 - the outermost edge of a thread that must go on
                if runner is not None:  # what it has already taken is given back
                    runner.stop(seconds=1)
                    self.context.stopping.clear()
                message = str(error) if isinstance(error, TextcxError) else where(error)
                log("jobs cannot run yet", level=logging.ERROR, error=type(error).__name__, message=message)
                self._stopping.wait(AGAIN_SECONDS)
            else:
                self._runner = runner
                log("jobs run")
                return
