"""What people praise most: themes by the reach of their clearly positive segments.

Invariants, tested: the order of segments never matters; duplicates are not counted; a theme nobody praises is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.tables import EVIDENCE
from textcx.steps.evidence import check_vectors, choose_evidence

if TYPE_CHECKING:
    import re

    import numpy as np
    from numpy.typing import NDArray

CLEARLY_POSITIVE = 0.6
"""Least P(positive) of a clearly positive segment."""
MIN_RECORDS = 3
MIN_WORDS = 4
QUOTES = 3
PRAISE = pl.Schema({
    "theme_id": pl.String(), "name": pl.String(), "records": pl.Int64(), "respondents": pl.Int64(),
    "polarity": pl.Float64(), "share_positive": pl.Float64(), "evidence": EVIDENCE,
})  # fmt: skip


def find_praise(
    segments: pl.DataFrame,
    mentions: pl.DataFrame,
    themes: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    continuing: re.Pattern[str],
    min_records: int = MIN_RECORDS,
) -> pl.DataFrame:
    """Rank themes by how many people clearly praise them.

    ``vectors``: of the segments, unit length, shape ``(segments, dimensions)``. ``mentions`` and ``themes`` may be
    empty. A theme needs ``min_records`` that praise it, at least 1.

    Returns:
        One row per praised theme, widest reach of praise first: records and respondents who praise it, mean polarity of
        all its segments (-1..1), share of its segments that are clearly positive (0..1), and up to three quotes.

    Raises:
        ShapeMismatch: If there are not as many vectors as segments.
    """
    check_vectors(vectors, segments)
    raised = (
        segments.with_row_index("position")
        .filter(pl.col("counted"))
        .join(mentions.select("segment_id", "theme_id").unique(), on="segment_id")
        .with_columns(who=pl.coalesce("respondent_id", "record_id"), weight="p_positive")
        .sort("theme_id", "segment_id")
    )
    names = dict(themes.select("theme_id", "name").iter_rows())
    rows = []
    for (theme_id,), own in raised.group_by("theme_id", maintain_order=True):
        praise = own.filter(pl.col("p_positive") >= CLEARLY_POSITIVE)
        if theme_id not in names or praise["record_id"].n_unique() < min_records:
            continue
        telling = praise.filter(pl.col("text").str.count_matches(r"\w+") >= MIN_WORDS)
        quoted = telling if telling["record_id"].n_unique() >= QUOTES else praise
        quotes = choose_evidence(quoted, vectors[quoted["position"].to_numpy()], limit=QUOTES, continuing=continuing)
        rows.append({
            "theme_id": theme_id, "name": names[theme_id], "records": praise["record_id"].n_unique(),
            "respondents": praise["who"].n_unique(), "polarity": own["polarity"].mean(),
            "share_positive": praise.height / own.height, "evidence": quotes,
        })  # fmt: skip
    return pl.DataFrame(rows, schema=PRAISE).sort(
        ["respondents", "share_positive", "theme_id"], descending=[True, True, False]
    )
