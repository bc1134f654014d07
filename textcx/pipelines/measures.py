"""What findings do to the numbers people steer by: ratings, drivers, groups, trends and mix, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from textcx.steps.measures.directions import ALARMS_A_YEAR, directions, with_trend
from textcx.steps.measures.drivers import rank_drivers
from textcx.steps.measures.groups import attribute_groups
from textcx.steps.measures.mix import decompose_changes
from textcx.steps.measures.ratings import memberships, summarize_ratings
from textcx.steps.measures.trends import summarize_trends
from textcx.steps.pains.rank import rank_pain_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.encoding import MeasuredErrors
    from textcx.domain.feedback import RatingColumn
    from textcx.domain.themes.findings import ThemeFinding
    from textcx.ports import ProgressReporter
    from textcx.steps.records.corpus import Corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user chose about findings. Units and ranges as in ``textcx.settings.analysis.Settings``."""

    ratings: Sequence[RatingColumn]
    attributes: Sequence[str]
    seed: int
    min_group: int
    pain_threshold: float
    offer_words: frozenset[str]
    max_unassigned: float | None = None
    alarms_a_year: float = ALARMS_A_YEAR


def measure(
    corpus: Corpus,
    *,
    segments: pl.DataFrame,
    pains: pl.DataFrame,
    pain_points: pl.DataFrame,
    themes: ThemeFinding,
    level: int,
    choices: Choices,
    errors: Sequence[MeasuredErrors] = (),
    progress: ProgressReporter,
) -> dict[str, pl.DataFrame]:
    """Tie what was found in the segments of a corpus to ratings, attributes and dates.

    Returns:
        The tables ``ratings``, ``drivers`` (of the themes of ``level``), ``groups``, ``trends`` and ``mix``, and
        ``pain_points`` and ``themes`` with their trend.
    """
    ratings, attributes, min_group = choices.ratings, choices.attributes, choices.min_group
    raised = themes.mentions_at(level)
    answers = corpus.answers
    with progress.stage("ratings"):
        belongs = memberships(segments, raised, pains)
        every = memberships(segments, pl.concat([themes.mentions_at(1), raised]), pains)
        rated = summarize_ratings(
            answers, ratings=ratings, attributes=attributes, memberships=every, min_group=min_group
        )
    with progress.stage("drivers"):
        drivers = rank_drivers(
            answers,
            ratings=ratings,
            memberships=belongs,
            attributes=attributes,
            written=corpus.records.select("record_id", "source", "n_segments"),
            min_group=min_group,
        )
        groups = attribute_groups(
            answers, corpus.records, segments, attributes=attributes, min_group=min_group, errors=errors
        )
    with progress.stage("trends"):
        trends = summarize_trends(answers, records=corpus.records, memberships=every, ratings=ratings)
        above = memberships(segments.clear(), themes.mentions_at(1), pains.clear())
        above = above.join(belongs, on="subject_id", how="anti")
        changes = pl.concat(
            [directions(answers, memberships=each, alarms_a_year=choices.alarms_a_year) for each in (belongs, above)]
        )
        mix = decompose_changes(
            answers,
            records=corpus.records,
            memberships=belongs,
            ratings=ratings,
            attributes=attributes,
            trends=trends,
        )
    return {
        "ratings": rated,
        "drivers": drivers,
        "groups": groups,
        "trends": trends,
        "mix": mix,
        "pain_points": with_trend(rank_pain_points(pain_points, drivers, ratings=ratings), changes, kind="pain_point"),
        "themes": with_trend(themes.themes, changes, kind="theme"),
    }
