"""Summarize ratings: overall, per theme, stage, pain point, attribute group and month.

Every respondent counts once per rating, with the latest answer (equal dates: the highest record_id); a record without a
known respondent is a respondent of its own. Answers count also where the text of the record could not be analyzed.
A record that only repeats another (not counted) and has no known respondent is no further respondent.

What someone raised goes with what they answered at that time: a *wave* is all that a respondent gave on one day, or a
single record without a date. Those who raised a subject count with their latest answer of a wave in which they did.

Throughout the measures, ``answers`` has one row per readable record: record_id, respondent_id (null = nobody known),
created_at (UTC, null), analyzed, counted, ``PERSON`` (``textcx.steps.records.people``; by default the respondent), one
Float64 column per rating and one String column per attribute; ``memberships`` tell which theme, stage or pain point a
record raised: record_id, subject_kind, subject_id.

Invariants, tested: the order of the records never matters; ``n_commented`` never exceeds ``n``; a value lies within its
interval and the interval within the bounds of the rating.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain import tables
from textcx.domain.ratings import bounds, choices, terms, unit
from textcx.steps.records.people import PERSON
from textcx.steps.statistics.intervals import Scale, estimate_columns, mean_interval, moments, tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.feedback import RatingColumn

SUBJECT = ("subject_kind", "subject_id")
EVERYTHING = tuple(pl.lit("all").alias(name) for name in SUBJECT)
"""The subject of rows about everyone."""
KINDS = ("all", "theme", "stage", "pain_point", "attribute", "period")
"""Order of the subject kinds in the table."""
MONTH, DAY = "%Y-%m", "%Y-%m-%d"
MIN_GROUP = 5
"""Smallest attribute group that is shown."""


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


def respondents(answers: pl.DataFrame) -> pl.DataFrame:
    """Return who answered when: record_id, respondent and wave (never null), person, created_at, analyzed, counted.

    One row per record. Records that only repeat another and have no known respondent are left out.
    """
    who = pl.coalesce(pl.lit("respondent ") + pl.col("respondent_id"), pl.lit("record ") + pl.col("record_id"))
    repeats = pl.col("analyzed") & ~pl.col("counted") & pl.col("respondent_id").is_null()
    kept = answers.filter(~repeats).sort("record_id")
    return kept.select(
        "record_id",
        who.alias("respondent"),
        pl.coalesce(pl.col("created_at").dt.strftime(DAY), "record_id").alias("wave"),
        (pl.col(PERSON) if PERSON in answers.columns else who).alias("person"),
        "created_at",
        "analyzed",
        "counted",
    )


def rated(answers: pl.DataFrame, rating: RatingColumn) -> pl.DataFrame:
    """Return the rows of ``respondents`` that answered a rating, with the answer in ``value``."""
    values = answers.select("record_id", value=pl.col(rating.name).cast(pl.Float64).fill_nan(None))
    return respondents(answers).join(values.drop_nulls(), on="record_id")


def latest(rows: pl.DataFrame, *, within: Sequence[str] = ()) -> pl.DataFrame:
    """Return the latest row of each respondent (undated before dated, then by record_id), sorted.

    Each respondent counts once in every combination of ``within``, such as the period.
    """
    keys = [*within, "respondent"]
    return rows.sort(*keys, "created_at", "record_id", nulls_last=False).unique(keys, keep="last", maintain_order=True)


def raised(answers: pl.DataFrame, memberships: pl.DataFrame) -> pl.DataFrame:
    """Return who raised what, and when, in counted records: subject_kind, subject_id, respondent, wave; sorted."""
    counted = respondents(answers).filter("counted").select("record_id", "respondent", "wave")
    found = memberships.select("record_id", *SUBJECT).join(counted, on="record_id")
    return found.select(*SUBJECT, "respondent", "wave").unique().sort(*SUBJECT, "respondent", "wave")


def attribute_members(answers: pl.DataFrame, attributes: Sequence[str]) -> pl.DataFrame:
    """Return the groups of each record: record_id, subject_kind ("attribute"), subject_id ("plan=premium")."""
    parts = [pl.DataFrame(schema=dict.fromkeys(("record_id", *SUBJECT), pl.String))]
    for name in attributes:
        group = pl.format("{}={}", pl.lit(name), pl.col(name).cast(pl.String))
        parts.append(answers.select("record_id", subject_kind=pl.lit("attribute"), subject_id=group).drop_nulls())
    return pl.concat(parts).sort("record_id", *SUBJECT)


def with_estimates(
    groups: pl.DataFrame,
    values: NDArray[np.float64],
    codes: NDArray[np.integer],
    *,
    rating: RatingColumn,
    people: NDArray[np.integer],
) -> pl.DataFrame:
    """Return groups of answers with the rating's ``value``, 95 % interval (``ci_low``, ``ci_high``) and ``n`` of each.

    Intervals are those of ``textcx.steps.statistics.intervals``. ``values`` are answers as given, ``codes`` the row of
    each one's group and ``people`` who gave it; shape ``(answers,)``.
    """
    found = moments(codes, terms(values, rating), groups.height, people=people)
    return groups.with_columns(estimate_columns(found.mean, mean_interval(found, scale_of(rating)), found.n))


def scale_of(rating: RatingColumn) -> Scale:
    """Return the scale of a rating's ``terms``."""
    low, high = bounds(rating)
    return Scale(low, high, choices(rating))


