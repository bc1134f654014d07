"""Rank themes, stages, pain points and customer groups by what goes with a better or worse rating.

The effect of a subject is what the rating of everyone would gain or lose if those who raised it had rated like
*comparable* others: people who did not raise it, but wrote about as much and through the same source. Whoever writes
much raises more of everything, so without that, anything would seem to go with the mood of those who write most. The
others are weighted to the sources and lengths of those who raised it (direct standardization). It is an association,
not a cause, and reports must say so.

A rating goes with what was raised in the same wave (``textcx.steps.measures.ratings``), never with what someone raised
at another time. Where people answered in several waves, intervals are between people.

Negative is always bad: reversed scales are turned first. Invariants, all tested: the order of the records never
matters; a subject raised by nobody is never a driver; adding a subject changes no effect or interval of the others but
the effect beside the others, only q-values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import scipy  # its subpackages load when they are first used

from textcx.domain import tables
from textcx.domain.ratings import effect_terms, effect_unit
from textcx.steps.measures.ratings import (
    SUBJECT,
    attribute_members,
    coded,
    latest,
    numbers_of,
    raised,
    rank_of,
    rated,
    respondents,
    scale_of,
)
from textcx.steps.statistics.intervals import (
    SHARE,
    Interval,
    Moments,
    Scale,
    column,
    difference_interval,
    difference_p_value,
    mean_interval,
    moments,
    q_values,
    together,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.feedback import RatingColumn

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.int64]

MIN_RATINGS = 10
"""Fewest people who rated with the subject and fewest without it; below that nothing is ranked."""
LENGTHS = (1, 2, 3, 4, 6, 8, 11, 15, 20, 30)
"""Segments of a wave at which the next class of length begins: by one at first, then by about a third."""
ESTIMATES = ("gap", "gap_low", "gap_high", "effect", "ci_low", "ci_high", "n_with", "n_without", "q_value")
BESIDE = {"effect": "effect_beside", "ci_low": "beside_low", "ci_high": "beside_high"}
NO_SUBJECT = "unknown"
"""The stage of what could not be placed; nothing a reader could act on."""


def rank_drivers(
    answers: pl.DataFrame,
    *,
    ratings: Sequence[RatingColumn],
    memberships: pl.DataFrame,
    attributes: Sequence[str] = (),
    written: pl.DataFrame | None = None,
    min_ratings: int = MIN_RATINGS,
    min_group: int = 1,
) -> pl.DataFrame:
    """Rank themes, stages, pain points and attribute groups by their association with each rating, strongest first.

    Waves with at least one analyzed record take part, each with its latest answer; ``answers`` and ``memberships`` are
    as in ``textcx.steps.measures.ratings``. ``written`` has ``record_id``, ``source`` (nullable) and ``n_segments``;
    without it, everyone is comparable. Groups of an attribute are compared within their source only: how much they
    write may be part of what sets them apart. ``min_ratings`` people (at least 2) are needed with the subject and
    without it; an attribute group is shown with at least ``min_group`` ratings.

    Returns:
        ``tables.DRIVERS``: ``effect`` in the unit of ``domain.ratings.effect_unit`` with its 95 % interval; ``gap``,
        the mean of those who raised it less that of comparable others; ``effect_beside``, the effect beside all others
        of its kind, in a common least squares fit, and null for attributes; ratings with the subject and without it,
        the former only where comparable others are; and the Benjamini-Hochberg q-value over the subjects of the kind.
        In the order of ``ratings``, then by size of effect. Subjects with too few people on either side, and the stage
        "unknown", are left out.

    Raises:
        BadSetting: If a scale does not fit its kind.
    """
    of_subjects = raised(answers, memberships).filter(pl.col("subject_id") != NO_SUBJECT)
    groups = attribute_members(answers, attributes)
    parts = [tables.empty(tables.DRIVERS)]
    for rating in ratings:
        base = _waves(answers, rating, written)
        if base.is_empty():
            continue
        pairs = pl.concat(
            [
                base.join(of_subjects, on=["respondent", "wave"]).select(*SUBJECT, "row"),
                base.join(groups, on="record_id").select(*SUBJECT, "row"),
            ]
        ).sort(*SUBJECT, "row")
        subjects, codes = coded(pairs, SUBJECT)
        rows = np.split(pairs["row"].to_numpy(), np.cumsum(np.bincount(codes, minlength=subjects.height))[:-1])
        scored = _Ratings(
            effect_terms(base["value"].to_numpy(), rating),
            numbers_of(base["person"]),
            base["source"].to_numpy(),
            base["stratum"].to_numpy(),
            scale_of(rating),
        )
        for kind in subjects["subject_kind"].unique(maintain_order=True).to_list():
            of_kind = (subjects["subject_kind"] == kind).to_numpy()
            fewest = max(min_ratings, min_group) if kind == "attribute" else min_ratings
            table, places = _of_kind(
                scored,
                [rows[place] for place in np.flatnonzero(of_kind)],
                lengths=kind != "attribute",
                min_ratings=min_ratings,
                fewest=fewest,
            )
            parts.append(
                pl.concat([subjects.filter(of_kind)[places], table], how="horizontal")
                .with_columns(rating=pl.lit(rating.name), unit=pl.lit(effect_unit(rating)))
                .select(pl.col(name).cast(kind) for name, kind in tables.DRIVERS.items())
            )
    order = rank_of("rating", [rating.name for rating in ratings])
    return pl.concat(parts).sort(order, -pl.col("effect").abs(), *SUBJECT)


def _of_kind(
    scored: _Ratings, rows: Sequence[Numbers], *, lengths: bool, min_ratings: int, fewest: int
) -> tuple[pl.DataFrame, list[int]]:
    """Return the estimates of those subjects of a kind that enough people raised and did not, and their places.

    ``lengths``: whether those who wrote as much are comparable, and subjects are also seen beside each other.
    """
    strata = scored.strata if lengths else scored.sources
    found = [_compared(scored, theirs, strata) for theirs in rows]
    places = [place for place, each in enumerate(found) if min(each.people) >= min_ratings and each.one.n[0] >= fewest]
    table = _estimates([found[place] for place in places], scored.scale)
    beside = _estimates(*_beside(scored, [rows[place] for place in places] if lengths else []))
    renamed = beside.select(pl.col(name).alias(other) for name, other in BESIDE.items())
    if not lengths:
        renamed = pl.DataFrame(schema=dict.fromkeys(BESIDE.values(), pl.Float64)).clear(table.height)
    return pl.concat([table, renamed], how="horizontal"), places


class _Ratings(NamedTuple):
    """Terms of the answers, who gave each, its source, its source and class of length together, and the scale."""

    terms: Floats
    people: Numbers
    sources: Numbers
    strata: Numbers
    scale: Scale


class _Comparison(NamedTuple):
    """Of those who raised a subject and of comparable others: people, moments; and of the share that raised it."""

    people: tuple[int, int]
    one: Moments
    other: Moments
    share: Moments


def _waves(answers: pl.DataFrame, rating: RatingColumn, written: pl.DataFrame | None) -> pl.DataFrame:
    """Return the latest answer of each wave that commented: respondent, wave, record_id, person, value, row.

    ``source`` and ``stratum`` number its source, and its source and class of length together.
    """
    commented = respondents(answers).filter("analyzed").select("record_id", "respondent", "wave")
    if written is None:
        written = commented.select("record_id", source=pl.lit(None, pl.String), n_segments=pl.lit(1))
    amounts = (
        commented.join(written, on="record_id")
        .group_by("respondent", "wave")
        .agg(pl.col("source").fill_null("").min(), pl.col("n_segments").sum())
        .with_columns(length=pl.sum_horizontal(pl.col("n_segments") >= begin for begin in LENGTHS))
        .with_columns(pl.col("source").rank("dense"), stratum=pl.struct("source", "length").rank("dense"))
    )
    rows = latest(rated(answers, rating), within=["wave"]).join(amounts, on=["respondent", "wave"])
    return rows.sort("respondent", "wave").with_row_index("row")


def _compared(scored: _Ratings, theirs: Numbers, strata: Numbers) -> _Comparison:
    """Compare those who raised a subject with others of the same strata, weighted alike."""
    raised = np.zeros(len(scored.terms), dtype=np.bool_)
    raised[theirs] = True
    size = int(strata.max()) + 1
    with_it, without = (np.bincount(strata[side], minlength=size) for side in (raised, ~raised))
    shared = ((with_it > 0) & (without > 0))[strata]
    one, other = np.flatnonzero(raised & shared), np.flatnonzero(~raised & shared)
    weights = with_it[strata[other]] / without[strata[other]]
    return _Comparison(
        (len(np.unique(scored.people[one])), len(np.unique(scored.people[other]))),
        _moments(scored.terms[one], scored.people[one]),
        _moments(scored.terms[other], scored.people[other], weights),
        _moments((raised & shared).astype(np.float64), scored.people),
    )


def _moments(values: Floats, people: Numbers, weights: Floats | None = None) -> Moments:
    return moments(np.zeros(len(values), dtype=np.int64), values, 1, people=people, weights=weights)


def _estimates(found: Sequence[_Comparison], scale: Scale) -> pl.DataFrame:
    """Return gap and effect with their intervals, how many were compared, and the q-value that there is no gap."""
    if not found:
        return pl.DataFrame(schema=dict.fromkeys(ESTIMATES, pl.Float64))
    one, other, share = (together(side) for side in zip(*(each[1:] for each in found), strict=True))
    gap = one.mean - other.mean
    ends = difference_interval(one, other, scale)
    effect = _product(share, gap, ends)
    q_value = q_values(difference_p_value(one, other, scale))
    values = (gap, *ends, share.mean * gap, *effect, one.n, other.n, q_value)
    return pl.DataFrame({name: column(each) for name, each in zip(ESTIMATES, values, strict=True)})


def _product(share: Moments, gap: Floats, ends: Interval) -> Interval:
    """Interval of a share times a gap: each end as far off as both together; zero is left out where the gap's does."""
    of_share = mean_interval(share, SHARE)
    more, less = of_share.high - share.mean, share.mean - of_share.low
    away = share.mean * gap
    low = away - np.hypot(share.mean * (gap - ends.low), gap * np.where(gap < 0, more, less))
    high = away + np.hypot(share.mean * (ends.high - gap), gap * np.where(gap < 0, less, more))
    return Interval(
        np.where(ends.low > 0, np.maximum(low, of_share.low * ends.low), low),
        np.where(ends.high < 0, np.minimum(high, of_share.low * ends.high), high),
    )


