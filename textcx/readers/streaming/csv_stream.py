"""Rows of a CSV that may never end, each as soon as it is complete.

A row is never patched up by guessing. A quotation mark that is opened and not closed would swallow all that follows; it
is noticed where the next quotation mark closes it in the wrong place, or where the row grows beyond any row. Then its
first line is broken, and the lines after it are read again on their own.

Invariants, all tested: every line is part of exactly one row; memory holds no more than one row.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from textcx.domain.errors import UnreadableInput
from textcx.domain.feedback import ColumnOverrides
from textcx.readers.columns.overrides import check_wishes
from textcx.readers.formats.delimited import MAX_CELL
from textcx.readers.formats.raw import unique_names
from textcx.readers.streaming.line_stream import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textcx.readers.streaming.line_stream import Line

_DELIMITERS = (",", ";", "\t", "|")
_EXCEL_HINT = re.compile(r'^"?sep=(.)"?\s*$')
_LONG_NAME = 5
"""Words from which on a name is taken for what a customer said, which no error may show."""


class StreamRow(NamedTuple):
    """A row: its first line, and its cells or what is wrong with it.

    A broken row shows no cell, not even its id: where cells are shifted, the words of a customer stand in its place.
    """

    line: int
    cells: list[str]
    code: str | None = None
    damaged: bool = False


class _TooLong(csv.Error):
    """The row has grown beyond any row."""


class CsvStream:
    """Iterates over the rows below the header.

    Args:
        lines: All lines; the first is not blank.
        text: Columns that must be there.
        id_column: A column that must be there, too; null where none was named.
        name: What to call the input in errors.
        tabs: Whether its name says that a tab delimits it.
        longest: Most characters of a row.

    Attributes:
        columns: Names of the columns, unique.

    Raises:
        ColumnNotFound: If a column is not in the header.
        UnreadableInput: If the first line can be no header.
    """

    def __init__(
        self,
        lines: Iterator[Line],
        *,
        text: Sequence[str],
        id_column: str | None,
        name: str,
        tabs: bool = False,
        longest: int = LONGEST_LINE,
    ) -> None:
        if csv.field_size_limit() < MAX_CELL:
            csv.field_size_limit(MAX_CELL)
        self._feed = _Feed(lines, longest)
        self._delimiter = ","
        self.columns = self._header(text, tabs=tabs, name=name)
        check_wishes(self.columns, overrides=ColumnOverrides(text=tuple(text), id=id_column), name=name)

    def __iter__(self) -> Iterator[StreamRow]:
        """Yield the rows as they come."""
        rows = self._reader()
        while True:
            self._feed.begin()
            try:
                cells, code = next(rows), None
            except StopIteration:
                return
            except csv.Error as problem:
                cells, code = self._mended(problem)
                rows = self._reader()
            taken = self._feed.taken
            if code is None and len(cells) <= 1 and not "".join(line.text for line in taken).strip():
                continue  # a blank line
            code = code or self._fault(cells)
            if code == "unclosed_quote":
                self._feed.give_again(1)
                rows = self._reader()
            damaged = any(line.damaged for line in taken)
            yield StreamRow(taken[0].number, [] if code else cells, code, damaged)

    def _header(self, text: Sequence[str], *, tabs: bool, name: str) -> tuple[str, ...]:
        told = _EXCEL_HINT.match(self._feed.peek().text)
        if told:
            self._feed.begin()
            next(self._feed, None)
        names: tuple[str, ...] = ()
        for delimiter in (told[1],) if told else ("\t", *_DELIMITERS) if tabs else _DELIMITERS:
            found = self._names(delimiter)
            if set(text) <= set(found):
                self._delimiter, names = delimiter, found
                break
            if len(found) > len(names):
                self._delimiter, names = delimiter, found
        self._names(self._delimiter, keep=True)
        if not set(text) <= set(names) and (len(names) < 2 or any(map(_is_said, names))):  # noqa: PLR2004
            msg = (
                f"the first line of {name} has no column {text[0]!r} and looks like a record, not like column names; "
                "expected a header line such as 'id,text', or JSONL"
            )
            raise UnreadableInput(msg)
        return names

    def _names(self, delimiter: str, *, keep: bool = False) -> tuple[str, ...]:
        self._feed.begin()
        try:
            found = next(csv.reader(self._feed, delimiter=delimiter), [])
        except csv.Error:
            found = []
        if not keep:
            self._feed.give_again(0)
        return unique_names(found)

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._feed, delimiter=self._delimiter, strict=True)

    def _alone(self, line: Line) -> list[str]:
        """Read a line as a row of its own, loosely; no cells where that is none."""
        try:
            return next(csv.reader([line.text], delimiter=self._delimiter), [])
        except csv.Error:
            return []

    def _mended(self, problem: csv.Error) -> tuple[list[str], str | None]:
        """Return the cells of a row with a stray quotation mark within one line, else what is wrong with it."""
        taken = self._feed.taken
        if taken[0].too_long:
            return [], "line_too_long"
        if len(taken) == 1 and not self._feed.ran_out and not isinstance(problem, _TooLong):
            return self._alone(taken[0]), None
        return [], "unclosed_quote"

    def _fault(self, cells: list[str]) -> str | None:
        if self._fits(cells):
            return None
        swallowed = any(self._fits(self._alone(line)) for line in self._feed.taken[1:])
        return "unclosed_quote" if swallowed else "cell_count"

    def _fits(self, cells: Sequence[str]) -> bool:
        width = len(self.columns)
        return len(cells) >= width and not any(cell.strip() for cell in cells[width:])


class _Feed:
    """Lines for the csv module that remembers what the current row took, and can give it again."""

    def __init__(self, lines: Iterator[Line], longest: int) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self._longest = longest
        self._size = 0
        self.taken: list[Line] = []
        self.ran_out = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        try:
            line = self._again.popleft() if self._again else next(self._lines)
        except StopIteration:
            self.ran_out = True
            raise
        self.taken.append(line)
        self._size += len(line.text)
        if line.too_long or (self._size > self._longest and len(self.taken) > 1):
            raise _TooLong
        return line.text

    def peek(self) -> Line:
        """Return the next line and leave it there."""
        if not self._again:
            self._again.append(next(self._lines))
        return self._again[0]

    def begin(self) -> None:
        """Start a row."""
        self.taken, self._size, self.ran_out = [], 0, False

    def give_again(self, start: int) -> None:
        """Give the lines of the current row from ``start`` on once more."""
        self._again.extendleft(reversed(self.taken[start:]))
        self.taken = self.taken[:start]


def _is_said(name: str) -> bool:
    return len(name.split()) >= _LONG_NAME or name.replace(".", "", 1).replace("-", "", 1).isdigit()