def numbers_of(people: pl.Series) -> NDArray[np.int64]:
    """Number people, ``0 ..``, in the order of their names."""
    return people.rank("dense").cast(pl.Int64).to_numpy() - 1


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

    ``min_group``: smallest number of answers an attribute group is shown with.

    Returns:
        ``tables.RATINGS``. Value and interval in the unit of ``domain.ratings.unit``; ``n`` respondents rated, of whom
        ``n_commented`` wrote something that could be analyzed (in a month: in that month). Rows in the order of
        ``ratings``, then all, theme, stage, pain_point, attribute, period. A rating that nobody answered has no rows;
        the interval of a single answer is null.

    Raises:
        BadSetting: If a scale does not fit its kind.
    """
    of_subjects, groups = raised(answers, memberships), attribute_members(answers, attributes)
    everyone = respondents(answers).with_columns(period=pl.col("created_at").dt.strftime(MONTH))
    ever = everyone.group_by("respondent").agg(commented=pl.col("analyzed").any())
    in_month = everyone.group_by("respondent", "period").agg(commented=pl.col("analyzed").any())
    shown = [*SUBJECT, "record_id", "person", "value", "commented"]
    parts = [tables.empty(tables.RATINGS)]
    for rating in ratings:
        rows = rated(answers, rating)
        once = latest(rows).join(ever, on="respondent")
        monthly = rows.drop_nulls("created_at").with_columns(period=pl.col("created_at").dt.strftime(MONTH))
        monthly = latest(monthly, within=["period"]).join(in_month, on=["respondent", "period"])
        long = pl.concat(
            [
                once.with_columns(EVERYTHING).select(shown),
                _of_subjects(rows, of_subjects).join(ever, on="respondent").select(shown),
                once.join(groups, on="record_id").select(shown),
                monthly.with_columns(pl.lit("period").alias("subject_kind"), subject_id="period").select(shown),
            ]
        ).sort(*SUBJECT, "record_id")
        subjects, codes = coded(long, SUBJECT)
        commented = tally(codes[long["commented"].to_numpy()], subjects.height)
        parts.append(
            with_estimates(subjects, long["value"].to_numpy(), codes, rating=rating, people=numbers_of(long["person"]))
            .with_columns(
                pl.lit(rating.name).alias("rating"),
                pl.lit(unit(rating)).alias("unit"),
                pl.Series("n_commented", commented.astype(np.int64)),
            )
            .filter((pl.col("subject_kind") != "attribute") | (pl.col("n") >= min_group))
            .sort(rank_of("subject_kind", KINDS), *SUBJECT)
            .select(tables.RATINGS.names())
        )
    return pl.concat(parts)


def _of_subjects(rows: pl.DataFrame, of_subjects: pl.DataFrame) -> pl.DataFrame:
    """Return the latest answer of each respondent in a wave in which they raised a subject, for every subject."""
    in_wave = latest(rows, within=["wave"]).join(of_subjects, on=["respondent", "wave"])
    return latest(in_wave, within=SUBJECT)


def rank_of(name: str, order: Sequence[str]) -> pl.Expr:
    """Return the place of a column's values in ``order``; unknown ones come last."""
    return pl.col(name).replace_strict(order, range(len(order)), default=len(order), return_dtype=pl.Int64)
