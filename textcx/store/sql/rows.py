"""Small queries that all stores make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from textcx.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import sqlalchemy as sa
    from sqlalchemy.engine import Connection

T = TypeVar("T")
AT_ONCE = 500
"""Values in one ``IN (...)``; SQLite takes 32,766 in all."""


def one_row(connection: Connection, query: sa.Select[Any], *, missing: str) -> sa.RowMapping:
    """Return the first row of a query.

    Raises:
        NotFound: Saying ``missing``, if there is none.
    """
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(missing)
    return row


def chunks(values: Sequence[T]) -> Iterable[Sequence[T]]:
    """Cut values into as many as one ``IN (...)`` may hold."""
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))
