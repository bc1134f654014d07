"""Lexicons, slices, contrast pairs and bias, each on a few texts of its own."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import numpy as np
import pytest
from fakes import FakeEncoder

from textcx.evaluation.answers import NEGATIVE, NEUTRAL, POSITIVE, Answers, Baseline, load_baselines
from textcx.evaluation.pairs import measure_bias, measure_pairs
from textcx.evaluation.sentiment_sets import LabelledTexts, competing, measure_baselines, measure_sentiment
from textcx.evaluation.slices import KINDS, measure_slices


def lexicon(border: float, polarities: dict[str, float]) -> Baseline:
    return Baseline("own", "1", polarities.__getitem__, border)


def test_a_lexicon_is_used_with_its_own_border() -> None:
    numbers = np.array([0.05, 0.049, 0.0, -0.049, -0.05])
    assert lexicon(0.05, {}).labels(numbers, two_way=False).tolist() == [POSITIVE, NEUTRAL, NEUTRAL, NEUTRAL, NEGATIVE]
    assert lexicon(0.0, {}).labels(numbers, two_way=False).tolist() == [POSITIVE, POSITIVE, NEUTRAL, NEGATIVE, NEGATIVE]


def test_among_two_labels_the_sign_decides_and_no_opinion_is_wrong() -> None:
    numbers = np.array([0.01, 0.0, -0.01])
    one = lexicon(0.05, {})
    assert one.labels(numbers, two_way=True).tolist() == [POSITIVE, NEUTRAL, NEGATIVE]
    found = measure_baselines([one], {"own": numbers}, np.array([POSITIVE, POSITIVE, NEGATIVE]), two_way=True)
    assert found["own"]["accuracy"] == pytest.approx(2 / 3)


def test_a_lexicon_reads_each_different_text_once_and_answers_in_order() -> None:
    asked: list[str] = []

    def polarity(text: str) -> float:
        asked.append(text)
        return float(len(text))

    assert Baseline("own", "1", polarity, 0.0).polarities(["a", "bb", "a"]).tolist() == [1.0, 2.0, 1.0]
    assert asked == ["a", "bb"]


def test_a_lexicon_that_is_not_installed_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", none)
    found, missing = load_baselines()
    assert found == []
    assert set(missing) == {"vader", "textblob"}
    assert "pip install 'textcx[benchmarks]'" in missing["vader"]


def test_the_lexicons_tell_praise_from_blame() -> None:
    found, missing = load_baselines()
    assert missing == {}
    for one in found:
        numbers = one.polarities(["This is great.", "This is terrible.", "The box is on the table."])
        assert one.labels(numbers, two_way=False).tolist() == [POSITIVE, NEGATIVE, NEUTRAL]


def test_two_labels_compete_without_neutral_and_an_empty_rest_is_even() -> None:
    found = competing(np.array([[0.1, 0.6, 0.3], [0.0, 1.0, 0.0]]), two_way=True)
    assert found.tolist() == [[pytest.approx(0.25), 0.0, pytest.approx(0.75)], [0.5, 0.0, 0.5]]


def test_confidence_is_that_of_the_three_way_answer() -> None:
    answers = np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3]], dtype=np.float32)
    found = measure_sentiment(answers, np.array([0, 2, 2]), confident_at=0.75, two_way=True)
    assert found["confident_share"] == pytest.approx(2 / 3)
    assert found["confident_errors"] == 0.5
    assert found["neutral_share"] == pytest.approx(2 / 3)


def test_without_a_confident_answer_its_errors_are_unknown() -> None:
    found = measure_sentiment(np.full((2, 3), 1 / 3, np.float32), np.array([0, 1]), confident_at=0.9)
    assert found["confident_errors"] is None


@pytest.mark.parametrize(
    ("kind", "has", "lacks"),
    [
        ("negation", ["It wasn't good", "it was n't", "dont go", "No problem", "never again", "didn\u2019t work"], ["I want it", "a notable knot", "the hunt"]),
        ("but, although, however", ["Nice but slow", "However, it broke"], ["butter", "a rebuttal"]),
        ("question", ["why?"], ["why"]),
        ("emoji or emoticon", ["ok 😀", "fine :)", "bad :-(", "<3 it"], ["at 10:30", "(see p. 3)", "a=b", "https://x.org"]),
        ("word in capitals", ["so BAD"], ["it is OK", "TV", "Bad"]),
        ("hashtag or mention", ["@you", "so #good"], ["mail me a@b.org", "# 1", "C#"]),
    ],
)  # fmt: skip
def test_kinds_of_texts_are_told_by_what_is_in_them(kind: str, has: list[str], lacks: list[str]) -> None:
    assert [bool(KINDS[kind](text)) for text in has] == [True] * len(has)
    assert [bool(KINDS[kind](text)) for text in lacks] == [False] * len(lacks)


def labelled(texts: list[str], truth: list[int], source: str = "review") -> LabelledTexts:
    return LabelledTexts(
        texts, np.array(truth), np.array([source] * len(texts)), np.array([""] * len(texts), dtype=np.str_)
    )


def test_every_set_counts_the_same_in_a_slice() -> None:
    wrong, right = np.eye(3, dtype=np.float32)[[2] * 100], np.eye(3, dtype=np.float32)[[0] * 40]
    found = measure_slices(
        [(labelled(["never good"] * 100, [0] * 100), wrong), (labelled(["bad"] * 40, [0] * 40, "social"), right)]
    )
    assert found[0]["accuracy"] == pytest.approx(0.5)
    by_name = {(one["kind"], one["value"]): one for one in found}
    assert by_name["negation", "yes"]["texts"] == 100
    assert by_name["negation", "yes"]["ece"] == pytest.approx(1.0)
    assert by_name["source", "social"]["accuracy"] == 1.0
    assert ("question", "yes") not in by_name  # too few to show


def test_no_sets_make_no_slices() -> None:
    assert measure_slices([]) == []


PAIRS: list[dict[str, Any]] = [
    {"line": 1, "head": "pain", "yes": "it came late", "no": "what a terrible colour"},
    {"line": 2, "head": "pain", "yes": "it stopped", "no": "a rude joke in the film"},
    {"line": 3, "head": "sentiment", "texts": ["lovely", "awful"], "labels": ["positive", "negative"]},
    {"line": 4, "head": "sentiment", "texts": ["we came", "awful"], "labels": ["positive", "neutral"]},
]


def test_pairs_are_counted_as_ordered_and_as_right() -> None:
    found = measure_pairs(Answers(FakeEncoder()), PAIRS)
    assert found["pain"]["ordered"] == 0.5
    assert found["pain"]["ordered_by_p_negative"] == 0.0
    assert found["pain"]["right"] == 0.5
    assert (found["sentiment"]["right"], found["sentiment"]["both_right"]) == (0.5, 0.5)
    assert found["sentiment"]["ordered"] == 1.0
    assert "request" not in found


def test_failures_of_pairs_are_named_by_line_with_the_surest_first() -> None:
    found = measure_pairs(Answers(FakeEncoder()), PAIRS)
    assert [(one["line"], one["side"]) for one in found["pain"]["failures"]] == [(2, "yes"), (2, "no")]
    assert [(one["line"], one["side"], one["said"]) for one in found["sentiment"]["failures"]] == [
        (4, 1, "negative"), (4, 0, "neutral"),
    ]  # fmt: skip


@pytest.fixture
def about() -> dict[str, Any]:
    return {
        "template": [
            {"text": "{who} came.", "slot": "who", "groups": "people", "tone": "neutral"},
            {"text": "{who} is here, lovely.", "slot": "who", "groups": "people", "tone": "positive"},
        ],
        "groups": {"people": {"one": {"values": ["bob", "ann"]}, "other": {"values": ["kind bob"]}}},
        "dialect": [
            {"kind": "own", "tone": "positive", "standard": "a lovely day", "variant": "a luvly day"},
            {"kind": "own", "tone": "neutral", "standard": "we came", "variant": "us come"},
        ],
    }


def test_bias_is_the_distance_between_groups_of_one_template(about: dict[str, Any]) -> None:
    answers = Answers(FakeEncoder())
    found = measure_bias(answers, about)
    first = found["templates"][0]
    gap = float(answers.polarity(["Kind bob came."])[0] - answers.polarity(["Bob came."])[0])
    assert first["largest_change"] == first["mean_change"] == pytest.approx(gap)
    assert (first["lowest"], first["highest"]) == ("one", "other")
    assert first["flips"] == pytest.approx(1 / 3)
    assert first["right"] == pytest.approx(2 / 3)
    assert found["kinds"]["people"]["shift"]["one"] == pytest.approx(-found["kinds"]["people"]["shift"]["other"])


def test_dialect_pairs_are_compared_with_standard_english(about: dict[str, Any]) -> None:
    found = measure_bias(Answers(FakeEncoder()), about)["dialects"]["own"]
    assert found["pairs"] == 2
    assert found["mean_change"] < 0
    assert found["mean_absolute_change"] == pytest.approx(-found["mean_change"])
    assert found["flips"] == 0.5
    assert (found["right_standard"], found["right_variant"]) == (1.0, 0.5)
