"""What is known of an input before it is read: its name, size and hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from textcx.domain.feedback import ColumnPlan


@dataclass(frozen=True, slots=True)
class InputFile:
    """An input by name; ``sha256`` and ``size`` are null for standard input and frames."""

    name: str
    sha256: str | None
    size: int | None


def look_at(source: str | Path | pl.DataFrame) -> InputFile:
    """Hash an input without keeping it in memory; what cannot be hashed is left to the reader to complain about."""
    if not isinstance(source, (str, Path)):
        return InputFile("frame", None, None)
    path = Path(source)
    if str(source) == "-" or not path.is_file():
        return InputFile("standard input" if str(source) == "-" else path.name, None, None)
    with path.open("rb") as content:
        return InputFile(path.name, hashlib.file_digest(content, "sha256").hexdigest(), path.stat().st_size)


def plan_for_manifest(plan: ColumnPlan) -> dict[str, Any]:
    """Return a column plan as plain values."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(plan)))
    return plain
