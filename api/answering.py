"""What all routes that score now have in common: asking the model, limits, and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from textcx.domain.items import GivenText

from .deps import services_of
from .http.errors import Code, Problem

LATEST = "latest"
"""The model version that is always there."""


def check_count(count: int, *, most: int) -> None:
    """Refuse more items than are taken at once.

    Raises:
        Problem: If there are more.
    """
    if count > most:
        raise Problem(Code.TOO_MANY_ITEMS, f"{count:,} items came; at most {most:,} are taken at once.")


async def ask(kind: str, texts: Sequence[GivenText], *, request: Request) -> list[Any]:
    """Ask the model about texts, if there are any, until the caller goes away; the body must have been read."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return await services_of(request).batcher.submit(kind, texts, gone=gone) if texts else []


def dumped(document: object) -> bytes:
    """Return a document as JSON in ASCII, so that cut emoji can be written too."""
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")
