"""Read labelled records under the data folder. What is missing or broken is explained; no text is quoted."""

from __future__ import annotations

import csv
import difflib
import json
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from textcx.domain.errors import BadSetting, UnreadableInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Value = TypeVar("Value")


class MissingSet(UnreadableInput):
    """A data set is not there; its reason goes into the list of skipped sets."""


def records(data: Path, name: str, *splits: str) -> Iterator[dict[str, Any]]:
    """Yield the records of some splits of a JSON lines file, in the file's order.

    Args:
        data: The data folder.
        name: File without its ending, such as ``sentiment/cebab``.
        splits: The splits wanted.

    Raises:
        MissingSet: If there is no such file.
        UnreadableInput: If a line is no record with a text and a split.
    """
    path = data / f"{name}.jsonl"
    for number, line in enumerate(_lines(path), start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            record = None
        if not isinstance(record, dict) or not isinstance(record.get("text"), str) or "split" not in record:
            message = f"{path}, line {number}: expected a JSON object with 'text' and 'split'; get the file again"
            raise UnreadableInput(message)
        if record["split"] in splits:
            yield record


def rows(data: Path, name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file, such as ``dumps/womens_clothing``.

    Raises:
        MissingSet: If there is no such file.
    """
    path = data / f"{name}.csv"
    _require(path)
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def field(record: dict[str, Value], key: str, *, name: str) -> Value:
    """Return a field of a record.

    Raises:
        UnreadableInput: If the record has no such field.
    """
    if key not in record:
        message = f"{name}: a record has no field '{key}'; is this the data set of that name, in the same format?"
        raise UnreadableInput(message)
    return record[key]


def spread(count: int, limit: int | None) -> list[int]:
    """Return the places of at most ``limit`` of ``count`` records, evenly over the file, whose parts may differ."""
    if limit is None or count <= limit:
        return list(range(count))
    return [int(place) for place in np.linspace(0, count - 1, limit).round()]


def choose(wanted: Iterable[str] | None, known: Sequence[str]) -> set[str]:
    """Check the names of sets that were asked for; None asks for all.

    Raises:
        BadSetting: If a name is unknown, with the nearest known one.
    """
    if wanted is None:
        return set(known)
    chosen = {name.strip() for name in wanted if name.strip()}
    for name in sorted(chosen - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "known are: " + ", ".join(known)
        message = f"there is no set '{name}'; {hint}"
        raise BadSetting(message)
    if not chosen:
        message = "--sets names no set; known are: " + ", ".join(known)
        raise BadSetting(message)
    return chosen


def _lines(path: Path) -> Iterator[str]:
    _require(path)
    with path.open(encoding="utf-8") as lines:
        try:
            yield from (line for line in lines if line.strip())
        except UnicodeDecodeError as problem:
            message = f"{path} is not UTF-8 (byte {problem.start}); get the file again"
            raise UnreadableInput(message) from None


def _require(path: Path) -> None:
    if not path.is_file():
        message = f"there is no file {path.parent.name}/{path.name} in the data folder"
        raise MissingSet(message)
