"""Open the database of the service from its URL.

SQLite is opened in WAL mode with foreign keys, a busy timeout and overwriting of what is deleted; its transactions take
the write lock at their start, so that two writers wait for each other and never fail half-way. PostgreSQL is reached by
psycopg. Errors of the database never show the values of a statement.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc

from textcx.domain.errors import BadSetting, DiskFull, StoreProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

T = TypeVar("T")
BUSY_SECONDS = 30
CONNECT_SECONDS = 5
POOL = 10
"""Connections kept to PostgreSQL; as many more may be opened."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
_NO_SPACE = "53100"
"""What PostgreSQL calls a full disk."""
_BROKEN_FILE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_GONE = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
_WRITES = "textcx_writes"
_PLACE = re.compile(r"^[a-z0-9+]+://")


class Database:
    """A database and the ways to talk to it. Cheap to share between threads; close it at the end.

    All that talks to it raises ``StoreProblem`` where it cannot be reached, ``DiskFull`` where it has no room left.
    """

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """Open a database; nothing is sent to it yet.

        Args:
            url: ``sqlite:///file`` or ``postgresql+psycopg://...`` (``postgresql://`` is read so, too).
            busy_seconds: How long to wait for an SQLite file that another process is writing to.

        Raises:
            BadSetting: If the URL is none of these.
            StoreProblem: If the directory of an SQLite file cannot be made.
        """
        self.engine = _engine(url, busy_seconds=busy_seconds)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; null otherwise."""
        name = self.engine.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection for reading."""
        with self.explained(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction; it is committed at the end, or nothing of it happened."""
        with (
            self.explained(),
            self.engine.connect().execution_options(**{_WRITES: True}) as connection,
            connection.begin(),
        ):
            yield connection

    def rows(self, query: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        """Return the rows of a query."""
        with self.read() as connection:
            return connection.execute(query).mappings().all()

    def scalars(self, query: sa.Select[T]) -> Sequence[T]:
        """Return the first column of a query."""
        with self.read() as connection:
            return connection.execute(query).scalars().all()

    def change(self, statement: sa.Update | sa.Delete) -> int:
        """Change rows in a transaction of its own; returns how many."""
        with self.write() as connection:
            return connection.execute(statement).rowcount

    def patiently(self, work: Callable[[], T], *, seconds: float, wait: Callable[[float], object] = time.sleep) -> T:
        """Do something with the database, again and again while it cannot be reached, with growing pauses.

        Args:
            work: What is to be done; must be safe to do twice.
            seconds: How long to wait between tries in all, 0 or more; how long the work itself takes does not count.
            wait: Waits so many seconds; if it says true, there is no further try.
        """
        pause, waited = FIRST_PAUSE, 0.0
        while True:
            try:
                return work()
            except StoreProblem:
                if waited + pause > seconds or wait(pause):
                    raise
                waited += pause
                pause = min(2 * pause, LONGEST_PAUSE)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the errors of an unreachable database into one for its reader."""
        try:
            yield
        except (exc.DBAPIError, exc.TimeoutError) as error:
            if not isinstance(error, _GONE) and not error.connection_invalidated and not _damaged(error):
                raise
            raise _explained(self, error) from error


def _explained(database: Database, error: Exception) -> StoreProblem:
    orig = getattr(error, "orig", None) or error
    cause = next(iter(str(orig).splitlines()), type(orig).__name__)[:200]
    if getattr(orig, "sqlstate", None) == _NO_SPACE or "disk is full" in cause or "No space left" in cause:
        return DiskFull(f"the disk of the database is full ({cause}); free some space, then try again")
    if "no such table" in cause or ("relation" in cause and "does not exist" in cause):
        return StoreProblem(f"the database has no tables of textcx yet ({cause}); run 'textcx db upgrade'")
    where, what = str(database.file), "cannot be opened or written"
    if _damaged(error):
        what, hint = "is damaged", "restore it from a backup"
    elif "is locked" in cause:
        what, hint = "is in use by another process", "try again when it is free"
    elif database.file is not None:
        hint = "see whether this user may write there and no other process holds it, or choose another --database-url"
    else:
        where = database.engine.url.render_as_string(hide_password=True)
        what, hint = "cannot be reached or does not answer", "start it, or check --database-url"
    return StoreProblem(f"the database {where} {what} ({cause}); {hint}")


def _damaged(error: Exception) -> bool:
    return getattr(getattr(error, "orig", None), "sqlite_errorname", "").startswith(_BROKEN_FILE)


def _engine(url: str, *, busy_seconds: float) -> Engine:
    if url.startswith(("postgresql://", "postgres://")):
        url = _PLACE.sub("postgresql+psycopg://", url)
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        msg = "the database URL cannot be read; expected sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        raise BadSetting(msg) from None
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        return _sqlite(parsed, busy_seconds=busy_seconds)
    if parsed.drivername == "postgresql+psycopg":
        options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "keepalives_idle": 10, "keepalives_count": 3}
        return sa.create_engine(
            parsed,
            pool_size=POOL,
            max_overflow=POOL,
            pool_timeout=CONNECT_SECONDS,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args=options,
        )
    msg = f"{parsed.drivername!r} is no database of textcx; expected sqlite:///FILE or postgresql+psycopg://..."
    raise BadSetting(msg)


def _sqlite(url: sa.URL, *, busy_seconds: float) -> Engine:
    if not url.database or url.database == ":memory:":
        msg = "an SQLite database needs a file that several threads can share: sqlite:///FILE"
        raise BadSetting(msg)
    directory = Path(url.database).absolute().parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = (
            f"the directory {directory} of the database cannot be made ({error.strerror}); "
            "choose another --database-url, or make it yourself"
        )
        raise StoreProblem(msg) from error
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": busy_seconds})

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _: object) -> None:
        connection.isolation_level = None  # transactions begin where the code says so
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
