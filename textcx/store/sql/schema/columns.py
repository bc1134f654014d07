"""Column types that mean the same in SQLite and PostgreSQL, and what text may hold.

Times are UTC with their time zone, whatever the database keeps. A NUL cannot be kept by PostgreSQL and a lone surrogate
by neither, so ``storable`` replaces each by U+FFFD: one character by one, so that no offset moves.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


class Utc(sa.TypeDecorator[datetime]):
    """A moment: takes a datetime with a time zone, gives one in UTC. SQLite keeps it in UTC without its time zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring a moment to UTC."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment its time zone."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
"""Plain values. A null stays a null."""
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A whole number; SQLite counts up by itself only for INTEGER."""


def storable(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """Return a plain value whose texts both databases can keep, of the same lengths."""
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else _NOT_STORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(key): storable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(each) for each in value]
    return value
