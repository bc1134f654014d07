"""Is the part within zero when only the mix of sources moves, and right when something changes within?

Three sources, of which one grows from 10 to 50 % of the records, and customers who differ lastingly from each other.
A third of them write in the earlier half only, a third in the later, a third in both. A source that fewer than two
people used in a half cannot be compared with itself: it is mix by definition, and the true part within is that of the
others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from textcx.steps.statistics.mix import Part, decompose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SHARES = np.array([[0.1, 0.45, 0.45], [0.5, 0.25, 0.25]])
"""Of the sources, earlier and later."""
STARS = np.array([2.4, 4.2, 4.0])
"""What people of each source feel on average, before it is rounded to 1 to 5 stars."""
WORSE = np.array([-0.8, -0.3, 0.2])
"""By how much that changes within each source, where something does."""
OF_PEOPLE, OF_RECORDS = 0.6, 0.9
"""Standard deviations of feelings: between people, and from one record of a person to the next."""
SIZES, PER_PERSON = (200, 1000, 5000), (1, 5, 20)
THEMES = 40


def cells(runs: int, seed: int) -> dict[str, dict[str, float | int]]:
    """Return nominal and observed rates of each simulation, with the runs in which anything could be compared."""
    found: dict[str, dict[str, float | int]] = {}
    for records in SIZES:
        for each in PER_PERSON:
            where = f"{records} records, {each} per person"
            for what, change in (("only the mix moves", 0 * WORSE), ("something changes within", WORSE)):
                found[f"{what}: {where}"] = _coverage(change, records, each, runs=runs, seed=seed)
            found[f"themes flagged: {where}"] = _flagged(records, each, runs=runs, seed=seed)
    return found


def _people(records: int, each: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Draw who wrote each record, in which half, and by which source; a person has one source in each half."""
    people = records // each
    person = np.repeat(np.arange(people), each)
    habit = rng.integers(0, 3, people)[person]
    later = np.where(habit < 2, habit, rng.integers(0, 2, person.size))  # noqa: PLR2004 - 2 is both halves
    sources = np.stack([rng.choice(3, size=people, p=shares) for shares in SHARES])
    return person, later, sources[later, person]


def _changes(change: Floats) -> Floats:
    """Return by how much the mean stars of each source really change."""
    spread = np.hypot(OF_PEOPLE, OF_RECORDS)
    earlier, later = (1 + sum(ndtr((felt - k - 0.5) / spread) for k in range(1, 5)) for felt in (STARS, STARS + change))
    return np.asarray(later - earlier)


def _compared(person: Ints, later: Ints, source: Ints) -> NDArray[np.bool_]:
    """Tell which sources two people or more used in either half."""
    cells = np.unique(np.stack([person, later, source]), axis=1)
    people = np.bincount(3 * cells[1] + cells[2], minlength=6).reshape(2, 3)
    return np.asarray(people.min(axis=0) >= 2)  # noqa: PLR2004 - two people


def _coverage(change: Floats, records: int, each: int, *, runs: int, seed: int) -> dict[str, float | int]:
    """Count intervals that hold the truth: of the sources that can be compared, and of all three."""
    weighted = SHARES.mean(axis=0) * _changes(change)
    held = []
    for rng in _streams(runs, seed):
        person, later, source = _people(records, each, rng)
        felt = STARS[source] + later * change[source] + rng.normal(0, OF_PEOPLE, person[-1] + 1)[person]
        stars = np.clip(np.round(rng.normal(felt, OF_RECORDS)), 1, 5)
        if not 0 < later.sum() < later.size:
            continue
        part = decompose(stars, source, later=later, respondents=person).within
        truths = float(weighted @ _compared(person, later, source)), float(weighted.sum())
        if not np.isnan(part.low):
            held.append([part.low <= truth <= part.high for truth in truths])
    observed, of_all = np.mean(held, axis=0)
    return {
        "nominal": 0.95,
        "observed": round(float(observed), 4),
        "of_all_sources": round(float(of_all), 4),
        "runs": len(held),
    }


def _flagged(records: int, each: int, *, runs: int, seed: int) -> dict[str, float | int]:
    """Count themes whose change is clear, in full and within, though every source raises them as often as before."""
    pairs: list[tuple[Part, Part]] = []
    used = 0
    for rng in _streams(runs, seed):
        person, later, source = _people(records, each, rng)
        if not 0 < later.sum() < later.size:
            continue
        used += 1
        for _ in range(THEMES):
            often = rng.uniform(0.02, 0.15) * np.exp(rng.normal(0, 0.5, 3))
            fond = rng.gamma(2.0, 0.5, person[-1] + 1)[person]
            raised = rng.random(person.size) < np.minimum(often[source] * fond, 1.0)
            split = decompose(raised.astype(np.float64), source, later=later, respondents=person)
            pairs.append((split.within, split.change))
    known = [(within.clear, change.clear) for within, change in pairs if not np.isnan(within.low)]
    within, unadjusted = np.mean(known, axis=0)
    return {
        "nominal": 0.05,
        "observed": round(float(within), 4),
        "without_decomposition": round(float(unadjusted), 4),
        "runs": used,
    }


def _streams(runs: int, seed: int) -> Iterator[np.random.Generator]:
    return (np.random.default_rng([seed, run]) for run in range(runs))
