"""Build what the service keeps things in: the database, its keys, and the stores and engines of jobs."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from textcx.domain.errors import StoreProblem
from textcx.domain.service.interruptions import ProcessEnds
from textcx.store.spool import Spool
from textcx.store.sql.analyses import SqlAnalysisStore
from textcx.store.sql.batches import SqlBatches
from textcx.store.sql.database import Database
from textcx.store.sql.datasets import SqlDatasets
from textcx.store.sql.erasure import SqlErasure
from textcx.store.sql.jobs import SqlJobs
from textcx.store.sql.keys import SqlKeys
from textcx.store.sql.migrations import check, upgrade
from textcx.store.sql.theme_sets import SqlThemeSets
from textcx.store.sql.triage import SqlTriage
from textcx.store.sql.webhooks import SqlWebhooks
from textcx.store.theme_sets.named import DirectoryThemeSets
from textcx.wiring.container import Container
from textcx.wiring.job_tools import job_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textcx.settings.analysis import Settings
    from textcx.settings.service import ServiceSettings
    from textcx.wiring.job_tools import JobTools

T = TypeVar("T")


def open_database(url: str) -> Database:
    """Open the database of the service; an SQLite file gets its tables here, PostgreSQL must have them already.

    Raises:
        BadSetting: If the URL is none of a database that is known.
        StoreProblem: If the database cannot be reached or its tables are of another version.
    """
    database = Database(url)
    try:
        if database.is_sqlite:
            upgrade(database)
        else:
            check(database)
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def open_keys(url: str) -> Iterator[SqlKeys]:
    """Open the database for its keys, and close it again.

    Raises:
        BadSetting: As ``open_database``.
        StoreProblem: As ``open_database``.
    """
    database = open_database(url)
    try:
        yield SqlKeys(database)
    finally:
        database.close()


class JobContext:
    """Everything that a job may ask for: the stores, the spool, and the engines, built when the first job needs them.

    Attributes:
        database: Where all is kept; stays the caller's to close.
        settings: How the analysis is done.
        spool: Where uploads lie.
        named_sets: The theme sets that data sets may name; null for none.
        stopping: Set when the process is to end: jobs stop at their next step and go on in the next process.
        patience: Seconds for which a job tries again while the database cannot be reached.
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
            return self._tools

    @cached_property
    def _tools(self) -> JobTools:
        return self._make_tools()


def job_context(
    database: Database,
    *,
    settings: Settings,
    service: ServiceSettings,
    tools: Callable[[], JobTools] | None = None,
) -> JobContext:
    """Put together what jobs work with.

    Args:
        database: Where all is kept.
        settings: How the analysis is done.
        service: Where the spool and the named theme sets are.
        tools: Builds the engines at the first job; by default from ``settings``, apart from all other engines of the
            process.

    Raises:
        StoreProblem: If the spool cannot be made.
    """
    return JobContext(
        database=database,
        settings=settings,
        spool=service.spool,
        tools=tools or (lambda: job_tools(Container(settings))),
        named_sets=DirectoryThemeSets(service.theme_sets),
    )
