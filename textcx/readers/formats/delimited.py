"""CSV and TSV, as people's tools write them: any delimiter, quoted line breaks, and now and then a broken line.

A row with more or fewer cells than the header is never patched up by guessing: it is reported as unreadable, and
where an unclosed quote swallowed the lines after it, those lines are read again on their own.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from typing import TYPE_CHECKING

from textcx.domain.errors import NothingToAnalyze, UnreadableInput
from textcx.readers.formats.decoding import detect_decoding
from textcx.readers.formats.header import is_a_record
from textcx.readers.formats.raw import SAMPLE_ROWS, RawChunk, Row, chunk_rows, strings, unique_names
from textcx.readers.formats.streams import STREAM_ERRORS, cut_off

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    import polars as pl

    from textcx.readers.formats.streams import ByteSource

MAX_CELL = 32 * 1024 * 1024
"""Longest cell, in characters; longer ones are taken for an unclosed quote."""

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_NO_DELIMITER = "\x1f"
_EXCEL_HINT = re.compile(r'^"?sep=(.)"?\s*$')
_PROBE_RECORDS = 200


class CsvSource:
    """A delimited text file. Columns, encoding and delimiter are found when it is made.

    Raises:
        UnreadableInput: If it is binary, in an unknown encoding, without a header, or no row fits its header.
        NothingToAnalyze: If it has a header and no rows.
    """

    def __init__(self, data: ByteSource) -> None:
        self.name = data.name
        self._data = data
        self._decoding = detect_decoding(data.head, name=data.name, whole=data.whole)
        head = [line for line, _ in self._decoding.lines(io.BytesIO(data.head))]
        self._preamble = 0  # lines before the header
        self._delimiter = self._find_delimiter(head)
        self.columns: tuple[str, ...] = ()
        self.columns = self._find_columns(head)
        self.damage = self._decoding.damage
        self.warnings = (self._decoding.warning,) if self._decoding.warning else ()
        delimiter = _DELIMITERS.get(self._delimiter, f"{self._delimiter!r}")
        found = "one column, no delimiter" if self._delimiter == _NO_DELIMITER else f"CSV with {delimiter}"
        self.reasons = {"format": f"{found}, {self._decoding.reason}"}
        self._sample = self._read_sample()

    def sample(self) -> pl.DataFrame:
        """Return the first readable rows."""
        return self._sample

    def chunks(self, *, rows: int, skip: int) -> Iterator[RawChunk]:
        """Yield the rows in order, ``rows`` at a time, leaving out the first ``skip``."""
        done = skip
        try:
            for chunk in chunk_rows(self._rows(self._data.open()), self.columns, rows=rows, skip=skip):
                yield chunk
                done += chunk.cells.height + len(chunk.broken)
        except STREAM_ERRORS as error:
            raise cut_off(self.name, done) from error

    def _find_delimiter(self, head: Sequence[str]) -> str:
        for line in head:
            told = _EXCEL_HINT.match(line)
            self._preamble += 1 if told or not line.strip() else 0
            if told:
                return told[1]
            if line.strip():
                break
        names = (".tsv", ".tsv.gz", ".tab")
        best, best_fit = _NO_DELIMITER, (0.0, 0)
        for delimiter in sorted(_DELIMITERS, key=lambda mark: (mark != "\t") if self.name.endswith(names) else 0):
            widths = _widths(head[self._preamble :], delimiter)
            if widths and widths[0] > 1:
                fit = (round(sum(width == widths[0] for width in widths) / len(widths), 2), widths[0])
                if fit > best_fit:
                    best, best_fit = delimiter, fit
        return best

    def _find_columns(self, head: Sequence[str]) -> tuple[str, ...]:
        reader = csv.reader(head[self._preamble :], delimiter=self._delimiter)
        _allow_long_cells()
        try:
            header = next((cells for cells in reader if cells), [])
        except csv.Error as error:
            msg = f"{self.name} has no readable header line; expected column names in its first line"
            raise UnreadableInput(msg) from error
        return unique_names(header)

    def _read_sample(self) -> pl.DataFrame:
        good: list[Sequence[str | None]] = []
        broken = 0
        for row in self._rows(io.BytesIO(self._data.head)):
            if row.cells is None:
                broken += 1
            else:
                good.append(row.cells)
            if len(good) > SAMPLE_ROWS:
                break
        if not self._data.whole and len(good) > 1:
            good = good[:-1]  # the head may end inside it
        if not good and broken:
            msg = (
                f"none of the {broken} rows of {self.name} has {len(self.columns)} cells as its first line has; "
                "expected a header line and rows of the same width"
            )
            raise UnreadableInput(msg)
        if not good:
            msg = f"{self.name} has a header and no records below it"
            raise NothingToAnalyze(msg)
        sample = strings(good[:SAMPLE_ROWS], self.columns)
        if is_a_record(sample):
            msg = (
                f"the first line of {self.name} looks like a record, not like column names; "
                "add a header line such as 'id,date,rating,comment'"
            )
            raise UnreadableInput(msg)
        return sample

    def _rows(self, stream: BinaryIO) -> Iterator[Row]:
        feed = _LineFeed(self._decoding.lines(stream))
        for _ in range(self._preamble):
            next(feed, None)
        records = _Records(feed, self._delimiter)
        header_seen = False
        for cells in records:
            if not header_seen:
                header_seen = bool(cells)
            elif cells or cells is None or len(self.columns) == 1:  # a blank line is a record of one-column files only
                line, damaged = feed.first_line, feed.damaged
                hint = self._fault(cells, feed, records)
                kept = None if hint or cells is None else [cell or None for cell in cells or [""]]
                yield Row(line, None if kept is None else kept[: len(self.columns)], hint, damaged)

    def _fault(self, cells: list[str] | None, feed: _LineFeed, records: _Records) -> str:
        """Say what is wrong with a record, and have lines read again that it swallowed."""
        width = len(self.columns)
        if cells is None:
            records.start_again(1)
            return "a quotation mark is opened and never closed; close it or double it"
        if len(cells or [""]) >= width and not any(cell.strip() for cell in cells[width:]):
            return ""
        if any(_widths([later], self._delimiter) == [width] for later in feed.pending[1:]):
            records.start_again(1)
        return f"it has {len(cells)} cells where the header has {width}; look for a stray quote or delimiter"


class _Records:
    """Records of cells; null where a quotation mark is never closed."""

    def __init__(self, feed: _LineFeed, delimiter: str) -> None:
        _allow_long_cells()
        self._feed = feed
        self._delimiter = delimiter
        self._reader = csv.reader(feed, delimiter=delimiter)

    def __iter__(self) -> Iterator[list[str] | None]:
        while True:
            self._feed.begin()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                yield None
            else:
                yield None if self._feed.ran_out else cells

    def start_again(self, line: int) -> None:
        """Read the current record's lines from ``line`` on as records of their own."""
        self._feed.read_again(line)
        self._reader = csv.reader(self._feed, delimiter=self._delimiter)


