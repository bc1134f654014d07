from __future__ import annotations

from pathlib import Path

import pytest

from textcx.domain.errors import BadSetting
from textcx.settings.analysis import load_settings
from textcx.wiring.container import Container
from textcx.wiring.sources import find_taxonomy, models_directory


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_shipped_taxonomy_is_found_by_its_name() -> None:
    assert find_taxonomy(Path("cx")) == models_directory() / "taxonomies" / "cx.toml"


def test_a_file_of_a_teams_own_comes_before_a_shipped_taxonomy_of_the_same_name() -> None:
    Path("cx").write_text("[[theme]]\nname = 'Price'\ndescription = 'What it costs.'", encoding="utf-8")
    assert find_taxonomy(Path("cx")) == Path("cx")


@pytest.mark.parametrize("name", ["cxx", "own.toml", "../taxonomies/cx"])
def test_what_is_neither_a_file_nor_a_shipped_taxonomy_is_refused_with_the_names_of_those(name: str) -> None:
    with pytest.raises(BadSetting, match=rf"no file {name}, .* one of: cx$"):
        find_taxonomy(Path(name))


def test_the_name_may_stand_in_the_settings_file_and_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("textcx.toml").write_text('taxonomy = "cx"')
    in_file = Container(load_settings()).theme_taxonomy
    assert in_file is not None
    assert "Waiting time" in {theme.name for theme in in_file.leaves()}
    Path("textcx.toml").unlink()
    monkeypatch.setenv("TEXTCX_TAXONOMY", "cx")
    assert Container(load_settings()).theme_taxonomy == in_file


def test_the_taxonomy_in_use_is_told_with_its_sum_and_a_wrong_name_before_anything_is_read() -> None:
    assert "taxonomies/cx.toml" in {model["file"] for model in Container(load_settings(taxonomy="cx")).models()}
    with pytest.raises(BadSetting, match="one of: cx"):
        Container(load_settings(taxonomy="cxx")).models()
