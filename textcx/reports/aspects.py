"""What is praised and what is criticised within each theme, by the words that customers name it with.

Counted are records that findings count, each once for an aspect and a side; a theme has those of its parts, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.reports import formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from textcx.reports.lookup import Lookup

CLEARLY = 0.6
"""Probability from which an aspect counts as praised or criticised."""
MOST, FEWEST = 2, 2
"""Most aspects of a side that are shown, and fewest records with one."""


def aspects_by_theme(look: Lookup) -> dict[tuple[str, str], str]:
    """Return the aspects that are named most, with their records, by theme and side (``praised``, ``criticised``)."""
    found = look.table("aspects")
    if found.is_empty():
        return {}
    parents = dict(look.table("themes").select("theme_id", "parent_theme_id").iter_rows())
    above = [(theme, each) for theme in parents for each in _line(theme, parents)]
    counted = look.table("records").filter(pl.col("duplicate_of").is_null())
    sides = pl.when(pl.col("p_positive") >= CLEARLY).then(pl.lit("praised"))
    top = (
        found.drop_nulls("aspect")
        .join(counted, on="record_id", how="semi")
        .with_columns(
            name=pl.col("aspect").str.to_lowercase(),
            side=sides.when(pl.col("p_negative") >= CLEARLY).then(pl.lit("criticised")),
        )
        .join(look.table("mentions").select("segment_id", "theme_id"), on="segment_id")
        .join(pl.DataFrame(above, schema={"theme_id": pl.String, "raised": pl.String}, orient="row"), on="theme_id")
        .drop_nulls("side")
        .group_by("raised", "side", "name")
        .agg(records=pl.col("record_id").n_unique())
        .filter(pl.col("records") >= FEWEST)
        .sort("records", "name", descending=[True, False])
        .group_by("raised", "side", maintain_order=True)
        .head(MOST)
    )
    shown: dict[tuple[str, str], str] = {}
    for theme, side, name, records in top.iter_rows():
        words = f"{formats.clip(name, 30)} ({formats.count(records)})"
        shown[theme, side] = f"{shown[theme, side]}, {words}" if (theme, side) in shown else words
    return shown


def _line(theme: str | None, parents: Mapping[str, str | None]) -> Iterator[str]:
    """Yield a theme and those that it is part of."""
    seen: set[str] = set()
    while theme is not None and theme in parents and theme not in seen:
        seen.add(theme)
        yield theme
        theme = parents[theme]
