"""The settings of a language model: whole or refused, and never more of its address than may be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from textcx.domain.errors import BadSetting
from textcx.settings.analysis import Settings, load_settings
from textcx.wiring.sources import NAMER_KEY, new_namer

if TYPE_CHECKING:
    from pathlib import Path

URL, MODEL = "http://ada:hush@127.0.0.1:8080/v1?token=hush", "small"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_no_language_model_is_asked_unless_one_is_named() -> None:
    assert load_settings().namer is None
    assert load_settings(namer_url=URL, namer_model=MODEL).namer is None


@pytest.mark.parametrize("given", [{}, {"namer_url": URL}, {"namer_model": MODEL}])
def test_a_namer_needs_an_address_and_a_model(given: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match=r"--namer openai needs --namer-url and --namer-model: .* such as http://127"):
        load_settings(namer="openai", **given)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8080", "ftp://hush/v1", "http:///v1", "http://ada:hush@host:port/v1", "http://[hush"]
)
def test_an_address_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadSetting, match="namer_url is no address of a server") as caught:
        load_settings(namer="openai", namer_url=url, namer_model=MODEL)
    assert "hush" not in str(caught.value)


def test_another_namer_is_refused() -> None:
    with pytest.raises(BadSetting, match="namer = 'other'"):
        load_settings(namer="other", namer_url=URL, namer_model=MODEL)


def test_unmasked_quotes_are_shown_to_nobody() -> None:
    with pytest.raises(BadSetting, match="must be masked"):
        load_settings(namer="openai", namer_url=URL, namer_model=MODEL, redact=False)


def test_what_is_written_of_the_address_has_no_secrets_and_is_a_setting_again() -> None:
    chosen = load_settings(namer="openai", namer_url=URL, namer_model=MODEL)
    written = chosen.model_dump(mode="json")
    assert written["namer_url"] == "http://127.0.0.1:8080"
    assert "hush" not in chosen.model_dump_json() + repr(chosen)
    assert Settings(**written).namer_model == MODEL


def test_the_key_comes_from_the_environment_and_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMER_KEY, "hush")
    chosen = load_settings(namer="openai", namer_url=URL, namer_model=MODEL)
    assert "hush" not in chosen.model_dump_json()
    assert new_namer(chosen).report()["server"] == "http://127.0.0.1:8080"
