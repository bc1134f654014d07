"""Answers as CSV, for people who open them in a spreadsheet.

Invariants, tested: no cell is ever taken for a formula, whatever a customer wrote; every page has the same columns; the
whole answer is sent, page by page, never held at once.
"""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from textcx.reports.sheets import dangerous

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MEDIA_TYPE = "text/csv; charset=utf-8"
MARK = "\ufeff"
"""Tells Excel that a file is UTF-8."""


def header(columns: Sequence[str]) -> str:
    """Return the first line of a sheet, after the mark that Excel asks for."""
    return MARK + _written([columns])


def lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return rows as lines of CSV, all texts quoted."""
    return _written([[cell(row.get(name)) for name in columns] for row in rows])


def cell(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """Return a value as a cell: numbers stay numbers, lists and objects become text, no text is a formula."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = _told(value)
    return f"'{text}" if dangerous(text) else text


def _told(value: Any) -> str:  # noqa: ANN401 - any plain value
    """Write a value for people."""
    if isinstance(value, dict):
        if "quote" in value:
            return f"“{value['quote']}” ({value.get('record_id')}:{value.get('start')}-{value.get('end')})"
        return ", ".join(f"{name} {_told(each)}" for name, each in value.items() if each is not None)
    if isinstance(value, (list, tuple)):
        joint = "\n" if value and isinstance(value[0], dict) and "quote" in value[0] else "; "
        return joint.join(_told(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _written(rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return out.getvalue()
