"""Pages by keyset: where the last page ended, as an opaque cursor that only its own query takes.

A cursor holds the values by which the last row was ordered and a fingerprint of the query: its name, filters and order.
A cursor from another query, or one that was tampered with, is refused. Rows that come or go between two pages never
make another row appear twice or be passed over.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from textcx.domain.errors import BadCursor, WrongUse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

MOST_ROWS = 1000
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Order:
    """A column that rows are ordered by; it must never be null, and the last one of an order must be unique."""

    column: sa.ColumnElement[Any]
    descending: bool = False


def page_of(
    connection: Connection,
    query: sa.Select[Any],
    *,
    order: Sequence[Order],
    limit: int,
    cursor: str | None,
    bound: Sequence[Any],
) -> tuple[list[sa.RowMapping], str | None]:
    """Return one page of a query: its rows, and the cursor for the next page, null where there is none.

    Args:
        connection: An open connection.
        query: Without order and limit.
        order: What orders its rows.
        limit: Rows at most, 1 to ``MOST_ROWS``.
        cursor: From the page before; null for the first.
        bound: What the query is, as plain values: its name and every filter.

    Raises:
        BadCursor: If the cursor is not from this query.
        WrongUse: If the limit is out of range.
    """
    if not 1 <= limit <= MOST_ROWS:
        msg = f"a page has 1 to {MOST_ROWS} rows, not {limit}"
        raise WrongUse(msg)
    fingerprint = _fingerprint(bound, order)
    if cursor is not None:
        values = _values_of(cursor, fingerprint)
        if values is None or len(values) != len(order):
            msg = "the cursor is not from this query; a cursor goes with the same filters that its page had"
            raise BadCursor(msg)
        query = query.where(_after(order, values))
    keys = [each.column.label(f"_key_{number}") for number, each in enumerate(order)]
    ordered = query.add_columns(*keys).order_by(
        *(each.column.desc() if each.descending else each.column.asc() for each in order)
    )
    rows = list(connection.execute(ordered.limit(limit + 1)).mappings())
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    return rows, _seal([rows[-1][key.name] for key in keys], fingerprint)


def _fingerprint(bound: Sequence[Any], order: Sequence[Order]) -> str:
    query = json.dumps([list(bound), [(str(each.column), each.descending) for each in order]], default=str)
    return hashlib.sha256(query.encode()).hexdigest()[:24]


def _seal(values: Sequence[Any], fingerprint: str) -> str:
    kept = [{"t": value.astimezone(UTC).isoformat()} if isinstance(value, datetime) else value for value in values]
    inside = json.dumps({"k": kept, "q": fingerprint}, separators=(",", ":"))
    check = hashlib.sha256(inside.encode()).hexdigest()[:8]
    return base64.urlsafe_b64encode(f"{check}{inside}".encode()).decode().rstrip("=")


def _values_of(cursor: str, fingerprint: str) -> list[Any] | None:
    """Return the values of a cursor; null where it is none, or one of another query."""
    if len(cursor) > _LONGEST:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        plain = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        check, inside = plain[:8], plain[8:]
        if hashlib.sha256(inside.encode()).hexdigest()[:8] != check:
            return None
        content = json.loads(inside)
        if content["q"] != fingerprint:
            return None
        return [datetime.fromisoformat(value["t"]) if isinstance(value, dict) else value for value in content["k"]]
    except (ValueError, KeyError, TypeError):
        return None


def _after(order: Sequence[Order], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Build ``(a, b) > (x, y)`` for mixed directions: a > x or (a = x and b > y)."""
    either: list[sa.ColumnElement[bool]] = []
    for number, each in enumerate(order):
        equal = [before.column == value for before, value in zip(order[:number], values, strict=False)]
        further = each.column < values[number] if each.descending else each.column > values[number]
        either.append(sa.and_(*equal, further))
    return sa.or_(*either)
