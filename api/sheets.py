"""Answers as CSV, for people who open them in a spreadsheet.

Invariants, tested: no cell is ever taken for a formula, whatever a customer wrote; every page has the same columns; the
whole answer is sent, page by page, never held at once.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textcx.reports.sheets import csv_cell

MARK = "\ufeff"
"""Tells Excel that a file is UTF-8."""
CSV_CONTENT: dict[str, Any] = {"content": {"text/csv": {"schema": {"type": "string"}}}}
"""How the OpenAPI document describes a sheet."""


def header(columns: Sequence[str]) -> str:
    """Return the first line of a sheet, after the mark that Excel asks for."""
    return MARK + _csv([columns])


def lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return rows as lines of CSV, all texts quoted."""
    return _csv([csv_cell(row.get(name)) for name in columns] for row in rows)


def sheet_headers(name: str) -> dict[str, str]:
    """Return the headers of a sheet that is saved under a name."""
    return {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}.csv"',
    }


def _csv(rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return out.getvalue()
