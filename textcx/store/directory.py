"""A finished analysis as a directory: one Parquet file per table, ``manifest.json``, ``unprocessable.jsonl``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.domain.analysis import Analysis
from textcx.domain.errors import BrokenResult
from textcx.domain.feedback import Unprocessable
from textcx.domain.tables import EXTRA_TABLES, SCHEMAS, conform
from textcx.store.files import damaged, put, table_bytes

if TYPE_CHECKING:
    from pathlib import Path

_HINT = "run 'textcx analyze' again"


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
            table = conform(frame, SCHEMAS[name], name=name) if name in SCHEMAS else frame
            put(directory / f"{name}.parquet", table_bytes(table))
        lines = [json.dumps(asdict(broken), ensure_ascii=False) + "\n" for broken in analysis.unprocessable]
        put(directory / "unprocessable.jsonl", "".join(lines).encode())
        manifest = {**analysis.manifest, "headline": analysis.headline, "notes": list(analysis.notes)}
        whole = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True)
        put(directory / "manifest.json", whole.encode())

    def load(self, directory: Path) -> Analysis:
        """Read an analysis back, equal to the one saved.

        Raises:
            BrokenResult: If the directory is no finished analysis.
        """
        path = directory / "manifest.json"
        if not path.is_file():
            msg = f"{directory} holds no finished analysis: there is no manifest.json; run 'textcx analyze' first"
            raise BrokenResult(msg)
        with damaged(path, _HINT):
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            headline, notes = manifest.pop("headline"), tuple(manifest.pop("notes"))
        tables: dict[str, pl.DataFrame] = {}
        for name in (*SCHEMAS, *EXTRA_TABLES):
            file = directory / f"{name}.parquet"
            if name in SCHEMAS or file.is_file():
                with damaged(file, _HINT):
                    tables[name] = pl.read_parquet(file)
        left_out = directory / "unprocessable.jsonl"
        with damaged(left_out, _HINT), left_out.open(encoding="utf-8") as lines:
            unprocessable = tuple(Unprocessable.from_plain(json.loads(line)) for line in lines)
        return Analysis(tables=tables, headline=headline, notes=notes, manifest=manifest, unprocessable=unprocessable)
