"""A finished analysis as a directory: one Parquet file per table, ``manifest.json``, ``unprocessable.jsonl``."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.domain.analysis import Analysis
from textcx.domain.errors import BrokenResult
from textcx.domain.feedback import Unprocessable
from textcx.domain.tables import EXTRA_TABLES, SCHEMAS, conform
from textcx.store.parts import write_atomically, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class DirectoryStore:
    """Keeps an analysis as files that any data tool can open. Implements ``textcx.ports.AnalysisStore``."""

    def save(self, analysis: Analysis, directory: Path) -> None:
        """Write the tables, what was unprocessable, and - last - the manifest, which makes the directory complete.

        Args:
            analysis: The analysis.
            directory: An existing directory; files of the same names are replaced.
        """
        for name in EXTRA_TABLES:
            (directory / f"{name}.parquet").unlink(missing_ok=True)
        for name, frame in analysis.tables.items():
            schema = SCHEMAS.get(name)
            table = conform(frame, schema, name=name) if schema is not None else frame
            write_table(directory / f"{name}.parquet", table)
        with (directory / "unprocessable.jsonl").open("w", encoding="utf-8") as out:
            for broken in analysis.unprocessable:
                out.write(json.dumps(asdict(broken), ensure_ascii=False) + "\n")
        manifest = {**analysis.manifest, "headline": analysis.headline, "notes": list(analysis.notes)}
        write_atomically(
            directory / "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True)
        )

    def load(self, directory: Path) -> Analysis:
        """Read an analysis back.

        Args:
            directory: A directory written by ``save``.

        Returns:
            The analysis, equal to the one saved.

        Raises:
            BrokenResult: If the directory is no finished analysis.
        """
        path = directory / "manifest.json"
        if not path.is_file():
            msg = f"{directory} holds no finished analysis: there is no manifest.json; run 'textcx analyze' first"
            raise BrokenResult(msg)
        with _named(path):
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            headline, notes = manifest.pop("headline"), tuple(manifest.pop("notes"))
        tables: dict[str, pl.DataFrame] = {}
        for name in (*SCHEMAS, *EXTRA_TABLES):
            file = directory / f"{name}.parquet"
            if file.is_file():
                with _named(file):
                    tables[name] = pl.read_parquet(file)
            elif name in SCHEMAS:
                msg = f"{directory} is incomplete: {name}.parquet is missing; run 'textcx analyze' again"
                raise BrokenResult(msg)
        left_out = directory / "unprocessable.jsonl"
        with _named(left_out), left_out.open(encoding="utf-8") as lines:
            unprocessable = tuple(Unprocessable.from_plain(json.loads(line)) for line in lines)
        return Analysis(tables=tables, headline=headline, notes=notes, manifest=manifest, unprocessable=unprocessable)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say which file of a result cannot be read, whatever the library below found wrong with it."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        msg = f"{path} is missing or damaged ({type(error).__name__}); run 'textcx analyze' again"
        raise BrokenResult(msg) from error
