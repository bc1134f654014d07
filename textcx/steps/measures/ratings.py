"""Summarize ratings: overall, per theme, stage, pain point, attribute group and month.

Every respondent counts once per rating, with the latest answer (equal dates: the highest record_id); a record without a
known respondent is a respondent of its own. Answers count also where the text of the record could not be analyzed.
A record that only repeats another (not counted) and has no known respondent is no further respondent.

Invariants, tested: the order of the records never matters; ``n_commented`` never exceeds ``n``; a value lies within its
interval and the interval within the bounds of the rating.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain import tables
from textcx.domain.feedback import RatingKind
from textcx.domain.ratings import bounds, terms, unit
from textcx.steps.statistics.intervals import (
    Interval,
    balance_interval,
    column,
    mean_interval,
    moments,
    share_interval,
    tally,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.feedback import RatingColumn

SUBJECT = ("subject_kind", "subject_id")
KINDS = ("all", "theme", "stage", "pain_point", "attribute", "period")
"""Order of the subject kinds in the table."""
MONTH = "%Y-%m"
MIN_GROUP = 5
"""Smallest attribute group that is shown."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Value, interval and n of a rating for many groups. Shape ``(groups,)`` each; NaN where unknown."""

    value: NDArray[np.float64]
    interval: Interval
    n: NDArray[np.float64]


def respondents(answers: pl.DataFrame) -> pl.DataFrame:
    """Return who answered: record_id, respondent (never null), created_at, analyzed, counted; one row per record.

    Records that only repeat another and have no known respondent are left out.
    """
    return (
        answers.select(
            "record_id",
            pl.when(pl.col("respondent_id").is_null())
            .then(pl.lit("record ") + pl.col("record_id"))
            .otherwise(pl.lit("respondent ") + pl.col("respondent_id"))
            .alias("respondent"),
            "created_at",
            "analyzed",
            "counted",
            repeats=pl.col("analyzed") & ~pl.col("counted") & pl.col("respondent_id").is_null(),
        )
        .filter(~pl.col("repeats"))
        .drop("repeats")
        .sort("record_id")
    )


def rated(answers: pl.DataFrame, rating: RatingColumn) -> pl.DataFrame:
    """Return the rows of ``respondents`` that answered a rating, with the answer in ``value``."""
    values = answers.select("record_id", value=pl.col(rating.name).cast(pl.Float64).fill_nan(None))
    return respondents(answers).join(values.drop_nulls(), on="record_id")


def latest(rows: pl.DataFrame, *, within: Sequence[str] = ()) -> pl.DataFrame:
    """Return the latest row of each respondent (undated before dated, then by record_id), sorted.

    Args:
        rows: Columns respondent, created_at, record_id and whatever else.
        within: Columns within which each respondent counts once, such as the period.
    """
    keys = [*within, "respondent"]
    return rows.sort(*keys, "created_at", "record_id", nulls_last=False).unique(keys, keep="last", maintain_order=True)


def raised(answers: pl.DataFrame, memberships: pl.DataFrame) -> pl.DataFrame:
    """Return who raised what in counted records: subject_kind, subject_id, respondent; distinct, sorted."""
    counted = respondents(answers).filter("counted").select("record_id", "respondent")
    found = memberships.select("record_id", *SUBJECT).join(counted, on="record_id")
    return found.select(*SUBJECT, "respondent").unique().sort(*SUBJECT, "respondent")


def attribute_members(answers: pl.DataFrame, attributes: Sequence[str]) -> pl.DataFrame:
    """Return the groups of each record: record_id, subject_kind ("attribute"), subject_id ("plan=premium")."""
    parts = [
        answers.select(
            "record_id",
            pl.lit("attribute").alias("subject_kind"),
            (pl.lit(f"{name}=") + pl.col(name).cast(pl.String)).alias("subject_id"),
        ).drop_nulls()
        for name in attributes
    ]
    schema = {"record_id": pl.String, "subject_kind": pl.String, "subject_id": pl.String}
    return pl.concat([pl.DataFrame(schema=schema), *parts]).sort("record_id", *SUBJECT)


def summarize_groups(
    values: NDArray[np.float64], codes: NDArray[np.integer], groups: int, *, rating: RatingColumn
) -> Summary:
    """Return the rating's value and 95 % interval for each group of answers.

    NPS: adjusted Wald; CSAT: Wilson; means: Student's t (see ``textcx.steps.statistics.intervals`` for the sources).

    Args:
        values: Answers as given. Shape ``(answers,)``.
        codes: Group of each answer, ``0 .. groups - 1``. Shape ``(answers,)``.
        groups: How many groups there are.
        rating: The rating they answer; its kind decides value and interval.
    """
    points = terms(values, rating)
    found = moments(codes, points, groups)
    if rating.kind is RatingKind.NPS:
        share = balance_interval(tally(codes[points > 0], groups), tally(codes[points < 0], groups), found.n)
        return Summary(found.mean, Interval(share.low * 100, share.high * 100), found.n)
    if rating.kind is RatingKind.CSAT:
        share = share_interval(tally(codes[points > 0], groups), found.n)
        return Summary(found.mean, Interval(share.low * 100, share.high * 100), found.n)
    low, high = bounds(rating)
    return Summary(found.mean, mean_interval(found, low=low, high=high), found.n)