class _LineFeed:
    """Lines for the csv module that remembers what the current record took, and can give it again."""

    def __init__(self, lines: Iterator[tuple[str, bool]]) -> None:
        self._lines = lines
        self._again: deque[tuple[str, bool]] = deque()
        self._taken: list[tuple[str, bool]] = []
        self._count = 0
        self.ran_out = False

    def __iter__(self) -> _LineFeed:
        return self

    def __next__(self) -> str:
        try:
            taken = self._again.popleft() if self._again else next(self._lines)
        except StopIteration:
            self.ran_out = True
            raise
        self._taken.append(taken)
        self._count += 1
        return taken[0]

    def begin(self) -> None:
        """Start a record."""
        self._taken = []
        self.ran_out = False

    @property
    def pending(self) -> list[str]:
        """Lines of the current record."""
        return [line for line, _ in self._taken]

    @property
    def damaged(self) -> bool:
        """Whether the current record has bytes that could not be decoded."""
        return any(damaged for _, damaged in self._taken)

    @property
    def first_line(self) -> int:
        """1-based number of the current record's first line."""
        return self._count - len(self._taken) + 1

    def read_again(self, start: int) -> None:
        """Give the lines of the current record from ``start`` on once more, as records of their own."""
        self._again.extendleft(reversed(self._taken[start:]))
        self._count -= len(self._taken) - start
        self._taken = self._taken[:start]


def _allow_long_cells() -> None:
    if csv.field_size_limit() < MAX_CELL:
        csv.field_size_limit(MAX_CELL)


def _widths(lines: Sequence[str], delimiter: str) -> list[int]:
    _allow_long_cells()
    widths = []
    try:
        for cells in csv.reader(lines, delimiter=delimiter):
            if cells:
                widths.append(len(cells))
            if len(widths) == _PROBE_RECORDS:
                break
    except csv.Error:
        return widths
    return widths
