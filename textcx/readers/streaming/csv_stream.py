"""Rows of a CSV that may never end, each as soon as it is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textcx.domain.errors import UnreadableInput
from textcx.domain.feedback import ColumnOverrides
from textcx.readers.columns.overrides import check_overrides
from textcx.readers.formats.csv_rows import DELIMITERS, EXCEL_HINT, CsvRows, Fault
from textcx.readers.formats.raw import unique_names
from textcx.readers.streaming.line_stream import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textcx.readers.formats.decoding import Line

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
        self._rows = CsvRows(lines, strict=True, longest=longest)
        self._delimiter, self.columns = self._find_header(text, tabs=tabs)
        absent = not set(text) <= set(self.columns)
        if absent and (len(self.columns) <= 1 or any(map(_is_verbatim, self.columns))):
            msg = (
                f"the first line of {name} has no column {text[0]!r} and looks like a record, not like column names; "
                "expected a header line such as 'id,text', or JSONL"
            )
            raise UnreadableInput(msg)
        check_overrides(self.columns, overrides=ColumnOverrides(text=tuple(text), id=id_column), name=name)

    def __iter__(self) -> Iterator[StreamRow]:
        """Yield the rows as they come."""
        for row in self._rows.rows(self._delimiter, width=len(self.columns)):
            if len(row.cells) <= 1 and len(row.lines) == 1 and not (row.lines[0].text.strip() or row.lines[0].too_long):
                continue  # a blank line
            if row.fault is None:
                yield StreamRow(row.line, row.cells, damaged=row.damaged)
            else:
                fault = Fault.UNCLOSED if row.fault is Fault.SWALLOWED else row.fault
                yield StreamRow(row.line, [], fault.value, row.damaged)

    def _find_header(self, text: Sequence[str], *, tabs: bool) -> tuple[str, tuple[str, ...]]:
        first = self._rows.peek()
        hint = EXCEL_HINT.match(first.text) if first else None
        if hint:
            self._rows.skip(1)
        best, names = ",", tuple[str, ...]()
        for delimiter in hint[1] if hint else ("\t", *DELIMITERS) if tabs else DELIMITERS:
            columns = unique_names(self._rows.header(delimiter, keep=True))
            complete = set(text) <= set(columns)
            if complete or len(columns) > len(names):
                best, names = delimiter, columns
            if complete:
                break
        self._rows.header(best)
        return best, names


def _is_verbatim(name: str) -> bool:
    return len(name.split()) >= _LONG_NAME or name.replace(".", "", 1).replace("-", "", 1).isdigit()
