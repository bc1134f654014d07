"""Find the customer groups that hurt most.

A group is all counted records with one value of an attribute, "plan=premium". It is compared with all other counted
records; the comparison is an association, not a cause. Records of one respondent are taken as independent, so intervals
are a little narrow where few people write much.

Invariants, tested: the order of the records never matters; a group smaller than ``min_group`` is never shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.steps.measures.ratings import MIN_GROUP, coded
from textcx.steps.statistics.intervals import (
    column,
    difference_interval,
    difference_p_value,
    mean_interval,
    moments,
    q_values,
    share_interval,
    tally,
)
from textcx.steps.statistics.misclassification import nearest, true_share_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.encoding import MeasuredErrors

ENDS = ("", "_low", "_high")
TRUE_ENDS = ("_true_low", "_true_high")
ESTIMATES = ("polarity", "negative_share", "pain_share", "pain_difference")
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
    """Return the counted, analyzed records: record_id, polarity, negative (label), pained (with a pain segment).

    ``pained`` is null throughout where no segment was judged for pain.
    """
    judged = segments.is_empty() or segments["pain"].null_count() < segments.height
    pained = segments.filter(pl.col("pain").fill_null(value=False)).select("record_id").unique()
    return (
        answers.filter("counted")
        .select("record_id")
        .join(records.select("record_id", "polarity", negative=pl.col("label") == "negative"), on="record_id")
        .drop_nulls()
        .join(pained.with_columns(pained=pl.lit(1.0)), on="record_id", how="left")
        .with_columns(
            pl.col("pained").fill_null(0.0 if judged else float("nan")).fill_nan(None),
            pl.col("negative").cast(pl.Float64),
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
        ``GROUPS``: records and respondents; polarity (-1..1, t interval); negative_share and pain_share (records with
        at least one pain segment; 0..1, Wilson); pain_difference, the group's pain share less that of all other
        records, in percentage points with the hybrid score interval (Newcombe 1998); Benjamini-Hochberg q-value of that
        difference over all groups shown. Sorted by the lower end of the difference, so that what is surely worse leads
        and small groups do not lead by chance. The comparison is null where there is nobody else. ``_true_low`` and
        ``_true_high`` are where the true share may lie, given the errors of the model
        (``textcx.steps.statistics.misclassification``).
    """
    judged = judged_records(answers, records, segments)
    who = pl.coalesce("respondent_id", "record_id").alias("respondent")
    parts = [
        answers.select("record_id", who, pl.lit(name).alias("attribute"), pl.col(name).cast(pl.String).alias("group"))
        .drop_nulls("group")
        .join(judged, on="record_id")
        for name in attributes
    ]
    if not parts or judged.is_empty():
        return pl.DataFrame(schema=GROUPS)
    rows = pl.concat(parts).with_columns(size=pl.len().over("attribute", "group")).filter(pl.col("size") >= min_group)
    rows = rows.sort("attribute", "group", "record_id")
    keys, codes = coded(rows, ["attribute", "group"])
    people = rows.group_by("attribute", "group").agg(respondents=pl.col("respondent").n_unique())
    polarity = moments(codes, rows["polarity"].to_numpy(), keys.height)
    negative, pained = (tally(codes[rows[name].to_numpy() > 0], keys.height) for name in ("negative", "pained"))
    n = polarity.n
    other_pained, other_n = np.count_nonzero(judged["pained"].to_numpy()) - pained, judged.height - n
    ends = difference_interval(pained, n, other_pained, other_n)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = pained / n - other_pained / other_n
    estimates = {
        "polarity": (polarity.mean, *mean_interval(polarity, low=-1, high=1)),
        "negative_share": (negative / n, *share_interval(negative, n)),
        "pain_share": (pained / n, *share_interval(pained, n)),
        "pain_difference": (100 * difference, 100 * ends.low, 100 * ends.high),
    }
    numbers = {
        name + end: values for name, estimate in estimates.items() for end, values in zip(ENDS, estimate, strict=True)
    }
    sources = sources_of(records, judged["record_id"])
    for name, counted in (("negative_share", negative), ("pain_share", pained)):
        open_ends = true_share_interval(counted, n, nearest(errors, DECIDED[name], sources=sources))
        numbers |= {name + end: values for end, values in zip(TRUE_ENDS, open_ends, strict=True)}
    numbers["q_value"] = q_values(difference_p_value(pained, n, other_pained, other_n))
    if judged["pained"].null_count():
        numbers |= {name: np.full(len(n), np.nan) for name in numbers if name.startswith(("pain_", "q_"))}
    return (
        keys.with_columns(column(n).alias("records"), *(column(values).alias(name) for name, values in numbers.items()))
        .join(people, on=["attribute", "group"])
        .sort(-pl.col("pain_difference_low"), "attribute", "group", nulls_last=True)
        .select(pl.col(name).cast(kind) for name, kind in GROUPS.items())
    )
