"""Checkpoints: the parts of an unfinished run, in a directory of their own.

A part counts once its JSON file is there; that file is renamed into place after everything it names was written. The
parts of other inputs, settings or models are discarded.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.domain.errors import TextcxError
from textcx.domain.feedback import Unprocessable
from textcx.domain.parts import Part

if TYPE_CHECKING:
    from pathlib import Path


class PartStore:
    """Parts of one run under one directory, locked against a second run."""

    def __init__(self, directory: Path, *, fingerprint: str) -> None:
        self.directory = directory
        self.fingerprint = fingerprint
        self.resumed = False
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
            self.resumed = self._parts > 0
        else:
            self._refuse_other_contents(run)
            self.clear()
            write_atomically(run, json.dumps({"fingerprint": fingerprint}))

    def count(self) -> int:
        """Return the number of complete parts, counted from the first without a gap."""
        return self._parts

    def rows_of(self, number: int) -> tuple[int, int]:
        """Return the input that a part belongs to and the number of rows that it covers."""
        facts = json.loads(self._path(number, "json").read_text(encoding="utf-8"))
        return facts["input"], facts["rows"]

    def save(self, part: Part, *, number: int, of_input: int) -> None:
        """Write a part; it counts when this returns."""
        write_table(self._path(number, "records.parquet"), part.records)
        write_table(self._path(number, "segments.parquet"), part.segments)
        with self._path(number, "vectors.npy").open("wb") as out:
            np.save(out, part.vectors, allow_pickle=False)
            out.flush()
            os.fsync(out.fileno())
        facts: dict[str, Any] = {
            "input": of_input,
            "rows": part.rows,
            "unreadable": [asdict(broken) for broken in part.unreadable],
            "warnings": list(part.warnings),
        }
        write_atomically(self._path(number, "json"), json.dumps(facts))
        self._parts = max(self._parts, number + 1)

    def load(self, number: int) -> Part:
        """Read a part back."""
        facts = json.loads(self._path(number, "json").read_text(encoding="utf-8"))
        return Part(
            records=pl.read_parquet(self._path(number, "records.parquet")),
            segments=pl.read_parquet(self._path(number, "segments.parquet")),
            vectors=np.load(self._path(number, "vectors.npy"), allow_pickle=False),
            unreadable=tuple(Unprocessable.from_plain(broken) for broken in facts["unreadable"]),
            warnings=tuple(facts["warnings"]),
            rows=facts["rows"],
        )

    def clear(self) -> None:
        """Forget every part."""
        for path in self.directory.iterdir():
            if path.name == "lock":
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def remove(self) -> None:
        """Remove the directory, while no other run can have it."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def close(self) -> None:
        """Let another run have the directory."""
        self._lock.close()

    def _refuse_other_contents(self, run: Path) -> None:
        if not run.exists() and any(path.name != "lock" for path in self.directory.iterdir()):
            self._lock.close()
            msg = f"{self.directory} is needed for the checkpoints of this run, but holds something else; move it away"
            raise TextcxError(msg)

    def _path(self, number: int, suffix: str) -> Path:
        return self.directory / f"part-{number:06d}.{suffix}"


def write_table(path: Path, frame: pl.DataFrame) -> None:
    """Write a Parquet file; a full disk is an ``OSError``, which it is not where Polars itself writes."""
    content = io.BytesIO()
    frame.write_parquet(content)
    with path.open("wb") as out:
        out.write(content.getbuffer())
        out.flush()
        os.fsync(out.fileno())


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that it is either not there or complete."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
