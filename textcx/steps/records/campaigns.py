"""Find campaigns: one text, or nearly one, that many people sent, in a burst where there are dates.

A permutation test tells a burst from a common phrase that comes all year. Were the copies a random sample of the file's
records, then of the ``c + k - 1`` records that come after a copy, ``k - 1`` or more would be copies with a
hypergeometric probability, however busy the time was. Summed over the copies it bounds the chance that ``k`` of them
come with ``c`` other records or fewer in between (the scan statistic; Naus 1965).

Invariants, tested: the order of the records never matters; one person who repeats a text is no campaign; in at most
``FALSE_RATE`` of files chance alone makes one; dates are given only where they show a burst.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
import scipy  # its subpackages load when they are first used

from textcx.domain.tables import CAMPAIGNS

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

FEWEST_PEOPLE = 5
"""Copies of fewer people are no campaign."""
BULK = 0.75
"""Share of the people whose copies make the burst and date it."""
FALSE_RATE = 0.01
"""Share of files, at most, in which copies that come at random pass for a burst (Bonferroni over their texts)."""
QUOTE_LENGTH = 240
"""Characters of a quote, at most; a first segment that is longer is quoted whole."""


class Burst(NamedTuple):
    """The stretch in which the bulk of the copies came, and how likely one as dense is by chance, 0..1.

    ``least_chance``: what that would be if no other record had come in between.
    """

    first: datetime
    last: datetime
    chance: float
    least_chance: float


def find_campaigns(records: pl.DataFrame, segments: pl.DataFrame) -> pl.DataFrame:
    """Find texts that people copied from each other in a burst; where no dates can tell, texts that they copied.

    Dates cannot tell without ``FEWEST_PEOPLE`` dated copies, or where so few other records are dated that chance would
    explain the densest burst, or where all have one date.

    Args:
        records: With ``record_id``, ``text`` (masked), and ``duplicate_of``, ``respondent_id`` and ``created_at``, all
            three nullable.
        segments: Theirs, with ``record_id``, ``start`` and ``end``.

    Returns:
        ``tables.CAMPAIGNS``, most records first: the earliest record, all that say the same, distinct people (a record
        of an unknown respondent counts as one), the shortest stretch in which ``BULK`` of them sent it or nulls, and
        the beginning of the text as evidence.
    """
    copies = records.select(
        "created_at",
        original=pl.coalesce("duplicate_of", "record_id"),
        who=pl.coalesce("respondent_id", "record_id"),
    )
    groups = (
        copies.group_by(record_id="original")
        .agg(records=pl.len(), respondents=pl.col("who").n_unique())
        .filter(pl.col("respondents") >= FEWEST_PEOPLE)
        .sort("records", "record_id", descending=[True, False])
    )
    dated = copies.drop_nulls("created_at").sort("created_at", "who")
    own = dated.filter(pl.col("original").is_in(groups["record_id"].implode()))
    by_original = {original: frame for (original,), frame in own.group_by("original")}
    rows: list[dict[str, Any]] = []
    for group in groups.iter_rows(named=True):
        first = last = None
        burst = _burst(by_original.get(group["record_id"]), dated["created_at"])
        if burst is not None and burst.least_chance * groups.height <= FALSE_RATE:  # else dates cannot tell
            if burst.chance * groups.height > FALSE_RATE:
                continue
            first, last = burst.first, burst.last
        rows.append({**group, "first": first, "last": last})
    found = pl.DataFrame(rows, schema={name: kind for name, kind in CAMPAIGNS.items() if name != "evidence"})
    return found.join(_quotes(records, segments, found), on="record_id", how="left", maintain_order="left")


def _burst(copies: pl.DataFrame | None, dates: pl.Series) -> Burst | None:
    """Find the densest stretch that holds the bulk of the people's first copies.

    ``copies``: dated records of one text, the earliest first; ``dates``: of all records, sorted. Null where there are
    too few of them to tell.
    """
    if copies is None or dates[0] == dates[-1]:
        return None
    sent = copies.unique("who", keep="first", maintain_order=True)["created_at"]
    people = sent.len()
    if people < FEWEST_PEOPLE:
        return None
    bulk = math.ceil(BULK * people)
    firsts, lasts = sent.head(people - bulk + 1), sent.tail(people - bulk + 1)
    between = _count(dates, firsts, lasts) - _count(copies["created_at"], firsts, lasts)
    at = int(np.lexsort(((lasts - firsts).to_physical().to_numpy(), between))[0])
    others = dates.len() - copies.height

    def chance(between: int) -> float:
        tail = scipy.stats.hypergeom.sf(bulk - 2, others + people - 1, people - 1, between + bulk - 1)
        return min(1.0, people * float(tail))

    return Burst(firsts[at], lasts[at], chance(int(between[at])), chance(0))


def _count(dates: pl.Series, firsts: pl.Series, lasts: pl.Series) -> NDArray[np.integer]:
    """Count the dates, which are sorted, in each stretch, its ends included."""
    return (dates.search_sorted(lasts, side="right") - dates.search_sorted(firsts, side="left")).to_numpy()


def _quotes(records: pl.DataFrame, segments: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Quote the beginning of each text, up to the end of a segment."""
    begin = pl.col("start").min().over("record_id")
    return (
        segments.join(found.select("record_id"), on="record_id")
        .filter((pl.col("end") - begin <= QUOTE_LENGTH) | (pl.col("start") == begin))
        .group_by("record_id")
        .agg(pl.col("start").min(), pl.col("end").max())
        .join(records.select("record_id", "text"), on="record_id")
        .with_columns(quote=pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start")))
        .select("record_id", evidence=pl.concat_list(pl.struct("record_id", "start", "end", "quote")))
    )
