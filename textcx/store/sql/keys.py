"""API keys in SQL: hashed, never readable again. Implements ``textcx.ports.KeyStore``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from textcx.domain.errors import Conflict, NotFound, WrongUse
from textcx.domain.service.datasets import new_id
from textcx.domain.service.keys import ApiKey, NewKey, Scope, digest_of, new_secret, visible_part_of
from textcx.store.sql.rows import SqlStore, made
from textcx.store.sql.schema.tables import api_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_NAME = 100
SELDOM = timedelta(minutes=1)
"""A key's last use is written down no oftener than this."""


class SqlKeys(SqlStore):
    """The keys of an installation. Where ``now`` may be given, it is the clock's by default."""

    def create(
        self, name: str, *, scopes: Iterable[Scope], now: datetime | None = None, expires_at: datetime | None = None
    ) -> NewKey:
        """Make a key; what is returned is the only place where it can ever be read.

        Args:
            name: What people call it, 1 to 100 characters.
            scopes: What it may do; at least one.
            now: The time.
            expires_at: When it stops being valid, later than ``now``; null for never.

        Raises:
            WrongUse: If it has no name or no scope, or would have expired already.
        """
        new = _new(name, scopes=scopes, now=now, expires_at=expires_at)
        with self._database.write() as connection:
            connection.execute(_insert(new))
        return new

    def create_first(self, name: str, *, scopes: Iterable[Scope], now: datetime | None = None) -> NewKey | None:
        """Make a key, as ``create`` does, where there was never one: of several that try at once, one succeeds.

        Returns:
            The key, to be shown now or never; null where there is a key already, be it expired or revoked.
        """
        new = _new(name, scopes=scopes, now=now, expires_at=None)
        with self._database.write() as connection:
            if not self._database.is_sqlite:  # there the transaction has the write lock already
                connection.execute(sa.text(f"LOCK TABLE {api_keys.name} IN SHARE ROW EXCLUSIVE MODE"))
            if connection.execute(sa.select(api_keys.c.id).limit(1)).first() is not None:
                return None
            connection.execute(_insert(new))
        return new

    def find(self, sha256: str) -> ApiKey | None:
        """Return the key with this digest, also a revoked one; null if there is none."""
        found = self._database.rows(sa.select(api_keys).where(api_keys.c.digest == sha256))
        return _key(found[0]) if found else None

    def any_key(self, *, now: datetime | None = None) -> bool:
        """Say whether at least one key is valid now."""
        moment = now or datetime.now(tz=UTC)
        return any(key.valid_at(moment) for key in self.all())

    def all(self) -> list[ApiKey]:
        """Return all keys, revoked ones included, oldest first."""
        rows = self._database.rows(sa.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))
        return [_key(row) for row in rows]

    def touch(self, key_id: str, *, at: datetime) -> None:
        """Note that a key was used at ``at``; an unknown id is no error."""
        seldom = sa.or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < at - SELDOM)
        self._database.change(sa.update(api_keys).where(api_keys.c.id == key_id, seldom).values(last_used_at=at))

    def revoke(self, which: str, *, now: datetime | None = None) -> ApiKey:
        """Revoke a key for good and return it; a key that is revoked stays as it is.

        Args:
            which: Its id, or its visible beginning where only one key has it.
            now: The time.

        Raises:
            NotFound: If there is no such key.
            Conflict: If several keys begin so.
        """
        found = [key.id for key in self.all() if which in {key.id, key.prefix}]
        if not found:
            msg = "there is no key with that id or beginning; 'textcx keys list' shows all"
            raise NotFound(msg)
        if len(found) > 1:
            msg = f"{len(found)} keys begin so; name the one you mean by its id, from 'textcx keys list'"
            raise Conflict(msg)
        own = api_keys.c.id == found[0]
        valid = sa.update(api_keys).where(own, api_keys.c.revoked_at.is_(None))
        self._database.change(valid.values(revoked_at=now or datetime.now(tz=UTC)))
        return _key(self._database.rows(sa.select(api_keys).where(own))[0])


def _new(name: str, *, scopes: Iterable[Scope], now: datetime | None, expires_at: datetime | None) -> NewKey:
    moment = now or datetime.now(tz=UTC)
    chosen = frozenset(Scope(scope) for scope in scopes)
    if not 0 < len(name.strip()) <= LONGEST_NAME or not chosen:
        msg = f"a key needs a name of 1 to {LONGEST_NAME} characters and at least one scope of {', '.join(Scope)}"
        raise WrongUse(msg)
    if expires_at is not None and expires_at <= moment:
        msg = f"a key that expires at {expires_at.isoformat()} would never be valid; choose a later time"
        raise WrongUse(msg)
    secret = new_secret()
    key = ApiKey(
        id=new_id("key"),
        name=name.strip(),
        prefix=visible_part_of(secret),
        scopes=chosen,
        created_at=moment,
        expires_at=expires_at,
    )
    return NewKey(key=key, secret=secret)


def _insert(new: NewKey) -> sa.Insert:
    return sa.insert(api_keys).values(
        {**asdict(new.key), "scopes": sorted(new.key.scopes), "digest": digest_of(new.secret)}
    )


def _key(row: sa.RowMapping) -> ApiKey:
    return made(ApiKey, row, scopes=frozenset(Scope(scope) for scope in row["scopes"]))
