"""Follow volume, share, polarity and ratings over time.

Records without a date are left out here; ``textcx.steps.measures.headline`` counts them. The first and the last period
are often covered only in part: they are shown, marked ``complete = false``, and never decide a direction.

Invariants, tested: the order of the records never matters; volumes of "all" add up to the dated, counted records.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from textcx.domain import tables
from textcx.steps.measures.ratings import (
    EVERYTHING,
    SUBJECT,
    coded,
    latest,
    numbers_of,
    rank_of,
    rated,
    respondents,
    with_estimates,
)
from textcx.steps.statistics.intervals import (
    POLARITY,
    SHARE,
    estimate_columns,
    mean_interval,
    moments,
    share_interval,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from numpy.typing import NDArray

    from textcx.domain.feedback import RatingColumn

Period = Literal["day", "week", "month"]
EVERY = {"day": "1d", "week": "1w", "month": "1mo"}
LABEL = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}
DAYS_UP_TO = 21
WEEKS_UP_TO = 120
"""Spans shorter than this many days are shown by day, by week; longer ones by month."""
KINDS = ("all", "theme", "stage", "pain_point")
MEASURES = ("volume", "share", "polarity", "negative_share")
DATED = pl.Schema([*tables.TRENDS.items(), ("complete", pl.Boolean())])
MIN_RECORDS = 10
MIN_PERIODS = 3
MAX_Q = 0.05
"""What a change takes to be told: records, complete periods, and a q-value of at most this."""
THIN = 0.1
"""A period with less than this part of the usual number of records is compared with none."""
FULL_GAPS = 3
"""Records that come at random leave a stretch of three average gaps empty one time in twenty."""
STRAGGLERS = 1000
"""One record in so many at either end may be a wrong date or a late comer; the data is not said to reach that far."""


def choose_period(first: date, last: date) -> Period:
    """Return how time is cut: by day under 21 days, by ISO week under 120 days, else by month."""
    days = (last - first).days + 1
    if days < DAYS_UP_TO:
        return "day"
    return "week" if days < WEEKS_UP_TO else "month"


def reach(created_at: pl.Series) -> tuple[datetime, datetime]:
    """Return where the data begins and ends: first and last date, but for a straggler in a thousand at either end."""
    dates = created_at.sort()
    cut = dates.len() // STRAGGLERS
    return dates[cut], dates[-1 - cut]


def periods(created_at: pl.Series, *, period: Period) -> pl.DataFrame:
    """Return every period from the first date to the last: start, period (its name), inside, complete.

    A period is inside if the data's ``reach`` touches it, and complete if it lies within, but for a day, or for as long
    a stretch as the density of the records makes likely to be empty. ``created_at``: UTC, no nulls, at least one.
    """
    dates = created_at.sort()
    starts = pl.Series([dates[0], dates[-1]]).dt.truncate(EVERY[period])
    cut = dates.len() // STRAGGLERS
    begin, end = reach(dates)
    gap = (end - begin) / max(dates.len() - 2 * cut - 1, 1)
    slack = max(timedelta(days=1), (cut + 2 * cut**0.5 + FULL_GAPS) * gap)
    start = pl.col("start")
    return (
        pl.DataFrame({"start": pl.datetime_range(starts[0], starts[1], EVERY[period], eager=True)})
        .with_columns(period=start.dt.strftime(LABEL[period]), end=start.dt.offset_by(EVERY[period]))
        .with_columns(
            inside=(pl.col("end") > pl.lit(begin)) & (start <= pl.lit(end)),
            complete=(pl.lit(begin) - start <= slack) & (pl.col("end") - pl.lit(end) <= slack),
        )
        .drop("end")
    )


def worth_comparing(sizes: NDArray[np.float64], *, complete: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which periods, with so many counted records, are compared with others: complete and not nearly empty."""
    inside = np.sort(np.where(complete, sizes, 0.0))
    half = np.searchsorted(np.cumsum(inside), inside.sum() / 2)
    usual = inside[half] if inside.any() else 0.0  # size of the period of the median record
    return complete & (sizes >= max(THIN * usual, 1.0))


