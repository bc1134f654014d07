"""Find the customer groups that hurt most.

A group is all counted records with one value of an attribute, "plan=premium". It is compared with all other counted
records; the comparison is an association, not a cause. Intervals and p-values are between people, however much each
wrote.

Invariants, tested: the order of the records never matters; a group smaller than ``min_group`` is never shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.steps.measures.ratings import MIN_GROUP, coded, numbers_of, respondents
from textcx.steps.statistics.intervals import (
    POLARITY,
    SHARE,
    Moments,
    column,
    difference_interval,
    difference_p_value,
    mean_interval,
    moments,
    q_values,
    together,
)
from textcx.steps.statistics.misclassification import nearest, true_share_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.encoding import MeasuredErrors
    from textcx.steps.statistics.intervals import Floats

ENDS = ("", "_low", "_high")
TRUE_ENDS = ("_true_low", "_true_high")
ESTIMATES = ("polarity", "negative_share", "pain_share", "pain_difference")
TOLD = ("negative", "positive")
DECIDED = {"negative_share": "negative", "pain_share": "pain"}
"""Shares that the model counts, and the decision that each rests on."""
GROUPS = pl.Schema(
    dict.fromkeys(("attribute", "group"), pl.String)
    | dict.fromkeys(("records", "respondents"), pl.Int64)
    | dict.fromkeys((*(name + end for name in ESTIMATES for end in ENDS), "q_value"), pl.Float64)
    | dict.fromkeys((name + end for name in DECIDED for end in TRUE_ENDS), pl.Float64)
)


def sources_of(records: pl.DataFrame, record_ids: pl.Series) -> frozenset[str]:
    """Return the sources of some records."""
    return frozenset(records.filter(pl.col("record_id").is_in(record_ids.implode()))["source"].drop_nulls())


def judged_records(answers: pl.DataFrame, records: pl.DataFrame, segments: pl.DataFrame) -> pl.DataFrame:
    """Return the counted, analyzed records: record_id, person, polarity, negative, positive, pained.

    The last three are 0 or 1, by the label and by whether there is a pain segment.

    ``pained`` is null throughout where no segment was judged for pain.
    """
    judged = segments.is_empty() or segments["pain"].null_count() < segments.height
    pained = segments.filter(pl.col("pain").fill_null(value=False)).select("record_id").unique()
    return (
        respondents(answers)
        .filter("counted")
        .select("record_id", "person")
        .join(
            records.select("record_id", "polarity", *(pl.col("label").eq(one).alias(one) for one in TOLD)),
            on="record_id",
        )
        .drop_nulls()
        .join(pained.with_columns(pained=pl.lit(1.0)), on="record_id", how="left")
        .with_columns(
            pl.col("pained").fill_null(0.0 if judged else float("nan")).fill_nan(None),
            pl.col(TOLD).cast(pl.Float64),
        )
        .sort("record_id")
    )


def attribute_groups(
    answers: pl.DataFrame,
    records: pl.DataFrame,
    segments: pl.DataFrame,
    *,
    attributes: Sequence[str],
    min_group: int = MIN_GROUP,
    errors: Sequence[MeasuredErrors] = (),
) -> pl.DataFrame:
    """Compare each attribute group with everyone else, most harmed first.

    ``min_group``: smallest number of counted records a group is shown with. ``errors``: how often the model decided
    rightly on labelled texts; without them the true shares are null.

    Returns:
        ``GROUPS``: records and respondents; polarity (-1..1); negative_share and pain_share (records with at least one
        pain segment; 0..1); pain_difference, the group's pain share less that of all other records, in percentage
        points; Benjamini-Hochberg q-value of that difference over all groups shown. Sorted by the lower end of the
        difference, so that what is surely worse leads and small groups do not lead by chance. The comparison is null
        where there is nobody else. ``_true_low`` and ``_true_high`` are where the true share may lie,
        given the errors of the model (``textcx.steps.statistics.misclassification``).
    """
    judged = judged_records(answers, records, segments)
    who = pl.coalesce("respondent_id", "record_id").alias("respondent")
    parts = [
        answers.select("record_id", who, pl.lit(name).alias("attribute"), pl.col(name).cast(pl.String).alias("group"))
        .drop_nulls("group")
        .join(judged.with_row_index("place"), on="record_id")
        for name in attributes
    ]
    if not parts or judged.is_empty():
        return pl.DataFrame(schema=GROUPS)
    rows = pl.concat(parts).with_columns(size=pl.len().over("attribute", "group")).filter(pl.col("size") >= min_group)
    rows = rows.sort("attribute", "group", "record_id")
    keys, codes = coded(rows, ["attribute", "group"])
    people = rows.group_by("attribute", "group").agg(respondents=pl.col("respondent").n_unique())
    writers, everyone = numbers_of(rows["person"]), numbers_of(judged["person"])
    polarity, negative, pained = (
        moments(codes, rows[name].to_numpy(), keys.height, people=writers)
        for name in ("polarity", "negative", "pained")
    )
    others = _others(judged["pained"].to_numpy(), everyone, rows, keys)
    ends = difference_interval(pained, others, SHARE)
    estimates = {
        "polarity": (polarity.mean, *mean_interval(polarity, POLARITY)),
        "negative_share": (negative.mean, *mean_interval(negative, SHARE)),
        "pain_share": (pained.mean, *mean_interval(pained, SHARE)),
        "pain_difference": (100 * (pained.mean - others.mean), 100 * ends.low, 100 * ends.high),
    }
    numbers = {
        name + end: values for name, estimate in estimates.items() for end, values in zip(ENDS, estimate, strict=True)
    }
    n = polarity.n
    sources = sources_of(records, judged["record_id"])
    for name, counted in (("negative_share", negative), ("pain_share", pained)):
        open_ends = true_share_interval(counted, nearest(errors, DECIDED[name], sources=sources))
        numbers |= {name + end: values for end, values in zip(TRUE_ENDS, open_ends, strict=True)}
    numbers["q_value"] = q_values(difference_p_value(pained, others, SHARE))
    if judged["pained"].null_count():
        numbers |= {name: np.full(len(n), np.nan) for name in numbers if name.startswith(("pain_", "q_"))}
    return (
        keys.with_columns(column(n).alias("records"), *(column(values).alias(name) for name, values in numbers.items()))
        .join(people, on=["attribute", "group"])
        .sort(-pl.col("pain_difference_low"), "attribute", "group", nulls_last=True)
        .select(pl.col(name).cast(kind) for name, kind in GROUPS.items())
    )


def _others(pained: Floats, people: NDArray[np.int64], rows: pl.DataFrame, keys: pl.DataFrame) -> Moments:
    """Return the moments of all judged records but those of a group, for each group; NaN where there are none."""
    whole = np.arange(len(pained))
    found = []
    for group in rows.partition_by(keys.columns, maintain_order=True):
        left = np.delete(whole, group["place"].to_numpy())
        found.append(moments(np.zeros(len(left), dtype=np.int64), pained[left], 1, people=people[left]))
    return together(found)
