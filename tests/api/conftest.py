from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from keeping import Kept


@pytest.fixture(scope="session")
def service() -> Iterator[httpx.Client]:
    """The service with default settings and no keys, for tests that leave it as it is."""
    with serving() as client:
        yield client


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The service with an SQLite file, running its jobs itself; tests of a module share it."""
    from databases import new_file
    from keeping import keeping

    folder = tmp_path_factory.mktemp("kept")
    with keeping(new_file(folder / "textcx.db"), folder) as client:
        yield client


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kept_anywhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The same with a database of either kind."""
    from databases import new_database, new_file
    from keeping import keeping

    folder = tmp_path_factory.mktemp("kept")
    if request.param == "sqlite":
        url = new_file(folder / "textcx.db")
    else:
        url = new_database(request.getfixturevalue("postgres"), tables=True)
    with keeping(url, folder) as client:
        yield client
