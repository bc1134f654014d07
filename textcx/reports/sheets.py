"""The tables a person would open, as CSV files or one Excel workbook.

Invariants, all tested: no cell is ever a formula or a link, whatever a customer wrote (OWASP, "CSV Injection"):
in CSV a text that begins like a formula gets an apostrophe before it, in a workbook it is stored as text and marked as
such; numbers stay numbers, negative ones too; lists and structs are written out readably; the same analysis gives the
same bytes.
"""

from __future__ import annotations

import csv
import math
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.domain.tables import SCHEMAS, empty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from textcx.domain.analysis import Analysis

    Cell = str | int | float | bool | datetime | None

FINDINGS = (
    "pain_points",
    "themes",
    "drivers",
    "ratings",
    "journey",
    "trends",
    "mix",
    "groups",
    "praise",
    "requests",
    "campaigns",
)
TABLES = (*FINDINGS, "records", "segments")
"""Tables a person would open, in the order of the sheets."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
CELL_LENGTH = 32_767
"""Characters an Excel cell can hold."""
SHEET_ROWS = 1_048_575
"""Rows an Excel sheet can hold below its header."""
MOST_SEGMENTS = 200_000
"""Segments written to a workbook; a workbook of more is slow to open. CSV has them all."""
SHAPES = {
    ("record_id", "start", "end", "quote"): "“{quote}” ({record_id}:{start}-{end})",
    ("start", "end", "kind"): "{kind} {start}-{end}",
    ("stage", "records"): "{stage} {records}",
}
"""How structs are written, by their fields."""
WIDTHS = {
    "title": 44, "statement": 52, "evidence": 80, "text": 80, "name": 34, "keywords": 40, "reasons": 30,
    "redactions": 24,
}  # fmt: skip
MOST_WIDTH, LEAST_WIDTH = 28, 9
LOOKED_AT = 200


def _as_text(value: object) -> str:
    """Write a list or struct for people: a quote with its place, redactions with theirs, words with semicolons."""
    if value is None:
        return ""
    if isinstance(value, dict):
        for keys, shape in SHAPES.items():
            if value.keys() == set(keys):
                return shape.format_map(value)
        return ", ".join(f"{key} {_as_text(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list | tuple):
        separator = "\n" if value and isinstance(value[0], dict) and "quote" in value[0] else "; "
        return separator.join(_as_text(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Flatten a table: structs become one column per field (``trend_change``), lists become text.

    Rows and their order are unchanged; columns are numbers, texts, booleans and dates only.
    """
    columns: list[pl.Series] = []
    for series in frame:
        if isinstance(series.dtype, pl.Struct):
            fields = [field.name for field in series.dtype.fields]
            parts = [series.struct.field(field).alias(f"{series.name}_{field}") for field in fields]
            columns += flat(pl.DataFrame(parts)).get_columns()
        elif isinstance(series.dtype, pl.List):
            texts = [None if item is None else _as_text(item) for item in series.to_list()]
            columns.append(pl.Series(series.name, texts, dtype=pl.String))
        else:
            columns.append(series)
    return pl.DataFrame(columns)


def _tables(analysis: Analysis) -> Iterator[tuple[str, pl.DataFrame]]:
    for name in TABLES:
        if name in analysis.tables:
            yield name, flat(analysis.tables[name])
        elif name in SCHEMAS:
            yield name, flat(empty(SCHEMAS[name]))


def _cell(value: object) -> Cell:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - spreadsheets know no time zones
    return value if value is None or isinstance(value, str | int) else _as_text(value)


def dangerous(text: str) -> bool:
    """Tell whether a spreadsheet could take a text for a formula."""
    return text.startswith(FORMULA_STARTS)


def csv_cell(value: object) -> str | int | float | bool | None:
    """Return a value as a cell of CSV: numbers stay numbers, all else is text, times are UTC, no text is a formula."""
    cell = _cell(value)
    if isinstance(cell, str):
        return f"'{cell}" if dangerous(cell) else cell
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return cell


