"""Do alarms come as often as the user set, looked at week after week, and how soon do they tell of a change?

Forty themes, raised by 0.4 to 15 % of 300 records a week, none of which changes; their counts vary as much as chance
would have it, or two or three times as much, or some so and some so. After a history of 26 or 52 weeks somebody looks
every week of a year. Then, one theme doubles, triples, or is new; and, beside the alarm, groups that a theme set does
not explain are said as often as before.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.steps.measures.directions import A_YEAR, directions, unusual
from textcx.steps.themes.finding.growth import growths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from textcx.steps.measures.trends import Period

    Floats = NDArray[np.float64]
    Cell = dict[str, float | int | None]

THEMES, RECORDS, YEAR = 40, 300, 52
SHARES = np.geomspace(0.004, 0.15, THEMES)
DISPERSIONS, HISTORIES = (1, 2, 3), (26, 52)
YEARS = 2
"""Years of each run in which false alarms are counted: they are few."""
ALARMS = 1.0
MANY = 20.0
"""False alarms a year that all themes together may give; and where answers are compared, so that there are enough."""
CHANGES = {"doubles, from 2 %": (0.02, 0.04), "triples, from 2 %": (0.02, 0.06), "is new, with 2 %": (0.0, 0.02)}
SOON, LONGEST = 4, 13
"""Weeks within which an alarm is soon, and after which nobody waits any more: one week longer stands for no alarm."""
GROUPS, WEEKS = 10, 16
START = datetime(2023, 1, 2, tzinfo=UTC)
"""A Monday."""


def cells(runs: int, seed: int) -> dict[str, Cell]:
    """Return nominal and observed rates of each simulation, false alarms per year and weeks until an alarm."""
    found: dict[str, Cell] = {}
    for dispersions in (*((each,) for each in DISPERSIONS), DISPERSIONS):
        for history in HISTORIES:
            where = f"dispersion {', '.join(map(str, dispersions))}, {history} weeks before"
            found[f"false alarms a year: {where}"] = _false_alarms(dispersions, history, runs=runs, seed=seed)
    for dispersion in DISPERSIONS:
        for what, shares in CHANGES.items():
            found[f"weeks until an alarm: a theme {what}, dispersion {dispersion}"] = _delay(
                shares, dispersion, runs=runs, seed=seed
            )
        found[f"a group that is as frequent as before rises or falls: dispersion {dispersion}"] = _growth(
            dispersion, runs=runs, seed=seed
        )
    for dispersion in DISPERSIONS:
        found[f"false alarms a year: dispersion {dispersion}, by months, 24 before"] = _false_alarms(
            (dispersion,), 24, period="month", runs=runs, seed=seed
        )
    few = max(runs // 20, 1)
    for period in ("week", "month"):
        found[f"another answer about the same complete {period}, two looks a week"] = _looks(
            period, runs=few, seed=seed
        )
    return found


def _streams(runs: int, *seed: int) -> Iterator[np.random.Generator]:
    return (np.random.default_rng([*seed, run]) for run in range(runs))


def _counts(rng: np.random.Generator, shares: Floats, dispersion: int | NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Draw how many records of a week raise each theme, and how many there are; ``shares`` by theme and week."""
    wide = np.broadcast_to(dispersion, len(shares))[:, None]
    # A share that is beta distributed around its mean gives counts with this variance ratio.
    worth = (RECORDS - 1) / np.maximum(wide - 1, 1) - 1
    varied = rng.beta(np.maximum(shares, 1e-9) * worth, (1 - shares) * worth)
    shares = np.where((wide > 1) & (shares > 0), varied, shares)
    of = np.tile(rng.poisson(RECORDS, shares.shape[1]), (len(shares), 1))
    return rng.binomial(of, shares).astype(np.float64), of.astype(np.float64)


def _alarms(hits: Floats, of: Floats, period: Period = "week") -> NDArray[np.bool_]:
    return unusual(hits, of) <= ALARMS / A_YEAR[period] / THEMES


def _false_alarms(dispersions: tuple[int, ...], history: int, *, runs: int, seed: int, period: Period = "week") -> Cell:
    """Count alarms in a year of looks, one a period, in which nothing changes; themes take the dispersions in turn."""
    alarms, years, looks = 0, YEARS * runs, round(A_YEAR[period])
    for rng in _streams(years, seed, *dispersions, history):
        hits, of = _counts(rng, np.tile(SHARES[:, None], history + looks), np.resize(dispersions, THEMES))
        seen = range(history + 1, history + looks + 1)
        alarms += sum(int(_alarms(hits[:, :last], of[:, :last], period).sum()) for last in seen)
    return {"nominal": ALARMS, "observed": round(alarms / years, 4), "runs": runs}


