"""Tell which groups of segments are said more often than before, which less often, and which are new.

Growth is how many times as often a group is said in the later half of the complete periods as in the earlier, per
record received. Shares swing between periods more than chance would have it, and the more they do, the wider is the
interval, as in ``textcx.steps.measures.directions``. The intervals are for all groups together: as wide as it takes for
them to leave out 1 exactly where the rule of Benjamini and Hochberg (1995) calls a group different (Benjamini and
Yekutieli, JASA 100, 2005).

Invariants, tested: the interval leaves out 1 exactly where a group is rising or falling; a group that nobody raised in
the earlier half is never steady.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.steps.measures.directions import EXPECTED, halves
from textcx.steps.measures.trends import EVERY, MAX_Q, MIN_PERIODS, choose_period, periods, reach, worth_comparing
from textcx.steps.statistics.intervals import SHARE, difference_p_value, q_values, ratio_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST, DIGITS = 5, 6
"""Records in complete periods below which nothing is said about growth; decimals of a ratio."""


def growths(groups: Sequence[pl.DataFrame], received: pl.DataFrame) -> list[dict[str, Any]]:
    """Tell of groups, by ``record_id`` and ``created_at`` (nullable), how they grew among what was ``received``.

    ``received`` has ``record_id`` (unique), ``created_at`` and ``counted`` of everything.

    Returns:
        ``periods`` (``period``, ``records``, ``of`` and ``complete`` of each), ``direction``, ``growth``, ``ci_low``
        and ``ci_high`` of each group. "new": nobody said it in the earlier half, or before the last period, where
        chance would leave that as empty less than once in 148 times. "unknown": too few records or periods, or none in
        the earlier half by what may be chance. Growth is null for both; an end that is not finite is null as well.
    """
    dated = received.filter("counted").drop_nulls("created_at")
    theirs = [group.drop_nulls("created_at").unique("record_id", maintain_order=True) for group in groups]
    nothing: dict[str, Any] = {"periods": [], "direction": "unknown", "growth": None, "ci_low": None, "ci_high": None}
    if dated.is_empty() or not theirs:
        return [dict(nothing) for _ in groups]
    created = pl.concat([dated["created_at"], *(each["created_at"] for each in theirs)]).dt.convert_time_zone("UTC")
    cut = choose_period(*reach(created))
    grid = periods(created, period=cut)

    def counted(records: pl.DataFrame) -> NDArray[np.int64]:
        start = pl.col("created_at").dt.convert_time_zone("UTC").dt.truncate(EVERY[cut])
        number = records.group_by(start.alias("start")).agg(number=pl.len())
        return grid.join(number, on="start", how="left", maintain_order="left")["number"].fill_null(0).to_numpy()

    of, hits = counted(dated).astype(np.int64), np.stack([counted(each).astype(np.int64) for each in theirs])
    compared = worth_comparing(of.astype(np.float64), complete=grid["complete"].to_numpy())
    told = _told(hits.astype(np.float64), of.astype(np.float64), np.flatnonzero(compared))
    shown = grid.select("period", "complete")
    return [
        {
            **nothing,
            "periods": shown.select("period", pl.Series("records", own), pl.Series("of", of), "complete").to_dicts(),
            **growth,
        }
        if own.any()
        else dict(nothing)
        for own, growth in zip(hits, told, strict=True)
    ]


def _told(hits: Floats, of: Floats, places: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Say how each group grew; ``places`` are those of the periods that are compared."""
    enough = len(places) >= MIN_PERIODS
    begin = int(places[(len(places) + 1) // 2]) if enough else len(of) - 1
    new = _is_new(hits, of, begin)
    if not enough:
        return [{"direction": "new"} if each else {} for each in new]
    own = hits[:, places]
    early, late = halves(own, np.tile(of[places], (len(hits), 1)))
    tested = (own.sum(axis=1) >= FEWEST) & (early.mean > 0) & ~new
    p_value = np.where(tested, difference_p_value(late, early, SHARE), np.nan)
    clear = int((q_values(p_value) <= MAX_Q).sum())
    ends = ratio_interval(late, early, SHARE, level=1 - MAX_Q * max(clear, 1) / max(int(tested.sum()), 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = late.mean / early.mean
    found: list[dict[str, Any]] = []
    for row in range(len(hits)):
        if not tested[row]:
            found.append({"direction": "new"} if new[row] else {})
            continue
        low, high = (round(float(end[row]), DIGITS) for end in ends)
        direction = "rising" if low > 1 else "falling" if high < 1 else "steady"
        growth = round(float(ratio[row]), DIGITS)
        found.append(
            {"direction": direction, "growth": growth, "ci_low": low, "ci_high": high if math.isfinite(high) else None}
        )
    return found


def _is_new(hits: Floats, of: Floats, begin: int) -> NDArray[np.bool_]:
    """Whether the first record of each group came in a period from ``begin`` on, and that is hardly chance."""
    first = (hits > 0).argmax(axis=1)
    since = np.cumsum(of[::-1])[::-1][first] / max(of.sum(), 1)  # part of everything received from then on
    hardly = since ** hits.sum(axis=1) <= math.exp(-EXPECTED)
    return np.asarray(hardly & (first > 0) & (first >= begin))
