from __future__ import annotations

from typing import Any

from api.compat.azure import document_of
from textcx.domain.aspects import Aspect
from textcx.domain.items import SegmentItem, SentimentItem

TEXT = "The staff were not very friendly. Fine."
SHARES = {"negative": 0.8, "neutral": 0.1, "positive": 0.1}


def aspect(start: int | None = 4, end: int | None = 9, first: int | None = 24, last: int | None = 32) -> Aspect:
    word = None if start is None else TEXT[start:end]
    return Aspect(
        start=start, end=end, aspect=word, opinion_start=first, opinion_end=last, negated=True, polarity=-0.7,
        probabilities=SHARES,
    )  # fmt: skip


def sentence(*aspects: Aspect, mined: bool = True, unit: str = "codepoint") -> dict[str, Any]:
    segment = SegmentItem(
        start=0, end=33, label="negative", polarity=-0.7, probabilities=SHARES, p_pain=0.5, p_request=0.0
    )
    item = SentimentItem(id="1", label="negative", probabilities=SHARES, segments=(segment,), aspects=aspects)
    found: dict[str, Any] = document_of(item, TEXT, number=3, unit=unit, mined=mined)["sentences"][0]
    return found


def test_a_target_refers_to_its_assessment() -> None:
    found = sentence(aspect())
    [target], [assessment] = found["targets"], found["assessments"]
    assert target["text"] == "staff"
    assert target["relations"] == [{"relationType": "assessment", "ref": "#/documents/3/sentences/0/assessments/0"}]
    assert (assessment["text"], assessment["offset"], assessment["length"]) == ("friendly", 24, 8)
    assert assessment["isNegated"] is True
    assert target["sentiment"] == "negative"
    assert target["confidenceScores"] == {"positive": 0.11, "negative": 0.89}


def test_one_target_may_have_several_assessments() -> None:
    found = sentence(aspect(), aspect(first=10, last=14))
    [target] = found["targets"]
    assert [each["ref"][-1] for each in target["relations"]] == ["0", "1"]
    assert [each["text"] for each in found["assessments"]] == ["friendly", "were"]


def test_an_aspect_without_an_opinion_is_no_target_and_a_bare_opinion_no_assessment() -> None:
    found = sentence(aspect(first=None, last=None), aspect(start=None, end=None))
    assert found["targets"] == found["assessments"] == []


def test_without_opinion_mining_there_are_no_such_fields() -> None:
    assert "targets" not in sentence(aspect(), mined=False)
