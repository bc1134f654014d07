from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
import scipy

from textcx.domain import tables
from textcx.domain.encoding import MeasuredErrors
from textcx.domain.errors import ShapeMismatch
from textcx.domain.feedback import Reason, Unprocessable
from textcx.steps.measures.headline import headline
from textcx.steps.records.people import PERSON, Known

KEYS = [
    "records_in", "analyzed", "unprocessable", "segments", "respondents", "people_known_by", "duplicates",
    "polarity", "label_shares", "mixed_share", "confident_share", "ratings", "period", "undated", "sources", "languages", "themes",
    "unassigned_share", "pain_points", "pain_record_share", "negative_record_share", "positive_record_share", "emotions",
    "leaving",
]  # fmt: skip


def table(schema: pl.Schema, *rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema)


def record(record_id: str, label: str, polarity: float, **more: Any) -> dict[str, Any]:
    ordinary = {"source": "review", "language": "en", "mixed": False, "confident": True, "duplicate_of": None}
    return {"record_id": record_id, "label": label, "polarity": polarity, **ordinary, **more}


def answer(record_id: str, *, analyzed: bool = True, counted: bool = True, **more: Any) -> dict[str, Any]:
    return {"record_id": record_id, "analyzed": analyzed, "counted": counted, **more}


ANSWERS = pl.Schema({
    "record_id": pl.String, "respondent_id": pl.String, "created_at": tables.UTC, "analyzed": pl.Boolean,
    "counted": pl.Boolean,
})  # fmt: skip
LEFT_OUT = (
    Unprocessable(row=4, where="a.csv:6", reason=Reason.LANGUAGE_UNSUPPORTED, hint="-", record_id="r5", language="de"),
    Unprocessable(row=5, where="a.csv:7", reason=Reason.EMPTY, hint="-"),
    Unprocessable(row=6, where="a.csv:8", reason=Reason.EMPTY, hint="-"),
)


def headline_of(**parts: Any) -> dict[str, Any]:
    """Return the headline of tables, with the number of their themes."""
    rest = {name: parts.pop(name) for name in ("records_in", "answers", "unprocessable")}
    rest |= {"leaving": parts.pop("leaving", ()), "errors": parts.pop("errors", ())}
    rest["people"] = parts.pop("people", Known.NOTHING)
    return headline(parts, themes=parts["themes"].height, **rest)


def small(**changes: Any) -> dict[str, Any]:
    """Four analyzed records, one a repetition; three unprocessable; one theme; pain in one record."""
    frames = {
        "records_in": 7,
        "answers": table(
            ANSWERS,
            answer("r1", respondent_id="a", created_at=datetime(2026, 1, 5, tzinfo=UTC)),
            answer("r2", respondent_id="a", created_at=datetime(2026, 7, 5, tzinfo=UTC)),
            answer("r3"),
            answer("r4", counted=False),
            answer("r5", analyzed=False, counted=False, respondent_id="b"),
        ),
        "records": table(
            tables.RECORDS,
            record("r1", "negative", -0.8),
            record("r2", "positive", 0.9, source="survey", mixed=True),
            record("r3", "positive", 0.5, confident=False),
            record("r4", "positive", 0.5, duplicate_of="r3"),
        ),
        "segments": table(
            tables.SEGMENTS,
            *[
                {"segment_id": f"s{i}", "record_id": r, "pain": i == 0}
                for i, r in enumerate(["r1", "r1", "r2", "r3", "r4"])
            ],
        ),
        "mentions": table(tables.MENTIONS, {"segment_id": "s0", "theme_id": "t1"}),
        "themes": table(tables.THEMES, {"theme_id": "t1"}),
        "pain_points": table(tables.PAIN_POINTS, {"pain_point_id": "p1"}),
        "ratings": table(
            tables.RATINGS,
            {"rating": "nps", "subject_kind": "all", "subject_id": "all", "value": 20.0, "unit": "points", "n": 5},
            {"rating": "nps", "subject_kind": "theme", "subject_id": "t1", "value": 0.0, "unit": "points", "n": 1},
        ),
        "unprocessable": LEFT_OUT,
    }
    return headline_of(**{**frames, **changes})


def empty() -> dict[str, Any]:
    schemas = {name: tables.empty(tables.SCHEMAS[name]) for name in tables.SCHEMAS}
    names = ("records", "segments", "mentions", "themes", "pain_points", "ratings")
    return headline_of(
        records_in=0, answers=pl.DataFrame(schema=ANSWERS), unprocessable=(), **{name: schemas[name] for name in names}
    )


def test_the_headline_has_its_keys_and_is_ready_for_json() -> None:
    for found in (small(), empty()):
        assert list(found) == KEYS
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_records_in_are_analyzed_plus_unprocessable() -> None:
    found = small()
    assert found["records_in"] == found["analyzed"] + sum(found["unprocessable"].values()) == 7
    assert found["unprocessable"] == {"empty": 2, "language_unsupported": 1}


def test_a_record_lost_on_the_way_is_an_error() -> None:
    with pytest.raises(ShapeMismatch, match="8 records came in, but 4 analyzed and 3 unprocessable came out"):
        small(records_in=8)


