"""How often drivers are false, and how often their intervals hold the truth, in the shapes that real files have."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import norm

from benchmarks.statistics.cells import Cell, rate
from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.steps.measures.drivers import rank_drivers
from textcx.steps.records.people import with_people

NPS = RatingColumn(name="nps", column="nps", kind=RatingKind.NPS, low=0, high=10)
STARS = RatingColumn(name="stars", column="stars", kind=RatingKind.STARS, low=1, high=5)
MAX_Q = 0.05
MOODS = {
    "nps": (np.arange(11.0), np.array([5, 2, 2, 2, 3, 5, 5, 8, 15, 18, 35]) / 100),
    "stars": (np.arange(1.0, 6.0), np.array([0.2, 0.1, 0.1, 0.2, 0.4])),
    "fives": (np.arange(1.0, 6.0), np.array([0.02, 0.01, 0.01, 0.01, 0.95])),
}


def simulated(
    rng: np.random.Generator,
    *,
    people: int,
    waves: int,
    themes: int,
    mood: str = "nps",
    alike: float = 0.0,
    verbose: float = 1.0,
    effect: float = 0.0,
    ids: bool = True,
    attributes: int = 0,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Draw answers, memberships and what was written.

    ``alike``: correlation of a person's moods, and of their liking for a theme, between waves. ``verbose``: how many
    times as much the unhappier half writes. ``effect``: by how much the first theme moves the mood, in its standard
    deviations.
    """
    records = people * waves
    who = np.repeat(np.arange(people), waves)
    own = np.sqrt(alike) * rng.standard_normal(people)[who] + np.sqrt(1 - alike) * rng.standard_normal(records)
    amount = rng.poisson(np.where(own < 0, verbose, 1.0) * 3.0) + 1
    reach = np.linspace(0.09, 0.03, themes)
    liking = np.exp(np.sqrt(4 * alike) * rng.standard_normal((people, themes)) - 2 * alike)[who]
    raised = rng.random((records, themes)) < 1 - (1 - np.minimum(reach * liking / 4, 0.9)) ** amount[:, None]
    values, shares = MOODS[mood]
    cuts = norm.ppf(np.cumsum(shares)[:-1])
    value = values[np.searchsorted(cuts, own + effect * raised[:, 0])]
    ids_ = np.array([f"r{row:06d}" for row in range(records)])
    answers = pl.DataFrame(
        {
            "record_id": ids_,
            "respondent_id": [f"p{one}" if ids else None for one in who.tolist()],
            "analyzed": True,
            "counted": True,
            NPS.name if mood == "nps" else STARS.name: value,
            **{f"a{number}": [f"v{one}" for one in rng.integers(0, 6, people)[who]] for number in range(attributes)},
        },
        schema_overrides={"respondent_id": pl.String},
    )
    answers = answers.with_columns(
        created_at=pl.datetime(2026, 1, 1, time_zone="UTC")
        + pl.duration(days=pl.Series(np.tile(np.arange(waves), people) * 30))
    )
    rows, columns = np.nonzero(raised)
    memberships = pl.DataFrame(
        {"record_id": ids_[rows], "subject_kind": "theme", "subject_id": [f"t{one:02d}" for one in columns.tolist()]}
    )
    written = pl.DataFrame({"record_id": ids_, "source": "survey", "n_segments": amount})
    names = [f"a{number}" for number in range(attributes)]
    answers, _ = with_people(answers, attributes=names)
    return answers, memberships, written


def ranked(rng: np.random.Generator, **shape: object) -> pl.DataFrame:
    """Rank drivers of simulated answers."""
    answers, memberships, written = simulated(rng, **shape)
    rating = NPS if shape.get("mood", "nps") == "nps" else STARS
    return rank_drivers(answers, ratings=[rating], memberships=memberships, written=written)


def any_false(rng: np.random.Generator, **shape: object) -> bool:
    """Whether any driver is found where no theme has an effect."""
    return bool((ranked(rng, **shape)["q_value"] <= MAX_Q).any())


def first(rng: np.random.Generator, **shape: object) -> dict[str, Any] | None:
    """Return what is said of the first theme, or nothing where too few raised it."""
    found = ranked(rng, **shape).filter(pl.col("subject_id") == "t00")
    return found.row(0, named=True) if found.height else None


