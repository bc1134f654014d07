"""Training: what the corpus teaches, how batches are cut, and a whole run on a handful of texts."""

from __future__ import annotations

import json
import math
import re
import shutil
import tomllib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from languages import ENGLISH
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel, PreTrainedModel

from textcx.domain.errors import ModelProblem
from textcx.engines.encoder.network import EncoderNetwork, EncoderOutput, NetworkShape, backbone_from_bert
from textcx.runs.progress import StageClock
from textcx.training.batches import cut, draw_epoch, pad, padded_length, sorted_batches, token_ids
from textcx.training.calibrate import confident_from, fit_scale, fit_sentiment
from textcx.training.develop import development_sets
from textcx.training.examples import (
    Corpus,
    Example,
    Source,
    letters,
    request_from_wording,
    shares_from_intensity,
    split_by_hash,
)
from textcx.training.loop import Training, TrainingPlan, losses_of, targets_of
from textcx.training.run import export_model, open_start, start_folder, teacher_folder
from textcx.training.sources import HARD_LABELS, POOL_LABELS, SOURCES, WRITTEN, contrast_examples, read_corpus
from textcx.training.teacher import (
    TEACHER_SHAPE,
    TeacherNetwork,
    answers_of,
    backbone_from_mpnet,
    distance_buckets,
    taught_by,
    teacher_about,
)

if TYPE_CHECKING:
    from pathlib import Path

read_corpus = partial(read_corpus, wording=ENGLISH.requests)
development_sets = partial(development_sets, wording=ENGLISH.requests)
request_from_wording = partial(request_from_wording, wording=ENGLISH.requests)

RECORDS = {
    "sentiment/cebab": {"label": "negative", "stars": 1, "aspects": {"service": "negative"}},
    "sentiment/nhs_survey": {"label": "positive"},
    "sentiment/nhs_phase1": {"label": "neutral", "criticality": 0},
    "sentiment/semeval2017_tweets": {"label": "neutral"},
    "sentiment/goemotions": {"label": "negative", "emotions": ["annoyance", "confusion"]},
    "sentiment/pros_cons": {"label": "positive"},
    "sentiment/vader_intensity": {"intensity": -2.0, "subset": "amazon"},
    "sentiment/sentence_polarity": {"label": "negative"},
    "sentiment/huliu": {"label": "positive", "features": [{"feature": "screen", "strength": 2}]},
    "sentiment/dynasent_pool": {"label": None},
    "problems/cfpb": {},
    "problems/jupyter_2015": {"question": "wanted_change"},
}


OURS = {"contrasts", "written"}


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
        corpus = read_corpus(data, split=split)
        bounds = [slice(*corpus.bounds[source.name]) for source in SOURCES if source.name not in OURS]
        texts = [one.text for place in bounds for one in corpus.examples[place]]
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


def test_no_cluster_label_teaches(data: Path) -> None:
    assert not (data / "clusters").exists()
    assert not [source.name for source in SOURCES if "banking" in source.name or "stackoverflow" in source.name]


def test_every_source_names_its_licence() -> None:
    assert all(source.licence and source.attribution for source in SOURCES)


def test_emotions_that_people_marked_are_taught(data: Path) -> None:
    corpus = read_corpus(data)
    start, stop = corpus.bounds["goemotions"]
    assert [one.emotions for one in corpus.examples[start:stop]] == [(1.0, 0.0, 0.0, 1.0)]


@pytest.mark.parametrize("path", [POOL_LABELS, HARD_LABELS, WRITTEN], ids=["pool", "hard", "written"])
def test_every_label_of_ours_follows_the_guide(path: Path) -> None:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    codes = [row[0 if path == WRITTEN else 1] for row in rows]
    assert {len(row) for row in rows} == {2}
    assert not [
        code for code in codes if not re.fullmatch("[pn0m]w?r?a?d?g?c?", "".join(sorted(code, key="pn0mwradgc".index)))
    ]
    keys = [row[1 if path == WRITTEN else 0] for row in rows]
    assert len(set(keys)) == len(keys)


