from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from textcx.domain.errors import BadSetting
from textcx.settings.analysis import load_settings
from textcx.settings.service import CONFIG_VARIABLE, is_loopback, load_service_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "textcx.toml").write_text("seed = 3\n[service]\nport = 1\nmax_items = 2\nqueue_limit = 3\n")
    monkeypatch.setenv("TEXTCX_SERVICE_MAX_ITEMS", "20")
    monkeypatch.setenv("TEXTCX_SERVICE_QUEUE_LIMIT", "30")
    settings = load_service_settings(queue_limit=300, host=None)
    assert (settings.port, settings.max_items, settings.queue_limit) == (1, 20, 300)
    assert load_settings().seed == 3


def test_the_environment_can_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text("[service]\nport = 77\n")
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "mine.toml"))
    assert load_service_settings().port == 77


def test_data_lies_in_the_users_own_directory_by_default(tmp_path: Path) -> None:
    settings = load_service_settings()
    assert settings.database_url == f"sqlite:///{tmp_path}/data/textcx/service.sqlite"
    assert settings.on_loopback


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(BadSetting) as error:
        load_service_settings(port=99999, prot=1, log_format="xml")
    for said in ("port = 99999", "did you mean 'port'?", "log_format = 'xml'"):
        assert said in str(error.value)


def test_a_wrong_database_is_not_shown_since_it_may_hold_a_password() -> None:
    with pytest.raises(BadSetting) as error:
        load_service_settings(database_url="mysql://me:secretword@db/x")
    assert "database_url" in str(error.value)
    assert "secretword" not in str(error.value)
    assert "secretword" not in repr(load_service_settings(database_url="postgresql+psycopg://me:secretword@db/x"))


def test_the_table_must_be_a_table(tmp_path: Path) -> None:
    (tmp_path / "textcx.toml").write_text("service = 3\n")
    with pytest.raises(BadSetting, match="must be a table"):
        load_service_settings()


def test_limits_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(BadSetting, match="may not shrink"):
        load_service_settings(max_body_bytes=100_000, max_decompressed_bytes=50_000)


@pytest.mark.parametrize(
    ("host", "mine"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.0.2.1", False), ("::", False), ("db", False)],
)
def test_loopback_is_this_machine_only(host: str, *, mine: bool) -> None:
    assert is_loopback(host) is mine


PLACE = "postgresql+psycopg://textcx@database/textcx"


def test_the_password_of_the_database_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p/w@1:#%\n")
    settings = load_service_settings(database_url=PLACE, database_password_file=tmp_path / "password")
    opened = make_url(settings.database)
    assert (opened.username, opened.password, opened.host) == ("textcx", "p/w@1:#%", "database")
    assert settings.database_url == PLACE
    assert "p/w" not in repr(settings)


@pytest.mark.parametrize("held", [None, "", "\n", b"\xff"])
def test_a_password_file_without_a_password_is_explained(tmp_path: Path, held: str | bytes | None) -> None:
    file = tmp_path / "password"
    if held is not None:
        file.write_bytes(held.encode() if isinstance(held, str) else held)
    with pytest.raises(BadSetting, match=r"database_password_file.*expected one line: the password"):
        load_service_settings(database_url=PLACE, database_password_file=file)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///x.db", "a database_url with a user"),
        ("postgresql+psycopg://database/textcx?options=a@b", "a database_url with a user"),
        ("postgresql+psycopg://me:secretword@database/textcx", "holds a password already"),
    ],
)
def test_a_password_file_needs_a_url_with_a_user_and_no_password(tmp_path: Path, url: str, said: str) -> None:
    (tmp_path / "password").write_text("p")
    with pytest.raises(BadSetting, match=said) as error:
        load_service_settings(database_url=url, database_password_file=tmp_path / "password")
    assert "secretword" not in str(error.value)
