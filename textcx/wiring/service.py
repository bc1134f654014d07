"""Build what the service keeps things in: the database, its keys, and the stores and engines of jobs."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from textcx.store.sql.database import Database
from textcx.store.sql.keys import SqlKeys
from textcx.store.sql.migrations import check, upgrade
from textcx.wiring.container import Container
from textcx.wiring.job_context import JobContext
from textcx.wiring.job_tools import job_tools
from textcx.wiring.theme_sets import DirectoryThemeSets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textcx.settings.analysis import Settings
    from textcx.settings.service import ServiceSettings
    from textcx.wiring.job_tools import JobTools


def open_database(url: str) -> Database:
    """Open the database of the service; an SQLite file gets its tables here, PostgreSQL must have them already.

    Raises:
        BadSetting: If the URL is none of a database that is known.
        StoreProblem: If the database cannot be reached or its tables are of another version.
    """
    database = Database(url)
    try:
        (upgrade if database.is_sqlite else check)(database)
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def open_keys(url: str) -> Iterator[SqlKeys]:
    """Open the database for its keys, and close it again; raises as ``open_database``."""
    with closing(open_database(url)) as database:
        yield SqlKeys(database)


def job_context(
    database: Database,
    *,
    settings: Settings,
    service: ServiceSettings,
    tools: Callable[[], JobTools] | None = None,
) -> JobContext:
    """Put together what jobs work with; ``StoreProblem`` if the spool cannot be made.

    ``tools`` builds the engines at the first job; by default from ``settings``, apart from all others of the process.
    """
    return JobContext(
        database=database,
        settings=settings,
        spool=service.spool,
        tools=tools or (lambda: job_tools(Container(settings))),
        named_sets=DirectoryThemeSets(service.theme_sets),
    )
