from __future__ import annotations

from api.compat.azure import document_of
from textcx.domain.items import SegmentItem, SentimentItem
from textcx.ports import Phrase

TEXT = "The staff were not very friendly. Fine."
SHARES = {"negative": 0.8, "neutral": 0.1, "positive": 0.1}


def item(label: str = "negative") -> SentimentItem:
    segment = SegmentItem(start=0, end=33, label=label, polarity=-0.7, probabilities=SHARES, p_pain=0.5, p_request=0.0)
    return SentimentItem(id="1", label=label, probabilities=SHARES, segments=(segment,))


PHRASES = (Phrase(4, 9, "staff", "noun"), Phrase(24, 32, "friendly", "adjective"), Phrase(34, 38, "fine", "adjective"))


def document(label: str = "negative", vague: frozenset[str] = frozenset()) -> dict[str, object]:
    found = document_of(item(label), TEXT, number=3, unit="codepoint", phrases=PHRASES, vague=vague)
    return dict(found["sentences"][0])


def test_a_target_refers_to_its_assessment() -> None:
    sentence = document()
    [target], [assessment] = sentence["targets"], sentence["assessments"]  # type: ignore[misc]
    assert target["text"] == "staff"
    assert target["relations"] == [{"relationType": "assessment", "ref": "#/documents/3/sentences/0/assessments/0"}]
    assert (assessment["text"], assessment["offset"], assessment["length"]) == ("friendly", 24, 8)
    assert assessment["isNegated"] is True
    assert target["confidenceScores"] == {"positive": 0.11, "negative": 0.89}


def test_a_neutral_segment_has_no_opinions() -> None:
    assert document("neutral")["targets"] == document("neutral")["assessments"] == []


def test_a_vague_word_is_no_target() -> None:
    assert document(vague=frozenset({"staff"}))["targets"] == []


def test_without_opinion_mining_there_are_no_such_fields() -> None:
    found = document_of(item(), TEXT, number=0, unit="codepoint", phrases=None, vague=frozenset())
    assert "targets" not in found["sentences"][0]