def coded(rows: pl.DataFrame, keys: Sequence[str]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Return the distinct keys, sorted, and the number of each row's key among them."""
    groups = rows.select(keys).unique().sort(*keys)
    codes = rows.select(keys).join(groups.with_row_index("code"), on=list(keys), how="left", maintain_order="left")
    return groups, codes["code"].cast(pl.Int64).to_numpy()


def summarize_ratings(
    answers: pl.DataFrame,
    *,
    ratings: Sequence[RatingColumn],
    attributes: Sequence[str],
    memberships: pl.DataFrame,
    min_group: int = MIN_GROUP,
) -> pl.DataFrame:
    """Summarize every rating for everyone, each theme, stage, pain point, attribute group and month.

    Args:
        answers: One row per readable record: record_id, respondent_id (null = nobody known), created_at (UTC, null),
            analyzed, counted, one Float64 column per rating and one String column per attribute.
        ratings: The ratings and their scales.
        attributes: Names of the attribute columns.
        memberships: Which theme, stage or pain point a record raised: record_id, subject_kind, subject_id.
        min_group: Smallest number of answers an attribute group is shown with. At least 1.

    Returns:
        ``tables.RATINGS``. Value and interval in the unit of ``domain.ratings.unit``; ``n`` respondents rated, of whom
        ``n_commented`` wrote something that could be analyzed (in a month: in that month). Rows in the order of
        ``ratings``, then all, theme, stage, pain_point, attribute, period. A rating that nobody answered has no rows;
        the interval of a single answer is null.

    Raises:
        BadSetting: If a scale does not fit its kind.
    """
    of_subjects = raised(answers, memberships)
    groups = attribute_members(answers, attributes)
    parts = [_one_rating(answers, rating, of_subjects, groups, min_group) for rating in ratings]
    return pl.concat([tables.empty(tables.RATINGS), *parts])


def _one_rating(
    answers: pl.DataFrame, rating: RatingColumn, of_subjects: pl.DataFrame, groups: pl.DataFrame, min_group: int
) -> pl.DataFrame:
    rows = rated(answers, rating)
    if rows.is_empty():
        return tables.empty(tables.RATINGS)
    everyone = respondents(answers).with_columns(period=pl.col("created_at").dt.strftime(MONTH))
    ever = everyone.group_by("respondent").agg(commented=pl.col("analyzed").any())
    in_month = everyone.group_by("respondent", "period").agg(commented=pl.col("analyzed").any())
    once = latest(rows).join(ever, on="respondent")
    monthly = rows.drop_nulls("created_at").with_columns(period=pl.col("created_at").dt.strftime(MONTH))
    monthly = latest(monthly, within=["period"]).join(in_month, on=["respondent", "period"])
    shown = ["subject_kind", "subject_id", "record_id", "value", "commented"]
    long = pl.concat(
        [
            once.with_columns(subject_kind=pl.lit("all"), subject_id=pl.lit("all")).select(shown),
            once.join(of_subjects, on="respondent").select(shown),
            once.join(groups, on="record_id").select(shown),
            monthly.with_columns(pl.lit("period").alias("subject_kind"), subject_id="period").select(shown),
        ]
    ).sort(*SUBJECT, "record_id")
    subjects, codes = coded(long, SUBJECT)
    found = summarize_groups(long["value"].to_numpy(), codes, subjects.height, rating=rating)
    commented = tally(codes[long["commented"].to_numpy()], subjects.height)
    table = subjects.with_columns(
        pl.lit(rating.name).alias("rating"),
        pl.lit(unit(rating)).alias("unit"),
        column(found.value).alias("value"),
        column(found.interval.low).alias("ci_low"),
        column(found.interval.high).alias("ci_high"),
        pl.Series("n", found.n.astype(np.int64)),
        pl.Series("n_commented", commented.astype(np.int64)),
    ).filter((pl.col("subject_kind") != "attribute") | (pl.col("n") >= min_group))
    ranked = {kind: rank for rank, kind in enumerate(KINDS)}
    place = pl.col("subject_kind").replace_strict(ranked, default=len(KINDS), return_dtype=pl.Int64)
    return table.sort(place, *SUBJECT).select(tables.RATINGS.names())
