"""Columns that the user named, checked against the columns there are."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting, ColumnNotFound
from textcx.readers.columns.ratings import parse_rating
from textcx.readers.columns.roles import SOURCES
from textcx.readers.values.dates import given_format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.feedback import ColumnOverrides

_LISTED = 20


def named_columns(overrides: ColumnOverrides) -> list[tuple[str, str]]:
    """List the columns that the user named, ratings apart: flag and column."""
    named = [("--text-column", column) for column in overrides.text]
    single = (
        ("--id-column", overrides.id),
        ("--date-column", overrides.date),
        ("--source-column", overrides.source_column),
        ("--respondent-column", overrides.respondent),
        ("--touchpoint-column", overrides.touchpoint),
        ("--value-column", overrides.customer_value),
    )
    named += [(flag, column) for flag, column in single if column is not None]
    return named + [("--attribute", column) for column in overrides.attributes]


def check_overrides(columns: Sequence[str], *, overrides: ColumnOverrides, name: str) -> None:
    """Check that every column that the user named is there and everything else is well-formed.

    Raises:
        ColumnNotFound: If a named column is not in the input; the error names the nearest one and the flag.
        BadSetting: If a rating, date format or source is malformed.
    """
    for flag, column in (*named_columns(overrides), *(("--text-column", column) for column in overrides.questions)):
        if column not in columns:
            raise ColumnNotFound(_not_found(columns, column, name=name, how=f"{flag} {{0}}"))
    ratings = [parse_rating(flag) for flag in overrides.ratings]
    for rating in ratings:
        if rating.column not in columns:
            how = f"--rating '{rating.name}={{0}}:{rating.low:g}-{rating.high:g}'"
            raise ColumnNotFound(_not_found(columns, rating.column, name=name, how=how))
    names = [rating.name for rating in ratings]
    if len(set(names)) < len(names):
        msg = f"--rating was given twice for the same name; it came for {', '.join(names)}"
        raise BadSetting(msg)
    if overrides.date_format is not None:
        given_format(overrides.date_format)
    if overrides.source is not None and overrides.source not in SOURCES:
        msg = f"--source {overrides.source!r} is unknown; expected one of {', '.join(SOURCES)}"
        raise BadSetting(msg)


def _not_found(columns: Sequence[str], column: str, *, name: str, how: str) -> str:
    listed = ", ".join(repr(each) for each in columns[:_LISTED])
    more = f" and {len(columns) - _LISTED} more" if len(columns) > _LISTED else ""
    by_case = {each.casefold().strip(): each for each in reversed(columns)}
    near = difflib.get_close_matches(column.casefold().strip(), list(by_case), n=1, cutoff=0.6)
    message = f"{name} has no column {column!r}; it has {listed}{more}."
    if near:
        nearest = by_case[near[0]]
        shown = f'"{nearest}"' if " " in nearest and "'" not in how else nearest
        message += f" Did you mean {nearest!r}? Map it with {how.format(shown)}."
    return message
