"""Rank themes, stages, pain points and customer groups by what goes with a better or worse rating.

The effect of a subject is the familiar leave-out difference: the rating of everyone who commented, minus the rating of
those who never raised the subject. It is an association, not a cause, and reports must say so.

Negative is always bad: reversed scales are turned first. Invariants, all tested: the order of the records never
matters; a subject raised by nobody is never a driver; adding a subject changes no effect or interval of the others
(each has its own random stream), only the q-values.

Respondents only enter through counts: how many gave each answer, with and without the subject. Resampling respondents
is drawing such counts anew, so the cost depends on subjects and answers of the scale, not on respondents.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain import tables
from textcx.domain.ratings import effect_terms, effect_unit
from textcx.steps.measures.ratings import SUBJECT, attribute_members, coded, latest, raised, rated, respondents
from textcx.steps.statistics.intervals import LEVEL, column, q_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.feedback import RatingColumn

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

MIN_RATINGS = 10
"""Fewest ratings with the subject and fewest without it; below that no interval holds its 95 %."""
RESAMPLES = 1000
MANY_ANSWERS = 21
"""A scale with more distinct answers is resampled in this many steps of equal width (0.2 % of its variance is lost)."""
CLEAR = 10
"""Permutations as extreme as the data after which a subject is not looked at more closely."""
CLOSER = 20
"""How many times as many permutations decide about the others."""
NO_SUBJECT = "unknown"
"""The stage of what could not be placed; nothing a reader could act on."""


def rank_drivers(
    answers: pl.DataFrame,
    *,
    ratings: Sequence[RatingColumn],
    memberships: pl.DataFrame,
    attributes: Sequence[str] = (),
    min_ratings: int = MIN_RATINGS,
    min_group: int = 1,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pl.DataFrame:
    """Rank themes, stages, pain points and attribute groups by their association with each rating, strongest first.

    Respondents with at least one analyzed record take part, each with the latest answer; ``answers`` and
    ``memberships`` are as in ``textcx.steps.measures.ratings``. ``min_ratings`` (at least 2) are needed with the
    subject and without it; an attribute group is shown with at least ``min_group``. ``resamples`` (at least 100) are
    those of the bootstrap, and permutations at first look.

    Returns:
        ``tables.DRIVERS``: effect in the unit of ``domain.ratings.effect_unit``, 95 % expanded percentile interval
        (bootstrap over respondents), respondents with and without the subject, and the Benjamini-Hochberg q-value over
        all subjects of the rating from a permutation test. In the order of ``ratings``, then by size of effect.
        Subjects with too few ratings on either side, and the stage "unknown", are left out.

    Raises:
        BadSetting: If a scale does not fit its kind.
    """
    of_subjects = raised(answers, memberships).filter(pl.col("subject_id") != NO_SUBJECT)
    groups = attribute_members(answers, attributes)
    commented = respondents(answers).filter("analyzed").select("respondent").unique()
    parts = [tables.empty(tables.DRIVERS)]
    for rating in ratings:
        base = latest(rated(answers, rating)).join(commented, on="respondent", how="semi")
        if base.is_empty():
            continue
        values, cell = np.unique(effect_terms(base["value"].to_numpy(), rating), return_inverse=True)
        base = base.select("respondent", "record_id", cell=pl.Series(cell, dtype=pl.Int64))
        pairs = pl.concat(
            [
                base.join(of_subjects, on="respondent").select(*SUBJECT, "cell"),
                base.join(groups, on="record_id").select(*SUBJECT, "cell"),
            ]
        )
        subjects, with_subject = _counts(pairs, values.size)
        n_with = with_subject.sum(axis=1)
        is_group = (subjects["subject_kind"] == "attribute").to_numpy()
        fewest = np.where(is_group, max(min_ratings, min_group), min_ratings)
        enough = np.flatnonzero((n_with >= fewest) & (base.height - n_with >= min_ratings)).tolist()
        everyone = np.bincount(cell, minlength=values.size)
        found = []
        for i in enough:
            sides = with_subject[i], everyone - with_subject[i]
            stream = _stream(seed, rating.name, *subjects.row(i))
            effect = estimate(*sides, values, resamples=resamples, stream=stream)
            found.append((*effect, p_value(*sides, values, resamples=resamples, stream=stream)))
        effects, low, high, p = np.array(found, dtype=np.float64).reshape(len(found), 4).T
        parts.append(
            subjects[enough]
            .with_columns(
                pl.lit(rating.name).alias("rating"),
                pl.lit(effect_unit(rating)).alias("unit"),
                column(effects).alias("effect"),
                column(low).alias("ci_low"),
                column(high).alias("ci_high"),
                pl.Series("n_with", n_with[enough], dtype=pl.Int64),
                pl.Series("n_without", base.height - n_with[enough], dtype=pl.Int64),
                column(q_values(p)).alias("q_value"),
            )
            .sort(-pl.col("effect").abs(), *SUBJECT)
            .select(tables.DRIVERS.names())
        )
    return pl.concat(parts)


def _counts(pairs: pl.DataFrame, answers: int) -> tuple[pl.DataFrame, Counts]:
    """Return the subjects, and how many gave each answer with each subject. Shape ``(subjects, answers)``."""
    subjects, codes = coded(pairs, SUBJECT)
    places = codes * answers + pairs["cell"].to_numpy()
    counts = np.bincount(places, minlength=subjects.height * answers)
    return subjects, counts.reshape(subjects.height, answers)


def _stream(seed: int, *names: str) -> np.random.Generator:
    """Return the random stream that belongs to one rating and subject, whatever else is ranked beside it."""
    digest = hashlib.blake2b("\x00".join(names).encode(), digest_size=16).digest()
    return np.random.default_rng([seed, int.from_bytes(digest, "big")])


def estimate(
    with_subject: Counts, without: Counts, values: Floats, *, resamples: int, stream: np.random.Generator
) -> tuple[float, float, float]:
    """Estimate the effect of one subject, and its 95 % interval.

    Respondents per answer with the subject and without it, and the answers' terms, ascending; shape ``(answers,)``
    each. Effect: mean of everyone minus mean of those without the subject. Interval: bootstrap percentiles, taken
    further out as Student's t is wider than the normal, after the smaller of the two sides (Hesterberg 2015, "What
    Teachers Should Know About the Bootstrap", The American Statistician 69(4)); plain percentiles are too narrow for
    small groups.
    """
    from scipy.special import ndtr, stdtrit  # noqa: PLC0415 - scipy loads when numbers are made, not at import

    effect = float(_effect(with_subject[None], without[None], values)[0])
    steps, ours, others = _in_steps(with_subject, without, values)
    cells = np.concatenate([ours, others])
    filled = np.flatnonzero(cells)
    drawn = np.zeros((resamples, cells.size), dtype=np.int64)
    drawn[:, filled] = stream.multinomial(cells.sum(), cells[filled] / cells.sum(), size=resamples)
    effects = _effect(drawn[:, : steps.size], drawn[:, steps.size :], steps)
    smaller = min(ours.sum(), others.sum())
    tail = float(ndtr(-stdtrit(smaller - 1, 0.5 + LEVEL / 2) * np.sqrt(smaller / (smaller - 1))))
    # Steps of a fine scale move the effect by a hair; the interval is moved back to the exact one.
    low, high = np.quantile(effects, [tail, 1 - tail]) + effect - _effect(ours[None], others[None], steps)[0]
    return effect, float(low), float(high)


def p_value(
    with_subject: Counts, without: Counts, values: Floats, *, resamples: int, stream: np.random.Generator
) -> float:
    """Return the two-sided p-value that answers have nothing to do with raising the subject; above 0, at most 1.

    The share of permutations of the answers over respondents with an effect at least as large, the data counted in
    (Phipson & Smyth 2010). First ``resamples`` permutations; twenty times as many for a subject that looks extreme, so
    that q-values over many subjects stay fine enough. Arguments as for ``estimate``.
    """
    steps, ours, others = _in_steps(with_subject, without, values)
    total = ours + others
    size = int(ours.sum())
    expected = size * (total @ steps) / total.sum()
    observed = abs(ours @ steps - expected)

    def extreme(draws: int) -> int:
        sums = stream.multivariate_hypergeometric(total, size, size=draws, method="marginals") @ steps
        return int((np.abs(sums - expected) >= observed * (1 - 1e-9) - 1e-9).sum())

    found, draws = extreme(resamples), resamples
    if found < CLEAR:
        found, draws = found + extreme(CLOSER * resamples), (1 + CLOSER) * resamples
    return (1 + found) / (1 + draws)


def _effect(with_subject: Counts, without: Counts, values: Floats) -> Floats:
    """Mean of all minus mean of those without; 0 where nobody is without. Shapes ``(draws, answers)``."""
    others = without.sum(axis=1)
    everyone = with_subject.sum(axis=1) + others
    kept = without @ values
    return np.where(others > 0, (with_subject @ values + kept) / everyone - kept / np.maximum(others, 1), 0.0)


def _in_steps(with_subject: Counts, without: Counts, values: Floats) -> tuple[Floats, Counts, Counts]:
    """Merge the answers of a fine scale into steps of equal width, each at its mean; coarse scales stay as they are."""
    if values.size <= MANY_ANSWERS:
        return values, with_subject, without
    edges = np.linspace(values[0], values[-1], MANY_ANSWERS + 1)[1:-1]
    _, step = np.unique(np.digitize(values, edges), return_inverse=True)
    both = with_subject + without
    ours, others = (np.bincount(step, weights=side).astype(np.int64) for side in (with_subject, without))
    return np.bincount(step, weights=both * values) / (ours + others), ours, others
