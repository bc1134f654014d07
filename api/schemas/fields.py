"""Kinds of parameters that several routes take: names, moments, ids, pages. What does not fit is refused by name only.

A NUL is refused wherever text goes into a query, since PostgreSQL cannot be asked about one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from textcx.domain.errors import WrongUse
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


def _expect(expected: str, fits: Callable[[str], object]) -> AfterValidator:
    def check(value: str) -> str:
        if not fits(value):
            msg = f"expected {expected}"
            raise ValueError(msg)
        return value

    return AfterValidator(check)


def _at_most(longest: int) -> AfterValidator:
    return _expect(f"1 to {longest} characters", lambda value: 1 <= len(value) <= longest)


def _text(**keywords: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **keywords})


_PLAIN = _expect("text without control characters", lambda value: not _UNWANTED.search(value))
_PLAIN_PATTERN = r"^[^\u0000-\u001f\u007f]*$"
DatasetName = Annotated[str, AfterValidator(_dataset), _text(pattern=f"^{NAME.pattern}$")]
Words = Annotated[
    str, _at_most(LONGEST_NAME * 2), _PLAIN, _text(minLength=1, maxLength=LONGEST_NAME * 2, pattern=_PLAIN_PATTERN)
]
"""A short text that people write: a source, a stage, a person."""
RatingFlag = Annotated[
    Words,
    _text(
        maxLength=LONGEST_NAME * 2,
        pattern=r"^[^=\u0000-\u001f\u007f]+=[^\u0000-\u001f\u007f]+:-?\d+(\.\d+)?--?\d+(\.\d+)?(:reversed)?$",
    ),
]
"""How a rating is declared: ``NAME=COLUMN:LOW-HIGH``; the reader of ratings has the last word."""
AnyId = Annotated[str, _at_most(LONGEST_ID), _PLAIN, _text(minLength=1, maxLength=LONGEST_ID, pattern=_PLAIN_PATTERN)]
"""An id as it was given out."""
Moment = Annotated[datetime, PlainValidator(_moment), _text(format="date-time")]
Attribute = Annotated[
    str, _expect("NAME=VALUE, such as plan=pro", _ATTRIBUTE.fullmatch), _text(pattern=r'^[^="\\]+=.*$')
]
OnceKey = Annotated[
    str,
    _expect("1 to 255 printable ASCII characters without spaces", _KEY.fullmatch),
    _text(pattern="^[!-~]{1,255}$"),
]
"""What an ``Idempotency-Key`` may be."""
Cursor = Annotated[str | None, Query(max_length=LONGEST_CURSOR)]
"""The ``next_cursor`` of the page before."""
