"""Tie findings together: who raised what, which theme and stage a record is mainly about, tables as declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.tables import SCHEMAS, conform
from textcx.steps.journey import find_primary_stages

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

    Returns:
        Distinct ``record_id``, ``subject_kind`` ("theme", "stage", "pain_point"), ``subject_id``, sorted.
    """
    subjects = ((mentions, "theme", "theme_id"), (segments, "stage", "stage"), (pains, "pain_point", "pain_point_id"))
    parts = [
        frame.select("record_id", subject_kind=pl.lit(kind), subject_id=column).drop_nulls()
        for frame, kind, column in subjects
    ]
    return pl.concat(parts).unique().sort("record_id", "subject_kind", "subject_id")


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
    for primary in (theme, find_primary_stages(segments, taxonomy=taxonomy)):
        records = records.join(primary, on="record_id", how="left", maintain_order="left")
    return records


def declared(
    tables: Mapping[str, pl.DataFrame], *, ratings: Sequence[RatingColumn], attributes: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Bring tables to their declared columns, types and column order; other columns are left behind.

    ``ratings`` and ``attributes`` are columns of records that stay.
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
