"""Counts and tables as plain text for a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def many(count: int, thing: str) -> str:
    """Write a count with its noun: ``1 record``, ``1,234 records``."""
    return f"{count:,} {thing}" + ("" if count == 1 else "s")


def columns(rows: Sequence[Sequence[str]], *, right: Collection[int] = (), widest: int | None = None) -> list[str]:
    """Align the columns of a table, those in ``right`` at their right edge; longer cells than ``widest`` stick out."""
    widths = [min(max(map(len, cells)), widest or sys.maxsize) for cells in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
