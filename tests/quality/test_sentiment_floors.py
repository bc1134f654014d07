"""Floors under the encoder's quality. The hand-written pairs need no data; the rest reads the open data folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from textcx.engines.torch_encoder import TorchEncoder, load_encoder
from textcx.training.examples import BY_LABEL, labelled
from textcx.training.measures import f1, macro_f1, roc_auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TEXTCX_DATA", ROOT.parent / "shared" / "data"))
LABELS = tuple(BY_LABEL)
PAIRS = [
    json.loads(line) for line in (ROOT / "tests/quality/contrast_pairs.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def encoder() -> TorchEncoder:
    return load_encoder(ROOT / "models" / "sentiment")


def head_of(encoder: TorchEncoder, head: str, kind: str) -> NDArray[np.float32]:
    found = encoder.encode([pair[kind] for pair in PAIRS if pair["head"] == head])
    return getattr(found, head)


def test_there_are_enough_hand_written_pairs() -> None:
    assert len(PAIRS) >= 60


@pytest.mark.parametrize(("head", "ranked", "right"), [("pain", 0.85, 0.70), ("request", 0.90, 0.85)])
def test_hand_written_pairs_are_told_apart(encoder: TorchEncoder, head: str, ranked: float, right: float) -> None:
    yes, no = head_of(encoder, head, "yes"), head_of(encoder, head, "no")
    assert (yes > no).mean() >= ranked
    assert np.concatenate([yes >= 0.5, no < 0.5]).mean() >= right


def test_hand_written_sentiments_are_mostly_right(encoder: TorchEncoder) -> None:
    chosen = [pair for pair in PAIRS if pair["head"] == "sentiment"]
    found = encoder.encode([text for pair in chosen for text in pair["texts"]]).sentiment.argmax(1)
    truth = np.array([LABELS.index(label) for pair in chosen for label in pair["labels"]])
    assert (found == truth).mean() >= 0.65


def test_a_pain_in_a_calm_tone_is_no_matter_of_mood(encoder: TorchEncoder) -> None:
    found = encoder.encode(["I had to call four times.", "I hate winter."])
    assert found.pain[0] >= 0.5 > found.pain[1]
    assert found.sentiment[1].argmax() == LABELS.index("negative")


@pytest.mark.quality
@pytest.mark.parametrize(("name", "floor"), [("cebab", 0.80), ("nhs_survey", 0.65), ("sst3_test", 0.58)])
def test_sentiment_reaches_its_floor(encoder: TorchEncoder, name: str, floor: float) -> None:
    records = [record for record in labelled(DATA, f"sentiment/{name}", "test") if record["label"]]
    found = encoder.encode([record["text"] for record in records], vectors=False).sentiment.argmax(1)
    assert macro_f1(np.array([LABELS.index(record["label"]) for record in records]), found) >= floor


@pytest.mark.quality
def test_pain_is_found_in_answers_of_patients(encoder: TorchEncoder) -> None:
    records = [
        record
        for record in labelled(DATA, "sentiment/nhs_survey", "test")
        if record["label"] in {"negative", "positive"}
    ]
    found = encoder.encode([record["text"] for record in records], vectors=False).pain
    assert roc_auc(np.array([record["label"] == "negative" for record in records]), found) >= 0.93


@pytest.mark.quality
def test_requests_are_found_in_a_forum_never_trained_on(encoder: TorchEncoder) -> None:
    records = list(labelled(DATA, "problems/suggestion_a", "test"))
    found = encoder.encode([record["text"] for record in records], vectors=False).request
    assert f1(np.array([record["suggestion"] == 1 for record in records]), found >= 0.5) >= 0.55
