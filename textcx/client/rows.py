"""Lists of any length: asked for page by page while they are gone through, or saved as a sheet."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from textcx.client.connection import Call, as_json
from textcx.client.errors import UNEXPECTED_ANSWER, ServiceError
from textcx.client.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

    from textcx.client.connection import Connection

Row = TypeVar("Row")
PAGE = 1000
"""Rows that are asked for at once; as many as the service gives."""


class Rows(Generic[Row]):
    """Rows of one kind. Nothing is asked before they are gone through, and each time they are asked for anew."""

    def __init__(
        self, connection: Connection, path: str, kind: type[Row], params: Mapping[str, str | list[str]]
    ) -> None:
        self._connection, self._path, self._kind = connection, path, kind
        self._params = tuple(
            (name, each)
            for name, value in params.items()
            for each in ([value] if isinstance(value, str) else value)
        )  # fmt: skip

    def __iter__(self) -> Iterator[Row]:
        """Give them one after the other.

        Raises:
            ServiceError: If a page cannot be had.
        """
        return self._pages(PAGE)

    def head(self, count: int) -> list[Row]:
        """Return the first ones, at most ``count``; asks for no more than these."""
        return list(islice(self._pages(max(1, min(count, PAGE))), max(0, count)))

    def all(self) -> list[Row]:
        """Return them all."""
        return list(self)

    def _pages(self, limit: int) -> Iterator[Row]:
        cursor: tuple[tuple[str, str], ...] = ()
        while True:
            asked = (*self._params, ("limit", str(limit)), *cursor)
            page = self._connection.send(Call(method="GET", path=self._path, params=asked), take=as_json)
            items = page.get("items") if isinstance(page, dict) else None
            if not isinstance(items, list):
                msg = "The answer is not a page"
                raise ServiceError(msg, code=UNEXPECTED_ANSWER, hint="see whether base_url is that of the service")
            for item in items:
                yield read(self._kind, item)
            following = page.get("next_cursor")
            if not following:
                return
            cursor = (("cursor", str(following)),)


class Sheet(Rows[Row]):
    """Rows that may be saved as CSV, too."""

    def save_csv(self, path: str | Path) -> Path:
        """Save them as a sheet: UTF-8, no cell a formula.

        The file is there, or replaced, when all of it has come; only its owner may read it.

        Args:
            path: Where to; its folder must be there.

        Raises:
            ServiceError: If the sheet cannot be had; nothing is left behind then.
            OSError: If the file cannot be written.
        """
        wanted = Path(path)
        call = Call(method="GET", path=self._path, params=(*self._params, ("format", "csv"), *self._sheet()))
        with tempfile.NamedTemporaryFile(dir=wanted.parent, prefix=f".{wanted.name}-", delete=False) as file:
            draft = Path(file.name)
            try:

                def take(response: httpx.Response) -> None:
                    file.seek(0)
                    file.truncate()  # an earlier try may have broken off
                    for piece in response.iter_bytes():
                        file.write(piece)

                self._connection.send(call, take=take)
                file.close()
                return draft.replace(wanted)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise

    def _sheet(self) -> tuple[tuple[str, str], ...]:
        """Further parameters of the sheet."""
        return ()


class ShortSheet(Sheet[Row]):
    """A sheet that ends after ``PAGE`` rows."""

    def _sheet(self) -> tuple[tuple[str, str], ...]:
        return (("limit", str(PAGE)),)
