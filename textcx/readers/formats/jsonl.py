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
from textcx.readers.formats.raw import SAMPLE_ROWS, LineSource, Row, strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import polars as pl

    from textcx.readers.formats.decoding import Line
    from textcx.readers.formats.streams import ByteSource

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


class JsonlSource(LineSource):
    """A file of JSON objects, one a line."""

    def __init__(self, data: ByteSource) -> None:
        super().__init__(data)
        self.reasons = {"format": f"JSONL, {self.decoding.reason}"}
        self.sample = self._read_sample()

    def _read_sample(self) -> pl.DataFrame:
        objects: list[dict[str, Any]] = []
        first = ""
        for line in self.decoding.lines(io.BytesIO(self.data.head)):
            first = first or line.text.strip()
            values, _ = _read_object(line.text)
            if values is not None:
                objects.append(values)
            if len(objects) > SAMPLE_ROWS:
                break
        if not objects:
            msg = f"{self.name} has no line that is a JSON object; expected one object a line"
            if first.startswith("["):
                msg += " (it looks like one JSON array: write its elements on lines of their own, as jq -c '.[]' does)"
            raise UnreadableInput(msg)
        objects = objects[:SAMPLE_ROWS]
        self.columns = tuple(dict.fromkeys(key for values in objects for key in values))
        if not self.columns:
            msg = f"the JSON objects of {self.name} are empty"
            raise NothingToAnalyze(msg)
        return strings([self._cells(values) for values in objects], self.columns)

    def rows(self, lines: Iterable[Line]) -> Iterator[Row]:
        """Yield a row for every line that is not blank."""
        known = set(self.columns)
        for line in lines:
            if not line.text.strip():
                continue
            values, hint = _read_object(line.text)
            unread = values is not None and not values.keys() <= known
            yield Row(line.number, None if values is None else self._cells(values), hint, line.damaged, unread)

    def _cells(self, values: dict[str, Any]) -> Sequence[str | None]:
        return [_cell(values.get(column)) for column in self.columns]


def _read_object(line: str) -> tuple[dict[str, Any] | None, str]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None, "the line is not valid JSON; expected one object, complete on one line"
    if not isinstance(values, dict):
        return None, "the line is JSON, but not an object with named values"
    return {_LONE_SURROGATES.sub("�", key): value for key, value in values.items()}, ""


def _cell(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text.isascii() and "\0" not in text else _LONE_SURROGATES.sub("�", text.replace("\0", "�"))
