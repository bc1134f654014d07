"""Open an input: choose the format, find the columns, hand out a reader."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.errors import UnreadableInput
from textcx.readers.columns.plan import plan_columns
from textcx.readers.feedback import TabularReader
from textcx.readers.formats.delimited import CsvSource
from textcx.readers.formats.frames import FrameSource, ParquetSource, XlsxSource
from textcx.readers.formats.jsonl import JsonlSource
from textcx.readers.formats.raw import unique_names
from textcx.readers.formats.streams import FORMATS, binary_kind, open_bytes, suffix_of
from textcx.readers.values.dates import find_formats, given_format

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from textcx.domain.feedback import ColumnOverrides, ColumnPlan
    from textcx.ports import FeedbackReader
    from textcx.readers.formats.raw import RowSource
    from textcx.readers.formats.streams import ByteSource
    from textcx.readers.values.dates import DateReading

_SOURCES: Mapping[str, Callable[[ByteSource], RowSource]] = {
    "csv": CsvSource,
    "jsonl": JsonlSource,
    "parquet": ParquetSource,
    "xlsx": XlsxSource,
}


def open_feedback(
    source: str | Path | pl.DataFrame,
    *,
    overrides: ColumnOverrides,
    first_row: int = 0,
) -> FeedbackReader:
    """Open an input and find out what each of its columns is.

    Args:
        source: Path of a CSV, TSV, JSONL, Parquet or XLSX file (the text formats also gzipped), "-" for standard
            input, or a frame in memory; only its start is read.
        overrides: Columns that the user named; everything else is found from names and content.
        first_row: Number of the input's first row, so that several inputs share one numbering. At least 0.

    Raises:
        UnreadableInput: If the input is missing, empty, damaged, binary or in an unknown encoding.
        NothingToAnalyze: If it has a header and no records.
        NoTextColumn: If no column looks like customers' words and none was named.
        ColumnNotFound: If a named column is not there.
        BadSetting: If an override is malformed.
    """
    rows = _open_frame(source) if isinstance(source, pl.DataFrame) else _open_file(source)
    plan = plan_columns(rows.sample, overrides=overrides, name=rows.name)
    plan = replace(plan, reasons={**rows.reasons, **plan.reasons}, warnings=(*rows.warnings, *plan.warnings))
    return TabularReader(rows, plan=plan, dates=_dates(plan, rows.sample, overrides), first_row=first_row)


def column_names(source: str | Path) -> tuple[str, ...]:
    """Return the names of the columns of a file, in its order; errors as those of ``open_feedback``."""
    return _open_file(source).columns


def _open_frame(frame: pl.DataFrame) -> RowSource:
    return FrameSource(frame.rename(dict(zip(frame.columns, unique_names(frame.columns), strict=True))))


def _open_file(source: str | Path) -> RowSource:
    data = open_bytes(source)
    return _SOURCES[_format_of(data)](data)


def _format_of(data: ByteSource) -> str:
    suffix = suffix_of(data.name)
    named = FORMATS.get(suffix)
    kind = binary_kind(data.head)
    if suffix == ".xls" or (kind == "an old Excel or Word file" and named != "csv"):
        msg = f"{data.name} is an old Excel file (.xls); save it as .xlsx or CSV"
        raise UnreadableInput(msg)
    if named in ("parquet", "xlsx") or (named is not None and data.path is not None):
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
