"""Open inputs; readers load what their format needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from textcx.domain.feedback import ColumnOverrides
    from textcx.ports import FeedbackReader


def open_source(source: str | Path | pl.DataFrame, overrides: ColumnOverrides) -> FeedbackReader:
    """Open an input for reading."""
    from textcx.readers import open_feedback  # noqa: PLC0415 - readers are loaded when the first input is opened

    return open_feedback(source, overrides=overrides)
