"""The flags of a language model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import textcx

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("command", [("analyze",), ("themes", "learn")])
def test_a_namer_without_a_server_is_wrong_use_told_in_one_sentence(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = textcx(*command, "reviews.csv", "--out", tmp_path / "out", "--namer", "openai", "--namer-model", "small")
    assert done.returncode == 2
    assert done.stderr.startswith("textcx: these settings cannot be used:\n  --namer openai needs --namer-url and")
    assert not (tmp_path / "out").exists()
