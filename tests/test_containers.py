"""The container files, as far as they can be held without an engine: every name in them exists, every part fits."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
import typer
from containers import (
    CHECKOUT,
    compose,
    copied,
    examples,
    image_environment,
    instructions,
    last,
    let_through,
    seconds,
    words,
)
from serving import serving
from sqlalchemy.engine import make_url

from api.stores import STOP_SECONDS as STOP_STORES_SECONDS
from textcx.cli.app import app
from textcx.jobs.queue.worker import STOP_SECONDS
from textcx.settings.analysis import PREFIX, Settings, load_settings
from textcx.settings.service import CONFIG_VARIABLE, ServiceSettings, load_service_settings
from textcx.settings.service import PREFIX as SERVICE_PREFIX

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
OURS = ("upgrade", "service", "worker")
OTHER_VARIABLES = {"TEXTCX_KEY_FILE", CONFIG_VARIABLE}
"""Variables that are read outside the settings."""
REFUSED = 2


def parse(arguments: list[str]) -> None:
    """Parse words as the command line does, down to the last command, and run nothing."""
    command: Any = typer.main.get_command(app)
    context, rest = command.make_context("textcx", list(arguments)), arguments
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, list(rest), parent=context)


def services() -> dict[str, Any]:
    return compose()["services"]


def test_every_command_in_the_files_is_one_of_textcx() -> None:
    assert words("ENTRYPOINT") == ["textcx"]
    shown = list(examples())
    assert len(shown) == 3
    built = [each.rest.partition("bin/textcx ")[2].split() for each in instructions() if "bin/textcx " in each.rest]
    assert len(built) == 1
    for arguments in [words("CMD"), *(services()[name]["command"] for name in OURS), *shown, *built]:
        parse(arguments)


@pytest.mark.parametrize("arguments", [["serve", "--first-kee"], ["wurker"], ["db", "upgrad"], ["keys", "list", "x"]])
def test_a_command_or_flag_that_is_gone_would_be_noticed(arguments: list[str]) -> None:
    with pytest.raises(Exception, match=r"No such|unexpected extra") as caught:
        parse(arguments)
    assert getattr(caught.value, "exit_code", None) == REFUSED


def test_every_variable_of_textcx_in_the_files_is_read() -> None:
    known = {f"{SERVICE_PREFIX}{name.upper()}" for name in ServiceSettings.model_fields}
    known |= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    for file in ("Dockerfile", "compose.yaml"):
        text = (CHECKOUT / file).read_text(encoding="utf-8").replace("TEXTCX_SERVICE_...", "")
        named = set(re.findall(r"\bTEXTCX_[A-Z_]+\b", text))
        assert named
        assert named <= known


@pytest.mark.parametrize("name", OURS)
def test_the_settings_of_every_container_can_be_used(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = image_environment() | services()[name]["environment"]
    assert {type(value) for value in chosen.values()} == {str, int}
    password = tmp_path / "password"
    password.write_text("secretword\n")
    secret = chosen["TEXTCX_SERVICE_DATABASE_PASSWORD_FILE"]
    assert secret == f"/run/secrets/{services()[name]['secrets'][0]}"
    for variable, value in (chosen | {"TEXTCX_SERVICE_DATABASE_PASSWORD_FILE": password}).items():
        if variable.startswith(("TEXTCX", "XDG")):
            monkeypatch.setenv(variable, str(value))
    settings = load_service_settings()
    place, server = make_url(settings.database), services()["database"]["environment"]
    assert (place.host, place.username, place.database) == ("database", server["POSTGRES_USER"], server["POSTGRES_DB"])
    assert place.password == password.read_text().strip()
    assert server["POSTGRES_PASSWORD_FILE"] == secret
    assert not settings.on_loopback
    assert settings.first_key
    assert not settings.run_jobs
    assert load_settings().threads == int(chosen["OMP_NUM_THREADS"])


def test_all_data_lie_on_the_volume_that_service_and_worker_share(monkeypatch: pytest.MonkeyPatch) -> None:
    image = image_environment()
    for variable in ("XDG_DATA_HOME", "TEXTCX_KEY_FILE"):
        monkeypatch.setenv(variable, image[variable])
    settings = load_service_settings()
    volume = PurePosixPath("/var/lib/textcx")
    for path in (settings.spool, settings.theme_sets, image["TEXTCX_KEY_FILE"], make_url(settings.database).database):
        assert volume in PurePosixPath(str(path)).parents
    assert last("WORKDIR") == str(volume)
    assert any(
        each.word == "RUN" and each.stage == 1 and each.rest.endswith(f"--mode=0700 {volume}")
        for each in instructions()
    )
    for name in OURS:
        assert services()[name]["volumes"] == [f"data:{volume}"]


def test_nothing_is_written_outside_the_volume_and_tmp() -> None:
    for name in OURS:
        one = services()[name]
        assert one["read_only"] is True
        assert [place.partition(":")[0] for place in one["tmpfs"]] == ["/tmp"]  # noqa: S108 - in a container of its own
        assert one["cap_drop"] == ["ALL"]
    caches = {name: value for name, value in image_environment().items() if "CACHE" in name}
    assert caches
    assert all(value.startswith("/tmp/") for value in caches.values())  # noqa: S108


def test_the_user_has_no_rights_and_the_same_number_everywhere() -> None:
    user, group = last("USER").split(":")
    made = next(each.rest for each in instructions() if "useradd" in each.rest)
    assert int(user) >= 1000
    assert f"useradd --uid {user} " in made
    assert f"groupadd --gid {group} " in made
    assert not any("user" in services()[name] for name in OURS)


def test_the_parts_of_the_compose_file_fit_each_other() -> None:
    whole = compose()
    for name, one in services().items():
        assert set(one.get("networks", ())) <= set(whole["networks"]), name
        assert set(one.get("secrets", ())) <= set(whole["secrets"]), name
        assert {volume.partition(":")[0] for volume in one["volumes"]} <= set(whole["volumes"]), name
        for other, need in one.get("depends_on", {}).items():
            assert other in services(), name
            condition = need["condition"]
            assert condition == ("service_completed_successfully" if other == "upgrade" else "service_healthy")
    assert [name for name in services() if "build" in services()[name]] == ["service"]
    assert {services()[name]["image"] for name in OURS} == {"textcx:local"}
    assert set(services()["service"]["build"]["args"]) <= {each.rest for each in instructions() if each.word == "ARG"}
    assert [name for name in services() if "ports" in services()[name]] == ["service"]
    assert whole["networks"]["inside"]["internal"] is True
    assert services()["database"]["networks"] == ["inside"]


def test_only_this_machine_can_connect_unless_asked_for() -> None:
    (port,) = services()["service"]["ports"]
    assert port == f"127.0.0.1:{ServiceSettings().port}:{last('EXPOSE')}"
    assert int(last("EXPOSE")) == ServiceSettings().port


def test_containers_get_the_time_that_stopping_takes() -> None:
    drain = ServiceSettings().drain_seconds
    assert last("STOPSIGNAL") == "SIGTERM"
    # The server waits for open requests, then the app for what the model still does, then for uploads.
    assert seconds(services()["service"]["stop_grace_period"]) >= 2 * drain + STOP_STORES_SECONDS + 5
    assert seconds(services()["worker"]["stop_grace_period"]) >= STOP_SECONDS + 10


def test_no_secret_is_committed_or_built_in() -> None:
    (file,) = [secret["file"] for secret in compose()["secrets"].values()]
    path = PurePosixPath(file)
    assert not let_through(str(path))
    assert f"/{path.parent}/" in (CHECKOUT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "POSTGRES_PASSWORD" not in services()["database"]["environment"]


def test_the_health_check_tells_ready_from_not() -> None:
    check = json.loads(last("HEALTHCHECK").partition(" CMD ")[2])
    assert check[0] == "python"

    def code(port: int | None) -> int:
        environment = {**os.environ, "http_proxy": "http://127.0.0.1:1", "TEXTCX_SERVICE_PORT": str(port)}
        return subprocess.run(
            [sys.executable, *check[1:]], env=environment, check=False, capture_output=True
        ).returncode

    with serving() as client:
        assert code(client.base_url.port) == 0
    with serving(make_tools=_broken, log_level="error") as client:
        assert client.get("/readyz").status_code == 503
        assert code(client.base_url.port) == 1
    assert code(1) == 1
    for name in ("upgrade", "worker"):
        assert services()[name]["healthcheck"] == {"disable": True}


def _broken() -> Any:
    from textcx.domain.errors import ModelProblem

    msg = "no model here"
    raise ModelProblem(msg)


def test_the_build_is_given_all_that_the_wheel_is_made_of_and_nothing_else() -> None:
    from hatchling.builders.wheel import WheelBuilder

    given = copied()
    for path in given:
        assert (CHECKOUT / path).exists(), path
        assert let_through(path), path
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [os.path.relpath(file.path, CHECKOUT) for file in WheelBuilder(str(CHECKOUT)).recurse_included_files()]
    assert len(needed) > 100
    for path in [*needed, project["readme"], *project["license-files"], "constraints.txt", "pyproject.toml"]:
        if "__pycache__" not in path:
            assert let_through(path), path
            assert any(PurePosixPath(path).is_relative_to(each) for each in given), path
    for path in (".git/config", "tests/conftest.py", "secrets/database_password", ".env", "textcx/__pycache__/x.pyc"):
        assert not let_through(path), path


def test_the_packages_come_from_the_project_itself() -> None:
    listing = next(each.rest for each in instructions() if "tomllib" in each.rest)
    program = re.search(r'python -c "(.*?)" > requirements', listing)
    assert program is not None
    done = subprocess.run([sys.executable, "-c", program[1]], cwd=CHECKOUT, check=True, capture_output=True, text=True)
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert done.stdout.splitlines() == project["dependencies"]
    assert any(
        line.startswith("torch==") for line in (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    )
