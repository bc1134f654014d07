"""Inputs as bytes: files, compressed files and standard input, each with a head on which formats are detected.

A file is opened again for streaming; standard input cannot be, so its head is replayed before the rest of it.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from textcx.domain.errors import UnreadableInput

if TYPE_CHECKING:
    from io import BufferedIOBase

    from _typeshed import WriteableBuffer

HEAD_BYTES = 4 * 1024 * 1024
"""Decompressed bytes kept for detection."""
STREAM_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a damaged or vanished file raises."""
FORMATS = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".tab"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".xlsx", ".xlsm"), "xlsx"),
}
"""Formats by the suffix of a file's name."""

_GZIP = b"\x1f\x8b"
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"\x7fELF", "a program"),
    (b"\x28\xb5\x2f\xfd", "Zstandard-compressed"),
    (b"BZh", "bzip2-compressed"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xfd7zXZ", "xz-compressed"),
    (_GZIP, "gzip-compressed twice"),
)


@dataclass(slots=True)
class ByteSource:
    """An input as bytes, decompressed: everything where it is ``whole``, else its head and, until taken, the rest."""

    name: str
    head: bytes
    whole: bool
    path: Path | None = None
    compressed: bool = False
    rest: BufferedIOBase | None = None

    def open(self) -> BinaryIO:
        """Open the input from its start: standard input only once, and a file only while it is there."""
        if self.whole:
            return io.BytesIO(self.head)
        if self.path is not None:
            try:
                return cast("BinaryIO", gzip.open(self.path)) if self.compressed else self.path.open("rb")
            except OSError as error:
                raise cannot_open(self.name, error) from error
        if self.rest is None:
            msg = f"{self.name} can be read only once; save it to a file first"
            raise UnreadableInput(msg)
        rest, self.rest = self.rest, None
        return replayed(self.head, rest)


class _Replay(io.RawIOBase):
    def __init__(self, head: bytes, rest: BufferedIOBase) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        piece = self._head.read(len(view)) or self._rest.read1(len(view))
        view[: len(piece)] = piece
        return len(piece)


def unpacked(stream: BufferedIOBase) -> BufferedIOBase:
    """Return what a stream holds, decompressed where its first bytes are those of gzip."""
    start = read_up_to(stream, len(_GZIP))
    replay = _Replay(start, stream)
    return gzip.GzipFile(fileobj=cast("BinaryIO", replay)) if start == _GZIP else io.BufferedReader(replay)


def replayed(head: bytes, rest: BufferedIOBase) -> io.BufferedReader:
    """Return a stream of what was read already and then the rest as it comes; closing it leaves the rest open."""
    return io.BufferedReader(_Replay(head, rest))


def suffix_of(name: str) -> str:
    """Return the suffix of a file's name in lower case, without ".gz"; "" where it has none."""
    return Path(name.casefold().removesuffix(".gz")).suffix


def existing(source: str | Path) -> Path:
    """Return the path of an input, and refuse one that is missing or a directory."""
    path = Path(source)
    if path.is_dir():
        msg = f"{path} is a directory; name the file in it, for example {path / 'reviews.csv'}"
        raise UnreadableInput(msg)
    if not path.exists():
        msg = f"no such file: {path}"
        raise UnreadableInput(msg)
    return path


def open_bytes(source: str | Path) -> ByteSource:
    """Open a file or standard input ("-"), gzipped or not, and read its head.

    Raises:
        UnreadableInput: If it is missing, a directory, a pipe, empty, or damaged gzip.
    """
    path = None if str(source) == "-" else existing(source)
    if path and not path.is_file():
        msg = (
            f"{path} is a pipe or device, which can be read only once; give it as standard input: textcx ... - < {path}"
        )
        raise UnreadableInput(msg)
    name = path.name if path else "stdin"
    try:
        with path.open("rb") if path else nullcontext(sys.stdin.buffer) as plain:
            stream = unpacked(cast("BufferedIOBase", plain))
            head = read_up_to(stream, HEAD_BYTES)
    except STREAM_ERRORS as error:
        raise cannot_open(name, error) from error
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        msg = f"{name if path else 'standard input'} is empty; expected a header line and at least one record"
        raise UnreadableInput(msg)
    compressed = isinstance(stream, gzip.GzipFile)
    return ByteSource(name, head, len(head) < HEAD_BYTES, path, compressed, rest=None if path else stream)


def read_up_to(stream: BufferedIOBase, size: int) -> bytes:
    """Read so many bytes, fewer only where the stream ends."""
    pieces = []
    while size > 0 and (piece := stream.read1(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def cannot_open(name: str, error: BaseException, *, doing: str = "opened") -> UnreadableInput:
    """Explain one of ``STREAM_ERRORS``."""
    problem = f"cannot be {doing}: {getattr(error, 'strerror', None) or type(error).__name__}"
    if doing == "read further":
        problem += "; copy or export it again"
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        problem = "is damaged gzip data; copy or export the file again"
    return UnreadableInput(f"{name} {problem}")


def binary_kind(head: bytes) -> str | None:
    """Tell what a binary file is by its first bytes; null where they do not say."""
    if head.startswith(b"PK\x03\x04"):
        return "an Excel workbook" if b"xl/" in head else "a ZIP archive"
    return next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)
