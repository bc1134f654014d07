"""What every format gives before columns are understood: strings in rows, and rows that could not be read.

Invariants, tested for every source: rows keep the order of the file, and every row has one offset, whether it could be
read or not, so that ``skip`` always leaves out the same rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.errors import UnreadableInput
from textcx.domain.feedback import Reason, Unprocessable
from textcx.readers.formats.decoding import detect_decoding
from textcx.readers.formats.streams import STREAM_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from textcx.readers.formats.decoding import Line
    from textcx.readers.formats.streams import ByteSource

SAMPLE_ROWS = 5_000
"""Rows from which columns, scales and formats are found."""


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Some consecutive rows as strings."""

    cells: pl.DataFrame  # one String column per column of the source
    offsets: list[int]  # of the rows that could be read, 0-based
    lines: list[int]  # their numbers, 1-based, as an editor shows them
    broken: tuple[Unprocessable, ...] = ()  # rows that could not be read, numbered by their offsets
    damaged: int = 0  # rows with bytes that could not be decoded
    unread: int = 0  # rows with values that belong to no column


class RowSource(ABC):
    """One input, as rows of strings; one that cannot be read or has no records is refused when it is made."""

    name: str  # what errors and ``where`` call the input
    columns: tuple[str, ...]  # unique, in the order of the file
    reasons: Mapping[str, str]  # what was found out about the format: encoding, delimiter, sheet
    warnings: tuple[str, ...] = ()  # what is doubtful about the format
    # what became of bytes that could not be decoded, for the counted warning
    damage = "rows with bytes that cannot be read, shown as U+FFFD"
    sample: pl.DataFrame  # the first readable rows as String columns, at most ``SAMPLE_ROWS``

    @abstractmethod
    def chunks(self, *, rows: int, skip: int) -> Iterator[RawChunk]:
        """Yield the rows in order, ``rows`` at a time (unreadable ones included), leaving out the first ``skip``."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a line-oriented format: its cells, or the hint why there are none."""

    line: int
    cells: Sequence[str | None] | None
    hint: str = ""
    damaged: bool = False
    unread: bool = False  # it has values under names that the start of the input does not have


class LineSource(RowSource):
    """A text file whose rows are made of lines."""

    def __init__(self, data: ByteSource) -> None:
        self.name = data.name
        self.data = data
        self.decoding = detect_decoding(data.head, name=data.name, whole=data.whole)
        self.damage = self.decoding.damage
        self.warnings = (self.decoding.warning,) if self.decoding.warning else ()

    @abstractmethod
    def rows(self, lines: Iterable[Line]) -> Iterator[Row]:
        """Yield the rows that lines make up, readable or not, with as many cells as there are columns."""

    def chunks(self, *, rows: int, skip: int) -> Iterator[RawChunk]:
        """Yield the rows in order."""
        done = skip
        try:
            numbered = islice(enumerate(self.rows(self.decoding.lines(self.data.open()))), skip, None)
            while gathered := list(islice(numbered, rows)):
                yield self._chunk(gathered)
                done += len(gathered)
        except STREAM_ERRORS as error:
            msg = f"{self.name} could not be read further after {done} rows; copy or export the file again"
            raise UnreadableInput(msg) from error

    def _chunk(self, gathered: list[tuple[int, Row]]) -> RawChunk:
        good = [(offset, row) for offset, row in gathered if row.cells is not None]
        return RawChunk(
            cells=strings([row.cells or () for _, row in good], self.columns),
            offsets=[offset for offset, _ in good],
            lines=[row.line for _, row in good],
            broken=tuple(
                Unprocessable(offset, f"{self.name}:{row.line}", Reason.UNREADABLE_ROW, row.hint)
                for offset, row in gathered
                if row.cells is None
            ),
            damaged=sum(row.damaged for _, row in gathered),
            unread=sum(row.unread for _, row in gathered),
        )


def strings(rows: Sequence[Sequence[str | None]], columns: Sequence[str]) -> pl.DataFrame:
    """Make a frame of String columns from rows of cells."""
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def chunk_frame(cells: pl.DataFrame, *, first: int, first_line: int) -> RawChunk:
    """Make a chunk of a frame whose rows could all be read, the first at an offset; ``first_line`` is that of row 0."""
    offsets = list(range(first, first + cells.height))
    return RawChunk(cells=cells, offsets=offsets, lines=[first_line + offset for offset in offsets])


def unique_names(header: Sequence[str | None]) -> tuple[str, ...]:
    """Name columns as the header does: trimmed, empty ones "column 3", repeated ones "score (2)"."""
    names: list[str] = []
    for position, cell in enumerate(header, start=1):
        base = " ".join((cell or "").split()) or f"column {position}"
        name, copy = base, 2
        while name in names:
            name, copy = f"{base} ({copy})", copy + 1
        names.append(name)
    return tuple(names)
