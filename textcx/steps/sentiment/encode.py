"""Ask the encoder about whole texts and segments, and turn its answers into label, polarity, mixed and confident.

The record level is the encoder's own judgement over the whole text. A record is mixed when it holds both polarities -
a clearly positive and a clearly negative segment - whatever the label of the whole is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.domain.encoding import EMOTIONS, LABELS, Encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.ports import Encoder

CLEARLY = 0.6
"""Probability from which a segment counts as clearly of one polarity when looking for mixed records."""

DIGITS = 6
"""Probabilities are stored to this many decimal places."""


def encode_distinct(
    records: Sequence[str], segments: Sequence[str], *, encoder: Encoder, vectors: bool = True, tags: bool = False
) -> tuple[Encoding, Encoding]:
    """Encode polished whole texts and segments, each different text once; whole texts get no vectors and tags."""
    parts = encoder.encode(segments, vectors=vectors, tags=tags)
    places = {text: place for place, text in enumerate(segments)}
    others = [text for text in dict.fromkeys(records) if text not in places]
    places |= {text: len(segments) + place for place, text in enumerate(others)}
    whole = encoder.encode(others, vectors=False)
    rows = np.array([places[text] for text in records], dtype=np.int64)
    judged: dict[str, Any] = {
        name: np.concatenate([getattr(parts, name), getattr(whole, name)])[rows]
        for name in ("sentiment", "pain", "request", "emotions", "windows")
    }
    return replace(whole, **judged), parts


def unit_length(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Bring vectors to unit length in single precision; zeros stay zeros. Shape ``(texts, width)``, in and out."""
    single = vectors.astype(np.float32)
    single /= np.maximum(np.linalg.norm(single, axis=1, keepdims=True), np.float32(1e-12))
    return single


def sentiment_columns(probabilities: NDArray[np.float32]) -> dict[str, pl.Series]:
    """Return ``label``, ``polarity`` (-1..1, P(positive) - P(negative)), ``p_negative``, ``p_neutral``, ``p_positive``.

    ``probabilities`` are in the order of ``LABELS``; shape ``(texts, 3)``.
    """
    rounded = np.round(probabilities.astype(np.float64), DIGITS)
    return {
        "label": pl.Series([LABELS[index] for index in rounded.argmax(axis=1)], dtype=pl.String),
        "polarity": pl.Series(np.round(rounded[:, 2] - rounded[:, 0], DIGITS)),
        **{f"p_{label}": pl.Series(rounded[:, column]) for column, label in enumerate(LABELS)},
    }


def add_record_sentiment(records: pl.DataFrame, encoding: Encoding, *, confident_at: float) -> pl.DataFrame:
    """Add label, polarity, probabilities, ``confident`` and ``windows`` of whole texts to records in their order.

    ``confident_at``: smallest highest probability that counts as confident.
    """
    return records.with_columns(
        **sentiment_columns(encoding.sentiment),
        confident=pl.Series(encoding.sentiment.max(axis=1) >= confident_at) if records.height else pl.lit(value=True),
        windows=pl.Series(encoding.windows.astype(np.int64)),
    )


def add_segment_sentiment(segments: pl.DataFrame, encoding: Encoding) -> pl.DataFrame:
    """Add label, polarity and the heads' probabilities to segments in the order of ``encoding``; null without head."""
    return segments.with_columns(
        **sentiment_columns(encoding.sentiment),
        p_pain=_column(encoding.pain),
        p_request=_column(encoding.request),
        **{f"p_{emotion}": _column(encoding.emotions[:, column]) for column, emotion in enumerate(EMOTIONS)},
    )


def _column(probabilities: NDArray[np.float32]) -> pl.Series:
    """Round probabilities; null where the encoder has no such head."""
    return pl.Series(np.round(probabilities.astype(np.float64), DIGITS)).fill_nan(None)


def find_mixed(segments: pl.DataFrame, *, by: str) -> pl.DataFrame:
    """Return ``mixed`` (a clearly positive and a clearly negative segment) and ``n_segments`` of each ``by``."""
    return segments.group_by(by).agg(
        mixed=(pl.col("p_negative").max() >= CLEARLY) & (pl.col("p_positive").max() >= CLEARLY),
        n_segments=pl.len().cast(pl.Int64),
    )
