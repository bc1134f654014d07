"""The tone of groups of segments: mean polarity and share of negative ones, with intervals between people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.steps.statistics.intervals import POLARITY, SHARE, column, mean_interval, moments

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGITS = 6


def tone_of(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return polarity (-1..1) and negative_share (0..1) of each group, and 95 % intervals of both.

    ``rows`` have the ``keys``, record_id, respondent_id (nullable: then the record stands for a person), polarity and
    label. Columns: the keys, polarity, polarity_low, polarity_high, negative_share, negative_low, negative_high, the
    intervals null for a single segment; sorted by the keys.
    """
    who = pl.coalesce(pl.lit("respondent ") + pl.col("respondent_id"), pl.lit("record ") + pl.col("record_id"))
    told = rows.select(*keys, "polarity", negative=(pl.col("label") == "negative").cast(pl.Float64), who=who)
    told = told.drop_nulls().sort(*keys, "who", "polarity", "negative")
    groups = told.select(keys).unique().sort(*keys)
    numbered = told.join(groups.with_row_index("code"), on=list(keys), how="left", maintain_order="left")
    codes = numbered["code"].cast(pl.Int64).to_numpy()
    people = numbered["who"].rank("dense").cast(pl.Int64).to_numpy() - 1
    columns = []
    for name, value, scale in (("polarity", "polarity", POLARITY), ("negative", "negative_share", SHARE)):
        found = moments(codes, numbered[name].cast(pl.Float64).to_numpy(), groups.height, people=people)
        ends = mean_interval(found, scale)
        named = {value: found.mean, f"{name}_low": ends.low, f"{name}_high": ends.high}
        columns += [column(np.round(values, DIGITS)).alias(each) for each, values in named.items()]
    return groups.with_columns(columns)
