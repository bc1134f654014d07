"""Tie findings together: who raised what, which theme and stage a record is mainly about, tables as declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.tables import SCHEMAS, conform
from textcx.steps.journey import find_primary_stages
from textcx.steps.measures.trends import trend_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textcx.domain.feedback import RatingColumn
    from textcx.domain.lexicons.journey import JourneyTaxonomy

ADDED = {"trends": ("complete",), "themes": ("trend",)}
"""Columns beyond the declared ones."""
BEFORE_SENTIMENT = "label"
"""Rating and attribute columns of the records table stand before this column."""


def memberships(segments: pl.DataFrame, mentions: pl.DataFrame, pains: pl.DataFrame) -> pl.DataFrame:
    """List which theme, stage and pain point each record raised.

    Args:
        segments: ``record_id`` and ``stage``.
        mentions: ``record_id`` and ``theme_id``.
        pains: ``record_id`` and ``pain_point_id`` (nullable).

    Returns:
        Distinct ``record_id``, ``subject_kind`` ("theme", "stage", "pain_point"), ``subject_id``, sorted.
    """
    parts = [
        frame.select("record_id", pl.lit(kind).alias("subject_kind"), pl.col(column).alias("subject_id")).drop_nulls()
        for frame, kind, column in (
            (mentions, "theme", "theme_id"),
            (segments, "stage", "stage"),
            (pains, "pain_point", "pain_point_id"),
        )
    ]
    return pl.concat(parts).unique().sort("record_id", "subject_kind", "subject_id")


def with_trend(subjects: pl.DataFrame, found: pl.DataFrame, *, kind: str) -> pl.DataFrame:
    """Set the trend of each theme or pain point (``kind``) from the directions found."""
    ids = subjects[f"{kind}_id"]
    return subjects.with_columns(trend_column(found, subject_kind=kind, subject_ids=ids).alias("trend"))


def with_primary(
    records: pl.DataFrame, segments: pl.DataFrame, mentions: pl.DataFrame, *, taxonomy: JourneyTaxonomy
) -> pl.DataFrame:
    """Add the theme and the stage that each record is mainly about.

    The primary theme is the one with the largest sum of strengths over the record's mentions; ties go to the smaller
    id.
    """
    theme = (
        mentions.group_by("record_id", "theme_id")
        .agg(weight=pl.col("strength").sum().round(9))
        .sort("record_id", "weight", "theme_id", descending=[False, True, False])
        .group_by("record_id", maintain_order=True)
        .agg(primary_theme_id=pl.col("theme_id").first())
    )
    stage = find_primary_stages(segments, taxonomy=taxonomy)
    return records.join(theme, on="record_id", how="left", maintain_order="left").join(
        stage, on="record_id", how="left", maintain_order="left"
    )


def declared(
    tables: Mapping[str, pl.DataFrame], *, ratings: Sequence[RatingColumn], attributes: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Bring tables to their declared columns, types and column order.

    Args:
        tables: Frames with at least the declared columns; others are left behind, except ratings and attributes.
        ratings: Ratings, each a column of records.
        attributes: Attributes, each a column of records.

    Returns:
        The tables, ready to be kept.
    """
    finished: dict[str, pl.DataFrame] = {}
    for name, frame in tables.items():
        if name not in SCHEMAS:
            finished[name] = frame
            continue
        columns = list(SCHEMAS[name])
        if name == "records":
            at = columns.index(BEFORE_SENTIMENT)
            columns[at:at] = [rating.name for rating in ratings] + list(attributes)
        columns += ADDED.get(name, ())
        finished[name] = conform(frame, SCHEMAS[name], name=name).select(columns)
    return finished
