"""What people ask for: their requests under names of matters that cover them, found as pain points are.

Invariants, tested: the order of segments never matters; duplicates are not counted; a request that no name covers is
under none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.lexicons.naming import names_in
from textcx.domain.tables import REQUESTS
from textcx.steps.evidence import check_vectors, choose_evidence
from textcx.steps.matters import COVERED, Scorer, file_under_titles, stems_of

if TYPE_CHECKING:
    import re

    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.matters import KnownMatters
    from textcx.ports import Encoder

ASKS = 0.5
"""Least P(request) of a segment that asks for something."""
MIN_RECORDS, MOST, QUOTES = 3, 30, 3


def find_requests(
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    matters: KnownMatters,
    encoder: Encoder,
    words: NamingWords,
    continuing: re.Pattern[str],
) -> pl.DataFrame:
    """Gather what people ask for by what it is about.

    ``vectors`` are the matter vectors of the segments, unit length, shape ``(segments, width)``. ``continuing``
    matches texts that make worse quotes.

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
    weights = 1.0 / asked.select(pl.len().over("record_id"))["len"].to_numpy()
    names = names_in(segments["text"])
    texts = asked["text"].to_list()
    chosen, homes, _ = file_under_titles(
        Scorer(texts, own, titles=matters.name_vectors, tokens=None, encoder=encoder),
        weights,
        [stems_of(text, words, names=names) for text in texts],
        particular=matters.name_words,
        least=MIN_RECORDS * COVERED,
        most=MOST,
    )
    titles = [matters.names[place] for place in chosen]
    rows = []
    for number, name in enumerate(titles):
        theirs = asked.filter(pl.Series(homes == number))
        if theirs["record_id"].n_unique() >= MIN_RECORDS:
            quotes = choose_evidence(theirs, own[homes == number], limit=QUOTES, continuing=continuing)
            records, people = (theirs[column].n_unique() for column in ("record_id", "who"))
            rows.append({"name": name, "records": records, "respondents": people, "evidence": quotes})
    return pl.DataFrame(rows, schema=REQUESTS).sort(["respondents", "records", "name"], descending=[True, True, False])
