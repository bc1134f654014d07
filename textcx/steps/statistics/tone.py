"""The tone of groups of segments: mean polarity and share of negative ones, with intervals between people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from textcx.steps.statistics.intervals import (
    POLARITY,
    SHARE,
    Moments,
    column,
    difference_p_value,
    mean_interval,
    moments,
    q_values,
    together,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DIGITS = 6
TONES = (("polarity", "polarity", POLARITY), ("negative", "negative_share", SHARE))
"""Names of a tone and of its value, and its scale."""


class _Told(NamedTuple):
    """Segments in order: their groups, the group of each, who said it, and both tones."""

    groups: pl.DataFrame
    codes: NDArray[np.int64]
    people: NDArray[np.int64]
    tones: tuple[NDArray[np.float64], ...]


def tone_of(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return polarity (-1..1) and negative_share (0..1) of each group, and 95 % intervals of both.

    ``rows`` have the ``keys``, record_id, respondent_id (nullable: then the record stands for a person), polarity and
    label. Columns: the keys, polarity, polarity_low, polarity_high, negative_share, negative_low, negative_high, the
    intervals null for a single segment; sorted by the keys.
    """
    told = _told(rows, keys)
    columns = []
    for (name, value, scale), values in zip(TONES, told.tones, strict=True):
        found = moments(told.codes, values, told.groups.height, people=told.people)
        ends = mean_interval(found, scale)
        named = {value: found.mean, f"{name}_low": ends.low, f"{name}_high": ends.high}
        columns += [column(np.round(each, DIGITS)).alias(of) for of, each in named.items()]
    return told.groups.with_columns(columns)


def stands_out(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return how sure it is that the tone of each group differs from that of all other rows: polarity_q, negative_q.

    ``rows`` and order as for ``tone_of``. The q-values of both tones are one family (Benjamini and Hochberg 1995), as
    they stand in one heat map. Null where either side is a single segment.
    """
    told = _told(rows, keys)
    nobody = np.zeros(len(told.codes), dtype=np.int64)
    p_values = []
    for (_, _, scale), values in zip(TONES, told.tones, strict=True):

        def side(part: NDArray[np.bool_], values: NDArray[np.float64] = values) -> Moments:
            return moments(nobody[part], values[part], 1, people=told.people[part])

        groups = range(told.groups.height)
        theirs = together([side(told.codes == group) for group in groups])
        others = together([side(told.codes != group) for group in groups])
        p_values.append(difference_p_value(theirs, others, scale))
    q = np.round(q_values(np.concatenate(p_values)), DIGITS).reshape(len(TONES), told.groups.height)
    return told.groups.with_columns(column(each).alias(f"{name}_q") for (name, *_), each in zip(TONES, q, strict=True))


def _told(rows: pl.DataFrame, keys: Sequence[str]) -> _Told:
    who = pl.coalesce(pl.lit("respondent ") + pl.col("respondent_id"), pl.lit("record ") + pl.col("record_id"))
    told = rows.select(*keys, "polarity", negative=(pl.col("label") == "negative").cast(pl.Float64), who=who)
    told = told.drop_nulls().sort(*keys, "who", "polarity", "negative")
    groups = told.select(keys).unique().sort(*keys)
    numbered = told.join(groups.with_row_index("code"), on=list(keys), how="left", maintain_order="left")
    return _Told(
        groups,
        numbered["code"].cast(pl.Int64).to_numpy(),
        numbered["who"].rank("dense").cast(pl.Int64).to_numpy() - 1,
        tuple(numbered[name].cast(pl.Float64).to_numpy() for name, *_ in TONES),
    )
