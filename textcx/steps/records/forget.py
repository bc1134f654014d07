"""Take records out of the tables of an analysis: their rows, their quotes, and sentences that only they said.

Figures stay as they were found. A pain point is told by the words of one of its pains; where those go, the words of
another take their place, and where none is left, the pain point goes. A title that quotes the words that go goes with
them: what the pain point concerns takes its place, or else the words that are left.

Invariants, tested: no table that is kept names a record that was taken out or quotes it; nothing else changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

BY_RECORD = ("records", "segments", "mentions", "pains", "aspects")
QUOTES = ("evidence", "first_quotes")
WITH_QUOTES = ("themes", "pain_points", "praise", "requests", "emerging", "campaigns")


def forget_records(tables: Mapping[str, pl.DataFrame], record_ids: Collection[str]) -> dict[str, pl.DataFrame]:
    """Return tables, by name, without some records; ``pains`` must be among them where ``pain_points`` is."""
    gone = list(record_ids)
    left = {name: _without(frame, name, gone) for name, frame in tables.items()}
    if "pain_points" in left:
        left["pain_points"] = _told_by_others(left["pain_points"], left["pains"], before=tables["pains"])
    return left


def count_quotes(tables: Mapping[str, pl.DataFrame]) -> int:
    """Count the quotes in tables."""
    return sum(
        int(frame[column].list.len().sum() or 0)
        for name, frame in tables.items()
        if name in WITH_QUOTES
        for column in QUOTES
        if column in frame.columns
    )


def _without(frame: pl.DataFrame, name: str, gone: list[str]) -> pl.DataFrame:
    if name in BY_RECORD:
        kept = frame.filter(~pl.col("record_id").is_in(gone))
        if name == "records":
            copied = pl.col("duplicate_of").is_in(gone)
            kept = kept.with_columns(duplicate_of=pl.when(copied).then(None).otherwise("duplicate_of"))
        return kept
    if name == "campaigns":
        frame = frame.with_columns(record_id=pl.when(pl.col("record_id").is_in(gone)).then(None).otherwise("record_id"))
    if name in WITH_QUOTES:
        return frame.with_columns(
            pl.col(column).list.filter(~pl.element().struct.field("record_id").is_in(gone))
            for column in QUOTES
            if column in frame.columns
        )
    return frame


def _told_by_others(points: pl.DataFrame, pains: pl.DataFrame, *, before: pl.DataFrame) -> pl.DataFrame:
    """Let pain points that lost pains be told by the worst that is left of them."""
    if pains.height == before.height:
        return points
    gone = before.join(pains.select("segment_id"), on="segment_id", how="anti")
    left = (
        pains.drop_nulls(["pain_point_id", "statement"])
        .sort("severity", "segment_id", descending=[True, False], nulls_last=True)
        .group_by("pain_point_id", maintain_order=True)
        .agg(left="statement")
    )
    affected = pl.col("pain_point_id").is_in(gone["pain_point_id"].drop_nulls().unique().implode())
    unsaid = affected & ~pl.col("statement").is_in("left")
    # A title may quote a pain that is in another pain point, or in none.
    words = pl.lit("\n".join(gone["statement"].drop_nulls().str.to_lowercase()))
    said = words.str.contains(pl.col("title").str.to_lowercase(), literal=True)
    other = pl.coalesce("aspect", pl.col("left").list.first())
    other = other.str.head(1).str.to_uppercase() + other.str.slice(1)
    title = {"title": pl.when(said).then(other).otherwise("title")} if "title" in points.columns else {}
    return (
        points.join(left, on="pain_point_id", how="left", maintain_order="left")
        .filter(~affected | pl.col("left").is_not_null())
        .with_columns(**title, statement=pl.when(unsaid).then(pl.col("left").list.first()).otherwise("statement"))
        .drop("left")
    )
