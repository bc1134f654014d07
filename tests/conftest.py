from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from places import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textcx.domain.analysis import Analysis
    from textcx.store.sql.database import Database

if "PYTEST_XDIST_WORKER" in os.environ:  # threads of processes that run side by side only wait for each other
    for variable in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

# How long an example takes depends on what else the machine does.
settings.register_profile("textcx", deadline=None)
settings.load_profile("textcx")


@pytest.fixture(scope="session", autouse=True)
def _own_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the key and the settings of the person who runs them."""
    os.environ["TEXTCX_KEY_FILE"] = str(tmp_path_factory.mktemp("key") / "respondent.key")
    yield
    del os.environ["TEXTCX_KEY_FILE"]


@pytest.fixture(scope="session")
def sample_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Analyze the sample once for all tests; the directory with the result."""
    import textcx

    out = tmp_path_factory.mktemp("sample") / "out"
    textcx.analyze(SAMPLE, out=out, tables=["csv", "xlsx"], batch_rows=150)
    return out


@pytest.fixture(scope="session")
def sample_analysis(sample_out: Path) -> Analysis:
    import textcx

    return textcx.load(sample_out)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start PostgreSQL once for all tests; the URL of its maintenance database."""
    from databases import postgres_server, server_folder

    with server_folder() as folder, postgres_server(folder) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/textcx.db"
    from databases import new_database

    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database with its tables and nothing in them, of either kind."""
    from databases import new_database, new_file

    if request.param == "sqlite":
        return new_file(tmp_path / "textcx.db")
    return new_database(request.getfixturevalue("postgres"), tables=True)


@pytest.fixture
def database(ready_url: str) -> Iterator[Database]:
    """Open a database with its tables and nothing in them, of either kind."""
    from textcx.store.sql.database import Database

    database = Database(ready_url)
    yield database
    database.close()
