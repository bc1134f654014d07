from __future__ import annotations

import os
import socket
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
import sqlalchemy as sa
from databases import opened
from typer.testing import CliRunner

from textcx.cli.app import app
from textcx.commands.serve import app_name, as_environment, listen, look_at_database, welcome
from textcx.domain.errors import LaterDatabase, StoreProblem, WrongUse
from textcx.domain.service.keys import KEY_LENGTH, Scope, digest_of
from textcx.settings.service import ServiceSettings
from textcx.store.sql.database import Database
from textcx.store.sql.keys import SqlKeys

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing listens there


class Starter:
    """Who starts the service: notes what it is told and shown."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.shown: list[str] = []

    def look(self, **settings: object) -> Starter:
        look_at_database(ServiceSettings.model_validate(settings), tell=self.told.append, show=self.shown.append)
        return self


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def stamp(url: str, step: str) -> None:
    with opened(url) as database, database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :step"), {"step": step})


def test_strangers_are_refused_until_there_is_a_valid_key(ready_url: str) -> None:
    with pytest.raises(WrongUse, match="textcx keys create"):
        Starter().look(host="::", database_url=ready_url)
    database = Database(ready_url)
    made = SqlKeys(database).create("one", scopes=[Scope.ANALYZE])
    Starter().look(host="::", database_url=ready_url)
    SqlKeys(database).revoke(made.key.id)
    database.close()
    with pytest.raises(WrongUse, match="no valid key"):
        Starter().look(host="::", database_url=ready_url)


def test_the_first_key_is_shown_once_and_opens_the_service_to_others(ready_url: str) -> None:
    first = Starter().look(host=EVERYWHERE, database_url=ready_url, first_key=True)
    (secret,) = first.shown
    assert len(secret) == KEY_LENGTH
    assert "not shown again" in first.told[0]
    assert secret not in first.told[0]
    database = Database(ready_url)
    found = SqlKeys(database).find(digest_of(secret))
    database.close()
    assert found is not None
    assert found.allows(Scope.ADMIN)
    again = Starter().look(host=EVERYWHERE, database_url=ready_url, first_key=True)
    assert (again.shown, again.told) == ([], [])


def test_no_first_key_is_made_where_the_only_key_was_revoked(ready_url: str) -> None:
    database = Database(ready_url)
    keys = SqlKeys(database)
    keys.revoke(keys.create("one", scopes=[Scope.READ]).key.id)
    starter = Starter()
    with pytest.raises(WrongUse, match="no valid key"):
        starter.look(host=EVERYWHERE, database_url=ready_url, first_key=True)
    assert (starter.shown, len(keys.all())) == ([], 1)
    database.close()


def test_this_machine_needs_no_key(ready_url: str) -> None:
    starter = Starter().look(database_url=ready_url)
    assert (starter.told, starter.shown) == ([], [])


def test_a_database_of_a_later_version_ends_the_start(ready_url: str) -> None:
    stamp(ready_url, "9999")
    with pytest.raises(LaterDatabase, match=r"stands at step 9999.*install the version of textcx that made it"):
        Starter().look(database_url=ready_url)


def test_a_database_that_does_not_answer_makes_the_service_wait_where_no_key_is_needed() -> None:
    gone = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    told = Starter().look(database_url=gone).told
    assert "Not ready yet" in told[0]
    assert "cannot be reached" in told[0]
    for needing in ({"host": EVERYWHERE}, {"first_key": True}):
        with pytest.raises(StoreProblem, match=r"cannot be reached.*--database-url"):
            Starter().look(database_url=gone, **needing)


def test_a_postgresql_without_tables_is_told_how_to_get_them(postgres: str) -> None:
    from databases import new_database

    with pytest.raises(StoreProblem, match="textcx db upgrade"):
        Starter().look(database_url=new_database(postgres), first_key=True)


def test_a_taken_port_is_refused_before_anything_else_happens(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/data/service.sqlite"
    with taken_port() as port, mock.patch.dict(os.environ), pytest.raises(WrongUse, match=f"port {port} .* taken"):
        CliRunner().invoke(
            app, ["serve", "--port", str(port), "--database-url", url, "--spool", f"{tmp_path}/spool", "--first-key"],
            catch_exceptions=False,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "said"), [("192.0.2.1", "no address of this machine"), ("no such host", "no name or address")]
)
def test_a_host_that_cannot_be_listened_on_is_explained(host: str, said: str) -> None:
    with pytest.raises(WrongUse, match=f"{said}.*--host"):
        listen(host, 0)


def test_a_free_port_is_the_same_on_every_address_of_a_name() -> None:
    with ExitStack() as stack:
        ports = {stack.enter_context(each).getsockname()[1] for each in listen("localhost", 0)}
    assert len(ports) == 1
    assert ports != {0}


@pytest.mark.parametrize(
    ("directory", "said"),
    [("--spool", "the spool .* cannot be made private"), ("--database-url", "the directory .* of the database")],
)
def test_a_directory_that_cannot_be_made_ends_the_start(tmp_path: Path, directory: str, said: str) -> None:
    (tmp_path / "file").write_text("in the way")
    places = {"--spool": f"{tmp_path}/spool", "--database-url": f"sqlite:///{tmp_path}/service.sqlite"}
    places[directory] = places[directory].replace(str(tmp_path), f"{tmp_path}/file/below")
    flags = [word for pair in places.items() for word in pair]
    with mock.patch.dict(os.environ), pytest.raises(StoreProblem, match=said):
        CliRunner().invoke(app, ["serve", "--port", "0", "--first-key", *flags], catch_exceptions=False)


def test_the_welcome_says_where_to_call_and_where_that_is_described() -> None:
    assert "http://127.0.0.1:8321/openapi.json" in welcome(ServiceSettings(), port=8321)
    said = welcome(ServiceSettings(host="::"), port=80)
    assert "http://[::]:80, for callers with a key" in said


def test_flags_reach_the_app_by_the_environment() -> None:
    found = as_environment(config=None, analysis={"threads": 2, "encoder": None}, service={"port": 9, "host": None})
    assert found == {"TEXTCX_THREADS": "2", "TEXTCX_SERVICE_PORT": "9"}


def test_in_a_checkout_the_app_is_found_beside_textcx() -> None:
    name, directory = app_name()
    assert name == "api.main:create_app"
    assert directory is not None
    assert (Path(directory) / "api" / "main.py").is_file()
