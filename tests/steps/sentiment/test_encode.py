from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from textcx.domain.encoding import Encoding
from textcx.steps.sentiment.encode import add_record_sentiment, add_segment_sentiment, find_mixed, sentiment_columns


def encoding(*rows: tuple[float, float, float]) -> Encoding:
    sentiment = np.array(rows, dtype=np.float32).reshape(-1, 3)
    n = len(rows)
    zeros, matters = np.zeros(n, dtype=np.float32), np.zeros((n, 4), np.float32)
    return Encoding(sentiment, zeros, zeros, np.zeros((n, 4), np.float32), matters, np.ones(n, np.int32))


def test_polarity_is_positive_minus_negative_and_the_label_the_likeliest() -> None:
    columns = sentiment_columns(encoding((0.7, 0.2, 0.1), (0.1, 0.2, 0.7), (0.2, 0.6, 0.2)).sentiment)
    assert columns["label"].to_list() == ["negative", "positive", "neutral"]
    assert columns["polarity"].to_list() == [-0.6, 0.6, 0.0]


def test_emotions_of_an_encoder_without_that_head_are_null() -> None:
    known = encoding((0.7, 0.2, 0.1))
    unknown = replace(known, emotions=np.full((1, 4), np.nan, np.float32))
    segments = pl.DataFrame({"row": [1]})
    assert add_segment_sentiment(segments, known)["p_anger"].to_list() == [0.0]
    assert add_segment_sentiment(segments, unknown)["p_anger"].to_list() == [None]


def test_a_record_is_confident_from_the_threshold_on() -> None:
    records = add_record_sentiment(
        pl.DataFrame({"row": [1, 2]}), encoding((0.8, 0.1, 0.1), (0.5, 0.3, 0.2)), confident_at=0.75
    )
    assert records["confident"].to_list() == [True, False]


def test_a_record_with_a_clearly_positive_and_a_clearly_negative_segment_is_mixed() -> None:
    segments = pl.DataFrame({
        "row": [1, 1, 2, 2, 3],
        "p_negative": [0.9, 0.05, 0.9, 0.4, 0.5],
        "p_positive": [0.05, 0.9, 0.05, 0.5, 0.5],
    })  # fmt: skip
    found = find_mixed(segments, by="row").sort("row")
    assert found["mixed"].to_list() == [True, False, False]
    assert found["n_segments"].to_list() == [2, 2, 1]


def test_no_record_is_no_error() -> None:
    assert add_record_sentiment(pl.DataFrame({"row": []}), encoding(), confident_at=0.5).height == 0
