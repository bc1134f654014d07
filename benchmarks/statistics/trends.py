"""How often arrows and alarms are false, and how often a real change is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

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
