"""CSV and TSV, as people's tools write them: any delimiter, quoted line breaks, and now and then a broken line."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.errors import NothingToAnalyze, UnreadableInput
from textcx.readers.columns.profile import profile_of
from textcx.readers.columns.text import asks
from textcx.readers.formats.csv_rows import DELIMITERS, EXCEL_HINT, CsvRow, CsvRows, Fault, widths
from textcx.readers.formats.raw import SAMPLE_ROWS, LineSource, Row, strings, unique_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from textcx.readers.columns.profile import ColumnProfile
    from textcx.readers.formats.decoding import Line
    from textcx.readers.formats.streams import ByteSource

_NO_DELIMITER = "\x1f"
_PROBE_RECORDS = 200
_LONG_NAME = 5
"""Words from which on the only column's name is a comment, unless it asks something."""


class CsvSource(LineSource):
    """A delimited text file; a line that holds no row of the header's width is broken."""

    def __init__(self, data: ByteSource) -> None:
        super().__init__(data)
        head = list(self.decoding.lines(io.BytesIO(data.head)))
        self._preamble = 0  # lines before the header
        self._delimiter = self._find_delimiter([line.text for line in head])
        header = CsvRows(head[self._preamble :]).header(self._delimiter)
        if not header:
            msg = f"{self.name} has no readable header line; expected column names in its first line"
            raise UnreadableInput(msg)
        self.columns = unique_names(header)
        delimiter = DELIMITERS.get(self._delimiter, f"{self._delimiter!r}")
        layout = "one column, no delimiter" if self._delimiter == _NO_DELIMITER else f"CSV with {delimiter}"
        self.reasons = {"format": f"{layout}, {self.decoding.reason}"}
        self.sample = self._read_sample(head)

    def _find_delimiter(self, head: Sequence[str]) -> str:
        for line in head:
            hint = EXCEL_HINT.match(line)
            self._preamble += 1 if hint or not line.strip() else 0
            if hint:
                return hint[1]
            if line.strip():
                break
        names = (".tsv", ".tsv.gz", ".tab")
        best, best_fit = _NO_DELIMITER, (0.0, 0)
        for delimiter in sorted(DELIMITERS, key=lambda mark: (mark != "\t") if self.name.endswith(names) else 0):
            counts = widths(head[self._preamble :], delimiter, most=_PROBE_RECORDS)
            if counts and counts[0] > 1:
                fit = (round(sum(count == counts[0] for count in counts) / len(counts), 2), counts[0])
                if fit > best_fit:
                    best, best_fit = delimiter, fit
        return best

    def _read_sample(self, head: Sequence[Line]) -> pl.DataFrame:
        good: list[Sequence[str | None]] = []
        broken = 0
        for row in self.rows(head):
            if row.cells is not None:
                good.append(row.cells)
            broken += row.cells is None
            if len(good) > SAMPLE_ROWS:
                break
        if not self.data.whole and len(good) > 1:
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
        if _is_record([profile_of(sample[column]) for column in sample.columns]):
            msg = (
                f"the first line of {self.name} looks like a record, not like column names; "
                "add a header line such as 'id,date,rating,comment'"
            )
            raise UnreadableInput(msg)
        return sample

    def rows(self, lines: Iterable[Line]) -> Iterator[Row]:
        """Yield the rows below the header."""
        csv_rows = CsvRows(lines)
        csv_rows.skip(self._preamble)
        csv_rows.header(self._delimiter)
        width = len(self.columns)
        for row in csv_rows.rows(self._delimiter, width=width):
            if row.fault is not None:
                yield Row(row.line, None, _hint(row, width), row.damaged)
            elif row.cells or width == 1:  # a blank line is a record of one-column files only
                yield Row(row.line, [cell or None for cell in (row.cells or [""])[:width]], damaged=row.damaged)


def _hint(row: CsvRow, width: int) -> str:
    if row.fault is Fault.UNCLOSED:
        return "a quotation mark is opened and never closed; close it or double it"
    return f"it has {len(row.cells)} cells where the header has {width}; look for a stray quote or delimiter"


def _is_record(profiles: Sequence[ColumnProfile]) -> bool:
    """Whether the column names are a record (a date above dates, a comment above comments), whose words are private."""
    for profile in profiles:
        name = profile_of(pl.Series(profile.name, [profile.name]))
        if (profile.numeric and name.numeric) or (profile.dates_likely and name.dates_likely):
            return True
    only = profiles[0]
    return len(profiles) == 1 and len(only.name.split()) >= _LONG_NAME and not asks(only)
