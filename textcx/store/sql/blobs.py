"""A part as one value of bytes: its two tables as Parquet and its vectors, in an uncompressed ZIP archive.

Only what is redacted is in it; that holds of a part by its making. The same part always gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.errors import BrokenResult

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RECORDS, _SEGMENTS, _VECTORS = "records.parquet", "segments.parquet", "vectors.npy"
_ALWAYS = (1980, 1, 1, 0, 0, 0)


def part_bytes(records: pl.DataFrame, segments: pl.DataFrame, vectors: NDArray[np.float16]) -> bytes:
    """Write the tables of a part.

    Args:
        records: Redacted records.
        segments: Redacted segments.
        vectors: One per segment. Shape ``(segments, width)``.
    """
    archive = io.BytesIO()
    matrix = io.BytesIO()
    np.save(matrix, vectors, allow_pickle=False)
    with zipfile.ZipFile(archive, "w", compression=zipfile.ZIP_STORED) as out:
        for name, content in (
            (_RECORDS, table_bytes(records)),
            (_SEGMENTS, table_bytes(segments)),
            (_VECTORS, matrix.getvalue()),
        ):
            out.writestr(zipfile.ZipInfo(name, _ALWAYS), content)
    return archive.getvalue()


def part_tables(content: bytes) -> tuple[pl.DataFrame, pl.DataFrame, NDArray[np.float16]]:
    """Read records, segments and vectors back.

    Raises:
        BrokenResult: If the bytes are damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            records, segments = (pl.read_parquet(io.BytesIO(archive.read(name))) for name in (_RECORDS, _SEGMENTS))
            vectors: NDArray[np.float16] = np.load(io.BytesIO(archive.read(_VECTORS)), allow_pickle=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, pl.exceptions.PolarsError) as error:
        msg = f"a stored batch of records is damaged ({type(error).__name__}); restore the database from a backup"
        raise BrokenResult(msg) from error
    return records, segments, vectors


def table_bytes(frame: pl.DataFrame) -> bytes:
    """Write a table as Parquet."""
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def table_of(content: bytes) -> pl.DataFrame:
    """Read a table back."""
    return pl.read_parquet(io.BytesIO(content))