def write_csv(analysis: Analysis, directory: Path) -> list[Path]:
    """Write one CSV file per table: UTF-8 with a byte order mark (Excel asks for it), commas, all texts quoted.

    The directory must exist; files of the same names are replaced. A table that has no part in this analysis is left
    out. Returns the files written.
    """
    written = []
    for name, frame in _tables(analysis):
        path = directory / f"{name}.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
            writer.writerow([csv_cell(column) for column in frame.columns])
            writer.writerows([csv_cell(value) for value in row] for row in frame.iter_rows())
        written.append(path)
    return written


def _width(name: str, values: Sequence[object]) -> int:
    if name in WIDTHS:
        return WIDTHS[name]
    longest = max((len(str(value)) for value in values if value is not None), default=0)
    longest = 18 if any(isinstance(value, datetime) for value in values) else longest
    return max(LEAST_WIDTH, min(MOST_WIDTH, max(longest, len(name)) + 2))


def write_xlsx(analysis: Analysis, path: Path) -> list[str]:
    """Write one workbook, replacing what is there: a sheet that says what the others hold, and a sheet per table.

    Returns sentences about what did not fit: rows beyond a sheet's end, texts beyond a cell's.
    """
    import xlsxwriter  # noqa: PLC0415 - only where a workbook is asked for

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    notes: list[str] = []
    with xlsxwriter.Workbook(str(path), options) as book:
        made = str(analysis.manifest.get("created_at") or "")
        book.set_properties({"title": "textcx analysis", "created": _moment(made)})
        formats = {
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd hh:mm", "valign": "top", "align": "left"}),
            "number": book.add_format({"num_format": "0.000", "valign": "top"}),
            "plain": book.add_format({"valign": "top"}),
            "quoted": book.add_format({"valign": "top", "quote_prefix": True}),
        }
        for name, frame in _tables(analysis):
            most = MOST_SEGMENTS if name == "segments" else SHEET_ROWS
            if frame.height > most:
                notes.append(
                    f"Sheet {name!r} holds the first {most:,} of {frame.height:,} rows; {name}.parquet has them all."
                )
            cut = _sheet(book.add_worksheet(name), frame.head(most), formats)
            if cut:
                notes.append(
                    f"Sheet {name!r} holds {cut:,} texts cut to {CELL_LENGTH:,} characters, all a cell can hold."
                )
        about = book.add_worksheet("about")
        about.set_column(0, 0, 110)
        lines = [
            "Made by textcx. One sheet per table; docs/report.md explains the columns. Times are UTC.",
            *analysis.notes,
            *notes,
        ]
        for row, line in enumerate(lines):
            about.write_string(row, 0, line[:CELL_LENGTH], formats["quoted"] if dangerous(line) else formats["plain"])
    return notes


def _moment(text: str) -> datetime:
    """The time the analysis was made, so that the workbook's own time is that of its findings."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime(2000, 1, 1)  # noqa: DTZ001 - spreadsheets know no time zones
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _sheet(sheet: Any, frame: pl.DataFrame, formats: dict[str, Any]) -> int:  # noqa: ANN401 - xlsxwriter is untyped
    """Write one table and return how many texts were cut."""
    cut = 0
    for column, name in enumerate(frame.columns):
        sheet.set_column(column, column, _width(name, frame.get_column(name).head(LOOKED_AT).to_list()))
        sheet.write_string(0, column, name[:CELL_LENGTH], formats["head"])
    sheet.freeze_panes(1, 0)
    for row, values in enumerate(frame.iter_rows(), start=1):
        for column, raw in enumerate(values):
            value = _cell(raw)
            if isinstance(value, str):
                cut += len(value) > CELL_LENGTH
                shown = value if len(value) <= CELL_LENGTH else value[: CELL_LENGTH - 1] + "…"
                sheet.write_string(row, column, shown, formats["quoted" if dangerous(value) else "plain"])
            elif isinstance(value, bool):
                sheet.write_boolean(row, column, value, formats["plain"])
            elif isinstance(value, datetime):
                sheet.write_datetime(row, column, value, formats["date"])
            elif value is not None:
                sheet.write_number(row, column, value, formats["number" if isinstance(value, float) else "plain"])
    if frame.width and frame.height:
        sheet.autofilter(0, 0, frame.height, frame.width - 1)
    return cut
