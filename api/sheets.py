"""Answers as CSV, for people who open them in a spreadsheet.

Invariants, tested: no cell is ever taken for a formula, whatever a customer wrote; every page has the same columns; the
whole answer is sent, page by page, never held at once.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from textcx.reports.sheets import csv_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MEDIA_TYPE = "text/csv; charset=utf-8"
MARK = "\ufeff"
"""Tells Excel that a file is UTF-8."""


def header(columns: Sequence[str]) -> str:
    """Return the first line of a sheet, after the mark that Excel asks for."""
    return MARK + _csv([columns])


def lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return rows as lines of CSV, all texts quoted."""
    return _csv([csv_cell(row.get(name)) for name in columns] for row in rows)


def _csv(rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return out.getvalue()
