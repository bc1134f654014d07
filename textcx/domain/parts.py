"""A part: what the record half of the pipeline made of some consecutive rows, ready to be stored as a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.counted import merge_counted
from textcx.domain.tables import FOUND_ASPECTS, empty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.feedback import FeedbackBatch, Unprocessable

PRIVATE = ("verbatim", "cells", "cleaned", "polished")
"""Columns that hold unredacted text or serve the record half only; no part ever has them."""


@dataclass(frozen=True, slots=True)
class Part:
    """Records (usable or with the reason why not), segments and their matters of some consecutive rows."""

    records: pl.DataFrame  # one row per readable row; text, redactions and sentiment are null where ``reason`` is set
    segments: pl.DataFrame  # refer to records by ``row``
    matters: NDArray[np.float16]  # one row per segment
    unreadable: tuple[Unprocessable, ...]
    warnings: tuple[str, ...]
    rows: int  # all that were read
    aspects: pl.DataFrame = field(default_factory=lambda: empty(FOUND_ASPECTS))  # where they were looked for

    @classmethod
    def of(
        cls,
        *,
        records: pl.DataFrame,
        usable: pl.DataFrame,
        segments: pl.DataFrame,
        matters: NDArray[np.float32],
        aspects: pl.DataFrame,
        batch: FeedbackBatch,
    ) -> Part:
        """Put a part together, leaving the private columns behind."""
        rest = records.filter(records["reason"].is_not_null())
        frame = pl.concat([usable, rest], how="diagonal").sort("row")
        return cls(
            records=frame.drop(PRIVATE, strict=False),
            segments=segments.drop(PRIVATE, strict=False),
            matters=matters.astype(np.float16),
            unreadable=batch.unreadable,
            warnings=batch.warnings,
            rows=batch.frame.height + len(batch.unreadable),
            aspects=aspects,
        )

    @classmethod
    def joined(cls, parts: Sequence[Part]) -> Part:
        """Join parts into one, in their order."""
        return cls(
            records=pl.concat([part.records for part in parts], how="diagonal_relaxed"),
            segments=pl.concat([part.segments for part in parts], how="vertical"),
            matters=np.concatenate([part.matters for part in parts]),
            unreadable=tuple(broken for part in parts for broken in part.unreadable),
            warnings=merge_counted(warning for part in parts for warning in part.warnings),
            rows=sum(part.rows for part in parts),
            aspects=pl.concat([part.aspects for part in parts], how="vertical"),
        )