def test_labels_of_ours_become_targets(data: Path) -> None:
    name, code = next(
        line.split("\t") for line in POOL_LABELS.read_text(encoding="utf-8").splitlines() if "\tnw" in line
    )
    record = {"id": name, "text": "Our food came cold", "split": "train"}
    assert split_by_hash(record["text"]) == "train"
    (data / "sentiment/dynasent_pool.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    corpus = read_corpus(data)
    (example,) = corpus.examples[slice(*corpus.bounds["pool_labels"])]
    assert example.sentiment == (1.0, 0.0, 0.0)
    assert example.pain == 1.0
    assert example.request == float("r" in code)
    assert corpus.bounds["dynasent_pool"][0] == corpus.bounds["dynasent_pool"][1]


def test_a_teacher_says_what_people_did_not_and_softens_what_they_did() -> None:
    source = Source("one", lambda _directory, _split: iter(()), each_epoch=2, attribution="a", licence="b", taught=0.5)
    label = Example("labelled", sentiment=(1.0, 0.0, 0.0), pain=1.0)
    corpus = Corpus((source,), [label, Example("unlabelled"), label], {"one": (0, 3)})
    answers = {
        "places": torch.tensor([0, 1]),
        "sentiment": torch.tensor([[0.5, 0.25, 0.25]] * 2),
        "pain": torch.tensor([0.0, 0.75]),
        "request": torch.tensor([0.25, 0.25]),
        "emotions": torch.zeros((2, 4)),
    }
    first, second, third = taught_by(corpus, answers).examples
    assert first.sentiment == (0.75, 0.125, 0.125)
    assert first.pain == 0.5
    assert (first.sentiment_weight, first.pain_weight) == (1.0, 1.0)
    assert second.sentiment == [0.5, 0.25, 0.25]
    assert (second.sentiment_weight, second.pain, second.pain_weight) == (0.5, 0.75, 0.25)
    assert third == label


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


def test_texts_of_ours_hold_none_of_the_hand_written_pairs(pytestconfig: pytest.Config) -> None:
    lines = (pytestconfig.rootpath / "tests/quality/contrast_pairs.jsonl").read_text(encoding="utf-8").splitlines()
    held_out = {
        letters(text) for pair in map(json.loads, lines) for text in pair.get("texts") or (pair["yes"], pair["no"])
    }
    written = [line.split("\t")[1] for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    assert not [text for text in (*written, *(one.text for one in contrast_examples())) if letters(text) in held_out]


def test_a_text_has_one_split_however_it_is_written() -> None:
    assert split_by_hash("Late again!") == split_by_hash("late   AGAIN")
    splits = [split_by_hash(f"text {number}") for number in range(500)]
    assert 350 < splits.count("train") < 450


def _corpus(count: int) -> Corpus:
    source = Source("one", lambda _directory, _split: iter(()), each_epoch=count // 2, attribution="a", licence="b")
    return Corpus((source,), [Example(f"text {number}") for number in range(count)], {"one": (0, count)})


def test_no_example_comes_back_before_all_were_seen() -> None:
    corpus = _corpus(100)
    epochs = [draw_epoch(corpus, seed=3, epoch=epoch) for epoch in range(2)]
    assert sorted(np.concatenate(epochs).tolist()) == list(range(100))
    assert draw_epoch(corpus, seed=3, epoch=1).tolist() == epochs[1].tolist()


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
        [Example("a", sentiment=(1.0, 0.0, 0.0)), Example("b", pain=1.0)], torch.tensor([[1.0, 0.0]] * 2)
    )
    logits = torch.zeros((2, 3), requires_grad=True)
    pain, request = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    emotions = torch.zeros((2, 4), requires_grad=True)
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    output = EncoderOutput(logits, pain, request, emotions, vectors, vectors, vectors, torch.full((2,), math.nan))
    losses = losses_of(output, targets, torch.tensor([0, 1]), smoothing=0.0)
    losses.sum().backward()
    assert losses.tolist() == pytest.approx([math.log(3) / 2, math.log(2) / 2, 0.0, 0.0, 0.5])
    assert logits.grad is not None
    assert not logits.grad[1].any()
    assert pain.grad is not None
    assert pain.grad.tolist() == [0.0, -0.25]
    assert request.grad is not None
    assert not request.grad.any()
    assert emotions.grad is not None
    assert not emotions.grad.any()


def test_a_temperature_and_shifts_that_were_applied_are_found() -> None:
    chance = np.random.default_rng(4)
    logits = chance.normal(size=(20_000, 3)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (shares.cumsum(1) < chance.random((20_000, 1))).sum(1)
    shifts = np.array([0.5, -0.75, 0.25])
    temperature, found = fit_sentiment((logits - shifts) * 2, truth, np.ones(20_000))
    assert temperature == pytest.approx(2, rel=0.05)
    assert found == pytest.approx(shifts, abs=0.06)


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


def test_start_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=r"no model\.safetensors"):
        start_folder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelProblem, match="not all-MiniLM-L6-v2"):
        start_folder(tmp_path)
    with pytest.raises(ModelProblem, match="not all-mpnet-base-v2"):
        teacher_folder(tmp_path, work=tmp_path)


def test_the_model_description_can_be_read_back(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    tokenizer = Tokenizer.from_file(str(pytestconfig.rootpath / "models/sentiment/tokenizer.json"))
    network = EncoderNetwork(NetworkShape(vocabulary=10, positions=8, width=8, layers=1, heads=2, inner_width=8))
    calibration = {"sentiment_temperature": 1.25, "confident_at": 0.75, "emotion_shifts": [0.5, -0.25, 0.0, 1e-12]}
    export_model(
        tmp_path,
        network=network,
        tokenizer=tokenizer,
        calibration=calibration,
        plan=TrainingPlan(seed=3),
        choice={"choice": 0.5},
        teacher=teacher_about(3),
    )
    about = tomllib.loads((tmp_path / "model.toml").read_text(encoding="utf-8"))
    assert about["calibration"] == calibration
    assert NetworkShape(**about["network"]) == network.shape
    assert about["training"]["seed"] == about["training"]["teacher"]["seed"] == 3
    assert {source["name"] for source in about["data"]} == {source.name for source in SOURCES}


SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def tiny_start(folder: Path, model: PreTrainedModel, pytestconfig: pytest.Config) -> Path:
    """A start folder like that of all-MiniLM-L6-v2, with a network too small to learn much."""
    model.save_pretrained(folder)
    shutil.copy(pytestconfig.rootpath / "models/sentiment/tokenizer.json", folder / "tokenizer.json")
    return folder


@pytest.mark.parametrize("vector_weight", [5.0, 0.0], ids=["student", "teacher"])
def test_a_run_cut_short_and_resumed_ends_with_the_same_weights(
    data: Path, pytestconfig: pytest.Config, vector_weight: float
) -> None:
    rounds = [
        {"id": f"{label}{number}", "text": f"{label} text {number}", "split": "dev", "round": number, "label": label}
        for number in (1, 2)
        for label in ("negative", "neutral", "positive")
    ]
    (data / "sentiment/dynasent_dev.jsonl").write_text("\n".join(map(json.dumps, rounds)) + "\n", encoding="utf-8")
    shape = NetworkShape(width=16, layers=1, heads=2, inner_width=16, head_width=8)
    sizes = {**SIZES, "num_hidden_layers": 1, "intermediate_size": 16}
    weights, tokenizer = open_start(tiny_start(data / "start", BertModel(BertConfig(**sizes)), pytestconfig))
    plan = TrainingPlan(seed=3, epochs=1, vector_weight=vector_weight)
    corpus, sets = read_corpus(data), development_sets(data, tokenizer)
    ends = []
    for work, stops in ((data / "whole", (None,)), (data / "parts", (9, None))):
        for place, stop in enumerate(stops):
            torch.manual_seed(plan.seed)
            network = EncoderNetwork(shape)
            network.load_state_dict(backbone_from_bert(weights), strict=False)
            training = Training(
                network, tokenizer, corpus=corpus, sets=sets, work=work, plan=plan, progress=StageClock()
            )
            best = training.run(resume=place > 0, stop_after=stop)
            assert best.exists()
        ends.append(load_file(work / "state.safetensors"))
    whole, parts = ends
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_a_network_reads_like_the_model_it_starts_from(kind: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    torch.manual_seed(4)
    network: EncoderNetwork
    if kind == "bert":
        model: PreTrainedModel = BertModel(BertConfig(**SIZES))
        network = EncoderNetwork(NetworkShape(width=16, layers=2, heads=2, inner_width=32))
        renamed = backbone_from_bert
    else:
        model = MPNetModel(MPNetConfig(**SIZES, vocab_size=30_527, max_position_embeddings=514, layer_norm_eps=1e-5))
        network = TeacherNetwork(replace(TEACHER_SHAPE, width=16, layers=2, heads=2, inner_width=32))
        renamed = backbone_from_mpnet
    weights, tokenizer = open_start(tiny_start(tmp_path / "start", model, pytestconfig))
    unset = network.load_state_dict(renamed(weights), strict=False)
    assert not unset.unexpected_keys
    assert not [
        name for name in unset.missing_keys if name.startswith(("words", "positions", "norm", "layers", "dist"))
    ]
    ids = [
        np.array(tokenizer.encode(text).ids) for text in ("too late", "we waited an hour and nobody came to help us")
    ]
    tokens, mask = pad(ids)
    if kind == "mpnet":
        tokens = tokens.masked_fill(~mask, 1)
    with torch.inference_mode():
        expected = model.eval()(input_ids=tokens, attention_mask=mask.long()).last_hidden_state
        found, _ = network.eval().states(tokens, mask)
    torch.testing.assert_close(found[mask], expected[mask], atol=1e-5, rtol=1e-4)


def test_distances_fall_into_the_published_buckets() -> None:
    # Near ones have a bucket each, far ones share; what comes after lies 16 buckets above what came before.
    offsets = torch.tensor([0, -1, -7, -8, -15, -127, -500, 1, 7, 8, 15, 127, 500])
    assert distance_buckets(offsets).tolist() == [0, 1, 7, 8, 9, 15, 15, 17, 23, 24, 25, 31, 31]


def test_a_teacher_answers_in_shares(pytestconfig: pytest.Config) -> None:
    tokenizer = Tokenizer.from_file(str(pytestconfig.rootpath / "models/sentiment/tokenizer.json"))
    network = TeacherNetwork(NetworkShape(width=16, layers=1, heads=2, inner_width=16, head_width=8)).bfloat16()
    texts = ["good", "bad " * 90, "late again"]
    read: list[int] = []
    found = answers_of(network, token_ids(tokenizer, texts, longest=64), advance=read.append)
    assert found["sentiment"].shape == (3, 3)
    assert found["sentiment"].sum(-1).tolist() == pytest.approx([1, 1, 1], abs=1e-2)
    assert found["pain"].shape == found["request"].shape == (3,)
    assert found["emotions"].shape == (3, 4)
    assert sum(read) == len(texts)
    assert TEACHER_SHAPE.layers == 12
