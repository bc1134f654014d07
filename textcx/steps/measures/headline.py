"""Finish an analysis: its tables as declared, and the few numbers people quote, ready for JSON.

Invariants, tested: records in = analyzed + unprocessable, or an error; every value is a plain number, string, list,
dictionary or null; findings count counted records only.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.domain.encoding import EMOTIONS, LABELS
from textcx.domain.errors import ShapeMismatch
from textcx.domain.tables import SCHEMAS, conform
from textcx.steps.measures.groups import judged_records, sources_of
from textcx.steps.measures.ratings import numbers_of
from textcx.steps.measures.trends import choose_period, reach
from textcx.steps.statistics.intervals import POLARITY, SHARE, Moments, Scale, column, mean_interval, moments
from textcx.steps.statistics.misclassification import nearest, true_share_interval

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from textcx.domain.encoding import MeasuredErrors
    from textcx.domain.feedback import RatingColumn, Unprocessable
    from textcx.steps.records.people import Known

ADDED = {"trends": ("complete",), "themes": ("trend",)}
"""Columns beyond the declared ones."""
SHOWN = 0.5
"""Probability of an emotion from which a segment shows it."""
BEFORE_SENTIMENT = "label"
"""Rating and attribute columns of the records table stand before this column."""
RATING_KEYS = ("rating", "value", "unit", "ci_low", "ci_high", "n", "n_commented")


def declared(
    tables: Mapping[str, pl.DataFrame], *, ratings: Sequence[RatingColumn], attributes: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Bring tables to their declared columns, types and order; of others, ratings and attributes of records stay."""
    finished = dict(tables)
    for name, schema in SCHEMAS.items():
        columns = [*schema, *ADDED.get(name, ())]
        if name == "records":
            at = columns.index(BEFORE_SENTIMENT)
            columns[at:at] = [*(rating.name for rating in ratings), *attributes]
        finished[name] = conform(tables[name], schema, name=name).select(columns)
    return finished


def headline(
    tables: Mapping[str, pl.DataFrame],
    *,
    records_in: int,
    answers: pl.DataFrame,
    people: Known,
    themes: int,
    leaving: Collection[str],
    unprocessable: Sequence[Unprocessable],
    errors: Sequence[MeasuredErrors] = (),
) -> dict[str, Any]:
    """Return the headline of an analysis.

    Args:
        tables: Its tables.
        records_in: Rows of all inputs, unreadable ones included.
        answers: As in ``textcx.steps.measures.ratings``.
        people: What tells whose records are whose.
        themes: How many themes there are on the level that is shown.
        leaving: Ids of the records that say that the customer left or will leave.
        unprocessable: What could not be analyzed.
        errors: How often the model decided rightly on labelled texts; without them the true shares are null.

    Returns:
        records_in, analyzed, unprocessable {reason: n}, segments, respondents (distinct known ones; null: none known),
        people_known_by ("respondents", "attributes", "nothing": what tells whose records are whose), duplicates;
        polarity {value, ci_low, ci_high, n} (-1..1), label_shares {negative, neutral, positive}, mixed_share,
        confident_share (0..1; of counted records, null where there are none); ratings (the rows about
        everyone); period {first, last, unit} or null and undated, both over readable records; sources of the analyzed
        and languages of all records, commonest first; themes, unassigned_share (segments of counted records without a
        theme, 0..1, null without themes), pain_points, pain_record_share {value, ci_low, ci_high, n} (counted records
        with at least one pain segment, 0..1), emotions {emotion: the same} (counted records with a segment whose
        probability is ``SHOWN`` or more; null without such a head), leaving (how many counted records say so).
        negative_record_share and positive_record_share (counted records of that label) are as pain_record_share; all
        three also have true_low and true_high: where the true share may lie, given the errors of the model, and
        measured_on, the texts that these were measured on.

    Raises:
        ShapeMismatch: If records in are not analyzed + unprocessable.
    """
    records, segments = tables["records"], tables["segments"]
    if records_in != records.height + len(unprocessable):
        out = f"{records.height} analyzed and {len(unprocessable)} unprocessable"
        msg = f"{records_in} records came in, but {out} came out"
        raise ShapeMismatch(msg)
    judged = judged_records(answers, records, segments)
    kept = judged.select("record_id")
    counted = records.join(kept, on="record_id", how="semi")
    labels = Counter(counted["label"].drop_nulls().to_list())
    languages = [*records["language"].drop_nulls(), *(left.language for left in unprocessable if left.language)]
    counted_segments = segments.join(kept, on="record_id", how="semi")
    unassigned = ~counted_segments["segment_id"].is_in(tables["mentions"]["segment_id"].implode())
    respondents = answers["respondent_id"].drop_nulls().n_unique()
    decided = partial(_decided, errors=errors, sources=sources_of(records, kept["record_id"]))
    return {
        "records_in": records_in,
        "analyzed": records.height,
        "unprocessable": _counts(str(left.reason) for left in unprocessable),
        "segments": segments.height,
        "respondents": respondents or None,
        "people_known_by": str(people),
        "duplicates": records.height - records["duplicate_of"].null_count(),
        "polarity": _estimate(judged, "polarity", POLARITY),
        "label_shares": {label: labels[label] / counted.height if counted.height else None for label in LABELS},
        "mixed_share": _share(counted["mixed"]),
        "confident_share": _share(counted["confident"]),
        "ratings": tables["ratings"].filter(pl.col("subject_kind") == "all").select(RATING_KEYS).to_dicts(),
        "period": _period(answers),
        "undated": answers["created_at"].null_count(),
        "sources": _counts(records["source"].drop_nulls()),
        "languages": _counts(languages),
        "themes": themes,
        "unassigned_share": _share(unassigned) if themes else None,
        "pain_points": tables["pain_points"].height,
        "pain_record_share": decided("pain", judged, "pained"),
        "negative_record_share": decided("negative", judged, "negative"),
        "positive_record_share": decided("positive", judged, "positive"),
        "emotions": {
            emotion: _estimate(_shown(counted_segments, emotion).join(judged, on="record_id"), "shown", SHARE)
            for emotion in EMOTIONS
        },
        "leaving": len(set(leaving).intersection(kept["record_id"])),
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    """Count values, commonest first, then by name."""
    return dict(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))


