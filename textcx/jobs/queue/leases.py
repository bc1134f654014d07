"""Leases of workers: a process holds one while it lives, and no clock decides whether it is dead.

A lease is a numbered lock that the system takes away from a dead process: on PostgreSQL an advisory lock of a session,
on SQLite a lock on a file beside the database. Whoever can take the lock of another worker knows that it is dead.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from textcx.domain.errors import StoreProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import TextIOWrapper
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from textcx.store.sql.database import Database

MOST = 256
"""Processes that can work for one database."""
_LOCKS = 831_725
"""First number of the advisory locks; the second is the worker's."""


class FileLocks:
    """Locks by number on files of one directory, held by this process."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._files: dict[int, TextIOWrapper] = {}

    def take(self, number: int) -> bool:
        """Take a lock; false where another process has it."""
        file = (self._directory / f"{number}.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._files[number] = file
        return True

    def release(self, number: int) -> None:
        """Let a lock go."""
        self._files.pop(number).close()

    def held(self, number: int) -> bool:
        """Say whether a lock that was taken is still held; a lock on a file is never lost."""
        return number in self._files

    def close(self) -> None:
        """Let all go."""
        for number in list(self._files):
            self.release(number)


class SessionLocks:
    """The same as advisory locks of one PostgreSQL session, which must reach the server itself and no pooler."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def take(self, number: int) -> bool:
        """Take a lock; false where another process has it, ``StoreProblem`` if the database cannot be reached."""
        try:
            return bool(self._call("pg_try_advisory_lock", number))
        except DBAPIError as error:
            self.close()
            msg = "the database cannot be reached, so no lease can be taken"
            raise StoreProblem(msg) from error

    def release(self, number: int) -> None:
        """Let a lock go."""
        if self._connection is not None:
            self._call("pg_advisory_unlock", number)

    def held(self, number: int) -> bool:
        """Say whether a lock that was taken is still held, and take it again if it was lost and is free."""
        try:
            if self._connection is not None:
                self._connection.execute(sa.text("SELECT 1"))
                return True
        except DBAPIError:
            self.close()
        return self.take(number)

    def close(self) -> None:
        """Let all go."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _call(self, function: str, number: int) -> object:
        if self._connection is None:
            self._connection = self._connect()
        call = sa.text(f"SELECT {function}(:locks, :number)")
        return self._connection.execute(call, {"locks": _LOCKS, "number": number}).scalar()

    def _connect(self) -> Connection:
        with self._database.explained():
            connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # a machine that vanished is noticed within half a minute, not within hours
        for setting in ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3"):
            connection.execute(sa.text(f"SET {setting}"))
        return connection


class WorkerLease:
    """The lease of this process, by whose ``name`` it works, and a way to tell whether those of others still hold."""

    def __init__(self, database: Database) -> None:
        """Take the lowest free number; ``StoreProblem`` without a database, or if too many processes work for it."""
        file = database.file
        self._locks = SessionLocks(database) if file is None else FileLocks(file.with_name(f"{file.name}.workers"))
        number = next((number for number in range(MOST) if self._locks.take(number)), None)
        if number is None:
            self._locks.close()
            msg = f"{MOST} processes work for this database already; stop one first"
            raise StoreProblem(msg)
        self._number, self.name = number, f"worker-{number}"

    def held(self) -> bool:
        """Say whether the lease still holds; if not, somebody else may do this worker's jobs by now."""
        return self._locks.held(self._number)

    @contextmanager
    def if_dead(self, name: str) -> Iterator[bool]:
        """Say whether a worker is dead; while the block runs, no other process takes its number."""
        number = name.removeprefix("worker-")
        if name == self.name or not number.isdecimal() or not self._locks.take(int(number)):
            yield False
            return
        try:
            yield True
        finally:
            self._locks.release(int(number))

    def close(self) -> None:
        """Give the lease up."""
        self._locks.close()
