from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from textcx.cli import app
from textcx.domain.errors import WrongUse
from textcx.domain.service import Scope
from textcx.jobs.serve import app_name, as_environment, refuse_strangers
from textcx.service_config import ServiceSettings
from textcx.store.sql.keys import SqlKeys
from textcx.wiring import open_database


def test_strangers_are_refused_until_there_is_a_key(tmp_path: Path) -> None:
    settings = ServiceSettings(host="::", database_url=f"sqlite:///{tmp_path}/service.sqlite")
    with pytest.raises(WrongUse, match="textcx keys create"):
        refuse_strangers(settings)
    database = open_database(settings.database_url)
    SqlKeys(database).create("first", scopes=[Scope.ANALYZE])
    database.close()
    refuse_strangers(settings)


def test_this_machine_needs_no_key_and_no_database(tmp_path: Path) -> None:
    refuse_strangers(ServiceSettings(database_url=f"sqlite:///{tmp_path}/none/service.sqlite"))
    assert not (tmp_path / "none").exists()


def test_flags_reach_the_app_by_the_environment() -> None:
    found = as_environment(config=None, analysis={"threads": 2, "encoder": None}, service={"port": 9, "host": None})
    assert found == {"TEXTCX_THREADS": "2", "TEXTCX_SERVICE_PORT": "9"}


def test_in_a_checkout_the_app_is_found_beside_textcx() -> None:
    name, directory = app_name()
    assert name == "api.main:create_app"
    assert directory is not None
    assert (Path(directory) / "api" / "main.py").is_file()


def test_every_setting_of_the_service_has_a_flag() -> None:
    help_text = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200"}).output
    for name in ServiceSettings.model_fields:
        assert f"--{name.replace('_', '-')}"[:28] in help_text, name
