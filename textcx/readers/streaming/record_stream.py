"""Texts to score from a stream of JSONL or CSV: one record after the other, each either given or broken.

Unlike the readers of ``textcx analyze``, which look at a sample of a file before they read it, this one looks at
nothing but the first line: a pipe may never end, and an answer is wanted at once. So the columns have fixed names, the
encoding is not guessed, and a broken line costs nothing but itself.

Invariants, all tested: records come in the order of the input; every line that holds anything ends up in exactly one
record; no error holds a verbatim.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting
from textcx.domain.items import LINE_ID, BrokenLine, GivenText
from textcx.readers.formats.streams import FORMATS as FORMATS_BY_SUFFIX
from textcx.readers.formats.streams import suffix_of
from textcx.readers.streaming.csv_stream import CsvStream
from textcx.readers.streaming.line_stream import LONGEST_LINE, numbered_lines, open_pieces
from textcx.steps.records.assemble import join_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from textcx.readers.formats.decoding import Line

FORMATS = ("jsonl", "csv")
LONGEST_TEXT = 1_000_000
"""Characters of the longest text that is scored: minutes of work for one record would hold up all others."""
LONGEST_ID = 1_000

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_MESSAGES = {
    "not_json": "the line is not valid JSON; expected one object, complete on one line",
    "not_an_object": "the line is JSON, but no object; expected one with an id and a text on each line "
    "(jq -c '.[]' writes the elements of an array so)",
    "line_too_long": f"the line is longer than {LONGEST_LINE:,} characters; it was left out",
    "not_utf8": "the line holds bytes that are not UTF-8; save the input as UTF-8, or name its encoding with "
    "--encoding, such as cp1252",
    "text_missing": "the object has none of the keys that hold the text; name them with --text-column",
    "text_not_a_string": "the text is not a string; give it in quotation marks",
    "text_too_long": f"the text is longer than {LONGEST_TEXT:,} characters; give it in parts",
    "bad_id": f"the id is no string or number, or longer than {LONGEST_ID:,} characters",
    "cell_count": "the row has not as many cells as the header; look for a stray quotation mark or delimiter",
    "unclosed_quote": "a quotation mark is opened and not closed where the row ends; close it or double it",
}
"""Every code of an error line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordColumns:
    """Which columns (or keys) hold what. ``id`` and ``language`` may be absent; several texts are joined."""

    text: tuple[str, ...] = ("text",)
    id: str | None = None
    language: str = "language"

    @property
    def id_name(self) -> str:
        """The column of ids, ``id`` where none was named."""
        return self.id or "id"


def stream_records(
    source: str | Path,
    *,
    columns: RecordColumns,
    form: str | None = None,
    encoding: str | None = None,
    longest: int = LONGEST_LINE,
) -> Iterator[GivenText | BrokenLine]:
    """Open an input and yield its records as they come.

    Args:
        source: A file, a named pipe, or "-" for standard input; gzipped or not.
        columns: Where id, text and language are.
        form: "jsonl" or "csv"; by default by the suffix, else by the first character that is not blank.
        encoding: Name of the encoding; by default UTF-8, or what a byte order mark says.
        longest: Most characters of a line.

    Returns:
        The records. What is wrong with the input as a whole is raised with the first of them, a missing file at once.

    Raises:
        BadSetting: If the format or the encoding is unknown.
        UnreadableInput: If the input is missing, binary or damaged.
        ColumnNotFound: If the header of a CSV lacks a column.
    """
    if form is not None and form not in FORMATS:
        msg = f"--format {form!r} is unknown; expected jsonl or csv"
        raise BadSetting(msg)
    name = "standard input" if str(source) == "-" else Path(source).name
    suffix = "" if str(source) == "-" else suffix_of(name)
    named = FORMATS_BY_SUFFIX.get(suffix)
    return _records(
        open_pieces(source),
        columns=columns,
        form=form or (named if named in FORMATS else None),
        encoding=encoding,
        longest=longest,
        name=name,
        tabs=suffix in {".tsv", ".tab"},
    )


