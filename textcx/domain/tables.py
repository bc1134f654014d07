"""The tables textcx writes: names, columns and types. Columns may be added in later versions, never renamed.

A null is a null, never "" or NaN; timestamps are UTC; offsets are code points into the verbatim, half-open.
"""

from __future__ import annotations

import polars as pl

from textcx.domain.encoding import EMOTIONS
from textcx.domain.errors import ShapeMismatch


def _schema(*columns: tuple[str, pl.DataType | type[pl.DataType]]) -> pl.Schema:
    """Declare columns in their order: names, separated by blanks, and the type they share."""
    return pl.Schema({name: kind for names, kind in columns for name in names.split()})


EVIDENCE = pl.List(pl.Struct({"record_id": pl.String, "start": pl.Int64, "end": pl.Int64, "quote": pl.String}))
REDACTIONS = pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64, "kind": pl.String}))
STAGES = pl.List(pl.Struct({"stage": pl.String, "records": pl.Int64}))
TREND = pl.Struct(
    _schema(
        ("direction", pl.String),
        ("change ci_low ci_high", pl.Float64),
        ("season alarm", pl.Boolean),
        ("aside", pl.List(pl.String)),
        ("last_change last_low last_high year_change year_low year_high", pl.Float64),
    )
)
UTC = pl.Datetime("us", "UTC")

RECORDS = _schema(
    ("record_id source", pl.String),
    ("created_at", UTC),
    ("language text", pl.String),
    ("redactions", REDACTIONS),
    ("respondent_id touchpoint", pl.String),
    ("customer_value", pl.Float64),
    # one Float64 column per rating and one String column per attribute stand here
    ("label", pl.String),
    ("polarity p_negative p_neutral p_positive", pl.Float64),
    ("mixed confident", pl.Boolean),
    ("primary_theme_id primary_stage duplicate_of", pl.String),
    ("n_segments windows", pl.Int64),
)
SEGMENTS = _schema(
    ("segment_id record_id text_column", pl.String),
    ("start end", pl.Int64),
    ("text label", pl.String),
    ("polarity p_negative p_neutral p_positive", pl.Float64),
    ("pain", pl.Boolean),
    ("p_pain p_request", pl.Float64),
    (" ".join(f"p_{emotion}" for emotion in EMOTIONS), pl.Float64),
    ("stage", pl.String),
    ("stage_confidence", pl.Float64),
)
MENTIONS = _schema(
    ("segment_id record_id theme_id", pl.String),
    ("strength", pl.Float64),
)
THEMES = _schema(
    ("theme_id parent_theme_id", pl.String),
    ("level", pl.Int64),
    ("name", pl.String),
    ("keywords", pl.List(pl.String)),
    ("records respondents", pl.Int64),
    ("share polarity negative_share stability", pl.Float64),
    ("first_seen last_seen", UTC),
    ("evidence", EVIDENCE),
    ("polarity_low polarity_high negative_low negative_high", pl.Float64),
)
PAINS = _schema(
    ("segment_id record_id aspect statement", pl.String),
    ("severity", pl.Float64),
    ("reasons", pl.List(pl.String)),
    ("pain_point_id", pl.String),
)
PAIN_POINTS = _schema(
    ("pain_point_id title", pl.String),
    ("fit", pl.Float64),
    ("theme_id stage", pl.String),
    ("stages", STAGES),
    ("aspect statement", pl.String),
    ("severity severity_p90", pl.Float64),
    ("safety", pl.Boolean),
    ("effect", pl.Float64),
    ("records respondents", pl.Int64),
    ("trend", TREND),
    ("evidence", EVIDENCE),
)
CLEAR_FIT = 0.7
"""Fit below which a pain point is a mixed group: listed last, and never a headline."""
REQUESTS = _schema(
    ("name", pl.String),
    ("records respondents", pl.Int64),
    ("evidence", EVIDENCE),
)
RATINGS = _schema(
    ("rating subject_kind subject_id", pl.String),
    ("value", pl.Float64),
    ("unit", pl.String),
    ("ci_low ci_high", pl.Float64),
    ("n n_commented", pl.Int64),
)
DRIVERS = _schema(
    ("rating unit subject_kind subject_id", pl.String),
    ("effect ci_low ci_high", pl.Float64),
    ("n_with n_without", pl.Int64),
    ("q_value gap gap_low gap_high effect_beside beside_low beside_high", pl.Float64),
)
TRENDS = _schema(
    ("subject_kind subject_id period measure", pl.String),
    ("value ci_low ci_high", pl.Float64),
    ("n", pl.Int64),
)
JOURNEY = _schema(
    ("stage", pl.String),
    ("segments respondents", pl.Int64),
    ("polarity ci_low ci_high polarity_q negative_share negative_low negative_high negative_q", pl.Float64),
)
PERIODS = pl.List(pl.Struct({"period": pl.String, "records": pl.Int64, "of": pl.Int64, "complete": pl.Boolean}))
_ASPECT: tuple[tuple[str, type[pl.DataType]], ...] = (
    ("start end", pl.Int64),
    ("aspect", pl.String),
    ("opinion_start opinion_end", pl.Int64),
    ("negated", pl.Boolean),
    ("polarity p_negative p_neutral p_positive", pl.Float64),
)
ASPECTS = _schema(("segment_id record_id", pl.String), *_ASPECT)
FOUND_ASPECTS = _schema(("row segment_start", pl.Int64), *_ASPECT)
"""The same before records and segments have their ids."""
CAMPAIGNS = _schema(
    ("record_id", pl.String),
    ("records respondents", pl.Int64),
    ("first last", UTC),
    ("evidence", EVIDENCE),
)
EMERGING = _schema(
    ("emerging_id name", pl.String),
    ("segments records respondents", pl.Int64),
    ("share_unexplained polarity closeness expected", pl.Float64),
    ("nearest_theme_id", pl.String),
    ("nearest_cosine", pl.Float64),
    ("first_seen last_seen", UTC),
    ("periods", PERIODS),
    ("direction", pl.String),
    ("growth ci_low ci_high", pl.Float64),
    ("first_quotes evidence", EVIDENCE),
)

SCHEMAS = {
    "records": RECORDS,
    "segments": SEGMENTS,
    "mentions": MENTIONS,
    "themes": THEMES,
    "pains": PAINS,
    "pain_points": PAIN_POINTS,
    "ratings": RATINGS,
    "drivers": DRIVERS,
    "trends": TRENDS,
    "journey": JOURNEY,
}
"""Tables that every analysis has."""
EXTRA_TABLES = ("groups", "mix", "praise", "requests", "emerging", "aspects", "campaigns")
"""Further tables of findings, written where their part found something."""


def conform(frame: pl.DataFrame, schema: pl.Schema, *, name: str) -> pl.DataFrame:
    """Check that a frame has at least the columns of a schema, and cast them to its types; others stay as they are.

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
