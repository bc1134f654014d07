"""Lists of any length: asked for page by page while they are iterated, or saved as a sheet."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from textcx_client.connection import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import httpx

    from textcx_client.answers.schema import Page
    from textcx_client.connection import Connection

Row = TypeVar("Row")
Params = tuple[tuple[str, str], ...]
PAGE_ROWS = 1000
"""Rows that are asked for at once; as many as the service gives."""


def params_of(**values: str | Sequence[str] | None) -> Params:
    """Return a query: what is null or empty is left out, a list gives its name once for each of its values."""
    given = {name: [value] if isinstance(value, str) else value for name, value in values.items()}
    return tuple((name, each) for name, several in given.items() for each in several or ())


def check_keywords(function: str, given: Mapping[str, object], known: type) -> None:
    """Refuse keyword arguments that a typed dictionary does not have, as Python itself does."""
    for name in given.keys() - known.__annotations__.keys():
        msg = f"{function}() got an unexpected keyword argument {name!r}"
        raise TypeError(msg)


class Rows(Generic[Row]):
    """Rows of one kind. Nothing is asked before they are iterated, and each time they are asked for anew."""

    def __init__(self, connection: Connection, path: str, page: type[Page[Row]], params: Params) -> None:
        self._connection, self._path, self._page, self._params = connection, path, page, params

    def __iter__(self) -> Iterator[Row]:
        """Give them one after the other; it is a ``ServiceError`` if a page cannot be had."""
        return self._pages(PAGE_ROWS)

    def head(self, count: int) -> list[Row]:
        """Return the first ones, at most ``count``; asks for no more than these."""
        return list(islice(self._pages(max(1, min(count, PAGE_ROWS))), max(0, count)))

    def all(self) -> list[Row]:
        """Return them all."""
        return list(self)

    def _pages(self, limit: int) -> Iterator[Row]:
        cursor: str | None = None
        while True:
            params = (*self._params, *params_of(limit=str(limit), cursor=cursor))
            page = self._connection.ask(self._page, Call(path=self._path, params=params))
            yield from page.items
            cursor = page.next_cursor
            if not cursor:
                return


class Sheet(Rows[Row]):
    """Rows that may be saved as CSV, too."""

    def __init__(
        self, connection: Connection, path: str, page: type[Page[Row]], params: Params, *, most: int | None = None
    ) -> None:
        super().__init__(connection, path, page, params)
        self._csv_params = (*params, *params_of(format="csv", limit=None if most is None else str(most)))

    def save_csv(self, path: str | Path) -> Path:
        """Save them as a sheet, UTF-8, no cell a formula, in a folder that is there.

        The file is there, or replaced, when all of it has come, and only its owner may read it. Nothing is left behind
        if the sheet cannot be had (``ServiceError``) or written (``OSError``).
        """
        target = Path(path)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
            draft = Path(file.name)
            try:

                def take(response: httpx.Response) -> None:
                    file.seek(0)
                    file.truncate()  # an earlier try may have broken off
                    for piece in response.iter_bytes():
                        file.write(piece)

                self._connection.send(Call(path=self._path, params=self._csv_params), take=take)
                file.close()
                return draft.replace(target)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