def _delay(shares: tuple[float, float], dispersion: int, *, runs: int, seed: int) -> Cell:
    """Wait, after a year, for the alarm of one theme among the others that changes for good."""
    before, after = shares
    waited = []
    for rng in _streams(runs, seed, dispersion, round(1000 * before), round(1000 * after)):
        every = np.tile(SHARES[:, None], YEAR + LONGEST)
        every[0, :YEAR], every[0, YEAR:] = before, after
        hits, of = _counts(rng, every, dispersion)
        heard = (week for week in range(1, LONGEST + 1) if _alarms(hits[:, : YEAR + week], of[:, : YEAR + week])[0])
        waited.append(next(heard, LONGEST + 1))
    return {
        "nominal": None,
        "observed": float(np.median(waited)),
        f"within_{SOON}_weeks": round(float(np.mean(np.array(waited) <= SOON)), 4),
        f"within_{LONGEST}_weeks": round(float(np.mean(np.array(waited) <= LONGEST)), 4),
        "runs": runs,
    }


def _growth(dispersion: int, *, runs: int, seed: int) -> Cell:
    """Count lists of ten groups, none of which changes, of which any is called rising, falling or new."""
    false = 0
    for rng in _streams(runs, seed, dispersion, GROUPS):
        shares = np.tile(np.geomspace(0.005, 0.03, GROUPS)[:, None], WEEKS)
        hits, of = _counts(rng, shares, dispersion)
        received = _dated(of[0].astype(np.int64), rng)
        weeks = received["week"].to_numpy()
        groups = []
        for own in hits.astype(np.int64):
            rows = [rng.choice(np.flatnonzero(weeks == week), count, replace=False) for week, count in enumerate(own)]
            groups.append(received[np.concatenate(rows)])
        false += any(each["direction"] in {"rising", "falling", "new"} for each in growths(groups, received))
    return {"nominal": 0.05, "observed": round(false / runs, 4), "runs": runs}


def _dated(of: NDArray[np.int64], rng: np.random.Generator) -> pl.DataFrame:
    """So many records in each week, at any time of it."""
    week = np.repeat(np.arange(len(of)), of)
    since = np.sort(week + rng.random(week.size)) * timedelta(weeks=1).total_seconds()
    when = np.datetime64(START.replace(tzinfo=None), "us") + (1e6 * since).astype("timedelta64[us]")
    ids = [f"r{number:06d}" for number in range(week.size)]
    return pl.DataFrame({"record_id": ids, "created_at": when, "counted": True, "week": week}).with_columns(
        pl.col("created_at").dt.replace_time_zone("UTC")
    )


def _looks(period: Period, *, runs: int, seed: int) -> Cell:
    """Look at dated records at the end of every week of a year, and again three days later.

    By weeks, the second look is at the same complete week, and by months, that of the next week mostly at the same
    month: what has an alarm must have it again, and nothing else, or one period would give several chances of a false
    one.
    """
    differ = pairs = 0
    history = 26 if period == "week" else 104
    for rng in _streams(runs, seed, history):
        answers = _dated(rng.poisson(RECORDS // 2, history + YEAR + 1), rng)
        row, theme = np.nonzero(rng.random((answers.height, THEMES)) < SHARES)
        raised = pl.DataFrame(
            {
                "record_id": answers["record_id"].to_numpy()[row],
                "subject_kind": "theme",
                "subject_id": [f"t{number:02d}" for number in theme.tolist()],
            }
        )
        heard: dict[datetime, list[str]] = {}
        for week in range(history + 1, history + YEAR + 1):
            for days in (0, 3):
                now = START + timedelta(weeks=week, days=days)
                seen = answers.filter(pl.col("created_at") < now)
                told = directions(
                    seen,
                    memberships=raised.head(int(np.searchsorted(row, seen.height))),
                    period=period,
                    alarms_a_year=MANY,
                ).filter("alarm")
                last = now - timedelta(days=now.weekday()) if period == "week" else now.replace(day=1)
                pairs += last in heard
                differ += heard.setdefault(last, told["subject_id"].to_list()) != told["subject_id"].to_list()
    return {"nominal": 0.0, "observed": round(differ / max(pairs, 1), 4), "runs": runs}
