"""How often drivers are false, and how often their intervals hold the truth, in the shapes that real files have."""

from __future__ import annotations

import numpy as np
import polars as pl

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
    cuts = np.quantile(rng.standard_normal(100_000), np.cumsum(shares)[:-1])
    value = values[np.searchsorted(cuts, own + effect * raised[:, 0])]
    ids_ = np.array([f"r{row:06d}" for row in range(records)])
    answers = pl.DataFrame(
        {
            "record_id": ids_,
            "respondent_id": [f"p{one}" if ids else None for one in who.tolist()],
            "created_at": pl.Series(np.tile(np.arange(waves), people) * 30).cast(pl.Duration("us")),
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
    found = ranked(rng, **shape)
    return bool((found["q_value"] <= MAX_Q).any())
