"""Files that are there whole or not at all, tables and parts as bytes, and damage told to whoever reads."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from textcx.domain.errors import BrokenResult
from textcx.domain.tables import FOUND_ASPECTS, empty

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from textcx.domain.errors import TextcxError
    from textcx.domain.parts import Part

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ALWAYS = (1980, 1, 1, 0, 0, 0)
_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, pl.exceptions.PolarsError)


@contextmanager
def damaged(what: object, hint: str, *, error: type[TextcxError] = BrokenResult) -> Iterator[None]:
    """Say what cannot be read and what to do, whatever the library below found wrong with it."""
    try:
        yield
    except FileNotFoundError:
        msg = f"{what} is missing; {hint}"
        raise error(msg) from None
    except (PermissionError, IsADirectoryError) as cause:
        msg = f"{what} cannot be read ({cause.strerror}); see to its rights, or {hint}"
        raise error(msg) from cause
    except _BROKEN as cause:
        msg = f"{what} is damaged ({type(cause).__name__}); {hint}"
        raise error(msg) from cause


def put(path: Path, content: bytes) -> None:
    """Write a file so that it is either not there or complete."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


def table_bytes(frame: pl.DataFrame) -> bytes:
    """Return a table as the bytes of a Parquet file: where Polars itself writes, a full disk is no ``OSError``."""
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def table_of(content: bytes) -> pl.DataFrame:
    """Read a table back."""
    return pl.read_parquet(io.BytesIO(content))


def vector_bytes(vectors: NDArray[np.float16]) -> bytes:
    """Return vectors as the bytes of a NumPy file."""
    content = io.BytesIO()
    np.save(content, vectors, allow_pickle=False)
    return content.getvalue()


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return files in one uncompressed ZIP archive; the same files give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression=zipfile.ZIP_STORED) as out:
        for name, each in files.items():
            out.writestr(zipfile.ZipInfo(name, _ALWAYS), each)
    return content.getvalue()


class PartTables(NamedTuple):
    """What is kept of a part in a database: its redacted tables, and one row of matters per segment."""

    records: pl.DataFrame
    segments: pl.DataFrame
    matters: NDArray[np.float16]
    aspects: pl.DataFrame

    @classmethod
    def of(cls, part: Part) -> PartTables:
        """Take the tables out of a part."""
        return cls(part.records, part.segments, part.matters, part.aspects)


def part_bytes(tables: PartTables) -> bytes:
    """Return the tables of a part and the matters of its segments as one archive."""
    return archive(
        {
            "records.parquet": table_bytes(tables.records),
            "segments.parquet": table_bytes(tables.segments),
            "matters.npy": vector_bytes(tables.matters),
            "aspects.parquet": table_bytes(tables.aspects),
        }
    )


def part_tables(content: bytes) -> PartTables:
    """Read the tables back. An archive of before there were matters has the vectors in their place, and no aspects.

    Raises:
        BrokenResult: If the bytes are damaged.
    """
    with (
        damaged("a stored batch of records", "restore the database from a backup"),
        zipfile.ZipFile(io.BytesIO(content)) as inside,
    ):
        array = "matters.npy" if "matters.npy" in inside.namelist() else "vectors.npy"
        matters = np.load(io.BytesIO(inside.read(array)), allow_pickle=False)
        records, segments = (table_of(inside.read(f"{name}.parquet")) for name in ("records", "segments"))
        aspects = empty(FOUND_ASPECTS)
        if "aspects.parquet" in inside.namelist():
            aspects = table_of(inside.read("aspects.parquet"))
        return PartTables(records, segments, matters, aspects)
