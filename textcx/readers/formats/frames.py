"""Columnar inputs: Parquet files, the first sheet of a workbook with a header, and Polars frames in memory.

Every value becomes a string on the way in, so that the rest of reading knows one kind of cell. Parquet is streamed; a
workbook is held in memory, as its format needs (a sheet has at most 1,048,576 rows).
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import fastexcel
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from textcx.domain.errors import NothingToAnalyze, UnreadableInput
from textcx.readers.formats.raw import SAMPLE_ROWS, RawChunk, RowSource, chunk_frame, unique_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textcx.readers.formats.streams import ByteSource

_HEADER_SEARCH = 20


class FrameSource(RowSource):
    """A Polars frame in memory; values of any type."""

    def __init__(
        self, frame: pl.DataFrame, *, name: str = "frame", first_line: int = 1, reason: str = "a frame in memory"
    ) -> None:
        if frame.is_empty() or not frame.width:
            msg = f"{name} has no records"
            raise NothingToAnalyze(msg)
        self.name = name
        self.columns = unique_names(frame.columns)
        self._frame = frame.rename(dict(zip(frame.columns, self.columns, strict=True)))
        self._first_line = first_line
        self.reasons = {"format": reason}
        self.sample = stringify(self._frame.head(SAMPLE_ROWS))

    def chunks(self, *, rows: int, skip: int) -> Iterator[RawChunk]:
        """Yield the rows in order."""
        for start in range(skip, self._frame.height, rows):
            yield chunk_frame(stringify(self._frame.slice(start, rows)), first=start, first_line=self._first_line)


class ParquetSource(RowSource):
    """A Parquet file, streamed."""

    def __init__(self, data: ByteSource) -> None:
        self.name = data.name
        where = _path_or_bytes(data)
        self._where = io.BytesIO(where) if isinstance(where, bytes) else where
        try:
            with pq.ParquetFile(self._where) as file:
                rows = file.metadata.num_rows
                self.columns = tuple(file.schema_arrow.names)
                start = next(file.iter_batches(batch_size=SAMPLE_ROWS), None)
        except (pa.ArrowException, OSError) as error:
            msg = f"{self.name} is not a readable Parquet file; write it again"
            raise UnreadableInput(msg) from error
        if not rows or start is None:
            msg = f"{self.name} has no records"
            raise NothingToAnalyze(msg)
        self.reasons = {"format": f"Parquet, {rows} rows"}
        self.sample = stringify(pl.DataFrame(pa.Table.from_batches([start])))

    def chunks(self, *, rows: int, skip: int) -> Iterator[RawChunk]:
        """Yield the rows in order."""
        done, held = 0, pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String))
        try:
            with pq.ParquetFile(self._where) as file:
                for batch in file.iter_batches(batch_size=rows):
                    drop = max(0, min(skip - done, batch.num_rows))
                    done += batch.num_rows
                    rest = pa.Table.from_batches([batch.slice(drop)])
                    held = held.vstack(stringify(pl.DataFrame(rest)))
                    while held.height >= rows:
                        yield chunk_frame(held.head(rows), first=done - held.height, first_line=1)
                        held = held.slice(rows)
        except (pa.ArrowException, OSError) as error:
            msg = f"{self.name} is damaged after row {done}; write it again"
            raise UnreadableInput(msg) from error
        if held.height:
            yield chunk_frame(held, first=done - held.height, first_line=1)


class XlsxSource(FrameSource):
    """The first sheet of a workbook that has a header."""

    def __init__(self, data: ByteSource) -> None:
        try:
            book = fastexcel.read_excel(_path_or_bytes(data))
            for sheet in book.sheet_names:
                table = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_polars()
                header = _header_row(table)
                if header is not None:
                    break
            else:
                msg = f"{data.name} has no sheet with a header row; expected column names above the records"
                raise UnreadableInput(msg)
        except fastexcel.FastExcelError as error:
            msg = f"{data.name} is not a readable workbook (damaged or locked by a password); save it again as XLSX"
            raise UnreadableInput(msg) from error
        names = unique_names(table.row(header))
        records = table.slice(header + 1).rename(dict(zip(table.columns, names, strict=True)))
        named = [name for name, cell in zip(names, table.row(header), strict=True) if cell or records[name].count()]
        last = records.with_row_index("row ").filter(pl.any_horizontal(pl.col(named).is_not_null()))["row "].max()
        if last is None:
            msg = f"sheet {sheet!r} of {data.name} has a header and no records below it"
            raise NothingToAnalyze(msg)
        super().__init__(
            records.select(named).head(int(str(last)) + 1),
            name=data.name,
            first_line=header + 2,
            reason=f"XLSX, sheet {sheet!r}, header in row {header + 1}",
        )
        others = [repr(other) for other in book.sheet_names if other != sheet]
        if others:
            listed = ", ".join(others[:5])
            self.warnings = (f"only sheet {sheet!r} was read; it also has {listed}",)


def _path_or_bytes(data: ByteSource) -> Path | bytes:
    if data.path is not None and not data.compressed:
        return data.path
    with data.open() as stream:
        return stream.read()


def _header_row(table: pl.DataFrame) -> int | None:
    """Row of the column names: the first of the top rows that is filled nearly as wide as the widest of them."""
    filled = [sum(1 for cell in row if cell and cell.strip()) for row in table.head(_HEADER_SEARCH).iter_rows()]
    widest = max(filled, default=0)
    return next((row for row, cells in enumerate(filled) if cells * 2 > widest), None)


def stringify(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn every column into strings: "" becomes null, dates ISO 8601, nested values JSON text, binary ones null."""
    columns = [_stringify(frame[name]).alias(name) for name in frame.columns]
    return pl.DataFrame(columns).with_columns(
        pl.when(pl.all() == "").then(None).otherwise(pl.all().str.replace_all("\0", "�", literal=True)).name.keep()
    )


def _stringify(series: pl.Series) -> pl.Series:
    kind = series.dtype
    if isinstance(kind, pl.Datetime):
        if kind.time_zone is None:
            return series.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
        return series.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00")
    if kind.is_nested():
        values = [None if value is None else json.dumps(value, default=str) for value in series.to_list()]
        return pl.Series(values, dtype=pl.String)
    if kind in (pl.Binary, pl.Object):
        return pl.Series([None] * len(series), dtype=pl.String)
    return series.cast(pl.String)
