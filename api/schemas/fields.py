"""Kinds of parameters that several routes take: names, moments, ids, pages. What does not fit is refused by name only.

A NUL is refused wherever text goes into a query, since PostgreSQL cannot be asked about one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from textcx.domain.errors import WrongUse
from textcx.store.sql.cursors import MOST_ROWS
from textcx.store.sql.datasets import NAME, check_name

LONGEST_NAME = 100
LONGEST_ID = 1000
LONGEST_CURSOR = 4000
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_UNWANTED = re.compile("[\0-\x1f\x7f\ud800-\udfff]")
_KEY = re.compile(r"[!-~]{1,255}")
_ATTRIBUTE = re.compile(r"([^=\0\"\\]{1,200})=([^\0]{0,500})")


def _dataset(value: str) -> str:
    try:
        return check_name(value)
    except WrongUse as error:
        raise ValueError(str(error)) from None


def _plain(value: str) -> str:
    if _UNWANTED.search(value):
        msg = "expected text without control characters"
        raise ValueError(msg)
    return value


def _moment(value: object) -> datetime:
    """Take a day or a moment in ISO 8601; without a time zone it is UTC."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        moment = None if found is None else found.replace(tzinfo=found.tzinfo or UTC)
        if moment is not None and EARLIEST <= moment <= LATEST:
            return moment.astimezone(UTC)
    except ValueError:
        pass
    msg = "expected a day or moment in ISO 8601 between 1900 and 2200, such as 2026-03-31 or 2026-03-31T12:00:00Z"
    raise ValueError(msg)


def _attribute(value: str) -> str:
    if not _ATTRIBUTE.fullmatch(value):
        msg = "expected NAME=VALUE, such as plan=pro"
        raise ValueError(msg)
    return value


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        msg = "expected 1 to 255 printable ASCII characters without spaces"
        raise ValueError(msg)
    return value


def named(pairs: list[str]) -> dict[str, str]:
    """Return attributes by name, of ``NAME=VALUE`` each."""
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def _text(longest: int, *, shortest: int = 0) -> dict[str, Any]:
    plain = r"^[^\u0000-\u001f\u007f]*$"
    return {"type": "string", "minLength": shortest, "maxLength": longest, "pattern": plain}


def _at_most(longest: int) -> AfterValidator:
    def check(value: str) -> str:
        if not 1 <= len(value) <= longest:
            msg = f"expected 1 to {longest} characters"
            raise ValueError(msg)
        return value

    return AfterValidator(check)


DatasetName = Annotated[
    str, AfterValidator(_dataset), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})
]
Words = Annotated[str, _at_most(LONGEST_NAME * 2), AfterValidator(_plain), WithJsonSchema(_text(200, shortest=1))]
"""A short text that people write: a source, a stage, a person."""
RatingFlag = Annotated[
    Words,
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 200,
            "pattern": r"^[^=\u0000-\u001f\u007f]+=[^\u0000-\u001f\u007f]+:-?\d+(\.\d+)?--?\d+(\.\d+)?(:reversed)?$",
        }
    ),
]
"""How a rating is declared: ``NAME=COLUMN:LOW-HIGH``; the reader of ratings has the last word."""
AnyId = Annotated[str, _at_most(LONGEST_ID), AfterValidator(_plain), WithJsonSchema(_text(LONGEST_ID, shortest=1))]
"""An id as it was given out."""
Moment = Annotated[datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Attribute = Annotated[str, AfterValidator(_attribute), WithJsonSchema({"type": "string", "pattern": r'^[^="\\]+=.*$'})]
OnceKey = Annotated[str, AfterValidator(_key), WithJsonSchema({"type": "string", "pattern": "^[!-~]{1,255}$"})]
"""What an ``Idempotency-Key`` may be."""
MOST = MOST_ROWS
"""Rows of a page."""
