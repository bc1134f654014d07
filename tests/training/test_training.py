"""Training: what the corpus teaches, how batches are cut, and a whole run on a handful of texts."""

from __future__ import annotations

import json
import math
import re
import shutil
import tomllib
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from languages import ENGLISH
from safetensors.torch import load_file
from small_model import save_small_model, small_network
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from textcx.domain.errors import ModelProblem
from textcx.engines.encoder.load import load_encoder
from textcx.engines.encoder.network import EncoderNetwork, EncoderOutput, NetworkShape, backbone_from_bert
from textcx.runs.progress import StageClock
from textcx.training.batches import cut, draw_epoch, pad, padded_length, sorted_batches
from textcx.training.calibrate import confident_from, fit_scale, fit_sentiment
from textcx.training.develop import development_sets
from textcx.training.examples import (
    BY_LABEL,
    Corpus,
    Example,
    Source,
    letters,
    request_from_wording,
    shares_from_intensity,
    split_by_hash,
)
from textcx.training.loop import Training, TrainingPlan, losses_of, targets_of
from textcx.training.run import Run, Trained, export_model, train_on
from textcx.training.sources import (
    CODES,
    HARD_LABELS,
    MIXED,
    POOL_LABELS,
    POOL_VOTES,
    SOURCES,
    VOTES_OF_LABELS,
    WRITTEN,
    WRITTEN_VOTES,
    contrast_examples,
    read_corpus,
    with_codes,
)
from textcx.training.start import open_start, start_folder

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


OURS = {"contrasts", "written", "written_votes"}


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


@pytest.mark.parametrize("path", [POOL_VOTES, WRITTEN_VOTES], ids=["pool", "written"])
def test_the_votes_of_every_code_add_up_to_five(path: Path) -> None:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert {len(row) for row in rows} == {2}
    codes = [row[0 if path == WRITTEN_VOTES else 1] for row in rows]
    assert not [code for code in codes if not re.fullmatch("[0-5]{3}w?r?", code) or sum(map(int, code[:3])) != 5]
    keys = [row[1 if path == WRITTEN_VOTES else 0] for row in rows]
    assert len(set(keys)) == len(keys)


TEXTS = ("Our food came cold", "The food came")


def pool_of(data: Path, *names: str) -> Path:
    """The data with a pool of these sentences alone."""
    records = [{"id": name, "text": text, "split": "train"} for name, text in zip(names, TEXTS, strict=False)]
    assert {split_by_hash(record["text"]) for record in records} == {"train"}
    (data / "sentiment/dynasent_pool.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n", encoding="utf-8")
    return data


def codes_of(path: Path) -> dict[str, str]:
    return dict(line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:])


def test_letters_of_a_code_become_pain_and_request(data: Path) -> None:
    name, code = next((name, code) for name, code in codes_of(POOL_LABELS).items() if code.startswith("nw"))
    corpus = read_corpus(pool_of(data, name))
    (example,) = corpus.examples[slice(*corpus.bounds["pool_labels"])]
    assert (example.pain, example.request) == (1.0, float("r" in code))


def test_votes_become_shares_of_the_sentiment(data: Path) -> None:
    name = next(name for name, code in codes_of(POOL_VOTES).items() if code == "410w")
    (example,) = with_codes(POOL_VOTES, pool_of(data, name), "train")
    assert (example.sentiment, example.pain, example.request) == ((0.8, 0.2, 0.0), 1.0, 0.0)


@pytest.mark.parametrize("letter", [*CODES, "m"])
def test_a_code_stands_for_the_votes_it_usually_gets_where_its_sentence_has_none(data: Path, letter: str) -> None:
    voted, codes = codes_of(POOL_VOTES), codes_of(POOL_LABELS)
    one, other = (
        next(name for name, code in codes.items() if code[0] == letter and (name in voted) == wanted)
        for wanted in (True, False)
    )
    corpus = read_corpus(pool_of(data, one, other))
    label = BY_LABEL[CODES[letter]] if letter in CODES else MIXED
    examples = corpus.examples[slice(*corpus.bounds["pool_labels"])]
    assert [example.sentiment for example in examples] == [None, VOTES_OF_LABELS[label]]


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
    written = [
        line.split("\t")[1] for path in (WRITTEN, WRITTEN_VOTES) for line in path.read_text("utf-8").splitlines()
    ]
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
    targets = targets_of([Example("a", sentiment=(1.0, 0.0, 0.0)), Example("b", pain=1.0)])
    logits = torch.zeros((2, 3), requires_grad=True)
    pain, request = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    emotions = torch.zeros((2, 4), requires_grad=True)
    nothing = torch.full((2, 2), math.nan)
    output = EncoderOutput(logits, pain, request, emotions, nothing, nothing, nothing)
    losses = losses_of(output, targets, torch.tensor([0, 1]), smoothing=0.0)
    losses.sum().backward()
    assert losses.tolist() == pytest.approx([math.log(3) / 2, math.log(2) / 2, 0.0, 0.0])
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