def _shown(segments: pl.DataFrame, emotion: str) -> pl.DataFrame:
    """Return in ``shown`` 1 for each record that shows an emotion, 0 for others; nothing where none was judged."""
    highest = segments.group_by("record_id").agg(pl.col(f"p_{emotion}").max()).drop_nulls()
    return highest.select("record_id", shown=(pl.col(f"p_{emotion}") >= SHOWN).cast(pl.Float64)).sort("record_id")


def _share(flags: pl.Series) -> float | None:
    known = flags.drop_nulls()
    return int(known.sum()) / known.len() if known.len() else None


def _estimate(rows: pl.DataFrame, name: str, scale: Scale) -> dict[str, Any]:
    """Return mean, 95 % interval between people and n of one column of numbers, null where unknown."""
    found = _moments(rows, name)
    value, low, high = (column(side)[0] for side in (found.mean, *mean_interval(found, scale)))
    return {"value": value, "ci_low": low, "ci_high": high, "n": int(found.n[0])}


def _moments(rows: pl.DataFrame, name: str) -> Moments:
    known = rows.drop_nulls(name)
    people = numbers_of(known["person"])
    return moments(np.zeros(known.height, dtype=np.int64), known[name].to_numpy(), 1, people=people)


def _decided(
    decision: str, rows: pl.DataFrame, name: str, *, errors: Sequence[MeasuredErrors], sources: Collection[str]
) -> dict[str, Any]:
    """Return a share that the model counts: its estimate, where the true share may lie, and how that is known."""
    asked = nearest(errors, decision, sources=sources)
    low, high = (column(side)[0] for side in true_share_interval(_moments(rows, name), asked))
    return {
        **_estimate(rows, name, SHARE),
        "true_low": low,
        "true_high": high,
        "measured_on": [one.texts for one in asked],
    }


def _period(answers: pl.DataFrame) -> dict[str, str] | None:
    dates = answers["created_at"].drop_nulls().sort()
    if dates.is_empty():
        return None
    first, last = dates[0], dates[-1]
    return {"first": first.date().isoformat(), "last": last.date().isoformat(), "unit": choose_period(*reach(dates))}
