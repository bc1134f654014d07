"""Open an input: choose the format, find the columns, hand out a reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.errors import UnreadableInput
from textcx.readers.columns.plan import plan_columns
from textcx.readers.feedback import TabularReader
from textcx.readers.formats.delimited import CsvSource
from textcx.readers.formats.jsonl import JsonlSource
from textcx.readers.formats.raw import unique_names
from textcx.readers.formats.streams import binary_kind, open_bytes
from textcx.readers.values.dates import find_formats, given_format

if TYPE_CHECKING:
    from textcx.domain.feedback import ColumnOverrides, ColumnPlan
    from textcx.ports import FeedbackReader
    from textcx.readers.formats.raw import RowSource
    from textcx.readers.formats.streams import ByteSource
    from textcx.readers.values.dates import DateReading

_FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".tab": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet", ".xlsx": "xlsx", ".xlsm": "xlsx",
}  # fmt: skip


def open_feedback(
    source: str | Path | pl.DataFrame,
    *,
    overrides: ColumnOverrides,
    first_row: int = 0,
) -> FeedbackReader:
    """Open an input and find out which of its columns plays which part.

    Args:
        source: Path of a CSV, TSV, JSONL, Parquet or XLSX file (the text formats also gzipped), "-" for standard
            input, or a frame in memory.
        overrides: What the user said about columns; everything else is found from names and content.
        first_row: Number of the input's first row, so that several inputs share one numbering. At least 0.

    Returns:
        A reader with its plan; nothing but the start of the input was read so far.

    Raises:
        UnreadableInput: If the input is missing, empty, damaged, binary or in an unknown encoding.
        NothingToAnalyze: If it has a header and no records.
        NoTextColumn: If no column looks like customers' words and none was named.
        ColumnNotFound: If a named column is not there.
        BadSetting: If a wish is malformed.
    """
    rows = _open_frame(source) if isinstance(source, pl.DataFrame) else _open_file(open_bytes(source))
    sample = rows.sample()
    plan = plan_columns(sample, overrides=overrides, name=rows.name)
    plan = replace(plan, reasons={**rows.reasons, **plan.reasons}, warnings=(*rows.warnings, *plan.warnings))
    return TabularReader(rows, plan=plan, dates=_dates(plan, sample, overrides), first_row=first_row)


def column_names(source: str | Path) -> tuple[str, ...]:
    """Return the names of the columns of a file, in its order.

    Raises:
        UnreadableInput: As ``open_feedback``.
    """
    return _open_file(open_bytes(source)).columns


def _open_frame(frame: pl.DataFrame) -> RowSource:
    from textcx.readers.formats.frames import FrameSource  # noqa: PLC0415  pyarrow and fastexcel are loaded where needed

    return FrameSource(frame.rename(dict(zip(frame.columns, unique_names(frame.columns), strict=True))))


def _open_file(data: ByteSource) -> RowSource:
    form = _format_of(data)
    if form == "csv":
        return CsvSource(data)
    if form == "jsonl":
        return JsonlSource(data)
    from textcx.readers.formats.frames import ParquetSource, XlsxSource  # noqa: PLC0415

    return ParquetSource(data) if form == "parquet" else XlsxSource(data)


def _format_of(data: ByteSource) -> str:
    suffixes = [suffix.casefold() for suffix in Path(data.name).suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    named = _FORMATS.get(suffixes[-1]) if suffixes else None
    kind = binary_kind(data.head)
    if suffixes[-1:] == [".xls"] or (kind == "an old Excel or Word file" and named != "csv"):
        msg = f"{data.name} is an old Excel file (.xls); save it as .xlsx or CSV"
        raise UnreadableInput(msg)
    if named in ("parquet", "xlsx"):
        return named
    if named is not None and data.path is not None:
        return named
    if kind in ("a Parquet file", "an Excel workbook"):
        return "parquet" if kind == "a Parquet file" else "xlsx"
    start = data.head[:256].decode("utf-8-sig", errors="ignore").lstrip().replace("\0", "")
    return "jsonl" if start.startswith(("{", "[{")) else "csv"


def _dates(plan: ColumnPlan, sample: pl.DataFrame, overrides: ColumnOverrides) -> DateReading | None:
    if plan.date is None:
        return None
    if overrides.date_format is not None:
        return given_format(overrides.date_format)
    values = sample[plan.date].str.strip_chars().drop_nulls()
    return find_formats(values.to_list(), column=plan.date) if len(values) else None
