"""Floors under the encoder's quality. The hand-written pairs need no data; the rest reads the open data folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from textcx.domain.encoding import LABELS
from textcx.engines.encoders import load_encoder
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


@pytest.mark.parametrize(("head", "ordered", "right"), [("pain", 0.65, 0.55), ("request", 0.90, 0.85)])
def test_hand_written_pairs_are_told_apart(pairs: dict[str, Any], head: str, ordered: float, right: float) -> None:
    assert pairs[head]["ordered"] >= ordered
    assert pairs[head]["right"] >= right


def test_the_pain_head_orders_the_pairs_better_than_the_tone_does(pairs: dict[str, Any]) -> None:
    assert pairs["pain"]["ordered"] > pairs["pain"]["ordered_by_p_negative"]


def test_hand_written_sentiments_are_mostly_right(pairs: dict[str, Any]) -> None:
    assert pairs["sentiment"]["right"] >= 0.65


def test_a_pain_in_a_calm_tone_is_no_matter_of_mood(encoder: Encoder) -> None:
    found = encoder.encode(["I had to call four times.", "I hate winter."])
    assert found.pain[0] >= 0.5 > found.pain[1]
    assert found.sentiment[1].argmax() == LABELS.index("negative")


FLOORS = {
    "dynasent_r1": ("macro_f1", 0.63),
    "dynasent_r2": ("macro_f1", 0.54),
    "semeval_tweets": ("macro_recall", 0.68),
    "cebab": ("macro_f1", 0.80),
    "nhs_survey": ("macro_f1", 0.65),
    "sst3": ("macro_f1", 0.58),
    "goemotions": ("macro_f1", 0.69),
}


@pytest.fixture(scope="module")
def report(encoder: Encoder) -> dict[str, Any]:
    return evaluate(encoder=encoder, data=DATA, sets=[*FLOORS, "suggestion_a"], baselines=False)


@pytest.mark.quality
@pytest.mark.parametrize("name", FLOORS)
def test_sentiment_reaches_its_floor(report: dict[str, Any], name: str) -> None:
    measure, floor = FLOORS[name]
    assert report["sentiment"][name][measure] >= floor


@pytest.mark.quality
def test_pain_is_found_in_answers_of_patients(report: dict[str, Any]) -> None:
    assert report["pain"]["nhs_survey"]["auc"] >= 0.93


@pytest.mark.quality
def test_requests_are_found_in_a_forum_never_trained_on(report: dict[str, Any]) -> None:
    assert report["request"]["suggestion_a"]["f1"] >= 0.55
