"""Rows of CSV lines, where one stray quotation mark costs as few lines as possible.

A quotation mark that is never closed shows where the input or the space for a row ends, where the next mark closes it
in the wrong place, or where the row has the wrong number of cells and one of its later lines has the right one. Then
the first line of the row is broken, never patched up, and the lines after it are read again on their own.

Invariants, all tested: every line is part of exactly one row; memory holds no more than one row.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import deque
from contextlib import suppress
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from textcx.readers.formats.decoding import Line

MAX_CELL = 32 * 1024 * 1024
"""Longest cell, in characters; longer ones are taken for an unclosed quote."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
EXCEL_HINT = re.compile(r'^"?sep=(.)"?\s*$')
"""The line above the header in which Excel names the delimiter."""

csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))


class Fault(StrEnum):
    """What is wrong with a row."""

    TOO_LONG = "line_too_long"  # its first line was too long to be kept
    UNCLOSED = "unclosed_quote"  # a quotation mark is not closed
    SWALLOWED = "swallowed"  # the wrong number of cells, because a quotation mark took in later rows
    CELL_COUNT = "cell_count"  # the wrong number of cells


class CsvRow(NamedTuple):
    """The lines of a row, its cells, and what is wrong with it; the cells of a broken row are shifted or missing."""

    lines: Sequence[Line]
    cells: list[str]
    fault: Fault | None = None

    @property
    def line(self) -> int:
        """1-based number of its first line."""
        return self.lines[0].number

    @property
    def damaged(self) -> bool:
        """Whether some of its bytes could not be decoded."""
        return any(line.damaged for line in self.lines)


class _TooLong(csv.Error):
    """The row has grown beyond the limit."""


class CsvRows:
    """The lines of a CSV as rows; iterated over, the lines that remain, as the csv module takes them.

    Where it is ``strict``, a quotation mark that closes in the wrong place breaks a row of several lines, and a row of
    one line is read again loosely. A row of several lines has at most ``longest`` characters.
    """

    def __init__(self, lines: Iterable[Line], *, strict: bool = False, longest: int = sys.maxsize) -> None:
        self._lines = iter(lines)
        self._strict = strict
        self._longest = longest
        self._again: deque[Line] = deque()
        self._begin()

    def __iter__(self) -> CsvRows:
        """Return itself."""
        return self

    def __next__(self) -> str:
        """Take a line into the current row."""
        try:
            line = self._again.popleft() if self._again else next(self._lines)
        except StopIteration:
            self._ran_out = True
            raise
        self._taken.append(line)
        self._size += len(line.text)
        if line.too_long or (self._size > self._longest and len(self._taken) > 1):
            raise _TooLong
        return line.text

    def _begin(self) -> None:
        self._taken: list[Line] = []
        self._size, self._ran_out = 0, False

    def _give_again(self, start: int) -> None:
        self._again.extendleft(reversed(self._taken[start:]))

    def peek(self) -> Line | None:
        """Return the next line and leave it there; null at the end."""
        if not self._again:
            self._again.extend(islice(self._lines, 1))
        return self._again[0] if self._again else None

    def skip(self, lines: int) -> None:
        """Leave lines out."""
        for _ in range(lines):
            next(self, None)

    def header(self, delimiter: str, *, keep: bool = False) -> list[str]:
        """Read the first row that is not blank, no cells where there is none; ``keep`` leaves its lines there."""
        self._begin()
        try:
            return next(filter(None, csv.reader(self, delimiter=delimiter)), [])
        except csv.Error:
            return []
        finally:
            if keep:
                self._give_again(0)

    def rows(self, delimiter: str, *, width: int) -> Iterator[CsvRow]:
        """Yield the rows that remain, each as soon as it is complete; an empty line is a row without cells.

        A whole row has ``width`` cells, at least 1; blank ones beyond are allowed.
        """
        reader = csv.reader(self, delimiter=delimiter, strict=self._strict)
        while True:
            self._begin()
            try:
                cells, fault = next(reader), None
            except StopIteration:
                return
            except csv.Error as problem:
                cells, fault = self._recover(problem, delimiter)
                reader = csv.reader(self, delimiter=delimiter, strict=self._strict)
            taken = self._taken
            if self._ran_out:
                fault = Fault.UNCLOSED
            elif fault is None and cells and not _fits(cells, width):
                swallowed = any(_fits(_cells_of(line, delimiter), width) for line in taken[1:])
                fault = Fault.SWALLOWED if swallowed else Fault.CELL_COUNT
            if fault in (Fault.UNCLOSED, Fault.SWALLOWED):
                self._give_again(1)
                reader = csv.reader(self, delimiter=delimiter, strict=self._strict)
                taken = taken[:1]
            yield CsvRow(taken, cells, fault)

    def _recover(self, problem: csv.Error, delimiter: str) -> tuple[list[str], Fault | None]:
        """Return the cells of a single line with a stray quotation mark, else what is wrong with the row."""
        if self._taken[0].too_long:
            return [], Fault.TOO_LONG
        if self._strict and len(self._taken) == 1 and not self._ran_out and not isinstance(problem, _TooLong):
            cells = _cells_of(self._taken[0], delimiter)
            return cells, None if cells else Fault.CELL_COUNT
        return [], Fault.UNCLOSED


def widths(lines: Iterable[str], delimiter: str, *, most: int) -> list[int]:
    """Count the cells of the first rows, blank ones left out, as far as they can be read."""
    counts: list[int] = []
    with suppress(csv.Error):
        rows = filter(None, csv.reader(lines, delimiter=delimiter))
        counts.extend(len(cells) for cells in islice(rows, most))  # an error keeps what came before it
    return counts


def _cells_of(line: Line, delimiter: str) -> list[str]:
    """Read a line as a row of its own; no cells where it is none."""
    try:
        return next(csv.reader([line.text], delimiter=delimiter), [])
    except csv.Error:
        return []


def _fits(cells: Sequence[str], width: int) -> bool:
    return len(cells) >= width and not any(cell.strip() for cell in cells[width:])
