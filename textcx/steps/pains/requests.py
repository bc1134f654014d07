"""What people ask for: their requests under names of matters that cover them, found as pain points are.

Invariants, tested: the order of segments never matters; duplicates are not counted; a request that no name covers is
under none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.tables import REQUESTS
from textcx.steps.evidence import check_vectors, choose_evidence
from textcx.steps.matters import COVERED, READ_TOGETHER, choose_titles, file_under

if TYPE_CHECKING:
    import re

    from numpy.typing import NDArray

    from textcx.domain.matters import KnownMatters
    from textcx.steps.matters import Covers

ASKS = 0.5
"""Least P(request) of a segment that asks for something."""
MIN_RECORDS, MOST, QUOTES = 3, 30, 3


def find_requests(
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    matters: KnownMatters,
    covers: Covers,
    continuing: re.Pattern[str],
) -> pl.DataFrame:
    """Gather what people ask for by what it is about.

    ``vectors`` are the matter vectors of the segments, unit length, shape ``(segments, width)``; ``covers`` is that of
    the encoder. ``continuing`` matches texts that make worse quotes.

    Returns:
        A frame of ``tables.REQUESTS``, widest reach first: records and respondents who ask for it, and quotes.

    Raises:
        ShapeMismatch: If there are not as many vectors as segments.
    """
    check_vectors(vectors, segments)
    asked = (
        segments.with_row_index("position")
        .filter("counted", pl.col("p_request") >= ASKS)
        .with_columns(who=pl.coalesce("respondent_id", "record_id"), weight="p_request")
        .sort("segment_id")
    )
    own = vectors[asked["position"].to_numpy()]
    drawn = np.unique(np.linspace(0, max(0, asked.height - 1), min(asked.height, READ_TOGETHER)).astype(np.int64))
    weights = 1.0 / asked[drawn].select(pl.len().over("record_id"))["len"].to_numpy()

    def alike(name: int) -> NDArray[np.bool_]:
        return np.asarray(matters.near(matters.name_vectors @ matters.name_vectors[name]) >= COVERED)

    cover = matters.near(own[drawn] @ matters.name_vectors.T)
    least = MIN_RECORDS * len(drawn) / max(1, asked.height)
    chosen = choose_titles(cover, weights, alike, least=least, most=MOST)
    names = [matters.names[place] for place in chosen]
    homes, _ = file_under(
        asked["text"].to_list(), own, names, matters.name_vectors[chosen], covers=covers, near=matters.near
    )
    rows = []
    for number, name in enumerate(names):
        theirs = asked.filter(pl.Series(homes == number))
        if theirs["record_id"].n_unique() >= MIN_RECORDS:
            quotes = choose_evidence(theirs, own[homes == number], limit=QUOTES, continuing=continuing)
            records, people = (theirs[column].n_unique() for column in ("record_id", "who"))
            rows.append({"name": name, "records": records, "respondents": people, "evidence": quotes})
    return pl.DataFrame(rows, schema=REQUESTS).sort(["respondents", "records", "name"], descending=[True, True, False])
