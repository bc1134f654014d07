from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from languages import PAINS

from textcx.steps.pains.urgency import Case, aged, judge_urgency, value_rank

judge_urgency = partial(judge_urgency, lexicon=PAINS)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def case(**changes: Any) -> Case:
    values: dict[str, Any] = {
        "label": "negative", "severities": (), "reasons": (), "emotions": {}, "text": "It broke.", "value_rank": None,
        "created_at": NOW, "earlier": 0,
    }  # fmt: skip
    return Case(**{**values, **changes})


def score(**changes: Any) -> float:
    found = judge_urgency(case(**changes), now=NOW)
    return 0.0 if found is None else found.score


def kinds(**changes: Any) -> set[str]:
    found = judge_urgency(case(**changes), now=NOW)
    assert found is not None
    return {reason["kind"] for reason in found.reasons}


def test_a_positive_record_needs_nobody() -> None:
    assert judge_urgency(case(label="positive", text="Why so good?"), now=NOW) is None


def test_a_record_that_is_only_negative_in_tone_needs_nobody() -> None:
    assert judge_urgency(case(text="Worst shop ever."), now=NOW) is None
    assert judge_urgency(case(severities=(0.3,)), now=NOW) is None


def test_a_severe_pain_needs_a_person_whatever_the_tone() -> None:
    assert score(label="neutral", severities=(0.8,)) == pytest.approx(22.4)


def test_the_gravest_consequence_counts_most() -> None:
    broken = score(severities=(0.5,), reasons=("consequence: broken or damaged",))
    money = score(severities=(0.5,), reasons=("consequence: money",))
    both = score(severities=(0.5,), reasons=("consequence: broken or damaged", "consequence: money"))
    assert both > money > broken


def test_safety_comes_first_whatever_else_others_tell() -> None:
    everything = [one.reason for one in PAINS.consequences if not one.reason.startswith("safety: ")]
    feelings = {"anger": 1.0, "disappointment": 1.0, "confusion": 1.0}
    loudest = case(
        severities=(0.95,), reasons=everything, emotions=feelings, text="Why?", value_rank=1.0, earlier=9,
        created_at=NOW - timedelta(days=30),
    )  # fmt: skip
    found = judge_urgency(loudest, now=NOW)
    assert found is not None
    for reason in ("safety: harm", "safety: death", "safety: danger"):
        assert score(severities=(0.8,), reasons=(reason,)) > found.score


def test_safety_that_another_segment_of_the_record_tells_counts_as_much() -> None:
    assert score(severities=(0.6,), reasons=("same record: safety: harm",)) == score(
        severities=(0.6,), reasons=("safety: harm",)
    )
    assert kinds(severities=(0.6,), reasons=("same record: safety: harm",)) >= {"safety"}


def test_leaving_is_a_reason_of_its_own() -> None:
    assert kinds(severities=(0.2,), reasons=("leaving: left", "long wait")) >= {"leaving", "consequence"}
    assert score(reasons=("leaving: left",)) > score(reasons=("leaving: may leave",))


def test_a_strong_hard_feeling_is_a_reason_and_never_the_only_one() -> None:
    assert "emotion" in kinds(severities=(0.6,), emotions={"anger": 0.9, "gratitude": 0.9})
    assert "emotion" not in kinds(severities=(0.6,), emotions={"anger": 0.4, "gratitude": 0.9})
    assert judge_urgency(case(severities=(0.3,), emotions={"anger": 0.9}), now=NOW) is None


def test_a_question_is_a_reason_and_a_rhetorical_mark_in_mid_sentence_is_none() -> None:
    assert "unanswered question" in kinds(text="I paid twice. When do I get my money back?")
    assert judge_urgency(case(text="Good value? I think not."), now=NOW) is None


def test_earlier_records_of_the_respondent_and_saying_so_add_up_to_a_limit() -> None:
    assert score(earlier=1) == 2.5
    assert score(earlier=1, reasons=("repeated contact",)) == 5.0
    assert score(earlier=9, reasons=("repeated contact",)) == 5.0


def test_waiting_adds_points_for_a_week() -> None:
    found = judge_urgency(case(severities=(0.5,)), now=NOW)
    assert found is not None
    after = [aged(found, created_at=NOW, now=NOW + timedelta(days=days)).score for days in (0, 3.5, 7, 70)]
    assert after == [14.0, 16.0, 18.0, 18.0]


def test_a_record_from_the_future_is_not_younger_than_new() -> None:
    assert score(severities=(0.5,), created_at=NOW + timedelta(days=9)) == 14.0


def test_value_is_ranked_among_known_customers() -> None:
    assert value_rank(300.0, [100.0, 200.0, 300.0, 400.0]) == 0.5
    assert value_rank(None, [1.0]) is None
    assert value_rank(1.0, []) is None
    assert "customer value" in kinds(severities=(0.9,), value_rank=0.9)


def test_the_weightiest_reason_comes_first() -> None:
    found = judge_urgency(case(severities=(0.9,), earlier=1, text="Why?"), now=NOW)
    assert found is not None
    points = [reason["points"] for reason in found.reasons]
    assert points == sorted(points, reverse=True)
    assert found.reasons[0] == {"kind": "severity", "detail": "severe pain, severity 0.90", "points": 25.2}


cases = st.builds(
    case,
    severities=st.lists(st.floats(0, 1), max_size=3),
    reasons=st.lists(
        st.sampled_from(
            [
                "safety: harm",
                "leaving: left",
                "consequence: money",
                "repeated contact",
                "long wait",
                "intensity: capitals",
            ]
        ),
        max_size=4,
    ),
    emotions=st.dictionaries(st.sampled_from(["anger", "gratitude", "confusion"]), st.floats(0, 1)),
    text=st.sampled_from(["It broke.", "Can you help me?"]),
    value_rank=st.none() | st.floats(0, 1),
    created_at=st.integers(0, 400).map(lambda days: NOW - timedelta(days=days)),
    earlier=st.integers(0, 5),
)


@given(cases)
def test_the_score_is_the_sum_of_its_points_within_0_and_100(some: Case) -> None:
    found = judge_urgency(some, now=NOW)
    if found is not None:
        assert found.score == pytest.approx(sum(reason["points"] for reason in found.reasons), abs=0.05)
        assert 0 < found.score <= 100


@given(cases, st.floats(0, 1))
def test_more_severity_never_makes_a_record_less_urgent(some: Case, more: float) -> None:
    from dataclasses import replace

    before = judge_urgency(some, now=NOW)
    after = judge_urgency(replace(some, severities=(*some.severities, more)), now=NOW)
    assert before is None or (after is not None and after.score >= before.score)