def _beside(scored: _Ratings, rows: Sequence[Numbers]) -> tuple[list[_Comparison], Scale]:
    """Compare for each subject what a least squares fit within strata of all of them leaves of the answers without it.

    The gaps of the others are taken as known. What is left may lie beyond the scale, so the scale it is on is returned.
    """
    if not rows:
        return [], scored.scale
    size, count = len(scored.terms), len(rows)
    raised = _indicators(np.concatenate(rows), np.repeat(np.arange(count), [len(each) for each in rows]), size, count)
    strata = _indicators(np.arange(size), scored.strata, size, int(scored.strata.max()) + 1)
    sizes = np.maximum(np.asarray(strata.sum(axis=0)).ravel(), 1)
    means = (strata.T @ raised).toarray() / sizes[:, None]
    together = (raised.T @ raised).toarray() - (means * sizes[:, None]).T @ means
    away = scored.terms - ((strata.T @ scored.terms) / sizes)[scored.strata]
    gaps = np.linalg.pinv(together, hermitian=True) @ (raised.T @ away)
    left = scored.terms - raised @ gaps
    found, low, high = [], scored.scale.low, scored.scale.high
    for theirs, gap in zip(rows, gaps.tolist(), strict=True):
        without_others = left.copy()
        without_others[theirs] += gap
        low, high = min(low, float(without_others.min())), max(high, float(without_others.max()))
        found.append(_compared(scored._replace(terms=without_others), theirs, scored.strata))
    return found, scored.scale if (low, high) == scored.scale[:2] else Scale(low, high)


def _indicators(rows: Numbers, columns: Numbers, height: int, width: int) -> scipy.sparse.csr_array:
    """Return a sparse matrix with a one in each place. Shape ``(height, width)``."""
    return scipy.sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(height, width))
