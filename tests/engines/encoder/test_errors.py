"""How often a model decided rightly on labelled texts, as its folder says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from textcx.domain.errors import ModelProblem
from textcx.engines.encoder.model_folder import measured_errors, open_model

MODEL = Path(__file__).resolve().parents[3] / "models" / "sentiment"


def test_the_errors_that_ship_were_measured_on_the_weights_that_ship() -> None:
    found = measured_errors(MODEL, encoder_id=open_model(MODEL).encoder_id, pain_threshold=0.5)
    assert {one.decision for one in found} == {"negative", "neutral", "positive", "pain", "request"}
    assert {one.source for one in found} <= {"review", "survey", "social", "support"}
    for one in found:
        assert 0 <= one.found <= one.n_with
        assert 0 <= one.cleared <= one.n_without
        assert min(one.n_with, one.n_without) > 0


def test_what_was_measured_on_other_weights_or_never_says_nothing(tmp_path: Path) -> None:
    assert measured_errors(MODEL, encoder_id="another-1@sha256:000000000000", pain_threshold=0.5) == ()
    assert measured_errors(tmp_path, encoder_id="another-1@sha256:000000000000", pain_threshold=0.5) == ()


def test_errors_of_pains_hold_for_the_threshold_that_they_were_measured_with() -> None:
    found = measured_errors(MODEL, encoder_id=open_model(MODEL).encoder_id, pain_threshold=0.7)
    assert "negative" in {one.decision for one in found}
    assert "pain" not in {one.decision for one in found}


def test_damaged_errors_are_explained(tmp_path: Path) -> None:
    shutil.copy(MODEL / "errors.toml", tmp_path)
    text = (tmp_path / "errors.toml").read_text(encoding="utf-8")
    (tmp_path / "errors.toml").write_text(text.replace("n_with", "with"), encoding="utf-8")
    with pytest.raises(ModelProblem, match="Restore the model folder"):
        measured_errors(tmp_path, encoder_id=open_model(MODEL).encoder_id, pain_threshold=0.5)
