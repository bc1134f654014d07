from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from textcx.cli.app import app
from textcx.domain.errors import NotFound, WrongUse
from textcx.domain.service.keys import KEY_LENGTH, Scope, digest_of
from textcx.store.sql.database import Database
from textcx.store.sql.keys import SqlKeys

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/textcx.db"


def run(*words: str) -> str:
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_database_is_brought_to_this_version(url: str) -> None:
    assert "stands at step" in run("db", "upgrade", "--database-url", url)
    assert "as before" in run("db", "upgrade", "--database-url", url)


def test_a_key_is_made_shown_once_listed_and_revoked(url: str) -> None:
    secret = run("keys", "create", "shop", "--scope", "read", "--scope", "write", "--database-url", url).strip()
    assert len(secret) == KEY_LENGTH
    listed = run("keys", "list", "--database-url", url)
    assert secret not in listed
    key_id, prefix, name, scopes, state, used = listed.strip().split("\t")
    assert (name, scopes, state, used) == ("shop", "read,write", "valid", "never used")
    assert secret.startswith(prefix)
    database = Database(url)
    found = SqlKeys(database).find(digest_of(secret))
    assert found is not None
    assert found.allows(Scope.WRITE)
    database.close()
    assert "is revoked" in run("keys", "revoke", key_id, "--database-url", url)
    assert "\trevoked\t" in run("keys", "list", "--database-url", url)


def test_an_unknown_scope_or_key_is_explained(url: str) -> None:
    with pytest.raises(WrongUse, match="analyze, read, write, admin"):
        run("keys", "create", "shop", "--scope", "everything", "--database-url", url)
    with pytest.raises(NotFound, match="keys list"):
        run("keys", "revoke", "key_none", "--database-url", url)
