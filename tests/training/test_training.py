"""Training: what the corpus teaches, how batches are cut, and a whole run on a handful of texts."""

from __future__ import annotations

import json
import math
import shutil
import tomllib
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from textcx.domain.errors import ModelProblem
from textcx.engines.encoder_network import EncoderNetwork, EncoderOutput, NetworkShape
from textcx.training.batches import cut, draw_epoch, pad, padded_length, sorted_batches
from textcx.training.calibrate import confident_from, fit_scale, fit_temperature
from textcx.training.contrasts import contrast_examples
from textcx.training.corpus import read_corpus
from textcx.training.examples import (
    Corpus,
    Example,
    Source,
    request_from_wording,
    shares_from_intensity,
    split_by_hash,
)
from textcx.training.export import export_model
from textcx.training.loop import Training, TrainingPlan, losses_of, targets_of
from textcx.training.measures import calibration_error, f1, macro_f1, macro_recall, roc_auc
from textcx.training.run import start_folder
from textcx.training.sources import ONLY_ASKS, SOURCES, WENT_WRONG

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = {
    "sentiment/cebab": {"label": "negative", "stars": 1, "aspects": {"service": "negative"}},
    "sentiment/nhs_survey": {"label": "positive"},
    "sentiment/nhs_phase1": {"label": "neutral", "criticality": 0},
    "sentiment/semeval2017_tweets": {"label": "neutral"},
    "sentiment/goemotions": {"label": None},
    "sentiment/pros_cons": {"label": "positive"},
    "sentiment/vader_intensity": {"intensity": -2.0, "subset": "amazon"},
    "sentiment/sentence_polarity": {"label": "negative"},
    "sentiment/uci_sentences": {"label": "negative"},
    "sentiment/huliu": {"label": "positive", "features": [{"feature": "screen", "strength": 2}]},
    "sentiment/dynasent_pool": {"label": None},
    "problems/cfpb": {},
    "problems/jupyter_2015": {"question": "wanted_change"},
    "clusters/banking77": {"label": "transaction_charged_twice"},
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One text of each split in every file of the mix."""
    for name, extra in RECORDS.items():
        path = tmp_path / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        lines = [
            json.dumps({"id": split, "text": f"please add a {split} text about {name}", "split": split} | extra)
            for split in ("train", "dev", "test")
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "dumps").mkdir()
    (tmp_path / "dumps/womens_clothing.csv").write_text(
        "Clothing ID,Title,Review Text,Rating,Recommended IND\n2,Bad,It ripped,1,0\n", encoding="utf-8"
    )
    return tmp_path


def test_only_the_wanted_split_is_read(data: Path) -> None:
    for split, others in (("train", ("dev", "test")), ("dev", ("train", "test"))):
        texts = [one.text for one in read_corpus(data, split=split).examples if one.source != "contrasts"]
        assert texts
        assert not [text for text in texts if any(f" a {other} text" in text for other in others)]


def test_every_source_of_the_mix_has_its_place_in_the_corpus(data: Path) -> None:
    corpus = read_corpus(data)
    assert list(corpus.bounds) == [source.name for source in SOURCES]
    assert sum(stop - start for start, stop in corpus.bounds.values()) == len(corpus.examples)


def test_the_neutral_label_of_the_older_survey_teaches_no_sentiment(data: Path) -> None:
    corpus = read_corpus(data)
    start, stop = corpus.bounds["nhs_phase1"]
    assert [one.sentiment for one in corpus.examples[start:stop]] == [None]


def test_texts_that_may_not_be_trained_on_are_never_opened(data: Path) -> None:
    # Neither suggestion_a nor sst3_test exists here, so a reader that wants one would fail.
    assert read_corpus(data).examples
    assert not {source.name for source in SOURCES} & {"suggestion_a", "sst3_test", "dynasent_dev"}


def test_every_source_names_its_licence() -> None:
    assert all(source.licence and source.attribution for source in SOURCES)


def test_no_intent_both_went_wrong_and_only_asks() -> None:
    assert not WENT_WRONG & ONLY_ASKS


@pytest.mark.parametrize(
    ("intensity", "place"), [(-3.0, 0), (-1.2, 0), (-0.3, 1), (0.0, 1), (0.4, 1), (1.2, 2), (3.5, 2)]
)
def test_intensity_becomes_the_nearest_class(intensity: float, place: int) -> None:
    shares = shares_from_intensity(intensity)
    assert math.isclose(sum(shares), 1, abs_tol=1e-6)
    assert max(range(3), key=shares.__getitem__) == place


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Please add an export button", 1.0),
        ("You should offer a student price", 1.0),
        ("It would be great if it synced", 1.0),
        ("More staff at the desk", 1.0),
        ("Better than expected", None),
        ("We waited for an hour", 0.0),
        ("They should have called me", None),
        ("I would recommend it to anyone", 0.0),
    ],
)
def test_wording_tells_whether_a_text_asks(text: str, asks: float | None) -> None:
    assert request_from_wording(text) == asks


def test_contrast_examples_are_always_the_same() -> None:
    first, second = list(contrast_examples()), list(contrast_examples())
    assert first == second
    assert len({one.text for one in first}) > 2_000
    assert not [one.text for one in first if "{" in one.text]


def test_contrast_examples_hold_none_of_the_hand_written_pairs(pytestconfig: pytest.Config) -> None:
    pairs = (pytestconfig.rootpath / "tests/quality/contrast_pairs.jsonl").read_text(encoding="utf-8").lower()
    assert not [one.text for one in contrast_examples() if one.text.strip(" .!").lower() in pairs]


def test_a_text_has_one_split_however_it_is_written() -> None:
    assert split_by_hash("Late again!") == split_by_hash("late   AGAIN")
    splits = [split_by_hash(f"text {number}") for number in range(500)]
    assert 350 < splits.count("train") < 450


def _corpus(count: int) -> tuple[Corpus, tuple[Source, ...]]:
    source = Source("one", lambda _directory, _split: iter(()), each_epoch=count // 2, attribution="a", licence="b")
    return Corpus([Example(f"text {number}", "one") for number in range(count)], {"one": (0, count)}), (source,)


def test_no_example_comes_back_before_all_were_seen() -> None:
    corpus, sources = _corpus(100)
    epochs = [draw_epoch(corpus, sources, seed=3, epoch=epoch) for epoch in range(2)]
    assert sorted(np.concatenate(epochs).tolist()) == list(range(100))
    assert draw_epoch(corpus, sources, seed=3, epoch=1).tolist() == epochs[1].tolist()


def test_batches_hold_every_example_once_and_keep_the_budget() -> None:
    lengths = np.random.default_rng(1).integers(3, 256, 3_000)
    batches = cut(np.arange(3_000), lengths, budget=1024, seed=2)
    assert sorted(np.concatenate(batches).tolist()) == list(range(3_000))
    for batch in batches:
        padded = padded_length(lengths[batch])
        assert len(set(padded.tolist())) == 1
        assert len(batch) == 1 or padded.sum() <= 1024


def test_padding_is_masked() -> None:
    tokens, mask = pad([np.array([1, 2, 3], np.int32), np.arange(17, dtype=np.int32)])
    assert tokens.shape == mask.shape == (2, 32)
    assert mask.sum(1).tolist() == [3, 17]


def test_reading_batches_cover_all_texts() -> None:
    ids = [np.zeros(size, np.int32) for size in (5, 40, 17, 256, 1)]
    assert sorted(np.concatenate(list(sorted_batches(ids, budget=64))).tolist()) == [0, 1, 2, 3, 4]


def test_heads_without_a_label_learn_nothing() -> None:
    targets = targets_of(
        [Example("a", "x", sentiment=(1.0, 0.0, 0.0)), Example("b", "x", pain=1.0)], torch.tensor([[1.0, 0.0]] * 2)
    )
    logits = torch.zeros((2, 3), requires_grad=True)
    pain, request = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    output = EncoderOutput(logits, pain, request, torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    losses = losses_of(output, targets, torch.tensor([0, 1]), smoothing=0.0)
    losses.sum().backward()
    assert losses.tolist() == pytest.approx([math.log(3) / 2, math.log(2) / 2, 0.0, 0.5])
    assert logits.grad is not None
    assert not logits.grad[1].any()
    assert pain.grad is not None
    assert pain.grad.tolist() == [0.0, -0.25]
    assert request.grad is not None
    assert not request.grad.any()


def test_a_temperature_that_was_applied_is_found() -> None:
    chance = np.random.default_rng(4)
    logits = chance.normal(size=(20_000, 3)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (shares.cumsum(1) < chance.random((20_000, 1))).sum(1)
    assert fit_temperature(logits * 2, truth, np.ones(20_000)) == pytest.approx(2, rel=0.05)


def test_a_scale_and_shift_that_were_applied_are_found() -> None:
    chance = np.random.default_rng(5)
    logits = chance.normal(size=20_000) * 2
    truth = (chance.random(20_000) < 1 / (1 + np.exp(-(0.5 * logits + 1)))).astype(int)
    scale, shift = fit_scale(logits, truth, np.ones(20_000))
    assert scale == pytest.approx(0.5, abs=0.05)
    assert shift == pytest.approx(1, abs=0.1)


def test_confident_answers_are_wrong_at_most_one_time_in_ten() -> None:
    chance = np.random.default_rng(6)
    confidence = chance.uniform(0.34, 1, 5_000)
    right = chance.random(5_000) < confidence
    threshold = confident_from(confidence, right, np.ones(5_000))
    sure = confidence >= threshold
    assert (~right[sure]).mean() <= 0.1
    assert 0.25 < sure.mean() < 0.35


def test_measures_agree_with_hand_counts() -> None:
    truth, guess = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    assert macro_f1(truth, guess) == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert macro_recall(truth, guess) == pytest.approx((0.5 + 1 + 1) / 3)
    assert roc_auc(np.array([True, False, True]), np.array([0.9, 0.5, 0.5])) == pytest.approx(0.75)
    assert math.isnan(roc_auc(np.array([True]), np.array([0.9])))
    assert f1(np.array([True, False]), np.array([True, True])) == pytest.approx(2 / 3)
    assert calibration_error(np.array([0.8, 0.8]), np.array([True, False])) == pytest.approx(0.3)


def test_start_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=r"no model\.safetensors"):
        start_folder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelProblem, match="not all-MiniLM-L6-v2"):
        start_folder(tmp_path)


def test_the_model_description_can_be_read_back(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    tokenizer = Tokenizer.from_file(str(pytestconfig.rootpath / "models/sentiment/tokenizer.json"))
    network = EncoderNetwork(NetworkShape(vocabulary=10, positions=8, width=8, layers=1, heads=2, inner_width=8))
    calibration = {"sentiment_temperature": 1.25, "confident_at": 0.75}
    export_model(
        tmp_path,
        network=network,
        tokenizer=tokenizer,
        calibration=calibration,
        plan={"seed": 3},
        choice={"choice": 0.5},
    )
    about = tomllib.loads((tmp_path / "model.toml").read_text(encoding="utf-8"))
    assert about["calibration"] == calibration
    assert NetworkShape(**about["network"]) == network.shape
    assert about["training"]["seed"] == 3
    assert {source["name"] for source in about["data"]} == {source.name for source in SOURCES}


def tiny_start(folder: Path, shape: NetworkShape, tokenizer: Path) -> Path:
    """A start folder like that of all-MiniLM-L6-v2, with a network too small to learn much."""
    chance = torch.Generator().manual_seed(2)
    width = shape.width

    def linear(name: str, rows: int, columns: int) -> dict[str, torch.Tensor]:
        weight = torch.randn(rows, columns, generator=chance) * 0.1
        return {f"{name}.weight": weight, f"{name}.bias": torch.zeros(rows)}

    def norm(name: str) -> dict[str, torch.Tensor]:
        return {f"{name}.weight": torch.ones(width), f"{name}.bias": torch.zeros(width)}

    weights = {
        "embeddings.word_embeddings.weight": torch.randn(shape.vocabulary, width, generator=chance),
        "embeddings.position_embeddings.weight": torch.randn(shape.positions, width, generator=chance),
        "embeddings.token_type_embeddings.weight": torch.randn(2, width, generator=chance),
        **norm("embeddings.LayerNorm"),
    }
    for layer in range(shape.layers):
        name = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            weights |= linear(f"{name}.attention.self.{part}", width, width)
        weights |= linear(f"{name}.attention.output.dense", width, width) | norm(f"{name}.attention.output.LayerNorm")
        weights |= linear(f"{name}.intermediate.dense", shape.inner_width, width)
        weights |= linear(f"{name}.output.dense", width, shape.inner_width) | norm(f"{name}.output.LayerNorm")
    folder.mkdir()
    save_file(weights, folder / "model.safetensors")
    shutil.copy(tokenizer, folder / "tokenizer.json")
    return folder


def test_a_run_cut_short_and_resumed_ends_with_the_same_weights(data: Path, pytestconfig: pytest.Config) -> None:
    rounds = [
        {"id": f"{label}{number}", "text": f"{label} text {number}", "split": "dev", "round": number, "label": label}
        for number in (1, 2)
        for label in ("negative", "neutral", "positive")
    ]
    (data / "sentiment/dynasent_dev.jsonl").write_text("\n".join(map(json.dumps, rounds)) + "\n", encoding="utf-8")
    shape = NetworkShape(width=16, layers=1, heads=2, inner_width=16, head_width=8)
    start = tiny_start(data / "start", shape, pytestconfig.rootpath / "models/sentiment/tokenizer.json")
    plan = TrainingPlan(seed=3, epochs=1)
    ends = []
    for work, stops in ((data / "whole", (None,)), (data / "parts", (9, None))):
        for place, stop in enumerate(stops):
            training = Training(data=data, start=start, work=work, plan=plan, shape=shape)
            best = training.run(resume=place > 0, stop_after=stop)
            assert best.exists()
        ends.append(load_file(work / "state.safetensors"))
    whole, parts = ends
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
