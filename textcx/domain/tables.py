"""The tables textcx writes: names, columns and types. Columns may be added in later versions, never renamed.

A null is a null, never "" or NaN; timestamps are UTC; offsets are code points into the verbatim, half-open.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from textcx.domain.encoding import EMOTIONS
from textcx.domain.errors import ShapeMismatch


def _schema(columns: dict[str, Any]) -> pl.Schema:
    return pl.Schema(columns)


EVIDENCE = pl.List(pl.Struct({"record_id": pl.String, "start": pl.Int64, "end": pl.Int64, "quote": pl.String}))
REDACTIONS = pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64, "kind": pl.String}))
TREND = pl.Struct({"direction": pl.String, "change": pl.Float64, "ci_low": pl.Float64, "ci_high": pl.Float64})
UTC = pl.Datetime("us", "UTC")

RECORDS = _schema({
    "record_id": pl.String, "source": pl.String, "created_at": UTC, "language": pl.String, "text": pl.String,
    "redactions": REDACTIONS, "respondent_id": pl.String, "touchpoint": pl.String, "customer_value": pl.Float64,
    # one Float64 column per rating and one String column per attribute stand here
    "label": pl.String, "polarity": pl.Float64, "p_negative": pl.Float64, "p_neutral": pl.Float64,
    "p_positive": pl.Float64, "mixed": pl.Boolean, "confident": pl.Boolean, "primary_theme_id": pl.String,
    "primary_stage": pl.String, "duplicate_of": pl.String, "n_segments": pl.Int64, "windows": pl.Int64,
})  # fmt: skip
SEGMENTS = _schema({
    "segment_id": pl.String, "record_id": pl.String, "text_column": pl.String, "start": pl.Int64, "end": pl.Int64,
    "text": pl.String, "label": pl.String, "polarity": pl.Float64, "p_negative": pl.Float64, "p_neutral": pl.Float64,
    "p_positive": pl.Float64, "pain": pl.Boolean, "p_pain": pl.Float64, "p_request": pl.Float64,
    **{f"p_{emotion}": pl.Float64 for emotion in EMOTIONS}, "stage": pl.String, "stage_confidence": pl.Float64,
})  # fmt: skip
MENTIONS = _schema({
    "segment_id": pl.String, "record_id": pl.String, "theme_id": pl.String, "strength": pl.Float64,
})  # fmt: skip
THEMES = _schema({
    "theme_id": pl.String, "parent_theme_id": pl.String, "level": pl.Int64, "name": pl.String,
    "keywords": pl.List(pl.String), "records": pl.Int64, "respondents": pl.Int64, "share": pl.Float64,
    "polarity": pl.Float64, "negative_share": pl.Float64, "stability": pl.Float64, "first_seen": UTC,
    "last_seen": UTC, "evidence": EVIDENCE,
})  # fmt: skip
PAINS = _schema({
    "segment_id": pl.String, "record_id": pl.String, "aspect": pl.String, "statement": pl.String,
    "severity": pl.Float64, "reasons": pl.List(pl.String), "pain_point_id": pl.String,
})  # fmt: skip
PAIN_POINTS = _schema({
    "pain_point_id": pl.String, "theme_id": pl.String, "stage": pl.String, "aspect": pl.String,
    "statement": pl.String, "severity": pl.Float64, "records": pl.Int64, "respondents": pl.Int64, "trend": TREND,
    "evidence": EVIDENCE,
})  # fmt: skip
RATINGS = _schema({
    "rating": pl.String, "subject_kind": pl.String, "subject_id": pl.String, "value": pl.Float64, "unit": pl.String,
    "ci_low": pl.Float64, "ci_high": pl.Float64, "n": pl.Int64, "n_commented": pl.Int64,
})  # fmt: skip
DRIVERS = _schema({
    "rating": pl.String, "unit": pl.String, "subject_kind": pl.String, "subject_id": pl.String, "effect": pl.Float64,
    "ci_low": pl.Float64, "ci_high": pl.Float64, "n_with": pl.Int64, "n_without": pl.Int64, "q_value": pl.Float64,
})  # fmt: skip
TRENDS = _schema({
    "subject_kind": pl.String, "subject_id": pl.String, "period": pl.String, "measure": pl.String,
    "value": pl.Float64, "ci_low": pl.Float64, "ci_high": pl.Float64, "n": pl.Int64,
})  # fmt: skip
JOURNEY = _schema({
    "stage": pl.String, "segments": pl.Int64, "respondents": pl.Int64, "polarity": pl.Float64,
    "ci_low": pl.Float64, "ci_high": pl.Float64, "negative_share": pl.Float64,
})  # fmt: skip
PERIODS = pl.List(pl.Struct({"period": pl.String, "records": pl.Int64, "of": pl.Int64, "complete": pl.Boolean}))
EMERGING = _schema({
    "emerging_id": pl.String, "name": pl.String, "segments": pl.Int64, "records": pl.Int64, "respondents": pl.Int64,
    "share_unexplained": pl.Float64, "polarity": pl.Float64, "closeness": pl.Float64, "nearest_theme_id": pl.String,
    "nearest_cosine": pl.Float64, "first_seen": UTC, "last_seen": UTC, "periods": PERIODS, "direction": pl.String,
    "growth": pl.Float64, "ci_low": pl.Float64, "ci_high": pl.Float64, "first_quotes": EVIDENCE,
    "evidence": EVIDENCE,
})  # fmt: skip

SCHEMAS: dict[str, pl.Schema] = {
    "records": RECORDS, "segments": SEGMENTS, "mentions": MENTIONS, "themes": THEMES, "pains": PAINS,
    "pain_points": PAIN_POINTS, "ratings": RATINGS, "drivers": DRIVERS, "trends": TRENDS, "journey": JOURNEY,
}  # fmt: skip


def conform(frame: pl.DataFrame, schema: pl.Schema, *, name: str) -> pl.DataFrame:
    """Check that a frame has at least the columns of a schema and cast them to its types.

    Args:
        frame: Any frame with every column of ``schema``; further columns are kept, after the declared ones' place.
        schema: The declared columns.
        name: The table's name, for the error.

    Returns:
        The frame with declared types.

    Raises:
        ShapeMismatch: If a declared column is missing.
    """
    missing = [column for column in schema if column not in frame.columns]
    if missing:
        msg = f"table {name!r} lacks the columns {missing}; it has {frame.columns}"
        raise ShapeMismatch(msg)
    return frame.with_columns([pl.col(column).cast(dtype) for column, dtype in schema.items()])


def empty(schema: pl.Schema) -> pl.DataFrame:
    """Return a frame of no rows with the declared columns."""
    return pl.DataFrame(schema=schema)


EXTRA_TABLES = ("groups", "praise", "emerging")
"""Further tables of findings, written where their part found something."""
