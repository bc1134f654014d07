from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from textcx.domain.errors import Conflict, NotFound, WrongUse
from textcx.domain.service.keys import KEY_LENGTH, Scope, digest_of
from textcx.store.sql.database import Database
from textcx.store.sql.keys import SqlKeys
from textcx.store.sql.schema.tables import api_keys

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def keys(database: Database) -> SqlKeys:
    return SqlKeys(database)


def test_a_key_is_found_by_its_digest(keys: SqlKeys) -> None:
    made = keys.create("shop", scopes=[Scope.READ, Scope.ANALYZE], now=NOW)
    assert len(made.secret) == KEY_LENGTH
    assert keys.find(digest_of(made.secret)) == made.key
    assert keys.find(digest_of("tcx_other")) is None


def test_a_key_is_nowhere_in_the_database(keys: SqlKeys, database: Database) -> None:
    made = keys.create("shop", scopes=[Scope.READ])
    with database.read() as connection:
        kept = str(connection.execute(sa.select(api_keys)).all())
    assert made.key.prefix in kept
    assert made.secret not in kept


def test_a_revoked_key_is_found_and_no_longer_valid(keys: SqlKeys) -> None:
    made = keys.create("shop", scopes=[Scope.READ], now=NOW)
    keys.revoke(made.key.prefix, now=NOW + timedelta(hours=1))
    found = keys.find(digest_of(made.secret))
    assert found is not None
    assert found.revoked_at == NOW + timedelta(hours=1)
    assert not found.valid_at(NOW + timedelta(hours=2))


def test_revoking_again_keeps_the_first_time(keys: SqlKeys) -> None:
    made = keys.create("shop", scopes=[Scope.READ], now=NOW)
    keys.revoke(made.key.id, now=NOW + timedelta(hours=1))
    assert keys.revoke(made.key.id, now=NOW + timedelta(hours=9)).revoked_at == NOW + timedelta(hours=1)


def test_an_unknown_key_cannot_be_revoked(keys: SqlKeys) -> None:
    with pytest.raises(NotFound, match="textcx keys list"):
        keys.revoke("key_nowhere")


def test_a_beginning_that_two_keys_have_names_neither(keys: SqlKeys, database: Database) -> None:
    first, second = (keys.create(name, scopes=[Scope.READ]) for name in ("a", "b"))
    with database.write() as connection:
        connection.execute(sa.update(api_keys).where(api_keys.c.id == second.key.id).values(prefix=first.key.prefix))
    with pytest.raises(Conflict, match="2 keys"):
        keys.revoke(first.key.prefix)


def test_there_is_a_key_while_one_is_valid(keys: SqlKeys) -> None:
    assert not keys.any_key()
    made = keys.create("shop", scopes=[Scope.READ], now=NOW, expires_at=NOW + timedelta(days=1))
    assert keys.any_key(now=NOW)
    assert not keys.any_key(now=NOW + timedelta(days=2))
    keys.revoke(made.key.id)
    assert not keys.any_key(now=NOW)


def test_the_last_use_is_written_down_once_a_minute(keys: SqlKeys) -> None:
    made = keys.create("shop", scopes=[Scope.READ], now=NOW)
    for seconds in (0, 30, 61):
        keys.touch(made.key.id, at=NOW + timedelta(seconds=seconds))
    keys.touch("key_nowhere", at=NOW)
    found = keys.find(digest_of(made.secret))
    assert found is not None
    assert found.last_used_at == NOW + timedelta(seconds=61)


@pytest.mark.parametrize(("name", "scopes"), [(" ", [Scope.READ]), ("x" * 101, [Scope.READ]), ("shop", [])])
def test_a_key_needs_a_name_and_a_scope(keys: SqlKeys, name: str, scopes: list[Scope]) -> None:
    with pytest.raises(WrongUse, match="at least one scope"):
        keys.create(name, scopes=scopes)


def test_a_key_that_has_expired_already_is_refused(keys: SqlKeys) -> None:
    with pytest.raises(WrongUse, match="never be valid"):
        keys.create("shop", scopes=[Scope.READ], now=NOW, expires_at=NOW)


def test_a_first_key_is_made_only_where_there_was_never_one(keys: SqlKeys) -> None:
    made = keys.create_first("first", scopes=[Scope.ADMIN], now=NOW)
    assert made is not None
    assert keys.find(digest_of(made.secret)) == made.key
    assert keys.create_first("first", scopes=[Scope.ADMIN], now=NOW) is None
    keys.revoke(made.key.id, now=NOW)
    assert keys.create_first("first", scopes=[Scope.ADMIN], now=NOW) is None
    assert len(keys.all()) == 1


def test_of_several_that_make_the_first_key_at_once_one_succeeds(ready_url: str) -> None:
    at_once = 8
    together = Barrier(at_once)

    def begin(number: int) -> bool:
        database = Database(ready_url)  # each with its own connections, as a process of its own would have
        try:
            SqlKeys(database).all()
            together.wait(30)
            return SqlKeys(database).create_first(f"first-{number}", scopes=[Scope.ADMIN]) is not None
        finally:
            database.close()

    with ThreadPoolExecutor(at_once) as pool:
        assert sum(pool.map(begin, range(at_once))) == 1


def test_a_first_key_waits_for_a_key_that_is_being_made(ready_url: str) -> None:
    database, other = Database(ready_url), Database(ready_url)
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            row = {"id": "key_1", "name": "one", "prefix": "tcx_1", "digest": "0" * 64, "scopes": [], "created_at": NOW}
            connection.execute(sa.insert(api_keys).values(row))
            second = pool.submit(lambda: SqlKeys(other).create_first("first", scopes=[Scope.ADMIN]))
            with pytest.raises(TimeoutError):
                second.result(timeout=0.3)
        assert second.result(timeout=30) is None
    database.close()
    other.close()
