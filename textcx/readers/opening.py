"""Open an input as feedback: choose the format, find the columns, read rows of strings as batches.

Invariants: rows in = rows of the frames + unreadable rows; a cell that is no date, no number or off its scale becomes
null and is counted in a warning; a text cell is never altered, only a blank one becomes null.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.counted import counted
from textcx.domain.errors import UnreadableInput, WrongUse
from textcx.domain.feedback import FEEDBACK_SCHEMA, FeedbackBatch
from textcx.readers.columns.plan import attribute_names, plan_columns
from textcx.readers.columns.roles import source_of
from textcx.readers.formats.delimited import CsvSource
from textcx.readers.formats.frames import FrameSource, ParquetSource, XlsxSource
from textcx.readers.formats.jsonl import JsonlSource
from textcx.readers.formats.streams import FORMATS, binary_kind, open_bytes, suffix_of
from textcx.readers.values.cells import amounts, numbers, trimmed, yes_no
from textcx.readers.values.dates import ISO, DateReading, find_formats, given_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from textcx.domain.feedback import ColumnOverrides, ColumnPlan, RatingColumn
    from textcx.ports import FeedbackReader
    from textcx.readers.formats.raw import RawChunk, RowSource
    from textcx.readers.formats.streams import ByteSource

_UNREAD = "records with values under names that the start of the file does not have, which are not read"
_SOURCES: Mapping[str, Callable[[ByteSource], RowSource]] = {
    "csv": CsvSource,
    "jsonl": JsonlSource,
    "parquet": ParquetSource,
    "xlsx": XlsxSource,
}


def open_feedback(source: str | Path | pl.DataFrame, *, overrides: ColumnOverrides) -> FeedbackReader:
    """Open an input and find out what each of its columns is.

    Args:
        source: Path of a CSV, TSV, JSONL, Parquet or XLSX file (the text formats also gzipped), "-" for standard
            input, or a frame in memory; only its start is read.
        overrides: Columns that the user named; everything else is found from names and content.

    Raises:
        UnreadableInput: If the input is missing, empty, damaged, binary or in an unknown encoding.
        NothingToAnalyze: If it has a header and no records.
        NoTextColumn: If no column looks like customers' words and none was named.
        ColumnNotFound: If a named column is not there.
        BadSetting: If an override is malformed.
    """
    rows = FrameSource(source) if isinstance(source, pl.DataFrame) else _open_file(source)
    plan = plan_columns(rows.sample, overrides=overrides, name=rows.name)
    plan = replace(plan, reasons={**rows.reasons, **plan.reasons}, warnings=(*rows.warnings, *plan.warnings))
    return TabularReader(rows, plan=plan, dates=_dates(plan, rows.sample, overrides))


def column_names(source: str | Path) -> tuple[str, ...]:
    """Return the names of the columns of a file, in its order; errors as those of ``open_feedback``."""
    return _open_file(source).columns


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


class TabularReader:
    """An input with a plan, read as a stream; the one reader behind every format."""

    def __init__(self, source: RowSource, *, plan: ColumnPlan, dates: DateReading | None, first_row: int = 0) -> None:
        self.name = source.name
        self.plan = plan
        self._source = source
        self._dates = dates
        self._first_row = first_row

    def starting_at(self, first_row: int) -> TabularReader:
        """Return the same reader with its rows numbered from ``first_row``; the input is not opened again."""
        return TabularReader(self._source, plan=self.plan, dates=self._dates, first_row=first_row)

    def batches(self, *, rows: int, skip: int = 0) -> Iterator[FeedbackBatch]:
        """Yield the records in order, ``rows`` at a time, leaving out the first ``skip``, unreadable ones included.

        Raises:
            UnreadableInput: If the input ends inside compressed data, or standard input is read a second time.
        """
        if rows < 1 or skip < 0:
            msg = f"batches of {rows} rows after {skip} rows cannot be made; rows must be at least 1, skip at least 0"
            raise WrongUse(msg)
        for chunk in self._source.chunks(rows=rows, skip=skip):
            yield self._batch(chunk)

    def _batch(self, chunk: RawChunk) -> FeedbackBatch:
        warnings: dict[str, int] = {}
        _count(warnings, self._source.damage, chunk.damaged)
        _count(warnings, _UNREAD, chunk.unread)
        columns = [*self._fixed(chunk, warnings)]
        columns += [self._rating(chunk.cells, rating, warnings) for rating in self.plan.ratings]
        for column, name in attribute_names(self.plan).items():
            columns.append(trimmed(chunk.cells[column]).alias(f"attribute:{name}"))
        return FeedbackBatch(
            frame=pl.DataFrame(columns),
            unreadable=tuple(replace(broken, row=self._first_row + broken.row) for broken in chunk.broken),
            warnings=tuple(counted(f"{self.name}: {sentence}", count) for sentence, count in warnings.items()),
        )

    def _fixed(self, chunk: RawChunk, warnings: dict[str, int]) -> Iterator[pl.Series]:
        plan, cells = self.plan, chunk.cells
        texts = (pl.when(pl.col(text.column).str.contains(r"\S")).then(pl.col(text.column)) for text in plan.text)
        made: dict[str, pl.Series] = {
            "row": pl.Series([self._first_row + offset for offset in chunk.offsets]),
            "where": pl.Series([f"{self.name}:{line}" for line in chunk.lines]),
            "texts": cells.select(pl.concat_list(texts)).to_series(),
        }
        for name, column in (
            ("given_id", plan.id),
            ("created_at", plan.date),
            ("respondent", plan.respondent),
            ("touchpoint", plan.touchpoint),
            ("customer_value", plan.customer_value),
            ("question", plan.question_column),
        ):
            if column is not None:
                made[name] = trimmed(cells[column])
        if plan.date is not None:
            made["created_at"] = self._created(made["created_at"], plan.date, warnings)
        made["source"] = self._sources(cells, warnings)
        if plan.customer_value is not None:
            value = made["customer_value"]
            made["customer_value"] = amounts(value)
            failed = made["customer_value"].null_count() - value.null_count()
            _count(warnings, f"values of {plan.customer_value!r} that are not amounts, left empty", failed)
        for name, kind in FEEDBACK_SCHEMA.items():
            series = made.get(name, pl.Series([None] * cells.height, dtype=kind))
            yield series.cast(kind).alias(name)

    def _created(self, values: pl.Series, column: str, warnings: dict[str, int]) -> pl.Series:
        # without a single value that looks like a date, every value counts as unreadable
        reading = self._dates or DateReading((ISO,))
        instants, failed, turned = reading.read(values.to_list())
        _count(
            warnings, f"values of {column!r} that could not be read as dates, left empty (see --date-format)", failed
        )
        other = "with day and month in the other order than most, read by their own numbers"
        _count(warnings, f"dates of {column!r} {other}", turned)
        return pl.Series(instants, dtype=FEEDBACK_SCHEMA["created_at"])

    def _sources(self, cells: pl.DataFrame, warnings: dict[str, int]) -> pl.Series:
        column, default = self.plan.source_column, self.plan.source
        if column is None:
            return pl.Series([default] * cells.height, dtype=pl.String)
        values = trimmed(cells[column]).to_list()
        known = {value: source_of(value) for value in set(values)}
        failed = sum(1 for value in values if value is not None and known[value] is None)
        _count(warnings, f"values of {column!r} that name no known source, counted as {default}", failed)
        return pl.Series([known[value] or default for value in values], dtype=pl.String)

    def _rating(self, cells: pl.DataFrame, rating: RatingColumn, warnings: dict[str, int]) -> pl.Series:
        values = trimmed(cells[rating.column])
        read = numbers(values)
        missing = read.is_in(list(rating.missing)).fill_null(value=False)
        if (rating.low, rating.high) == (0, 1):
            words = yes_no(values)
            read = read.zip_with(words.is_null(), words)
        read = read.set(((read < rating.low) | (read > rating.high)).fill_null(value=False) | missing, None)
        failed = int((values.is_not_null() & read.is_null() & ~missing).sum())
        scale = f"{rating.low:g}-{rating.high:g}"
        _count(warnings, f"values of {rating.column!r} that are no numbers on its scale {scale}, left empty", failed)
        return read.alias(f"rating:{rating.name}")


def _count(warnings: dict[str, int], sentence: str, count: int) -> None:
    if count:
        warnings[sentence] = count
