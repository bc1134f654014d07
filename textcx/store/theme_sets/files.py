"""Files of a theme set: written whole or not at all, and damage noticed when they are read."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl
from safetensors import SafetensorError

from textcx.domain.errors import ModelProblem

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator
    from pathlib import Path

_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError, SafetensorError)


def table_file(frame: pl.DataFrame) -> bytes:
    """Return a frame as the bytes of a Parquet file."""
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def content_of(path: Path | zipfile.Path, sha256: str) -> bytes:
    """Read a file; ``ModelProblem`` if it is missing, or is not the one with that SHA-256."""
    with damaged(path):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError
    return content


@contextmanager
def damaged(path: Path | zipfile.Path) -> Iterator[None]:
    """Say which file of a set cannot be read, whatever the library below found wrong with it."""
    try:
        yield
    except FileNotFoundError:
        msg = f"the theme set is incomplete: {path} is missing; bring back a copy of the set, or learn it again"
        raise ModelProblem(msg) from None
    except _BROKEN as error:
        msg = f"{path} is damaged ({type(error).__name__}); bring back a copy of the theme set, or learn it again"
        raise ModelProblem(msg) from error


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Let nobody else write to the set meanwhile."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def put(path: Path, content: bytes) -> None:
    """Write a file so that it is either not there or complete."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


def sync(directory: Path) -> None:
    """Have the names of the files written down as well."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