def test_findings_leave_out_repetitions() -> None:
    found = small()
    assert found["duplicates"] == 1
    assert found["label_shares"] == pytest.approx({"negative": 1 / 3, "neutral": 0, "positive": 2 / 3})
    assert found["polarity"]["n"] == 3
    assert found["polarity"]["value"] == pytest.approx(0.2)
    assert (found["mixed_share"], found["confident_share"]) == pytest.approx((1 / 3, 2 / 3))


def test_pain_is_counted_in_records_and_themes_in_segments() -> None:
    found = small()
    assert found["pain_record_share"]["value"] == pytest.approx(1 / 3)
    assert found["unassigned_share"] == 0.75
    assert (found["segments"], found["themes"], found["pain_points"]) == (5, 1, 1)


def test_shares_that_the_model_counts_say_where_the_true_ones_may_lie_and_how_that_is_known() -> None:
    measured = {"n_with": 100, "found": 70, "n_without": 300, "cleared": 290}
    errors = [
        MeasuredErrors(decision="pain", texts=texts, source="review", **measured) for texts in ("gloves", "hotels")
    ]
    found = small(errors=errors)
    share = found["pain_record_share"]
    assert 0 <= share["true_low"] <= share["ci_low"] < share["ci_high"] <= share["true_high"] <= 1
    assert share["measured_on"] == ["gloves", "hotels"]
    assert found["negative_record_share"]["value"] == found["label_shares"]["negative"]
    assert (found["negative_record_share"]["true_low"], found["negative_record_share"]["measured_on"]) == (None, [])


def test_intervals_are_between_people() -> None:
    answers = table(ANSWERS, *[answer(f"r{i}") for i in range(1, 4)])
    alone, told = small(answers=answers), small(answers=answers.with_columns(pl.lit("one").alias(PERSON)))
    low, high = scipy.stats.beta.ppf([0.025, 0.975], 1.5, 2.5)  # Jeffreys', 1 of 3
    found = alone["pain_record_share"]
    assert [found[key] for key in ("value", "ci_low", "ci_high", "n")] == pytest.approx([1 / 3, low, high, 3])
    for key in ("pain_record_share", "polarity"):
        assert (told[key]["value"], told[key]["n"]) == (pytest.approx(alone[key]["value"]), 3)
        assert told[key]["ci_high"] - told[key]["ci_low"] > alone[key]["ci_high"] - alone[key]["ci_low"]


@pytest.mark.parametrize("known", list(Known))
def test_what_tells_whose_records_are_whose_is_told(known: Known) -> None:
    found = small(people=known)
    assert (found["people_known_by"], found["respondents"]) == (known.value, 2)
    assert json.loads(json.dumps(found))["people_known_by"] == known.value


def test_emotions_are_counted_in_counted_records_by_their_strongest_segment() -> None:
    judged = table(
        tables.SEGMENTS,
        {"segment_id": "s0", "record_id": "r1", "p_anger": 0.1, "p_gratitude": 0.2},
        {"segment_id": "s1", "record_id": "r1", "p_anger": 0.7, "p_gratitude": 0.2},
        {"segment_id": "s2", "record_id": "r2", "p_anger": 0.2, "p_gratitude": 0.2},
        {"segment_id": "s3", "record_id": "r4", "p_anger": 0.9, "p_gratitude": 0.9},
    )
    emotions = small(segments=judged)["emotions"]
    assert (emotions["anger"]["value"], emotions["anger"]["n"]) == (0.5, 2)
    assert emotions["gratitude"]["value"] == 0
    assert emotions["confusion"] == {"value": None, "ci_low": None, "ci_high": None, "n": 0}


def test_leaving_counts_each_counted_record_once() -> None:
    assert small()["leaving"] == 0
    assert small(leaving=["r1", "r1", "r2", "r4", "elsewhere"])["leaving"] == 2


def test_only_the_rating_of_everyone_stands_in_the_headline() -> None:
    assert small()["ratings"] == [
        {"rating": "nps", "value": 20.0, "unit": "points", "ci_low": None, "ci_high": None, "n": 5, "n_commented": None}
    ]


def test_period_sources_languages_and_respondents_are_told() -> None:
    found = small()
    assert found["period"] == {"first": "2026-01-05", "last": "2026-07-05", "unit": "month"}
    assert found["undated"] == 3
    assert found["sources"] == {"review": 3, "survey": 1}
    assert found["languages"] == {"en": 4, "de": 1}
    assert found["respondents"] == 2


def test_nothing_at_all_has_nulls_where_there_is_nothing_to_say() -> None:
    found = empty()
    nothing = {"value": None, "ci_low": None, "ci_high": None, "n": 0}
    assert found["polarity"] == nothing
    decided = {**nothing, "true_low": None, "true_high": None, "measured_on": []}
    assert found["pain_record_share"] == found["negative_record_share"] == decided
    assert found["label_shares"] == {"negative": None, "neutral": None, "positive": None}
    for key in ("respondents", "mixed_share", "confident_share", "period", "unassigned_share"):
        assert found[key] is None
    assert found["ratings"] == []