def summarize_trends(
    answers: pl.DataFrame,
    *,
    records: pl.DataFrame,
    memberships: pl.DataFrame,
    ratings: Sequence[RatingColumn],
    period: Period | None = None,
) -> pl.DataFrame:
    """Summarize each period: volume, share, polarity, negative share and ratings of everything and of each subject.

    Time is cut by ``period``, by default after the span of the dates; ``answers`` and ``memberships`` are as in
    ``textcx.steps.measures.ratings``.

    Returns:
        ``tables.TRENDS`` plus ``complete`` (Boolean: the period is covered whole). Measures, with 95 % intervals:
        ``volume`` (counted records; a count, so no interval), ``share`` (of the period's counted records, 0..1; not for
        "all"), ``polarity`` (mean over records, -1..1), ``negative_share`` (0..1), and
        ``rating:NAME`` (as in the ratings table, each respondent once per period; for a subject: respondents who raised
        it in that period). Periods without records within the data's reach stand with volume 0 under "all".

    Raises:
        BadSetting: If a scale does not fit its kind.
    """
    dated = answers.drop_nulls("created_at")
    if dated.is_empty():
        return tables.empty(DATED)
    cut = period or choose_period(*reach(dated["created_at"]))
    grid = periods(dated["created_at"], period=cut)
    dated = dated.with_columns(pl.col("created_at").dt.convert_time_zone("UTC")).sort("record_id")
    when = respondents(dated).with_columns(period=pl.col("created_at").dt.strftime(LABEL[cut]))
    counted = when.filter("counted").select("record_id", "period", "person")
    raised = counted.join(memberships.select("record_id", *SUBJECT).unique(), on="record_id")
    members = pl.concat([counted.with_columns(EVERYTHING), raised])
    parts = [
        _volumes(members, grid),
        *_polarities(members, records),
        *(_rating(dated, when, members, rating) for rating in ratings),
    ]
    measures = (*MEASURES, *(f"rating:{rating.name}" for rating in ratings))
    return (
        pl.concat(parts, how="diagonal")
        .join(grid.select("period", "complete"), on="period", how="left")
        .sort(rank_of("subject_kind", KINDS), *SUBJECT, rank_of("measure", measures), "period")
        .select(pl.col(name).cast(kind) for name, kind in DATED.items())
    )


def _volumes(members: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """Volume of everything in every period, and volume and share of each subject where there was anything at all."""
    counts = members.group_by(*SUBJECT, "period").agg(volume=pl.len().cast(pl.Int64))
    everything = pl.col("subject_kind") == "all"
    totals = (
        grid.join(counts.filter(everything), on="period", how="left")
        .filter(pl.col("inside") | (pl.col("volume") > 0))
        .select(*EVERYTHING, "period", pl.col("volume").fill_null(0))
    )
    dense = (
        counts.filter(~everything)
        .select(SUBJECT)
        .unique()
        .join(totals.filter(pl.col("volume") > 0).select("period", total="volume"), how="cross")
        .join(counts, on=[*SUBJECT, "period"], how="left")
        .with_columns(pl.col("volume").fill_null(0))
        .sort(*SUBJECT, "period")
    )
    hits, n = (dense[name].cast(pl.Float64).to_numpy() for name in ("volume", "total"))
    shares = dense.select(
        *SUBJECT, "period", pl.lit("share").alias("measure"), *estimate_columns(hits / n, share_interval(hits, n), n)
    )
    volumes = pl.concat([totals, dense.select(totals.columns)]).select(
        *SUBJECT, "period", pl.lit("volume").alias("measure"), value=pl.col("volume").cast(pl.Float64), n="volume"
    )
    return pl.concat([volumes, shares], how="diagonal")


def _polarities(members: pl.DataFrame, records: pl.DataFrame) -> list[pl.DataFrame]:
    """Mean polarity and share of negative records of each subject and period."""
    judged = records.select("record_id", "polarity", negative=pl.col("label") == "negative").drop_nulls()
    rows = members.join(judged, on="record_id").sort(*SUBJECT, "period", "record_id")
    groups, codes = coded(rows, [*SUBJECT, "period"])
    people = numbers_of(rows["person"])
    parts = []
    for measure, name, scale in (("polarity", "polarity", POLARITY), ("negative_share", "negative", SHARE)):
        found = moments(codes, rows[name].cast(pl.Float64).to_numpy(), groups.height, people=people)
        estimates = estimate_columns(found.mean, mean_interval(found, scale), found.n)
        parts.append(groups.with_columns(pl.lit(measure).alias("measure"), *estimates))
    return parts


def _rating(dated: pl.DataFrame, when: pl.DataFrame, members: pl.DataFrame, rating: RatingColumn) -> pl.DataFrame:
    """Value of a rating for everyone and for those who raised a subject, by period."""
    rows = rated(dated, rating).join(when.select("record_id", "period"), on="record_id")
    once = latest(rows, within=["period"]).select("record_id", "respondent", "period", "person", "value")
    who = respondents(dated).select("record_id", "respondent")
    subjects = members.filter(pl.col("subject_kind") != "all").join(who, on="record_id")
    in_period = subjects.select(*SUBJECT, "period", "respondent").unique()
    shown = [*SUBJECT, "period", "record_id", "person", "value"]
    of_subjects = once.join(in_period, on=["respondent", "period"]).select(shown)
    long = pl.concat([once.with_columns(EVERYTHING).select(shown), of_subjects]).sort(*SUBJECT, "period", "record_id")
    groups, codes = coded(long, [*SUBJECT, "period"])
    people = numbers_of(long["person"])
    estimates = with_estimates(groups, long["value"].to_numpy(), codes, rating=rating, people=people)
    return estimates.with_columns(pl.lit(f"rating:{rating.name}").alias("measure"))
