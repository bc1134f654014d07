from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fakes import FakeEncoder
from typer.testing import CliRunner

from textcx.cli.app import app
from textcx.wiring.container import Container

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "sentiment").mkdir(parents=True)
    texts = {"negative": "rude and cold", "neutral": "we came", "positive": "lovely and kind"}
    lines = [json.dumps({"id": label, "text": text, "label": label, "split": "test"}) for label, text in texts.items()]
    (folder / "sentiment" / "sst3_test.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_evaluate_prints_tables_and_writes_the_numbers(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Container, "encoder", FakeEncoder())
    out = tmp_path / "numbers.json"
    run = CliRunner().invoke(
        app, ["evaluate", "--data", str(data), "--sets", "sst3,cebab", "--no-baselines", "--out", str(out)]
    )
    assert run.exit_code == 0, run.output
    assert "macro-F1" in run.stdout
    assert "there is no file sentiment/cebab.jsonl" in run.stdout
    numbers = json.loads(out.read_text(encoding="utf-8"))
    assert numbers["sentiment"]["sst3"]["macro_f1"] == 1.0
    assert numbers["encoder_id"] == FakeEncoder.encoder_id


def test_evaluate_refuses_a_limit_below_one_and_asks_for_data(data: Path) -> None:
    assert CliRunner().invoke(app, ["evaluate", "--data", str(data), "--limit", "0"]).exit_code == 2
    assert CliRunner().invoke(app, ["evaluate"]).exit_code == 2