def held(rng: np.random.Generator, *, truth: float, ends: tuple[str, str], **shape: object) -> float:
    """Whether the interval of the first theme holds the truth; NaN where too few raised it."""
    row = first(rng, **shape)
    return float(row[ends[0]] <= truth <= row[ends[1]]) if row else float("nan")


def found_first(rng: np.random.Generator, **shape: object) -> float:
    """Whether the first theme, which has an effect, is found."""
    row = first(rng, **shape)
    return float(row is not None and row["q_value"] <= MAX_Q)


NOTHING = {
    "1,000 people, 40 themes": {"people": 1000, "waves": 1, "themes": 40},
    "1,000 people, 40 themes, unhappy people write 1.5 times as much": {
        "people": 1000, "waves": 1, "themes": 40, "verbose": 1.5},
    "1,000 people, 40 themes, unhappy people write 2 times as much": {
        "people": 1000, "waves": 1, "themes": 40, "verbose": 2.0},
    "120 people x 5 records, 40 themes, respondents known": {"people": 120, "waves": 5, "themes": 40, "alike": 0.9},
    "120 people x 5 records, 40 themes, no respondents, three attributes": {
        "people": 120, "waves": 5, "themes": 40, "alike": 0.9, "ids": False, "attributes": 3},
    "120 people x 5 records, 40 themes, no respondents, no attributes (the report says so)": {
        "people": 120, "waves": 5, "themes": 40, "alike": 0.9, "ids": False},
    "300 people, 5 themes": {"people": 300, "waves": 1, "themes": 5},
    "300 people, 80 themes": {"people": 300, "waves": 1, "themes": 80},
    "300 people, 40 themes, 95 % fives": {"people": 300, "waves": 1, "themes": 40, "mood": "fives"},
    "5,000 people, 40 themes, 95 % fives": {"people": 5000, "waves": 1, "themes": 40, "mood": "fives"},
    "50 people x 20 records, 20 themes, unhappy people write 2 times as much": {
        "people": 50, "waves": 20, "themes": 20, "mood": "stars", "alike": 0.5, "verbose": 2.0},
}  # fmt: skip
EFFECTS = {
    "NPS, 150 people": {"people": 150, "waves": 1, "themes": 3, "effect": -1.0},
    "NPS, 1,000 people, unhappy people write 2 times as much": {
        "people": 1000, "waves": 1, "themes": 5, "effect": -1.0, "verbose": 2.0},
    "95 % fives, 300 people": {"people": 300, "waves": 1, "themes": 5, "mood": "fives", "effect": -1.0},
    "95 % fives, 2,000 people": {"people": 2000, "waves": 1, "themes": 5, "mood": "fives", "effect": -1.0},
    "stars, 100 people x 5 records": {
        "people": 100, "waves": 5, "themes": 5, "mood": "stars", "effect": -0.5, "alike": 0.5},
    "stars, 50 people x 20 records": {
        "people": 50, "waves": 20, "themes": 5, "mood": "stars", "effect": -0.5, "alike": 0.5},
}  # fmt: skip
ENDS = {"gap": ("gap_low", "gap_high"), "effect": ("ci_low", "ci_high"), "effect_beside": ("beside_low", "beside_high")}
MANY = 200_000
"""Records whose estimates are taken for the truth."""


def cells() -> dict[str, Cell]:
    """False drivers, coverage of gaps and effects, and the power of a few."""
    found = {f"any false driver: {name}": rate(0.05, partial(any_false, **shape)) for name, shape in NOTHING.items()}
    for name, shape in EFFECTS.items():
        whole = first(np.random.default_rng(1), **{**shape, "people": MANY // int(shape["waves"])}) or {}
        for what, ends in ENDS.items():
            found[f"interval of {what}: {name}"] = rate(0.95, partial(held, truth=whole[what], ends=ends, **shape))
    for waves in (4, 9):
        shape = {"people": 300, "waves": waves, "themes": 5, "effect": -1.5, "alike": 0.3}
        whole = first(np.random.default_rng(1), **{**shape, "people": MANY // waves}) or {}
        name = f"interval of gap: a panel of 300 people with {waves} waves, true gap {whole['gap']:.0f} NPS"
        found[name] = rate(0.95, partial(held, truth=whole["gap"], ends=ENDS["gap"], **shape))
    return found
