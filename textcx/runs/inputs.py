"""What is known of an input before it is read: its name, size and hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from textcx.domain.feedback import ColumnPlan

BLOCK = 1 << 20


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
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return InputFile(path.name, digest.hexdigest(), path.stat().st_size)


def plan_for_manifest(plan: ColumnPlan) -> dict[str, Any]:
    """Return a column plan as plain values."""
    return {
        "text": [{"column": column.column, "question": column.question} for column in plan.text],
        "id": plan.id,
        "date": plan.date,
        "date_format": plan.date_format,
        "source": plan.source,
        "source_column": plan.source_column,
        "respondent": plan.respondent,
        "touchpoint": plan.touchpoint,
        "customer_value": plan.customer_value,
        "question_column": plan.question_column,
        "attributes": list(plan.attributes),
        "ratings": [
            {
                "name": rating.name,
                "column": rating.column,
                "kind": str(rating.kind),
                "low": rating.low,
                "high": rating.high,
                "reversed": rating.reversed,
                "missing": list(rating.missing),
                "note": rating.note,
            }
            for rating in plan.ratings
        ],
        "ignored": list(plan.ignored),
        "reasons": dict(plan.reasons),
        "warnings": list(plan.warnings),
    }
