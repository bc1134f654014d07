"""JSONL: one JSON object a line.

Columns are the keys of the sampled objects, in the order they first appear; a key that turns up later is not read.
Lists and objects inside a record are kept as JSON text.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import NothingToAnalyze, UnreadableInput
from textcx.readers.formats.decoding import detect_decoding
from textcx.readers.formats.raw import SAMPLE_ROWS, RawChunk, Row, chunk_rows, strings
from textcx.readers.formats.streams import STREAM_ERRORS, cut_off

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    import polars as pl

    from textcx.readers.formats.streams import ByteSource

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


class JsonlSource:
    """A file of JSON objects, one a line.

    Raises:
        UnreadableInput: If it is binary, a single JSON array, or has no line that is a JSON object.
    """

    def __init__(self, data: ByteSource) -> None:
        self.name = data.name
        self._data = data
        self._decoding = detect_decoding(data.head, name=data.name, whole=data.whole)
        self.damage = self._decoding.damage
        self.warnings = (self._decoding.warning,) if self._decoding.warning else ()
        self.reasons = {"format": f"JSONL, {self._decoding.reason}"}
        self.columns: tuple[str, ...] = ()
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

    def _read_sample(self) -> pl.DataFrame:
        objects: list[dict[str, Any]] = []
        first = ""
        for line, _ in self._decoding.lines(io.BytesIO(self._data.head)):
            first = first or line.strip()
            found, _ = _read_object(line)
            if found is not None:
                objects.append(found)
            if len(objects) > SAMPLE_ROWS:
                break
        if not objects:
            msg = f"{self.name} has no line that is a JSON object; expected one object a line"
            if first.startswith("["):
                msg += " (it looks like one JSON array: write its elements on lines of their own, as jq -c '.[]' does)"
            raise UnreadableInput(msg)
        objects = objects[:SAMPLE_ROWS]
        self.columns = tuple(dict.fromkeys(key for found in objects for key in found))
        if not self.columns:
            msg = f"the JSON objects of {self.name} are empty"
            raise NothingToAnalyze(msg)
        return strings([self._cells(found) for found in objects], self.columns)

    def _rows(self, stream: BinaryIO) -> Iterator[Row]:
        known = set(self.columns)
        for number, (line, damaged) in enumerate(self._decoding.lines(stream), start=1):
            if not line.strip():
                continue
            found, hint = _read_object(line)
            unread = found is not None and not found.keys() <= known
            yield Row(number, None if found is None else self._cells(found), hint, damaged, unread)

    def _cells(self, found: dict[str, Any]) -> Sequence[str | None]:
        return [_cell(found.get(column)) for column in self.columns]


def _read_object(line: str) -> tuple[dict[str, Any] | None, str]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None, "the line is not valid JSON; expected one object, complete on one line"
    if not isinstance(found, dict):
        return None, "the line is JSON, but not an object with named values"
    return {_LONE_SURROGATES.sub("�", key): value for key, value in found.items()}, ""


def _cell(value: Any) -> str | None:  # noqa: ANN401  any JSON value
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text.isascii() and "\0" not in text else _LONE_SURROGATES.sub("�", text.replace("\0", "�"))
