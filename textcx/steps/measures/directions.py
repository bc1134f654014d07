"""Tell what is rising and what is falling, what is new, and what stands out in the last period.

All of it is about the *share* of records that raise a subject, over complete periods. The later half is compared with
the earlier one; where there are two years of months, the last twelve with the same twelve of the year before, so that a
season is no trend. Shares swing between periods more than chance alone would have it: how much more is estimated from
the periods of each subject, drawn towards that of all subjects of its kind (Smyth, "Linear Models and Empirical Bayes
Methods", 2004, by moments), and tested against Student's t with the degrees of freedom that leaves.

A share also falls when something else grows. Whatever moves most clearly is set aside first, one subject after the
other, and the shares of the rest are taken among the records that do not raise it: nineteen themes do not fall because
the twentieth grew.

An alarm looks at the last complete period only, so that the same period gives one alarm however often it is looked at,
and a year of weekly looks has 52 chances of a false one, each of which gets its part of the rate asked for.

Invariants, tested: the order of the records never matters; a direction is "rising" or "falling" only if the interval
beside it leaves out no change; a subject that began in the later half is never steady.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import scipy  # its subpackages load when they are first used

from textcx.domain import tables
from textcx.steps.measures.ratings import SUBJECT, rank_of
from textcx.steps.measures.trends import (
    EVERY,
    KINDS,
    MAX_Q,
    MIN_PERIODS,
    MIN_RECORDS,
    choose_period,
    periods,
    reach,
    worth_comparing,
)
from textcx.steps.statistics.dispersion import shrunk, upper_tail
from textcx.steps.statistics.intervals import (
    SHARE,
    SMALLEST_P,
    Moments,
    column,
    difference_interval,
    difference_p_value,
    q_values,
    share_moments,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textcx.steps.measures.trends import Period

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.int64]

DIRECTIONS = pl.Schema(
    {"subject_kind": pl.String, "subject_id": pl.String}
    | {field.name: field.dtype for field in tables.TREND.fields}
    | {"q_value": pl.Float64, "n": pl.Int64, "share_earlier": pl.Float64, "share_later": pl.Float64}
)
NUMBERS = tuple(name for name, kind in DIRECTIONS.items() if kind == pl.Float64)
LEAST_RATIO = 1.1
"""A share that changes by less than a tenth of itself is steady, however sure the change is."""
YEAR = 12
"""Months, of which two years are compared month by month."""
A_YEAR = {"day": 365.25, "week": 365.25 / 7, "month": 12.0}
"""Periods in a year."""
ALARMS_A_YEAR = 1.0
"""False alarms of all subjects of a kind together, unless the user chose another rate."""
EXPECTED = 5.0
"""Records expected in the earlier half of what has none there, from which on it is new and not merely rare."""
HALF = 0.5
"""Share of the records of a period that something set aside may hold at most."""
ASIDE = 3
"""One subject in so many is set aside at most."""


def directions(
    answers: pl.DataFrame,
    *,
    memberships: pl.DataFrame,
    period: Period | None = None,
    alarms_a_year: float = ALARMS_A_YEAR,
) -> pl.DataFrame:
    """Tell for each theme, stage and pain point whether its share of the records is rising or falling.

    ``answers`` and ``memberships`` are as in ``textcx.steps.measures.ratings``. Periods with less than a tenth of the
    usual number of records are passed over like incomplete ones. ``alarms_a_year``: how many alarms all subjects of a
    kind together may give in a year in which nothing changes, above 0.

    Returns:
        subject_kind, subject_id, the fields of ``tables.TREND``, q_value (Benjamini-Hochberg over the kind), n (records
        in the periods compared), share_earlier, share_later (0..1); one row per subject, sorted. ``change``, ``ci_low``
        and ``ci_high`` are percentage points. Directions: "rising" and "falling" (q <= 0.05, interval without 0, a
        change of at least a tenth), "new" (none in the earlier half, where five would have been expected), "steady",
        and, with null numbers, "unknown" (fewer than 10 records or 3 complete periods). ``season``: under two years of
        months, so that a change may be the season's. ``aside``: what was set aside first. ``last_change`` and
        ``year_change``: the last period against the one before, and against the same one a year ago. ``alarm``: the
        last period has more than all before would explain, at the rate asked for.
    """
    counted = answers.filter("counted").drop_nulls("created_at").sort("record_id")
    known = memberships.filter(pl.col("subject_kind").is_in(KINDS)).select("record_id", *SUBJECT).unique()
    subjects = known.join(counted.select("record_id"), on="record_id").select(SUBJECT).unique()
    subjects = subjects.sort(rank_of("subject_kind", KINDS), *SUBJECT)
    if subjects.is_empty():
        return pl.DataFrame(schema=DIRECTIONS)
    cut = period or choose_period(*reach(counted["created_at"]))
    grid = periods(counted["created_at"], period=cut)
    start = pl.col("created_at").dt.convert_time_zone("UTC").dt.truncate(EVERY[cut]).alias("start")
    placed = counted.select("record_id", start).join(grid.with_row_index("place"), on="start").sort("record_id")
    whole = np.bincount(placed["place"].to_numpy(), minlength=grid.height).astype(np.float64)
    kept = worth_comparing(whole, complete=grid["complete"].to_numpy())
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    placed = placed.with_row_index("row").with_columns(period=pl.Series(number[placed["place"].to_numpy()]))
    parts = []
    for kind in subjects["subject_kind"].unique(maintain_order=True).to_list():
        own = subjects.filter(pl.col("subject_kind") == kind).with_row_index("subject")
        raised = known.join(own, on=SUBJECT).join(placed, on="record_id").sort("subject", "row")
        pairs = _Pairs(
            raised["row"].to_numpy(),
            raised["subject"].to_numpy().astype(np.int64),
            placed["period"].to_numpy(),
            own.height,
            int(kept.sum()),
            np.flatnonzero(kept),
        )
        found = _of_kind(pairs, cut=cut, alarms=alarms_a_year / A_YEAR[cut] / own.height)
        aside = {own["subject_id"][place] for place in found.aside}
        parts.append(
            own.with_columns(
                **{name: column(values) for name, values in found.numbers.items()},
                direction=pl.Series(found.words),
                alarm=pl.Series(found.alarm),
                season=pl.lit(found.season),
                aside=pl.Series([sorted(aside - {name}) for name in own["subject_id"]], dtype=pl.List(pl.String)),
            ).select(pl.col(name).cast(kind) for name, kind in DIRECTIONS.items())
        )
    return pl.concat(parts)


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


class _Pairs(NamedTuple):
    """Which record raises which subject of a kind; ``period`` of each record among those compared, -1 for others."""

    rows: Numbers
    subjects: Numbers
    period: Numbers
    subject_count: int
    periods: int
    places: Numbers  # of the periods compared, in the grid

    def counts(self, aside: list[int]) -> tuple[Floats, Floats]:
        """Count, by subject and period, the records that raise it and all others to judge it by.

        Records that raise something set ``aside`` are left out, but for what is set aside itself.
        """
        hits, of = self._but(aside)
        for place in aside:
            hits[place], of[place] = (each[place] for each in self._but([one for one in aside if one != place]))
        return hits, of

    def _but(self, aside: list[int]) -> tuple[Floats, Floats]:
        out = np.zeros(len(self.period), dtype=np.bool_)
        out[self.rows[np.isin(self.subjects, aside)]] = True
        inside = (self.period >= 0) & ~out
        kept = inside[self.rows]
        cells = self.subjects[kept] * self.periods + self.period[self.rows[kept]]
        hits = np.bincount(cells, minlength=self.subject_count * self.periods).astype(np.float64)
        of = np.bincount(self.period[inside], minlength=self.periods).astype(np.float64)
        return hits.reshape(self.subject_count, self.periods), np.tile(of, (self.subject_count, 1))


class _Found(NamedTuple):
    """The numbers of a frame of ``DIRECTIONS``, and its words and marks."""

    numbers: dict[str, Floats]
    words: list[str]
    alarm: NDArray[np.bool_]
    season: bool
    aside: list[int]


def _of_kind(pairs: _Pairs, *, cut: Period, alarms: float) -> _Found:
    """Compare the halves of all subjects of a kind, setting aside what moves most clearly, and look at the last period.

    ``alarms``: probability of a false alarm of one subject in one period.
    """
    total = pairs.counts([])[0].sum(axis=1)
    if pairs.periods < MIN_PERIODS:
        return _unknown(total)
    told = total >= MIN_RECORDS
    months = cut == "month"
    yearly = months and _in_a_row(pairs.places, 2 * YEAR)
    aside: list[int] = []
    while True:
        hits, of = pairs.counts(aside)
        early, late = halves(hits, of, yearly=yearly)
        p_value = np.where(told, difference_p_value(late, early, SHARE), np.nan)
        q_value = q_values(p_value)
        small = (hits <= HALF * of).all(axis=1)  # something is left to judge the others by
        moving = [place for place in np.flatnonzero((q_value <= MAX_Q) & small).tolist() if place not in aside]
        if not moving or len(aside) >= pairs.subject_count // ASIDE:
            break
        aside.append(min(moving, key=lambda place: (p_value[place], -total[place], place)))
    change, ends = late.mean - early.mean, difference_interval(late, early, SHARE)
    clear = (q_value <= MAX_Q) & (np.fmax(early.mean, late.mean) >= LEAST_RATIO * np.fmin(early.mean, late.mean))
    expected = early.n * (early.mean * early.n + late.mean * late.n) / (early.n + late.n)
    new = (early.mean == 0) & (expected >= EXPECTED)
    words = np.select(
        [new, ~told | np.isnan(p_value), clear & (ends.low > 0), clear & (ends.high < 0)],
        ["new", "unknown", "rising", "falling"],
        "steady",
    )
    numbers = {"change": 100 * change, "ci_low": 100 * ends.low, "ci_high": 100 * ends.high, "q_value": q_value}
    numbers |= {"share_earlier": early.mean, "share_later": late.mean}
    last, alarm = _last(hits, of, places=pairs.places, year=YEAR if months else 0, alarms=alarms)
    numbers |= last
    known = told | new
    return _Found(
        {name: np.where(known, values, np.nan) for name, values in numbers.items()} | {"n": total},
        words.tolist(),
        alarm & told,
        season=months and not yearly,
        aside=aside,
    )


def _unknown(total: Floats) -> _Found:
    """Nothing to tell of subjects with so many records: too few periods."""
    numbers = {name: np.full(total.shape, np.nan) for name in NUMBERS}
    return _Found(
        numbers | {"n": total}, ["unknown"] * len(total), np.zeros(total.shape, dtype=np.bool_), season=False, aside=[]
    )


def _in_a_row(places: Numbers, wanted: int) -> bool:
    """Whether the last so many periods compared follow each other without a gap."""
    return len(places) >= wanted and int(places[-1] - places[-wanted]) == wanted - 1


def halves(hits: Floats, of: Floats, *, yearly: bool = False) -> tuple[Moments, Moments]:
    """Return the moments of the shares in the earlier and in the later periods, worth less the more they swing.

    ``hits`` of ``of`` records, shape ``(subjects, periods)``, two periods or more. ``yearly``: of the last two years of
    months, one against the other.
    """
    if yearly:
        hits, of = hits[:, -2 * YEAR :], of[:, -2 * YEAR :]
    periods = hits.shape[1]
    cut = (periods + 1) // 2
    half = (np.arange(periods) >= cut).astype(np.int64)
    expected = np.empty_like(hits)
    for side in (half == 0, half == 1):
        expected[:, side] = _share(hits[:, side], of[:, side])[:, None] * of[:, side]
    freedom = max(periods - 2, 1)
    if yearly:
        left = (hits - expected) / np.maximum(of, 1)
        seasonal = (left[:, :YEAR] + left[:, YEAR:]) / 2
        expected += np.tile(seasonal, (1, 2)) * of
        freedom = YEAR - 1
    swing, worth = _swing(hits, of, expected, freedom=freedom)
    swing = np.maximum(swing, 1.0)
    return _moments(hits[:, half == 0], of[:, half == 0], swing, worth), _moments(
        hits[:, half == 1], of[:, half == 1], swing, worth
    )


def _last(
    hits: Floats, of: Floats, *, places: Numbers, year: int, alarms: float
) -> tuple[dict[str, Floats], NDArray[np.bool_]]:
    """Compare the last period with the one before, with the same one a year ago, and with all before it.

    Shares swing as they did before it about a straight line. The alarm is for more, not for less: of counts that are
    skewed, so an interval with both sides alike would sound it two or three times as often as asked for.
    """
    subjects, periods = hits.shape
    nothing = np.full(subjects, np.nan)
    names = ("change", "low", "high")
    numbers = {f"{what}_{name}": nothing for what in ("last", "year") for name in names}
    if periods <= MIN_PERIODS:
        return numbers, np.zeros(subjects, dtype=np.bool_)
    swing, worth = _about_a_line(hits[:, :-1], of[:, :-1])
    swing = np.maximum(swing, 1.0)
    late = _moments(hits[:, -1:], of[:, -1:], swing, worth)
    told = [("last", periods - 2)] if places[-1] - places[-2] == 1 else []
    if year and places[-1] - year in places[:-1]:
        told.append(("year", int(np.flatnonzero(places == places[-1] - year)[0])))
    for what, place in told:
        early = _moments(hits[:, place : place + 1], of[:, place : place + 1], swing, worth)
        ends = difference_interval(late, early, SHARE)
        for name, values in zip(names, (late.mean - early.mean, *ends), strict=True):
            numbers[f"{what}_{name}"] = 100 * values
    return numbers, unusual(hits, of) <= alarms


def unusual(hits: Floats, of: Floats) -> Floats:
    """Return how probable it is that the last period has as many hits as it has or more, if nothing has changed.

    The share is known from the periods before, with half a hit more (Jeffreys), and swings as it did there about a
    straight line; Student's t stands in for the normal, as that swing is estimated. ``hits`` of ``of`` records, shape
    ``(subjects, periods)``, four periods or more; 0..1, shape ``(subjects,)``, NaN without a record in the last.
    """
    before, size, last = hits[:, :-1].sum(axis=1), of[:, :-1].sum(axis=1), of[:, -1]
    swing, worth = _about_a_line(hits[:, :-1], of[:, :-1])
    share = (before + 0.5) / (size + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        tail = upper_tail(hits[:, -1], last, share, dispersion=swing * (1 + last / size))
    return np.asarray(scipy.special.stdtr(worth, scipy.special.ndtri(np.clip(tail, SMALLEST_P, 1 - SMALLEST_P))))


def _about_a_line(hits: Floats, of: Floats) -> tuple[Floats, Floats]:
    """Return the swing of shares about a straight line over the periods, and how sure it is."""
    periods = hits.shape[1]
    time = np.arange(periods) - (of * np.arange(periods)).sum(axis=1, keepdims=True) / of.sum(axis=1, keepdims=True)
    slope = (hits * time).sum(axis=1) / np.maximum((of * time**2).sum(axis=1), 1)
    expected = np.maximum((_share(hits, of)[:, None] + slope[:, None] * time) * of, 0.0)
    return _swing(hits, of, expected, freedom=periods - 2)


def _share(hits: Floats, of: Floats) -> Floats:
    return np.asarray(hits.sum(axis=1) / np.maximum(of.sum(axis=1), 1), dtype=np.float64)


def _swing(hits: Floats, of: Floats, expected: Floats, *, freedom: int) -> tuple[Floats, Floats]:
    """Return how many times as much as chance would have it shares swing about what is expected, and how sure that is.

    Pearson's chi-square over its degrees of freedom (McCullagh and Nelder 1989, section 4.5), drawn together over the
    subjects; and the degrees of freedom it then has. At least 1 for a subject that is rare, or alone: what swings less
    than chance there does so by chance.
    """
    share = _share(hits, of)
    chance = of * (share * (1 - share))[:, None]
    chi = ((hits - expected) ** 2 / np.where(chance > 0, chance, np.inf)).sum(axis=1)
    often = hits.sum(axis=1) >= hits.shape[1]
    found, worth = shrunk(chi / freedom, freedom, often=often)
    return np.where(often & (worth > freedom), found, np.maximum(found, 1.0)), worth


def _moments(hits: Floats, of: Floats, swing: Floats, worth: Floats) -> Moments:
    n = of.sum(axis=1)
    return share_moments(hits.sum(axis=1), n, effective=n / swing, freedom=worth)
