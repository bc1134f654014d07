"""Every setting of the service is a flag, a variable and a line in ``textcx.toml``, for every command that heeds it."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from typer.testing import CliRunner

from textcx.cli.app import app
from textcx.domain.errors import BadSetting, StoreProblem, TextcxError, WrongUse
from textcx.settings.service import CONFIG_VARIABLE, PREFIX, ServiceSettings, load_service_settings
from textcx.store.sql.database import Database
from textcx.store.sql.keys import SqlKeys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = "postgresql+psycopg://nobody@127.0.0.1:1/none"
CHOSEN: dict[str, Any] = {
    "host": "localhost", "port": 0, "database_url": PLACE, "database_password_file": "password", "spool": "there",
    "theme_sets": "those", "first_key": True, "max_items": 7, "max_text_characters": 777, "max_body_bytes": 2048,
    "max_decompressed_bytes": 20_480_000, "max_file_bytes": 4096, "max_decompressed_file_bytes": 8192, "rate_limit": 70,
    "allow_private_webhooks": True, "run_jobs": False, "queue_limit": 71, "batch_tokens": 720, "max_wait_ms": 7.5,
    "log_format": "plain", "log_level": "error", "body_seconds": 72.5, "drain_seconds": 73, "key_cache_seconds": 7.25,
}  # fmt: skip
"""For each setting a value that is not its default."""
COMPANIONS = {"database_password_file": {"database_url": PLACE}, "max_body_bytes": {}}
"""What else a setting needs."""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "password").write_text("secretword")
    with mock.patch.dict(os.environ):  # 'serve' hands its flags to the app by the environment
        yield


def flag(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name.replace('_', '-')}" if value else f"--no-{name.replace('_', '-')}"]
    return [f"--{name.replace('_', '-')}", str(value)]


def invoke(*words: str) -> None:
    CliRunner().invoke(app, words, catch_exceptions=False)


def line(name: str, value: Any) -> str:
    shown = str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)
    return f"{name} = {shown}\n"


def test_there_is_an_example_of_every_setting_that_differs_from_its_default() -> None:
    assert set(CHOSEN) == set(ServiceSettings.model_fields)
    plain, chosen = load_service_settings(), load_service_settings(**CHOSEN)
    assert [name for name in CHOSEN if getattr(plain, name) == getattr(chosen, name)] == []


@pytest.mark.parametrize("name", CHOSEN)
def test_a_setting_of_the_service_can_be_made_in_three_ways(name: str, tmp_path: Path) -> None:
    also = COMPANIONS.get(name, {})
    wanted = load_service_settings(**{name: CHOSEN[name]}, **also)
    (tmp_path / "textcx.toml").write_text(
        f"[service]\n{''.join(line(*each) for each in (also | {name: CHOSEN[name]}).items())}"
    )
    assert load_service_settings() == wanted
    (tmp_path / "textcx.toml").unlink()
    variables = {f"{PREFIX}{key.upper()}": str(value) for key, value in (also | {name: CHOSEN[name]}).items()}
    with mock.patch.dict(os.environ, variables):
        assert load_service_settings() == wanted
    # By flag: the port is taken, so 'serve' ends at once, after it has handed the settings on as the app reads them.
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        flags = [word for each in ({"port": port} | also | {name: CHOSEN[name]}).items() for word in flag(*each)]
        if name == "port":
            flags = ["--port", str(port)]
        with pytest.raises(WrongUse, match="taken"):
            invoke("serve", *flags)
    found = load_service_settings()
    assert found.port == port
    assert found == wanted.model_copy(update={"port": port})


@pytest.mark.parametrize("way", ["flag", "variable", "file", "named file"])
@pytest.mark.parametrize("command", ["db upgrade", "keys list", "keys create", "keys revoke", "worker"])
@pytest.mark.parametrize("name", ["database_url", "database_password_file"])
def test_every_command_finds_the_database_in_all_ways(command: str, name: str, way: str, tmp_path: Path) -> None:
    rest = {"keys create": ["a", "--scope", "read"], "keys revoke": ["key_1"]}.get(command, [])
    (tmp_path / "way").write_text("a file where a directory is needed")
    chosen, said = {
        "database_url": ({"database_url": f"sqlite:///{tmp_path}/way/in/x.db"}, r"way/in of the database"),
        "database_password_file": (
            {"database_url": PLACE, "database_password_file": f"{tmp_path}/none"}, r"database_password_file.*none",
        ),
    }[name]  # fmt: skip
    flags: list[str] = []
    if way == "flag":
        flags = [word for each in chosen.items() for word in flag(*each)]
    elif way == "variable":
        os.environ.update({f"{PREFIX}{key.upper()}": value for key, value in chosen.items()})
    else:
        file = tmp_path / ("textcx.toml" if way == "file" else "mine.toml")
        file.write_text("[service]\n" + "".join(line(*each) for each in chosen.items()))
        if way == "named file":
            os.environ[CONFIG_VARIABLE] = str(file)
    with pytest.raises(TextcxError, match=said):
        invoke(*command.split(), *rest, *flags)


def test_a_worker_finds_its_spool_and_webhooks_by_flag_too(tmp_path: Path) -> None:
    (tmp_path / "way").write_text("in the way")
    os.environ |= {f"{PREFIX}ALLOW_PRIVATE_WEBHOOKS": "perhaps", f"{PREFIX}SPOOL": "elsewhere"}
    with pytest.raises(BadSetting, match="allow_private_webhooks = 'perhaps'"):
        invoke("worker", "--spool", f"{tmp_path}/way/in")
    for webhooks in ("--allow-private-webhooks", "--no-private-webhooks"):
        with pytest.raises(StoreProblem, match=r"the spool .*/way/in cannot be made"):
            invoke("worker", "--spool", f"{tmp_path}/way/in", webhooks)


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_file_named_by_the_environment_counts_for_the_analysis_too(command: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("threads = 'many'\n")
    os.environ[CONFIG_VARIABLE] = str(tmp_path / "mine.toml")
    with pytest.raises(BadSetting, match="threads = 'many'"):
        invoke(command)


def test_a_password_from_a_file_opens_the_database(tmp_path: Path, postgres: str) -> None:
    from databases import new_database
    from sqlalchemy.engine import make_url

    url = make_url(new_database(postgres))
    shown = url.render_as_string(hide_password=False)
    place = shown.replace(f"{url.username}:{url.password or ''}@", f"{url.username}@")
    flags = ["--database-url", place, "--database-password-file", f"{tmp_path}/password"]
    invoke("db", "upgrade", *flags)
    invoke("keys", "create", "shop", "--scope", "read", *flags)
    database = Database(shown)
    assert [key.name for key in SqlKeys(database).all()] == ["shop"]
    database.close()