def _records(
    pieces: Iterable[bytes],
    *,
    columns: RecordColumns,
    form: str | None,
    encoding: str | None,
    longest: int,
    name: str,
    tabs: bool,
) -> Iterator[GivenText | BrokenLine]:
    # A line of JSON may hold a bare carriage return, which is white space there; a CSV of old may end its lines so.
    lines = numbered_lines(pieces, encoding=encoding, any_break=form != "jsonl", longest=longest)
    early: list[Line] = []
    for line in lines:
        if line.too_long or line.text.strip():
            early.append(line)
        if early and (form or not line.too_long):
            break
    if not early:
        return
    lines = chain(early, lines)
    if (form or _form_of(early[-1])) == "jsonl":
        yield from (record for line in lines if (record := _from_line(line, columns)) is not None)
    else:
        yield from _from_csv(lines, columns=columns, name=name, tabs=tabs, longest=longest)


def _form_of(first: Line) -> str:
    return "jsonl" if first.text.lstrip().startswith(("{", "[")) else "csv"


def _from_line(line: Line, columns: RecordColumns) -> GivenText | BrokenLine | None:
    if line.too_long:
        return broken_line("line_too_long", line.number)
    if not line.text.strip():
        return None
    try:
        value = json.loads(line.text)
    except (ValueError, RecursionError):
        return broken_line("not_utf8" if line.damaged else "not_json", line.number)
    return record_of(value, line=line.number, columns=columns, damaged=line.damaged)


def record_of(value: object, *, line: int, columns: RecordColumns, damaged: bool = False) -> GivenText | BrokenLine:
    """Read a record from a parsed JSON value.

    Args:
        value: Expected is an object; other keys are left alone.
        line: Its 1-based number.
        columns: Its keys.
        damaged: Whether bytes of it could not be decoded.

    Returns:
        The record, or what is wrong with it. A text that is null is an empty one.
    """
    if not isinstance(value, dict):
        return broken_line("not_an_object", line)
    given = _id(value.get(columns.id_name))
    texts = [value[key] for key in columns.text if key in value]
    return _record(given, texts, value.get(columns.language), line=line, damaged=damaged)


def _from_csv(
    lines: Iterator[Line], *, columns: RecordColumns, name: str, tabs: bool, longest: int
) -> Iterator[GivenText | BrokenLine]:
    rows = CsvStream(lines, text=columns.text, id_column=columns.id, name=name, tabs=tabs, longest=longest)
    place = {column: number for number, column in enumerate(rows.columns)}
    for row in rows:
        if row.code is not None:
            yield broken_line(row.code, row.line)
            continue
        cells = {column: row.cells[at] for column, at in place.items()}
        texts = [cells[column] for column in columns.text]
        given = _id(cells.get(columns.id_name))
        yield _record(given, texts, cells.get(columns.language), line=row.line, damaged=row.damaged)


def _record(
    given: str | None, texts: Sequence[object], language: object, *, line: int, damaged: bool
) -> GivenText | BrokenLine:
    """Put a record together. ``given`` is "" where it has no id, null where it has a bad one."""
    if given is None:
        return broken_line("bad_id", line)
    if damaged:
        return broken_line("not_utf8", line, "" if "\ufffd" in given else given)
    if not texts:
        return broken_line("text_missing", line, given)
    cells = [text for text in texts if text is None or isinstance(text, str)]
    if len(cells) < len(texts):
        return broken_line("text_not_a_string", line, given)
    text, spans = join_cells(cells)
    if len(text) > LONGEST_TEXT:
        return broken_line("text_too_long", line, given)
    return GivenText(
        id=given or LINE_ID.format(line),
        text=text,
        language=language if isinstance(language, str) else None,
        cells=tuple((span["start"], span["end"]) for span in spans) if len(spans) > 1 else None,
        line=line,
        named=bool(given),
    )


def broken_line(code: str, line: int, given: str = "") -> BrokenLine:
    """Make the error line of a record, with its id where that is known."""
    return BrokenLine(line, code, _MESSAGES[code], given or None)


def _id(value: object) -> str | None:
    """Return an id as a string, "" where there is none, null where it is no id."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    plain = _LONE_SURROGATES.sub("\ufffd", str(value)).strip()
    return plain if len(plain) <= LONGEST_ID else None
