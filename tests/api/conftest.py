from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


@pytest.fixture(scope="session")
def service() -> Iterator[httpx.Client]:
    """The service with default settings and no keys, for tests that leave it as it is."""
    with serving() as client:
        yield client
