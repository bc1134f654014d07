"""Tell where a change over time comes from: from another mix of sources or groups, or from within them.

The later half of the complete periods is compared with the earlier, as for ``textcx.steps.measures.directions``, and
the change is decomposed by source and by each attribute
(``textcx.steps.statistics.mix``). Records without a value of an attribute are a group of their own.

Invariants, tested: the order of the records never matters; mix and within add up to the change.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.ratings import terms
from textcx.steps.measures.ratings import SUBJECT, latest, rated, respondents
from textcx.steps.measures.trends import LABEL, MAX_Q, MIN_PERIODS, MIN_RECORDS, worth_comparing
from textcx.steps.statistics.intervals import column, q_values
from textcx.steps.statistics.mix import decompose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textcx.domain.feedback import RatingColumn

    Measured = tuple[str, str, str, pl.DataFrame]
    """Subject kind and id, measure, and its rows: those of ``_base``, with a ``value``."""

SOURCE = "source"
ESTIMATES = ("earlier", "later", "change", "mix", "mix_low", "mix_high", "within", "within_low", "within_high")
MIX = pl.Schema(
    dict.fromkeys((*SUBJECT, "measure", "by"), pl.String)
    | dict.fromkeys((*ESTIMATES, "q_value"), pl.Float64)
    | {"turns": pl.Boolean(), "n_earlier": pl.Int64(), "n_later": pl.Int64()}
)
LEAST_COMPARED = 0.5
"""Share of the records, of either half, that groups found in both must hold; less says nothing about groups."""


def halves(trends: pl.DataFrame) -> pl.DataFrame:
    """Return the complete periods that are compared: period, later (0 or 1); none where there are too few.

    Of an odd number, the middle one counts as earlier; nearly empty ones are left out.
    """
    totals = trends.filter(pl.col("measure") == "volume", pl.col("subject_kind") == "all").sort("period")
    sizes = totals["n"].cast(pl.Float64).to_numpy()
    kept = totals.filter(pl.Series(worth_comparing(sizes, complete=totals["complete"].to_numpy())))
    kept = kept.clear() if kept.height < MIN_PERIODS else kept
    return kept.select("period", later=(pl.int_range(pl.len()) >= (kept.height + 1) // 2).cast(pl.Int64))


def decompose_changes(
    answers: pl.DataFrame,
    *,
    records: pl.DataFrame,
    memberships: pl.DataFrame,
    ratings: Sequence[RatingColumn],
    attributes: Sequence[str],
    trends: pl.DataFrame,
) -> pl.DataFrame:
    """Decompose what changed between the halves of the time, where another mix has a part in it.

    ``answers``, with the source of each record, and ``memberships`` are as in ``textcx.steps.measures.ratings``.

    Returns:
        ``MIX``, in the units of the trends table. Ratings (each respondent once per half, with the latest answer),
        polarity and negative share of all counted records, and the share of them that raises each theme. A row stands
        where the mix part is clear of zero and its q-value (Benjamini-Hochberg over the subjects, sources and
        attributes of a measure) is at most 0.05, by the source or attribute with the largest mix part. Largest parts
        first within a measure.
    """
    base = _base(answers, attributes, halves(trends))
    found = [
        {"subject_kind": kind, "subject_id": subject, "measure": measure, "by": by, **numbers}
        for kind, subject, measure, rows in chain(
            _ratings(answers, base, ratings), _judged(base, records), _themes(base, memberships)
        )
        for by in (SOURCE, *attributes)
        if (numbers := _parts(rows, by))
    ]
    table = pl.DataFrame(found, schema={**MIX, "p_value": pl.Float64()})
    q_value = pl.col("p_value").map_batches(lambda p: column(q_values(p.to_numpy())), return_dtype=pl.Float64)
    return (
        table.with_columns(q_value=q_value.over("measure"))
        .filter(pl.col("q_value") <= MAX_Q, (pl.col("mix_low") > 0) | (pl.col("mix_high") < 0))
        .sort("measure", -pl.col("mix").abs(), *SUBJECT, "by")
        .unique([*SUBJECT, "measure"], keep="first", maintain_order=True)
        .select(MIX.names())
    )


def _base(answers: pl.DataFrame, attributes: Sequence[str], periods: pl.DataFrame) -> pl.DataFrame:
    """Return the records of the periods compared, sorted: record_id, counted, later, person, a group by each column."""
    when = pl.col("created_at").dt.convert_time_zone("UTC")
    by_label = [when.dt.strftime(label) for label in LABEL.values()]  # names of days, weeks and months all differ
    known = periods["period"].implode()
    period = pl.coalesce(pl.when(name.is_in(known)).then(name) for name in by_label)
    dated = respondents(answers).with_columns(period=period).join(periods, on="period").sort("record_id")
    groups = answers.select("record_id", *(_code(name).alias(f"by {name}") for name in (SOURCE, *attributes)))
    return dated.select("record_id", "counted", "later", person=_code("person")).join(
        groups, on="record_id", maintain_order="left"
    )


def _code(name: str) -> pl.Expr:
    """Number the values of a column in their order from 1 on; 0 for null."""
    return pl.col(name).cast(pl.String).rank("dense").fill_null(0).cast(pl.Int64)


def _ratings(answers: pl.DataFrame, base: pl.DataFrame, ratings: Sequence[RatingColumn]) -> Iterator[Measured]:
    for rating in ratings:
        rows = rated(answers, rating).drop("counted", "person").join(base, on="record_id")
        once = latest(rows, within=["later"]).sort("record_id")
        points = pl.Series("value", terms(once["value"].to_numpy(), rating))
        yield "all", "all", f"rating:{rating.name}", once.with_columns(points)


def _judged(base: pl.DataFrame, records: pl.DataFrame) -> Iterator[Measured]:
    judged = records.select("record_id", polarity="polarity", negative_share=pl.col("label") == "negative")
    rows = base.filter("counted").join(judged.drop_nulls(), on="record_id", maintain_order="left")
    for measure in ("polarity", "negative_share"):
        yield "all", "all", measure, rows.with_columns(value=pl.col(measure).cast(pl.Float64))


def _themes(base: pl.DataFrame, memberships: pl.DataFrame) -> Iterator[Measured]:
    rows = base.filter("counted")
    themes = memberships.filter(pl.col("subject_kind") == "theme").partition_by("subject_id", as_dict=True)
    for (theme,), raised in sorted(themes.items()):
        told = pl.col("record_id").is_in(raised["record_id"].implode())
        yield "theme", str(theme), "share", rows.with_columns(value=told.cast(pl.Float64))


def _parts(rows: pl.DataFrame, by: str) -> dict[str, float | int | bool] | None:
    """Decompose one change by one column, or nothing where there is too little to compare."""
    later, groups, people = (rows[name].to_numpy() for name in ("later", f"by {by}", "person"))
    n_later = int(later.sum())
    n_earlier = rows.height - n_later
    if min(n_earlier, n_later) < MIN_RECORDS or groups.min() == groups.max():
        return None
    split = decompose(rows["value"].to_numpy(), groups, later=later, respondents=people)
    if split.compared < LEAST_COMPARED:
        return None
    return {
        "earlier": split.earlier, "later": split.later, "change": split.change.value,
        "mix": split.mix.value, "mix_low": split.mix.low, "mix_high": split.mix.high,
        "within": split.within.value, "within_low": split.within.low, "within_high": split.within.high,
        "p_value": split.mix.p_value, "turns": split.turns, "n_earlier": n_earlier, "n_later": n_later,
    }  # fmt: skip
