"""Everything that a job may ask for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from textcx.domain.errors import StoreProblem
from textcx.domain.service.interruptions import ProcessEnds
from textcx.store.spool import Spool
from textcx.store.sql.analyses import SqlAnalysisStore
from textcx.store.sql.batches import SqlBatches
from textcx.store.sql.datasets import SqlDatasets
from textcx.store.sql.erasure import SqlErasure
from textcx.store.sql.jobs import SqlJobs
from textcx.store.sql.theme_sets import SqlThemeSets
from textcx.store.sql.triage import SqlTriage
from textcx.store.sql.webhooks import SqlWebhooks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textcx.settings.analysis import Settings
    from textcx.store.sql.database import Database
    from textcx.wiring.job_tools import JobTools
    from textcx.wiring.theme_sets import DirectoryThemeSets

T = TypeVar("T")


class JobContext:
    """Everything that a job may ask for: the stores, the spool, and the engines, built when the first job needs them.

    The ``database`` stays the caller's to close. ``named_sets`` are the theme sets that data sets may name. Once
    ``stopping`` is set, jobs stop at their next step and go on in the next process. ``patience``: seconds for which a
    job tries again while the database cannot be reached.
    """

    def __init__(
        self,
        *,
        database: Database,
        settings: Settings,
        spool: Path,
        tools: Callable[[], JobTools],
        named_sets: DirectoryThemeSets | None = None,
        patience: float = 120.0,
    ) -> None:
        self.database = database
        self.settings = settings
        self.spool = Spool(spool)
        self.named_sets = named_sets
        self.stopping = threading.Event()
        self.patience = patience
        self._make_tools = tools
        self._tools: JobTools | None = None
        self._lock = threading.Lock()
        self.datasets = SqlDatasets(database)
        self.jobs = SqlJobs(database)
        self.batches = SqlBatches(database)
        self.analyses = SqlAnalysisStore(database)
        self.theme_sets = SqlThemeSets(database)
        self.triage = SqlTriage(database)
        self.webhooks = SqlWebhooks(database)
        self.erasure = SqlErasure(database)

    def patiently(self, work: Callable[[], T]) -> T:
        """Do something, again and again while the database cannot be reached, for as long as the patience lasts.

        Raises:
            StoreProblem: If the database could not be reached in all that time.
            ProcessEnds: If the process is to end meanwhile.
        """
        try:
            return self.database.patiently(work, seconds=self.patience, wait=self.stopping.wait)
        except StoreProblem:
            if self.stopping.is_set():
                raise ProcessEnds from None
            raise

    @property
    def tools(self) -> JobTools:
        """The engines; the first job waits until they are loaded."""
        with self._lock:
            if self._tools is None:
                self._tools = self._make_tools()
            return self._tools
