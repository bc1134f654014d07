"""Who may do what at the service: keys and scopes.

A key is shown once, when it is made. What is kept is its SHA-256 and a short visible beginning, so that nobody who
reads the store can call the service. A key holds 256 random bits, so a plain hash is enough.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

KEY_START = "tcx_"
"""Every key begins so; leaked keys can be searched for by it."""
KEY_LENGTH = len(KEY_START) + 43
"""Characters of a key: ``KEY_START`` and 32 random bytes in url-safe base64 without padding."""
VISIBLE_CHARACTERS = len(KEY_START) + 6
"""So much of a key is kept readable, for people to tell keys apart."""


class Scope(StrEnum):
    """What a key may do. ``admin`` includes all others; the others include nothing."""

    ANALYZE = "analyze"  # score texts now; nothing is kept
    READ = "read"  # read data sets, findings, jobs and the triage queue
    WRITE = "write"  # change data sets, start and cancel jobs, work on the triage queue, erase respondents
    ADMIN = "admin"  # all of it, and keys and webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept: never the key itself. Times are UTC."""

    id: str  # opaque, unique, permanent; safe in logs
    name: str  # what people call it; need not be unique
    prefix: str  # its first ``VISIBLE_CHARACTERS``
    scopes: frozenset[Scope]  # at least one
    created_at: datetime
    last_used_at: datetime | None = None  # to within a minute or so; null until it is used
    revoked_at: datetime | None = None
    expires_at: datetime | None = None  # null where it never expires

    def allows(self, scope: Scope) -> bool:
        """Say whether the key may do what asks for ``scope``; says nothing about whether it is still valid."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def valid_at(self, now: datetime) -> bool:
        """Say whether the key is neither revoked nor expired at ``now`` (UTC, with time zone)."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made: what is kept, and the key itself, to be shown once and forgotten."""

    key: ApiKey
    secret: str = field(repr=False)


def new_secret() -> str:
    """Make a key of ``KEY_LENGTH`` characters from the system's random source."""
    return KEY_START + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Return what is kept of a key: its SHA-256 in 64 lower-case hexadecimal digits. Takes any string."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def visible_part_of(secret: str) -> str:
    """Return the beginning of a key that is kept readable."""
    return secret[:VISIBLE_CHARACTERS]