def test_the_model_description_can_be_read_back(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    tokenizer = Tokenizer.from_file(str(pytestconfig.rootpath / "models/sentiment/tokenizer.json"))
    network = EncoderNetwork(NetworkShape(vocabulary=10, positions=8, width=8, layers=1, heads=2, inner_width=8))
    calibration = {"sentiment_temperature": 1.25, "confident_at": 0.75, "emotion_shifts": [0.5, -0.25, 0.0, 1e-12]}
    found = Trained(weights=network.state_dict(), calibration=calibration, choice={"choice": 0.5})
    export_model(tmp_path, found=found, shape=network.shape, tokenizer=tokenizer, plan=TrainingPlan(seed=3))
    about = tomllib.loads((tmp_path / "model.toml").read_text(encoding="utf-8"))
    assert about["calibration"] == calibration
    assert NetworkShape(**about["network"]) == network.shape
    assert about["training"]["seed"] == 3
    assert {source["name"] for source in about["data"]} == {source.name for source in SOURCES}


SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def tiny_start(folder: Path, model: BertModel, pytestconfig: pytest.Config) -> Path:
    """A start folder like that of all-MiniLM-L6-v2, with a network too small to learn much."""
    model.save_pretrained(folder)
    shutil.copy(pytestconfig.rootpath / "models/sentiment/tokenizer.json", folder / "tokenizer.json")
    return folder


@pytest.fixture
def measured(data: Path) -> Path:
    """The data with the development set that a run measures itself on."""
    rounds = [
        {"id": f"{label}{number}", "text": f"{label} text {number}", "split": "dev", "round": number, "label": label}
        for number in (1, 2)
        for label in ("negative", "neutral", "positive")
    ]
    (data / "sentiment/dynasent_dev.jsonl").write_text("\n".join(map(json.dumps, rounds)) + "\n", encoding="utf-8")
    return data


def sources_of(*names: str) -> list[Source]:
    return [source for source in SOURCES if source.name in names]


def test_a_run_cut_short_and_resumed_ends_with_the_same_weights(measured: Path, pytestconfig: pytest.Config) -> None:
    shape = NetworkShape(width=16, layers=1, heads=2, inner_width=16, head_width=8)
    sizes = {**SIZES, "num_hidden_layers": 1, "intermediate_size": 16}
    weights, tokenizer = open_start(tiny_start(measured / "start", BertModel(BertConfig(**sizes)), pytestconfig))
    plan = TrainingPlan(seed=3, epochs=1)
    corpus, sets = read_corpus(measured, sources=sources_of("written")), development_sets(measured, tokenizer)
    ends = []
    for work, stops in ((measured / "whole", (None,)), (measured / "parts", (9, None))):
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


def test_frozen_layers_stay_as_they_are_and_those_above_learn(measured: Path, pytestconfig: pytest.Config) -> None:
    tokenizer = Tokenizer.from_file(str(pytestconfig.rootpath / "models/sentiment/tokenizer.json"))
    network = small_network(layers=2, matter_layers=0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    training = Training(
        network,
        tokenizer,
        corpus=read_corpus(measured, sources=sources_of("cebab", "goemotions")),
        sets=development_sets(measured, tokenizer),
        work=measured / "work",
        plan=TrainingPlan(seed=3, epochs=3, frozen=1),
        progress=StageClock(),
    )
    after = load_file(training.run())
    same = {name for name, value in before.items() if torch.equal(after[name], value)}
    assert same == {name for name in before if name.startswith(("words", "positions", "norm_words", "layers.0"))}
    learned = {name: value.bfloat16().float() for name, value in before.items() if name not in same}
    assert not [name for name, value in learned.items() if torch.equal(after[name], value)]


def test_training_on_leaves_the_branch_and_what_it_stands_on_bit_for_bit(
    measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, out = save_small_model(measured / "model", small_network(layers=3, matter_layers=2)), measured / "out"
    with (model / "model.toml").open("a", encoding="utf-8") as about:
        about.write("\n[training.matters]\nlayers = 2\n")
    monkeypatch.setattr(
        "textcx.training.run.read_corpus", partial(read_corpus, sources=sources_of("cebab", "goemotions"))
    )
    train_on(
        Run(
            data=measured,
            out=out,
            work=measured / "work",
            epochs=1,
            progress=StageClock(),
            wording=ENGLISH.requests,
        ),
        model=model,
    )
    before, after = load_file(model / "weights.safetensors"), load_file(out / "weights.safetensors")
    kept = ("words", "positions", "norm_words", "layers.0", "matter", "aspect", "opinion")
    assert before.keys() == after.keys()
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same >= {name for name in before if name.startswith(kept)}
    assert not same & {"layers.1.attend.weight", "layers.2.expand.weight", "hidden.weight", "sentiment.weight"}
    assert np.isfinite(load_encoder(out, precision="fp32").encode(["We waited an hour"]).sentiment).all()


def test_a_network_reads_like_the_model_it_starts_from(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    torch.manual_seed(4)
    model = BertModel(BertConfig(**SIZES))
    network = EncoderNetwork(NetworkShape(width=16, layers=2, heads=2, inner_width=32))
    weights, tokenizer = open_start(tiny_start(tmp_path / "start", model, pytestconfig))
    unset = network.load_state_dict(backbone_from_bert(weights), strict=False)
    assert not unset.unexpected_keys
    assert not [name for name in unset.missing_keys if name.startswith(("words", "positions", "norm", "layers"))]
    ids = [
        np.array(tokenizer.encode(text).ids) for text in ("too late", "we waited an hour and nobody came to help us")
    ]
    tokens, mask = pad(ids)
    with torch.inference_mode():
        expected = model.eval()(input_ids=tokens, attention_mask=mask.long()).last_hidden_state
        found, _ = network.eval().states(tokens, mask)
    torch.testing.assert_close(found[mask], expected[mask], atol=1e-5, rtol=1e-4)
