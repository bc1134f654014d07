"""What single texts tell without a corpus: their segments as a frame, and what was found there as results."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.items import TextFindings, TextPain
from textcx.steps.text.redact import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.feedback import Redaction
    from textcx.domain.items import GivenText, SentimentItem

SCHEMA = {"segment_id": pl.String, "record_id": pl.String, "text": pl.String} | dict.fromkeys(
    ("p_pain", "p_request", "p_negative", "p_positive"), pl.Float64
)


def segment_frames(
    given: Sequence[GivenText], redactions: Sequence[Sequence[Redaction]], items: Sequence[SentimentItem]
) -> list[pl.DataFrame]:
    """Return the segments of each text, masked and judged, with ids that sort in their order."""
    frames = []
    numbers = count()
    for text, spans, item in zip(given, redactions, items, strict=True):
        masked = mask(text.text, spans)
        rows = []
        for segment in item.segments:
            words, likely = masked[segment.start : segment.end], segment.probabilities
            heads = segment.p_pain, segment.p_request, likely["negative"], likely["positive"]
            rows.append((f"{next(numbers):09d}", "", words, *heads))
        frames.append(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    return frames


def text_findings(
    item: SentimentItem,
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    redactions: Sequence[Redaction],
    stages: pl.DataFrame,
    pains: pl.DataFrame,
) -> TextFindings:
    """Put together what was found in one text: its segments, from ``segment_frames``, and theirs, in their order."""
    numbers = {segment_id: number for number, segment_id in enumerate(segments["segment_id"])}
    return TextFindings(
        item=item,
        texts=tuple(segments["text"]),
        stages=tuple(stages.select("stage", pl.col("stage_confidence").round(6)).iter_rows()),
        pains=tuple(
            TextPain(
                segment=numbers[row["segment_id"]],
                aspect=row["aspect"],
                statement=row["statement"],
                severity=row["severity"],
                reasons=tuple(row["reasons"]),
            )
            for row in pains.filter("specific").iter_rows(named=True)
        ),
        redactions=tuple(redactions),
        vectors=vectors,
    )
