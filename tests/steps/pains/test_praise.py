"""Praise: what most people clearly like."""

from functools import partial

import numpy as np
import polars as pl
import pytest
from languages import STATEMENTS

from textcx.domain.errors import ShapeMismatch
from textcx.steps.pains.praise import find_praise

find_praise = partial(find_praise, continuing=STATEMENTS.continuing)

THEMES = pl.DataFrame({"theme_id": ["t1", "t2"], "name": ["friendly crew", "cold soup"]})
TEXTS = ["The crew were so kind to us", "What a friendly crew we had", "The crew helped with every bag", "Crew fine", "The soup was cold again today", "Good soup on a cold day"]  # fmt: skip


def _segments() -> pl.DataFrame:
    return pl.DataFrame({
        "segment_id": [f"s{n}" for n in range(6)], "record_id": [f"r{n}" for n in range(6)], "start": [0] * 6,
        "respondent_id": ["anna", "anna", "ben", None, None, None], "end": [len(text) for text in TEXTS], "text": TEXTS,
        "polarity": [0.9, 0.8, 0.9, 0.1, -0.8, 0.7], "p_positive": [0.95, 0.9, 0.9, 0.4, 0.1, 0.8], "counted": [True] * 6,
    })  # fmt: skip


MENTIONS = pl.DataFrame({"segment_id": [f"s{n}" for n in range(6)], "theme_id": ["t1"] * 4 + ["t2"] * 2})
VECTORS = np.eye(6, 8, dtype=np.float32)


def test_the_theme_most_people_clearly_praise_comes_first_and_rare_praise_is_left_out() -> None:
    praise = find_praise(_segments(), MENTIONS, THEMES, VECTORS)
    row = praise.row(0, named=True)
    assert praise.height == 1
    assert (row["name"], row["records"], row["respondents"]) == ("friendly crew", 3, 2)
    assert row["share_positive"] == pytest.approx(0.75)
    assert {quote["quote"] for quote in row["evidence"]} <= set(TEXTS[:3])


def test_duplicates_praise_nothing() -> None:
    segments = _segments().with_columns(counted=pl.col("segment_id") > "s1")
    assert find_praise(segments, MENTIONS, THEMES, VECTORS).is_empty()
    assert find_praise(segments, MENTIONS, THEMES, VECTORS, min_records=1)["records"].to_list() == [1, 1]


def test_the_order_of_segments_changes_nothing() -> None:
    order = [3, 1, 5, 0, 2, 4]
    mixed = find_praise(_segments()[order], MENTIONS[::-1], THEMES[::-1], VECTORS[order], min_records=1)
    assert mixed.equals(find_praise(_segments(), MENTIONS, THEMES, VECTORS, min_records=1))


def test_no_themes_give_no_praise() -> None:
    assert find_praise(_segments(), MENTIONS[:0], THEMES[:0], VECTORS).is_empty()


def test_vectors_of_other_segments_are_refused() -> None:
    with pytest.raises(ShapeMismatch, match="6 segments came with 2 vectors"):
        find_praise(_segments(), MENTIONS, THEMES, VECTORS[:2])
