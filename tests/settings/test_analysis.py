from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from textcx.domain.errors import BadSetting
from textcx.settings.analysis import Settings, load_settings, processors

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_flags_win_over_environment_and_environment_over_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "textcx.toml").write_text('seed = 1\nmin_group = 7\ntext_column = ["comment"]\n')
    monkeypatch.setenv("TEXTCX_SEED", "2")
    monkeypatch.setenv("TEXTCX_ATTRIBUTE", "plan, region")
    settings = load_settings(seed=3, id_column=None)
    assert settings.seed == 3
    assert settings.min_group == 7
    assert settings.overrides().text == ("comment",)
    assert settings.overrides().attributes == ("plan", "region")
    assert load_settings().seed == 2


def test_every_wrong_setting_is_reported_at_once_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "textcx.toml").write_text("sed = 1\nmin_group = 0\n")
    with pytest.raises(BadSetting) as caught:
        load_settings(limit=-5)
    message = str(caught.value)
    assert "did you mean 'seed'" in message
    assert "min_group = 0 (from textcx.toml)" in message
    assert "limit = -5 (from the command line or call)" in message


def test_a_journey_is_a_name_or_the_path_of_a_file(tmp_path: Path) -> None:
    assert Settings(journey="auto").journey == "auto"
    assert load_settings(journey=tmp_path / "ours.toml").journey == str(tmp_path / "ours.toml")


def test_broken_toml_is_explained(tmp_path: Path) -> None:
    (tmp_path / "textcx.toml").write_text("seed = = 1")
    with pytest.raises(BadSetting, match=r"textcx\.toml is not valid TOML"):
        load_settings()


def test_a_named_settings_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="there is no settings file"):
        load_settings(file=tmp_path / "other.toml")


def test_threads_are_as_many_as_the_process_may_use_processors(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    allowed = os.sched_getaffinity(0)
    assert processors(quota=quota) == len(allowed)
    for said, most in (("max 100000", len(allowed)), ("150000 100000", 2), ("20000 100000", 1), ("odd", len(allowed))):
        quota.write_text(said, encoding="ascii")
        assert processors(quota=quota) == min(len(allowed), most)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert Settings().threads == 1
    finally:
        os.sched_setaffinity(0, allowed)
