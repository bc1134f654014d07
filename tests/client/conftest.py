from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from textcx_client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def scoring() -> Iterator[Client]:
    """A client of the service with default settings and no keys."""
    from serving import serving

    with serving() as plain, Client(str(plain.base_url), trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of the service with an SQLite file, running its jobs itself; tests of a module share it."""
    from databases import new_file
    from keeping import keeping

    folder = tmp_path_factory.mktemp("kept")
    with (
        keeping(new_file(folder / "textcx.db"), folder, allow_private_webhooks=True) as plain,
        Client(str(plain.base_url), trust_env=False) as client,
    ):
        yield client
