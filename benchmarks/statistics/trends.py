"""How often arrows and alarms are false, and how often a real change is found."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from benchmarks.statistics.cells import Cell, power, rate
from textcx.steps.measures.directions import directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def told(
    rng: np.random.Generator,
    *,
    periods: int,
    records: int = 300,
    themes: int = 20,
    share: float = 0.057,
    dispersion: float = 1.0,
    profile: Floats | None = None,
    season: float = 0.0,
    crowd: float = 1.0,
) -> pl.DataFrame:
    """Draw records of so many months and return their directions.

    ``dispersion``: variance of a month's count of a theme over that of chance. ``profile``: factor by month of the
    first theme's share. ``season``: swing of every theme over a year, each with its own peak. ``crowd``: by how much
    the first theme's own records multiply in the later half, without a change in the number of others.
    """
    months = np.arange(periods)
    shares = np.full((themes, periods), share)
    if season:
        shares *= 1 + season * np.sin(2 * np.pi * (months / 12 + rng.random((themes, 1))))
    if profile is not None:
        shares[0] *= profile
    if dispersion > 1:
        # A share that is beta distributed around its mean gives counts with this variance ratio.
        worth = (records - 1) / (dispersion - 1) - 1
        shares = rng.beta(shares * worth, (1 - shares) * worth)
    sizes = rng.poisson(records, periods)
    rows, names, starts = [], [], []
    number = 0
    for month in range(periods):
        raised = rng.random((sizes[month], themes)) < shares[:, month]
        place, theme = np.nonzero(raised)
        rows.append(place + number)
        names.append(theme)
        starts.append(np.full(sizes[month], month))
        number += int(sizes[month])
        if crowd > 1 and month >= periods // 2:
            more = rng.poisson((crowd - 1) * share * records)
            rows.append(np.arange(more) + number)
            names.append(np.zeros(more, dtype=np.int64))
            starts.append(np.full(more, month))
            number += more
    month = np.concatenate(starts)
    first = (np.datetime64("2023-01", "M") + month).astype("datetime64[D]")
    length = ((np.datetime64("2023-01", "M") + month + 1).astype("datetime64[D]") - first).astype(int)
    when = first + (rng.random(number) * length).astype("timedelta64[D]")
    ids = np.array([f"r{one:07d}" for one in range(number)])
    answers = pl.DataFrame(
        {
            "record_id": ids,
            "created_at": pl.Series(when.astype("datetime64[us]")).dt.replace_time_zone("UTC"),
            "counted": True,
        }
    )
    memberships = pl.DataFrame(
        {
            "record_id": ids[np.concatenate(rows)],
            "subject_kind": "theme",
            "subject_id": [f"t{one:02d}" for one in np.concatenate(names).tolist()],
        }
    )
    return directions(answers, memberships=memberships, period="month")


def any_arrow(rng: np.random.Generator, **shape: object) -> bool:
    """Whether anything is told to be rising or falling."""
    return bool(told(rng, **shape)["direction"].is_in(["rising", "falling"]).any())


def unnamed(rng: np.random.Generator, **shape: object) -> bool:
    """Whether anything is told to be rising or falling without the season named as a possible reason."""
    found = told(rng, **shape)
    return bool((found["direction"].is_in(["rising", "falling"]) & ~found["season"]).any())


def others_falling(rng: np.random.Generator, **shape: object) -> float:
    """Share of the themes but the first that are told to be falling."""
    found = told(rng, **shape).filter(pl.col("subject_id") != "t00")
    return float((found["direction"] == "falling").mean() or 0.0)


def first_is(rng: np.random.Generator, *, what: str, **shape: object) -> bool:
    """Whether the first theme is told to be rising, or gives an alarm."""
    row = told(rng, **shape).row(0, named=True)
    return bool(row["alarm"]) if what == "alarm" else row["direction"] == what


def held(rng: np.random.Generator, *, truth: float, **shape: object) -> float:
    """Whether the interval of the first theme's change, percentage points, holds the truth."""
    row = told(rng, **shape).row(0, named=True)
    return float("nan") if row["ci_low"] is None else float(row["ci_low"] <= truth <= row["ci_high"])


def cells() -> dict[str, Cell]:
    """False arrows and coverage over periods, themes and dispersion; seasons, crowds; the power of a few changes."""
    found: dict[str, Cell] = {}
    for periods in (3, 6, 12, 24, 36):
        for dispersion in (1.0, 2.0, 3.0):
            shape = {"periods": periods, "dispersion": dispersion}
            where = f"{periods} periods, dispersion {dispersion:g}, 20 themes"
            found[f"any false arrow: {where}"] = rate(0.05, partial(any_arrow, **shape))
            found[f"interval of the change: {where}"] = rate(0.95, partial(held, truth=0.0, **shape))
    for themes in (5, 80):
        name = f"any false arrow: 12 periods, dispersion 2, {themes} themes"
        found[name] = rate(0.05, partial(any_arrow, periods=12, dispersion=2.0, themes=themes))
    for periods in (6, 12, 24):
        shape = {"periods": periods, "season": 0.3, "records": 1000}
        name = f"any arrow of a yearly season of 30 %, {periods} periods"
        found[f"{name}, at all"] = rate(0.05, partial(any_arrow, **shape))
        found[f"{name}, without naming the season"] = rate(0.05, partial(unnamed, **shape))
    name = "the others fall, 12 periods: one theme grows eightfold, 19 keep their counts"
    found[name] = rate(0.05, partial(others_falling, periods=12, crowd=8.0, records=1000))
    last, step = np.ones(12), np.ones(12)
    last[-1], step[6:] = 2.0, 1.5
    ramp = np.linspace(1, 2, 12)
    for themes in (1, 20):
        for records in (300, 1000):
            name = f"alarm: last month doubles, {records} a month, share 5.7 %, one of {themes}"
            found[name] = power(
                0.8, partial(first_is, what="alarm", periods=12, profile=last, themes=themes, records=records)
            )
        for what, profile, reach in (("step of +50 %", step, 0.6), ("ramp of x2", ramp, 0.75)):
            name = f"rising: {what}, 12 periods, 300 a month, share 5.7 %, one of {themes}"
            found[name] = power(reach, partial(first_is, what="rising", periods=12, profile=profile, themes=themes))
    return found
