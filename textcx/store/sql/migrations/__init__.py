"""How the tables came to be, step by step; run by Alembic from the installed package.

A step is never changed once it was released. ``upgrade`` may be run at any time and by several processes at once: on
PostgreSQL an advisory lock, on SQLite the write lock lets one of them work and the others find nothing to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from textcx.domain.errors import LaterDatabase, StoreProblem

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from textcx.store.sql.database import Database

HEAD = "0005"
"""The step that this version of textcx works with."""
_LOCK = 8_317_254_401


def upgrade(database: Database, *, to: str = HEAD) -> str:
    """Bring the schema up to a step, not below the one it stands at; returns that one, ``""`` for an empty database.

    Raises:
        StoreProblem: If the database cannot be reached.
        LaterDatabase: If it was made by a later version of textcx.
    """
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        before = _step(connection)
        _refuse_later(before)
        if before != to:
            command.upgrade(_config(connection), to)
    return before


def check(database: Database) -> None:
    """Raise ``StoreProblem`` unless the schema is what this version works with."""
    with database.read() as connection:
        step = _step(connection)
    _refuse_later(step)
    if step != HEAD:
        stands = f"stands at step {step}" if step else "has no tables of textcx yet"
        msg = f"the database {stands}, this version of textcx needs {HEAD}; run 'textcx db upgrade'"
        raise StoreProblem(msg)


def _step(connection: Connection) -> str:
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or ""


def _refuse_later(step: str) -> None:
    known = {path.name.partition("_")[0] for path in (Path(__file__).parent / "versions").glob("[0-9]*.py")}
    if step and step not in known:
        msg = (
            f"the database stands at step {step}, this version of textcx knows steps up to {HEAD}; "
            "install the version of textcx that made it, or a later one"
        )
        raise LaterDatabase(msg)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
