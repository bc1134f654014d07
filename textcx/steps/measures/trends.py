"""Follow volume, share, polarity and ratings over time, and tell what is rising and what is falling.

Records without a date are left out here; ``textcx.steps.measures.headline`` counts them. The first and the last period
are often covered only in part: they are shown, marked ``complete = false``, and never decide a direction.

A direction is about the *share* of records that raise a subject, so growth of the whole is no trend of a theme. Shares
swing from period to period more than chance alone would have it; that swing widens the interval.

Invariants, tested: the order of the records never matters; volumes of "all" add up to the dated, counted records; a
direction is "rising" or "falling" only if its interval leaves out no change.
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
    rank_of,
    rated,
    respondents,
    with_estimates,
)
from textcx.steps.statistics.intervals import (
    column,
    difference_interval,
    difference_p_value,
    estimate_columns,
    mean_interval,
    moments,
    q_values,
    share_interval,
    tally,
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
DIRECTIONS = pl.Schema({
    "subject_kind": pl.String, "subject_id": pl.String, "direction": pl.String, "change": pl.Float64,
    "ci_low": pl.Float64, "ci_high": pl.Float64, "q_value": pl.Float64, "n": pl.Int64, "share_earlier": pl.Float64,
    "share_later": pl.Float64,
})  # fmt: skip

MIN_RECORDS = 10
MIN_PERIODS = 3
MAX_Q = 0.05
LEAST_RATIO = 1.1
"""A share that changes by less than a tenth of itself is steady, however sure the change is."""
FULL_GAPS = 3
"""Records that come at random leave a stretch of three average gaps empty one time in twenty."""
STRAGGLERS = 1000
"""One record in so many at either end may be a wrong date or a late comer; the data is not said to reach that far."""
THIN = 0.1
"""A period with less than this part of the usual number of records decides no direction."""


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
        ``volume`` (counted records; a count, so no interval), ``share`` (of the period's counted records, 0..1, Wilson;
        not for "all"), ``polarity`` (mean over records, -1..1, Student's t), ``negative_share`` (0..1, Wilson), and
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
    when = dated.select("record_id", "respondent_id", "counted", period=pl.col("created_at").dt.strftime(LABEL[cut]))
    counted = when.filter("counted").select("record_id", "period")
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
    polarity = moments(codes, rows["polarity"].to_numpy(), groups.height)
    negative = tally(codes[rows["negative"].to_numpy()], groups.height)
    return [
        groups.with_columns(pl.lit(measure).alias("measure"), *estimate_columns(value, ends, polarity.n))
        for measure, value, ends in (
            ("polarity", polarity.mean, mean_interval(polarity, low=-1, high=1)),
            ("negative_share", negative / np.maximum(polarity.n, 1), share_interval(negative, polarity.n)),
        )
    ]


def _rating(dated: pl.DataFrame, when: pl.DataFrame, members: pl.DataFrame, rating: RatingColumn) -> pl.DataFrame:
    """Value of a rating for everyone and for those who raised a subject, by period."""
    rows = rated(dated, rating).join(when.select("record_id", "period"), on="record_id")
    once = latest(rows, within=["period"]).select("record_id", "respondent", "period", "value")
    who = respondents(dated).select("record_id", "respondent")
    subjects = members.filter(pl.col("subject_kind") != "all").join(who, on="record_id")
    in_period = subjects.select(*SUBJECT, "period", "respondent").unique()
    shown = [*SUBJECT, "period", "record_id", "value"]
    of_subjects = once.join(in_period, on=["respondent", "period"]).select(shown)
    long = pl.concat([once.with_columns(EVERYTHING).select(shown), of_subjects]).sort(*SUBJECT, "period", "record_id")
    groups, codes = coded(long, [*SUBJECT, "period"])
    estimates = with_estimates(groups, long["value"].to_numpy(), codes, rating=rating)
    return estimates.with_columns(pl.lit(f"rating:{rating.name}").alias("measure"))


def directions(trends: pl.DataFrame) -> pl.DataFrame:
    """Tell for each theme, stage and pain point whether its share of the records is rising or falling.

    The complete periods are cut in two (of an odd number, the middle one counts as earlier) and the subject's share of
    all records in the later half is compared with the earlier. Interval: hybrid score (Newcombe 1998); p-value: score
    test; both on counts divided by the overdispersion of the periods within their halves, Pearson's chi-square over
    its degrees of freedom, at least 1 (McCullagh & Nelder 1989, section 4.5). Benjamini-Hochberg over the subjects of
    a kind.

    Periods with less than a tenth of the usual number of records are passed over like incomplete ones.

    Returns:
        subject_kind, subject_id, direction, change, ci_low, ci_high (percentage points of the records), q_value, n
        (records in the periods compared), share_earlier, share_later (0..1); one row per subject, sorted. "rising" and
        "falling": q <= 0.05, interval without 0, and a change of at least a tenth; "unknown", with null numbers: fewer
        than 10 records or 3 complete periods with records; else "steady".
    """
    everything = trends.filter(pl.col("measure") == "volume", pl.col("subject_kind") == "all")
    totals = everything.filter(pl.col("complete"), pl.col("n") > 0).sort("period")
    sizes = totals["n"].to_numpy()
    usual = np.median(np.repeat(sizes, sizes)) if sizes.size else 0.0  # size of the period of the median record
    totals = totals.filter(pl.col("n") >= THIN * usual)
    in_order = (rank_of("subject_kind", KINDS), *SUBJECT)
    of_subjects = trends.filter(pl.col("subject_kind") != "all", pl.col("measure") == "volume")
    subjects = of_subjects.select(SUBJECT).unique().sort(in_order)
    cells = of_subjects.join(totals.select("period"), on="period", how="semi").sort(*in_order, "period")
    counts = cells["n"].cast(pl.Float64).to_numpy().reshape(subjects.height, totals.height)
    table = _compare(counts, totals["n"].cast(pl.Float64).to_numpy())
    found = pl.concat([subjects, table], how="horizontal")
    q_value = pl.col("p_value").map_batches(lambda p: column(q_values(p.to_numpy())), return_dtype=pl.Float64)
    sure = (pl.col("q_value") <= MAX_Q) & pl.col("wide_enough")
    return (
        found.with_columns(q_value=q_value.over("subject_kind"))
        .with_columns(
            direction=pl.coalesce(
                pl.when(pl.col("change").is_null()).then(pl.lit("unknown")),
                pl.when(sure, pl.col("ci_low") > 0).then(pl.lit("rising")),
                pl.when(sure, pl.col("ci_high") < 0).then(pl.lit("falling")),
                pl.lit("steady"),
            )
        )
        .select(pl.col(name).cast(kind) for name, kind in DIRECTIONS.items())
    )


def _compare(counts: NDArray[np.float64], totals: NDArray[np.float64]) -> pl.DataFrame:
    """Compare the later half of the periods with the earlier.

    ``counts``: records, shape ``(subjects, periods)``. ``totals``: all records, above 0, shape ``(periods,)``.
    """
    cut = (totals.size + 1) // 2
    halves = [(counts[:, part], totals[part]) for part in (slice(None, cut), slice(cut, None))]
    (k_early, n_early), (k_late, n_late) = [(c.sum(axis=1), np.full(c.shape[0], t.sum())) for c, t in halves]
    n = k_early + k_late
    with np.errstate(invalid="ignore", divide="ignore"):
        early, late = k_early / n_early, k_late / n_late
        swing = np.zeros(n.size)
        for (cells, sizes), share in zip(halves, (early, late), strict=True):
            spread = share * (1 - share)
            chi = ((cells - sizes * share[:, None]) ** 2 / sizes).sum(axis=1)
            swing += np.where(spread > 0, chi / spread, 0.0)
        excess = np.maximum(swing / max(totals.size - 2, 1), 1.0)
        wide_enough = np.maximum(early, late) >= LEAST_RATIO * np.minimum(early, late)
    scaled = (k_late / excess, n_late / excess, k_early / excess, n_early / excess)
    ends, p_value = difference_interval(*scaled), difference_p_value(*scaled)
    known = (n >= MIN_RECORDS) & (totals.size >= MIN_PERIODS) & ~np.isnan(ends.low)
    estimates = {"change": 100 * (late - early), "ci_low": 100 * ends.low, "ci_high": 100 * ends.high}
    estimates |= {"p_value": p_value, "share_earlier": early, "share_later": late}
    shown = {name: column(np.where(known, values, np.nan)) for name, values in estimates.items()}
    return pl.DataFrame({**shown, "n": n.astype(np.int64), "wide_enough": wide_enough})


def with_trend(subjects: pl.DataFrame, found: pl.DataFrame, *, kind: str) -> pl.DataFrame:
    """Set ``trend`` of each theme or pain point (``kind``) from its direction; "unknown" for those never dated."""
    fields = [field.name for field in tables.TREND.fields]
    rows = found.filter(pl.col("subject_kind") == kind).select("subject_id", *fields)
    trends = (
        subjects.select(subject_id=pl.col(f"{kind}_id").cast(pl.String))
        .join(rows, on="subject_id", how="left", maintain_order="left")
        .with_columns(pl.col("direction").fill_null("unknown"))
    )
    return subjects.with_columns(trends.select(trend=pl.struct(fields).cast(tables.TREND)))
