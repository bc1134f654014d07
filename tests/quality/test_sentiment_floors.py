"""Floors under the encoder's quality. The hand-written pairs need no data; the rest reads the open data folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from textcx.domain.encoding import LABELS
from textcx.engines.encoder.load import load_encoder
from textcx.evaluation import evaluate
from textcx.evaluation.answers import Answers
from textcx.evaluation.pairs import measure_pairs, pairs_directory, read_pairs

if TYPE_CHECKING:
    from typing import Any

    from textcx.ports import Encoder

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TEXTCX_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(ROOT / "models" / "sentiment")


@pytest.fixture(scope="module")
def pairs(encoder: Encoder) -> dict[str, Any]:
    return measure_pairs(Answers(encoder), read_pairs(pairs_directory()))


def test_there_are_enough_hand_written_pairs(pairs: dict[str, Any]) -> None:
    assert pairs["pain"]["pairs"] >= 190
    assert pairs["request"]["pairs"] + pairs["sentiment"]["pairs"] >= 40


@pytest.mark.parametrize(("head", "ordered", "right"), [("pain", 0.71, 0.63), ("request", 0.94, 0.88)])
def test_hand_written_pairs_are_told_apart(pairs: dict[str, Any], head: str, ordered: float, right: float) -> None:
    assert pairs[head]["ordered"] >= ordered
    assert pairs[head]["right"] >= right


def test_the_pain_head_orders_the_pairs_better_than_the_tone_does(pairs: dict[str, Any]) -> None:
    assert pairs["pain"]["ordered"] > pairs["pain"]["ordered_by_p_negative"] + 0.2


def test_hand_written_sentiments_are_mostly_right(pairs: dict[str, Any]) -> None:
    assert pairs["sentiment"]["right"] >= 0.75


def test_a_pain_in_a_calm_tone_is_no_matter_of_mood(encoder: Encoder) -> None:
    found = encoder.encode(["I had to call four times.", "I hate winter."])
    assert found.pain[0] >= 0.5 > found.pain[1]
    assert found.sentiment[1].argmax() == LABELS.index("negative")


FLOORS = {
    "dynasent_r1": ("macro_f1", 0.70),
    "dynasent_r2": ("macro_f1", 0.55),
    "semeval_tweets": ("macro_recall", 0.67),
    "cebab": ("macro_f1", 0.82),
    "nhs_survey": ("macro_f1", 0.76),
    "sst3": ("macro_f1", 0.60),
    "goemotions": ("macro_f1", 0.69),
}
CEILINGS = {"dynasent_r1": 0.02, "semeval_tweets": 0.04, "cebab": 0.05, "sst3": 0.06, "goemotions": 0.03}
"""Of the corrected calibration error, on sets large enough for it."""


@pytest.fixture(scope="module")
def report(encoder: Encoder) -> dict[str, Any]:
    return evaluate(encoder=encoder, data=DATA, sets=[*FLOORS, "suggestion_a"], baselines=False)


@pytest.mark.quality
@pytest.mark.parametrize("name", FLOORS)
def test_sentiment_reaches_its_floor(report: dict[str, Any], name: str) -> None:
    measure, floor = FLOORS[name]
    assert report["sentiment"][name][measure] >= floor


@pytest.mark.quality
@pytest.mark.parametrize("name", CEILINGS)
def test_probabilities_stay_honest(report: dict[str, Any], name: str) -> None:
    assert report["sentiment"][name]["ece_corrected"] <= CEILINGS[name]


@pytest.mark.quality
def test_pain_is_found_in_answers_of_patients(report: dict[str, Any]) -> None:
    assert report["pain"]["nhs_survey"]["auc"] >= 0.97


@pytest.mark.quality
def test_requests_are_found_in_a_forum_never_trained_on(report: dict[str, Any]) -> None:
    assert report["request"]["suggestion_a"]["f1"] >= 0.57


@pytest.mark.quality
@pytest.mark.parametrize(
    ("emotion", "auc"), [("anger", 0.84), ("disappointment", 0.79), ("gratitude", 0.98), ("confusion", 0.81)]
)
def test_emotions_are_ranked(report: dict[str, Any], emotion: str, auc: float) -> None:
    assert report["emotions"][emotion]["auc"] >= auc
