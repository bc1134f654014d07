"""What is written of a model is read again as it was."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from textcx.training.model_toml import write_about

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_written_is_read_again_as_it_was(tmp_path: Path) -> None:
    about = {
        "name": 'small "café"',
        "version": 2,
        "weights": {"file": "weights.safetensors"},
        "network": {"norm_epsilon": 1e-12, "rate": 2.5e-05, "share": 0.5, "layers": 3, "whole": True},
        "training": {"matters": {"seed": 0, "measured": {"nearest": 0.5}}, "sources": [1.0, 2.0], "none": []},
        "sets": [{"set": "one", "parts": {"a b": 1}}, {"set": "two", "parts": {"a-b": -7.25}}],
    }
    write_about(tmp_path / "model.toml", about)
    written = (tmp_path / "model.toml").read_text(encoding="utf-8")
    assert written.startswith("# Written by")
    assert tomllib.loads(written) == about
