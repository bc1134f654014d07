"""The private spool: where a raw upload lies until it is redacted and stored. Nothing else is ever written unredacted.

Invariants, tested: only the owner of the process can read it; a name in the spool never leaves it; what no upload needs
is removed, but not before an hour, so that an upload that is being written is left alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.errors import DiskFull, StoreProblem, WrongUse
from textcx.store.files import NO_ROOM

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_OUTSIDE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 100
UNTOUCHED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file in the spool: its name there, its bytes and their SHA-256."""

    name: str
    size: int
    sha256: str


class Spool:
    """A directory of the owner's alone."""

    def __init__(self, directory: Path) -> None:
        """Make the directory if it is not there; ``StoreProblem`` if it cannot be made or is not the owner's alone."""
        self.directory = directory
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory.chmod(0o700)
        except OSError as error:
            msg = f"the spool {directory} cannot be made private ({error.strerror}); choose another --spool"
            raise StoreProblem(msg) from error

    def take(self, pieces: Iterable[bytes], *, name: str, most_bytes: int) -> Spooled:
        """Write an upload, piece by piece; it is there whole or not at all. The suffix of its name tells the format.

        Raises:
            WrongUse: If it is too large.
            DiskFull: If there is no room for it.
            StoreProblem: If the disk cannot be written to.
        """
        folder = self.directory / secrets.token_hex(16)
        path = folder / safe_name(name)
        digest, size = hashlib.sha256(), 0
        try:
            folder.mkdir(mode=0o700)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                for piece in _limited(pieces, most_bytes):
                    size += len(piece)
                    digest.update(piece)
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if not isinstance(error, OSError):
                raise
            if error.errno in NO_ROOM:
                msg = f"the spool has no room for the upload ({error.strerror}); free some space, then send it again"
                raise DiskFull(msg) from error
            msg = f"the upload cannot be kept in the spool ({error.strerror}); see to {self.directory}, then try again"
            raise StoreProblem(msg) from error
        return Spooled(f"{folder.name}/{path.name}", size, digest.hexdigest())

    def path(self, name: str) -> Path:
        """Return the path of a file in the spool, or raise ``WrongUse`` if the name would lead out of it."""
        folder, slash, file = name.partition("/")
        if not slash or not folder.isalnum() or safe_name(file) != file:
            msg = "that is no name of a file in the spool"
            raise WrongUse(msg)
        return self.directory / folder / file

    def delete(self, name: str) -> None:
        """Delete a file; one that is gone already is no error."""
        shutil.rmtree(self.path(name).parent, ignore_errors=True)

    def sweep(self, *, keep: Collection[str], now: float | None = None) -> int:
        """Delete what is not to be kept, unless somebody touched it within the hour; returns how many files.

        ``now`` is in seconds since the epoch; by default the clock's.
        """
        needed = {name.partition("/")[0] for name in keep}
        before = (now if now is not None else time.time()) - UNTOUCHED_SECONDS
        gone = 0
        for folder in self.directory.iterdir():
            touched = max((path.stat().st_mtime for path in (folder, *folder.glob("*"))), default=0.0)
            if folder.name not in needed and touched < before:
                shutil.rmtree(folder, ignore_errors=True)
                gone += 1
        return gone


def _limited(pieces: Iterable[bytes], most_bytes: int) -> Iterator[bytes]:
    left = most_bytes
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            msg = f"the file has more than {most_bytes} bytes; send it in parts, or raise the limit"
            raise WrongUse(msg)
        yield piece


def safe_name(name: str) -> str:
    """Return a file name made of letters, digits, ``.``, ``_`` and ``-`` only, with the suffixes of the given one."""
    kept = _OUTSIDE.sub("_", Path(name.replace("\\", "/")).name).lstrip(".")
    if len(kept) > _LONGEST_NAME:
        suffixes = "".join(Path(kept).suffixes[-2:])[-20:]
        kept = kept[: _LONGEST_NAME - len(suffixes)] + suffixes
    return kept or "upload"
