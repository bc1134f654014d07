"""What all stores share: the database they are in, and how rows become values of the domain."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from textcx.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import sqlalchemy as sa
    from _typeshed import DataclassInstance
    from sqlalchemy.engine import Connection

    from textcx.store.sql.database import Database

T = TypeVar("T")
D = TypeVar("D", bound="DataclassInstance")
AT_ONCE = 500
"""Values in one ``IN (...)``; SQLite takes 32,766 in all."""


class SqlStore:
    """Some of what an installation keeps in its database."""

    def __init__(self, database: Database) -> None:
        self._database = database


def one_row(connection: Connection, query: sa.Select[Any], *, missing: str) -> sa.RowMapping:
    """Return the first row of a query.

    Raises:
        NotFound: Saying ``missing``, if there is none.
    """
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(missing)
    return row


def made(kind: type[D], row: sa.RowMapping, /, **changed: object) -> D:
    """Make a dataclass from the columns of its fields' names, some of them changed."""
    values = {**row, **changed}
    return kind(**{each.name: values[each.name] for each in fields(kind)})


def chunks(values: Sequence[T]) -> Iterable[Sequence[T]]:
    """Cut values into as many as one ``IN (...)`` may hold."""
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))
