"""Checkpoints: the parts of an unfinished run, in a directory of their own.

A part counts once its JSON file is there, which is written last. The parts of other inputs, settings or models are
discarded.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.domain.errors import TextcxError
from textcx.domain.feedback import Unprocessable
from textcx.domain.parts import Part
from textcx.store.files import put, table_bytes, vector_bytes

if TYPE_CHECKING:
    from pathlib import Path


class PartStore:
    """Parts of one run under one directory, locked against a second run."""

    def __init__(self, directory: Path, *, fingerprint: str) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = (directory / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            msg = f"another run is writing to {directory}; wait for it to end or choose another --out"
            raise TextcxError(msg) from None
        run = directory / "run.json"
        self._parts = 0
        if run.exists() and json.loads(run.read_text(encoding="utf-8")).get("fingerprint") == fingerprint:
            while self._path(self._parts, "json").exists():
                self._parts += 1
        else:
            self._clear(run)
            put(run, json.dumps({"fingerprint": fingerprint}).encode())
        self.resumed = self._parts > 0

    def count(self) -> int:
        """Return the number of complete parts, counted from the first without a gap."""
        return self._parts

    def covered(self) -> Counter[int]:
        """Return how many rows of each input the complete parts cover."""
        rows: Counter[int] = Counter()
        for number in range(self._parts):
            facts = self._facts(number)
            rows[facts["input"]] += facts["rows"]
        return rows

    def save(self, part: Part, *, of_input: int) -> None:
        """Write the next part; it counts when this returns."""
        number = self._parts
        put(self._path(number, "records.parquet"), table_bytes(part.records))
        put(self._path(number, "segments.parquet"), table_bytes(part.segments))
        put(self._path(number, "aspects.parquet"), table_bytes(part.aspects))
        put(self._path(number, "matters.npy"), vector_bytes(part.matters))
        facts = {
            "input": of_input,
            "rows": part.rows,
            "unreadable": [asdict(broken) for broken in part.unreadable],
            "warnings": list(part.warnings),
        }
        put(self._path(number, "json"), json.dumps(facts).encode())
        self._parts += 1

    def load(self, number: int) -> Part:
        """Read a part back."""
        facts = self._facts(number)
        return Part(
            records=pl.read_parquet(self._path(number, "records.parquet")),
            segments=pl.read_parquet(self._path(number, "segments.parquet")),
            matters=np.load(self._path(number, "matters.npy"), allow_pickle=False),
            unreadable=tuple(Unprocessable.from_plain(broken) for broken in facts["unreadable"]),
            warnings=tuple(facts["warnings"]),
            rows=facts["rows"],
            aspects=pl.read_parquet(self._path(number, "aspects.parquet")),
        )

    def remove(self) -> None:
        """Remove the directory, while no other run can have it."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def close(self) -> None:
        """Let another run have the directory."""
        self._lock.close()

    def _clear(self, run: Path) -> None:
        there = [path for path in self.directory.iterdir() if path.name != "lock"]
        if there and not run.exists():
            self._lock.close()
            msg = f"{self.directory} is needed for the checkpoints of this run, but holds something else; move it away"
            raise TextcxError(msg)
        for path in there:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _facts(self, number: int) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self._path(number, "json").read_text(encoding="utf-8"))
        return facts

    def _path(self, number: int, suffix: str) -> Path:
        return self.directory / f"part-{number:06d}.{suffix}"
