"""Texts to score from a stream of JSONL or CSV: one record after the other, each either given or broken.

Nothing but the first line is looked at beforehand: a pipe may never end, and an answer is wanted at once. So the
columns have fixed names, the encoding is not guessed, and a broken line costs nothing but itself.

Invariants, all tested: records come in the order of the input, every line that holds anything in exactly one of them;
no error holds a verbatim.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting, UnreadableInput
from textcx.domain.feedback import ColumnOverrides
from textcx.domain.items import LINE_ID, BrokenLine, GivenText
from textcx.readers.columns.plan import check_overrides
from textcx.readers.formats.csv_rows import DELIMITERS, EXCEL_HINT, CsvRows, Fault
from textcx.readers.formats.raw import unique_names
from textcx.readers.formats.streams import FORMATS as FORMATS_BY_SUFFIX
from textcx.readers.formats.streams import existing, suffix_of
from textcx.readers.streaming.line_stream import LONGEST_LINE, numbered_lines, open_stream
from textcx.steps.records.assemble import join_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from textcx.readers.formats.decoding import Line

FORMATS = ("jsonl", "csv")
LONGEST_TEXT = 1_000_000
"""Characters of the longest text that is scored: minutes of work for one record would hold up all others."""
LONGEST_ID = 1_000
_LONG_NAME = 5
"""Words from which on a column's name is taken for what a customer said, which no error may show."""

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
    """Which columns (or keys) hold what; several texts are joined. Without a name, ids are under "id", if anywhere."""

    text: tuple[str, ...] = ("text",)
    id: str | None = None
    language: str = "language"


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
        encoding: By default UTF-8, or what a byte order mark says.
        longest: Most characters of a line.

    Raises:
        BadSetting: If the format or the encoding is unknown.
        UnreadableInput: If the input is missing (at once), binary or damaged (with its first record).
        ColumnNotFound: If the header of a CSV lacks a column.
    """
    if form is not None and form not in FORMATS:
        msg = f"--format {form!r} is unknown; expected jsonl or csv"
        raise BadSetting(msg)
    name = "standard input" if str(source) == "-" else existing(source).name
    suffix = suffix_of(name)
    named = FORMATS_BY_SUFFIX.get(suffix)
    form = form or (named if named in FORMATS else None)
    tabs = suffix in {".tsv", ".tab"}

    def records() -> Iterator[GivenText | BrokenLine]:
        with open_stream(source) as stream:
            # JSON may hold a bare carriage return, which is white space there; a CSV of old may end its lines so
            lines = numbered_lines(stream, name=name, any_break=form != "jsonl", encoding=encoding, longest=longest)
            early: list[Line] = []
            for line in lines:
                if line.too_long or line.text.strip():
                    early.append(line)
                if early and (form or not line.too_long):
                    break
            if not early:
                return
            lines = chain(early, lines)
            if form == "jsonl" or (not form and early[-1].text.lstrip().startswith(("{", "["))):
                yield from (record for line in lines if (record := _from_line(line, columns)) is not None)
            else:
                yield from _from_csv(lines, columns=columns, name=name, tabs=tabs, longest=longest)

    return records()


def _from_line(line: Line, columns: RecordColumns) -> GivenText | BrokenLine | None:
    if line.too_long:
        return _broken("line_too_long", line.number)
    if not line.text.strip():
        return None
    try:
        value = json.loads(line.text)
    except (ValueError, RecursionError):
        return _broken("not_utf8" if line.damaged else "not_json", line.number)
    return record_of(value, line=line.number, columns=columns, damaged=line.damaged)


def record_of(value: object, *, line: int, columns: RecordColumns, damaged: bool = False) -> GivenText | BrokenLine:
    """Read a record from a JSON object of the line with a 1-based number; a text that is null is an empty one."""
    if not isinstance(value, dict):
        return _broken("not_an_object", line)
    texts = [value[key] for key in columns.text if key in value]
    return _record(value.get(columns.id or "id"), texts, value.get(columns.language), line=line, damaged=damaged)


def _from_csv(
    lines: Iterator[Line], *, columns: RecordColumns, name: str, tabs: bool, longest: int
) -> Iterator[GivenText | BrokenLine]:
    rows = CsvRows(lines, strict=True, longest=longest)
    delimiter, header = _find_header(rows, columns.text, tabs=tabs)
    absent = not set(columns.text) <= set(header)
    if absent and (len(header) <= 1 or any(map(_is_verbatim, header))):
        msg = (
            f"the first line of {name} has no column {columns.text[0]!r} and looks like a record, not like column "
            "names; expected a header line such as 'id,text', or JSONL"
        )
        raise UnreadableInput(msg)
    check_overrides(header, overrides=ColumnOverrides(text=columns.text, id=columns.id), name=name)
    for row in rows.rows(delimiter, width=len(header)):
        if len(row.cells) <= 1 and len(row.lines) == 1 and not (row.lines[0].text.strip() or row.lines[0].too_long):
            continue  # a blank line
        if row.fault is not None:
            # no cell is shown, not even the id: where cells are shifted, the words of a customer stand in its place
            yield _broken((Fault.UNCLOSED if row.fault is Fault.SWALLOWED else row.fault).value, row.line)
            continue
        cells = dict(zip(header, row.cells, strict=False))
        texts = [cells[column] for column in columns.text]
        yield _record(
            cells.get(columns.id or "id"), texts, cells.get(columns.language), line=row.line, damaged=row.damaged
        )


def _find_header(rows: CsvRows, text: Sequence[str], *, tabs: bool) -> tuple[str, tuple[str, ...]]:
    """Read the header by the delimiter that finds all text columns, else the most columns."""
    first = rows.peek()
    hint = EXCEL_HINT.match(first.text) if first else None
    if hint:
        rows.skip(1)
    best, names = ",", tuple[str, ...]()
    for delimiter in hint[1] if hint else ("\t", *DELIMITERS) if tabs else DELIMITERS:
        columns = unique_names(rows.header(delimiter, keep=True))
        complete = set(text) <= set(columns)
        if complete or len(columns) > len(names):
            best, names = delimiter, columns
        if complete:
            break
    rows.header(best)
    return best, names


def _is_verbatim(name: str) -> bool:
    return len(name.split()) >= _LONG_NAME or name.replace(".", "", 1).replace("-", "", 1).isdigit()


def _record(
    given: object, texts: Sequence[object], language: object, *, line: int, damaged: bool
) -> GivenText | BrokenLine:
    own_id = _id(given)
    if own_id is None:
        return _broken("bad_id", line)
    if damaged:
        return _broken("not_utf8", line, "" if "\ufffd" in own_id else own_id)
    if not texts:
        return _broken("text_missing", line, own_id)
    cells = [text for text in texts if text is None or isinstance(text, str)]
    if len(cells) < len(texts):
        return _broken("text_not_a_string", line, own_id)
    text, spans = join_cells(cells)
    if len(text) > LONGEST_TEXT:
        return _broken("text_too_long", line, own_id)
    return GivenText(
        id=own_id or LINE_ID.format(line),
        text=text,
        language=language if isinstance(language, str) else None,
        cells=tuple((span["start"], span["end"]) for span in spans) if len(spans) > 1 else None,
        line=line,
        named=bool(own_id),
    )


def _broken(code: str, line: int, own_id: str = "") -> BrokenLine:
    return BrokenLine(line, code, _MESSAGES[code], own_id or None)


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
