"""Read labelled records under the data folder. What is missing or broken is explained; no text is quoted."""

from __future__ import annotations

import csv
import difflib
import json
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np

from textcx.domain.errors import BadSetting, UnreadableInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Value = TypeVar("Value")


class MissingSet(UnreadableInput):
    """A data set is not there; its reason goes into the list of skipped sets."""


class Record(dict[str, Any]):
    """A record of the set ``name``."""

    def __init__(self, values: dict[str, Any], name: str) -> None:
        super().__init__(values)
        self.name = name

    def __missing__(self, key: str) -> NoReturn:
        """Explain that a field is missing."""
        message = f"{self.name}: a record has no field '{key}'; is this the data set of that name, in the same format?"
        raise UnreadableInput(message)


def records(data: Path, name: str, split: str) -> Iterator[Record]:
    """Yield the records of one split of a JSON lines file such as ``sentiment/cebab``, in the file's order.

    Raises:
        MissingSet: If there is no such file.
        UnreadableInput: If a line is no record with a text and a split, or, as it is asked for, a field is missing.
    """
    path = require(data / f"{name}.jsonl")
    for number, line in enumerate(_lines(path), start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            record = None
        if not isinstance(record, dict) or not isinstance(record.get("text"), str) or "split" not in record:
            message = f"{path}, line {number}: expected a JSON object with 'text' and 'split'; get the file again"
            raise UnreadableInput(message)
        if record["split"] == split:
            yield Record(record, name)


def rows(data: Path, name: str) -> Iterator[Record]:
    """Yield the rows of a CSV file, such as ``dumps/womens_clothing``; errors are those of ``records``."""
    with require(data / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        yield from (Record(row, name) for row in csv.DictReader(lines))


def spread(found: Iterable[Value], limit: int | None) -> list[Value]:
    """Choose at most ``limit`` records, evenly over the file, whose parts may differ; None takes all."""
    every = list(found)
    if limit is None or len(every) <= limit:
        return every
    return [every[int(place)] for place in np.linspace(0, len(every) - 1, limit).round()]


def choose(wanted: Iterable[str] | None, known: Sequence[str]) -> set[str]:
    """Check the names of sets that were asked for; None asks for all.

    Raises:
        BadSetting: If a name is unknown, with the nearest known one.
    """
    if wanted is None:
        return set(known)
    chosen = {name.strip() for name in wanted if name.strip()}
    every = "known are: " + ", ".join(known)
    for name in sorted(chosen - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        message = f"there is no set '{name}'; " + (f"did you mean '{near[0]}'?" if near else every)
        raise BadSetting(message)
    if not chosen:
        message = f"--sets names no set; {every}"
        raise BadSetting(message)
    return chosen


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        try:
            yield from (line for line in lines if line.strip())
        except UnicodeDecodeError as problem:
            message = f"{path} is not UTF-8 (byte {problem.start}); get the file again"
            raise UnreadableInput(message) from None


def require(path: Path) -> Path:
    """Return the path of a file, or raise ``MissingSet`` if it is not there."""
    if not path.is_file():
        message = f"there is no file {path.parent.name}/{path.name} in the data folder"
        raise MissingSet(message)
    return path
