"""The database of the service, opened when the app starts and tried again while it cannot be reached."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from textcx.wiring.container import key_store, open_database

if TYPE_CHECKING:
    from datetime import datetime

    from textcx.domain.service.keys import ApiKey
    from textcx.ports import KeyStore
    from textcx.store.sql.database import Database


class Storage:
    """Opens the database at first use; implements ``KeyStore``. All methods may block: call them in a thread."""

    def __init__(self, url: str) -> None:
        """Remember where the database is; nothing is opened or made yet."""
        self._url = url
        self._lock = threading.Lock()
        self._database: Database | None = None
        self._keys: KeyStore | None = None

    @property
    def database(self) -> Database:
        """The database, with its tables.

        Raises:
            StoreProblem: If it cannot be reached or is of another version.
        """
        with self._lock:
            if self._database is None:
                self._database = open_database(self._url)
            return self._database

    def check(self) -> None:
        """Do nothing where the database answers.

        Raises:
            StoreProblem: Where it does not.
        """
        self.find("")

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = self._keys = None

    def find(self, sha256: str) -> ApiKey | None:
        """Return the key with this digest."""
        return self._store().find(sha256)

    def any_key(self) -> bool:
        """Say whether any key is valid."""
        return self._store().any_key()

    def touch(self, key_id: str, *, at: datetime) -> None:
        """Note that a key was used."""
        self._store().touch(key_id, at=at)

    def _store(self) -> KeyStore:
        if self._keys is None:
            self._keys = key_store(self.database)
        return self._keys
