from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from databases import opened

from textcx.domain.errors import BadSetting, StoreProblem
from textcx.store.sql.database import Database
from textcx.store.sql.datasets import SqlDatasets
from textcx.store.sql.migrations import HEAD, check, upgrade
from textcx.store.sql.schema.columns import storable
from textcx.store.sql.schema.tables import metadata, receipts

if TYPE_CHECKING:
    from pathlib import Path


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    with opened(database_url) as database:
        assert upgrade(database) == HEAD
        check(database)


def test_several_processes_may_upgrade_at_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    failures: list[BaseException] = []

    def run(database: Database) -> None:
        try:
            upgrade(database)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=run, args=[database]) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    check(databases[0])
    for database in databases:
        database.close()


def test_a_database_without_tables_is_explained(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(StoreProblem, match="textcx db upgrade"):
        check(database)
    database.close()


def test_a_database_of_a_later_version_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for work in (check, upgrade):
        with pytest.raises(StoreProblem, match="9999"):
            work(database)


def _fail_after(_: object) -> None:
    _ = 1 / 0


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    from datetime import UTC, datetime

    row = {
        "id": "r1",
        "kind": "erasure",
        "at": datetime.now(tz=UTC),
        "requested_by": "",
        "removed": {},
        "respondents": [],
    }
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        _fail_after(connection.execute(sa.insert(receipts).values(row)))
    with database.read() as connection:
        assert connection.execute(sa.select(receipts)).all() == []


def test_a_server_that_is_not_there_is_explained_without_its_password() -> None:
    database = Database("postgresql+psycopg://me:secret@127.0.0.1:1/none")
    with pytest.raises(StoreProblem, match="cannot be reached") as caught, database.read():
        pass
    assert "secret" not in str(caught.value)
    database.close()


def test_work_is_tried_again_while_the_database_is_gone(database: Database) -> None:
    tries = []

    def work() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise StoreProblem
        return "done"

    assert database.patiently(work, seconds=5) == "done"
    with pytest.raises(StoreProblem):
        database.patiently(lambda: (_ for _ in ()).throw(StoreProblem("gone")), seconds=0)


@pytest.mark.parametrize("url", ["sqlite://", "mysql://x/y", "nonsense", "sqlite:///:memory:"])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match=r"sqlite:///FILE"):
        Database(url)


def test_values_never_stand_in_an_error(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError) as caught, database.write() as connection:
        connection.execute(
            sa.text("INSERT INTO receipts (id, kind) VALUES (:id, :kind)"), {"id": "PRIVATE", "kind": "x"}
        )
    assert "PRIVATE" not in str(caught.value).replace("DETAIL:  Failing row contains (PRIVATE", "")


def test_what_a_database_cannot_keep_is_replaced_one_for_one() -> None:
    assert storable({"a\0": ["x\ud800y", 1, None]}) == {"a\ufffd": ["x\ufffdy", 1, None]}


def test_an_sqlite_database_is_made_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/deep/er/textcx.db") as database:
        assert database.file == tmp_path / "deep" / "er" / "textcx.db"


def test_a_directory_or_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database, and long enough to be told from one" * 30)
    with pytest.raises(StoreProblem, match=r"the directory .*/file/below of the database cannot be made"):
        Database(f"sqlite:///{tmp_path}/file/below/textcx.db")
    database = Database(f"sqlite:///{tmp_path}")
    with pytest.raises(StoreProblem, match=r"cannot be opened or written.*--database-url"), database.read():
        pass
    database.close()


def test_a_database_of_the_first_step_is_brought_up_to_date_with_what_is_in_it(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database, to="0001")
    with database.write() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO datasets (name, columns, learned, created_at, updated_at) "
                "VALUES ('shop', '{}', '{}', '2026-01-01', '2026-01-01')"
            )
        )
    with pytest.raises(StoreProblem, match="0001"):
        check(database)
    assert upgrade(database) == "0001"
    check(database)
    assert SqlDatasets(database).get("shop").theme_set is None
    database.close()
