"""An alarm tells that a subject has more records in the last complete period than all before would explain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from textcx.steps.measures.directions import A_YEAR, directions, unusual

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)
SHARES = np.geomspace(0.01, 0.15, 20)
WEEKS = 40


def counts(rng: np.random.Generator, *, weeks: int = WEEKS, dispersion: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Counts of twenty themes among 300 records a week, whose variance is so many times that of chance."""
    worth = 299 / (dispersion - 1) - 1
    shares = rng.beta(SHARES[:, None] * worth, (1 - SHARES[:, None]) * worth, (20, weeks))
    return rng.binomial(300, shares).astype(float), np.full((20, weeks), 300.0)


def steady(level: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    hits, of = counts(np.random.default_rng(1))
    hits[0] = level + np.resize([-4.0, 3.0, 1.0, -1.0, 5.0, -3.0, -2.0, 1.0], WEEKS)
    hits[0, -1] = level
    return hits, of


def test_looked_at_every_week_of_a_year_alarms_are_as_many_as_set() -> None:
    alarms = 0
    for run in range(40):
        hits, of = counts(np.random.default_rng([5, run]), weeks=26 + 52)
        for week in range(27, 26 + 53):
            alarms += int((unusual(hits[:, :week], of[:, :week]) <= 2.0 / A_YEAR["week"] / 20).sum())
    assert 0.6 * 2.0 <= alarms / 40 <= 1.4 * 2.0


def test_many_more_than_ever_before_is_unusual_and_fewer_is_not() -> None:
    hits, of = steady()
    assert 0.2 < unusual(hits, of)[0] < 0.8
    hits[0, -1] = 75
    assert unusual(hits, of)[0] < 1e-3
    hits[0, -1] = 0
    assert unusual(hits, of)[0] > 0.99


def test_what_was_never_said_before_is_unusual_from_a_few_records_on() -> None:
    hits, of = steady()
    hits[0] = 0
    found = []
    for last in (0, 1, 2, 5):
        hits[0, -1] = last
        found.append(unusual(hits, of)[0])
    assert found[1] > 1 / A_YEAR["week"] / 20
    assert found[3] < 1e-4
    assert found == sorted(found, reverse=True)


def test_a_subject_alone_that_happened_to_hardly_swing_is_not_unusual_by_one_record_more() -> None:
    hits, of = np.full((1, 9), 20.0), np.full((1, 9), 300.0)
    hits[0, -1] = 24
    assert unusual(hits, of)[0] > 0.05


def test_a_theme_that_swings_more_needs_more_for_an_alarm() -> None:
    hits, of = steady()
    hits[0, -1] = 50
    calm = unusual(hits, of)[0]
    hits[0, :-1] = 30 + 4 * (hits[0, :-1] - 30)
    assert unusual(hits, of)[0] > 10 * calm


def records(rng: np.random.Generator, weeks: int = 30) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A hundred records a week, ten themes, and an outbreak of the first theme in week 21."""
    week = np.repeat(np.arange(weeks), 100)
    seconds = np.sort((week + rng.random(week.size)) * 7 * 86_400)
    answers = pl.DataFrame(
        {
            "record_id": [f"r{number:05d}" for number in range(week.size)],
            "created_at": [MONDAY + timedelta(seconds=each) for each in seconds.tolist()],
            "counted": True,
        },
        schema_overrides={"created_at": pl.Datetime("us", "UTC")},
    )
    chance = np.full((week.size, 10), 0.05)
    chance[week == 20, 0] = 0.4
    row, theme = np.nonzero(rng.random((week.size, 10)) < chance)
    raised = answers[row].select(
        "record_id", subject_kind=pl.lit("theme"), subject_id=pl.Series([f"t{each}" for each in theme.tolist()])
    )
    return answers, raised


def alarmed(days: int, *, rate: float = 1.0) -> list[str]:
    answers, raised = records(np.random.default_rng(8))
    seen = answers.filter(pl.col("created_at") < MONDAY + timedelta(days=days))
    found = directions(seen, memberships=raised, period="week", alarms_a_year=rate)
    return found.filter("alarm")["subject_id"].to_list()


def test_an_outbreak_gives_an_alarm_in_the_week_it_came_and_not_the_week_after() -> None:
    assert alarmed(20 * 7) == []
    assert alarmed(21 * 7) == ["t0"]
    assert alarmed(22 * 7) == []


@pytest.mark.parametrize("later", [1, 3, 5])
def test_the_same_complete_week_looked_at_again_gives_the_same_answer(later: int) -> None:
    assert alarmed(21 * 7 + later) == alarmed(21 * 7)


def test_more_false_alarms_a_year_means_that_less_gives_an_alarm() -> None:
    few, many = (sum(len(alarmed(7 * week, rate=rate)) for week in range(12, 31)) for rate in (0.001, 100.0))
    assert few <= 1 < many
