"""Inputs as bytes: files, compressed files and standard input, each with a head that is read once and used twice.

Detection works on the head only. A file is opened again for streaming; standard input cannot be, so its head is
replayed before the rest of it.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from textcx.domain.errors import UnreadableInput

if TYPE_CHECKING:
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
class Rest:
    """What follows the head of an input that cannot be opened again."""

    stream: BinaryIO
    taken: bool = False


@dataclass(frozen=True, slots=True)
class ByteSource:
    """An input as bytes, decompressed. ``whole`` says that ``head`` is everything there is."""

    name: str
    head: bytes
    whole: bool
    path: Path | None = None
    rest: Rest | None = None
    compressed: bool = False

    def open(self) -> BinaryIO:
        """Open the input from its start.

        Raises:
            UnreadableInput: If standard input was read already, or the file has gone.
        """
        if self.whole:
            return io.BytesIO(self.head)
        if self.path is not None:
            try:
                return cast("BinaryIO", gzip.open(self.path)) if self.compressed else self.path.open("rb")
            except OSError as error:
                raise UnreadableInput(_cannot_open(self.name, error)) from error
        if self.rest is None or self.rest.taken:
            msg = f"{self.name} can be read only once; save it to a file first"
            raise UnreadableInput(msg)
        self.rest.taken = True
        return io.BufferedReader(_Replay(self.head, self.rest.stream))


class _Replay(io.RawIOBase):
    """The head that was read already, then the rest; closing it leaves the rest open."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        piece = self._head.read(len(view)) or self._rest.read(len(view))
        view[: len(piece)] = piece
        return len(piece)


def suffix_of(name: str) -> str:
    """Return the suffix of a file's name in lower case, without ".gz"; "" where it has none."""
    return Path(name.casefold().removesuffix(".gz")).suffix


def open_bytes(source: str | Path) -> ByteSource:
    """Open a file or standard input ("-") and read its head.

    Args:
        source: A path, or "-".

    Returns:
        The input, decompressed where it is gzip (by content, whatever its name).

    Raises:
        UnreadableInput: If it is missing, a directory, empty, or damaged gzip.
    """
    if str(source) == "-":
        return _open_stdin()
    path = Path(source)
    name = path.name or str(path)
    if path.is_dir():
        msg = f"{path} is a directory; name the file in it, for example {path / 'reviews.csv'}"
        raise UnreadableInput(msg)
    if not path.exists():
        msg = f"no such file: {path}"
        raise UnreadableInput(msg)
    if not path.is_file():
        msg = (
            f"{path} is a pipe or device, which can be read only once; give it as standard input: textcx ... - < {path}"
        )
        raise UnreadableInput(msg)
    try:
        with path.open("rb") as plain:
            compressed = plain.read(2) == _GZIP
        with gzip.open(path, "rb") if compressed else path.open("rb") as stream:
            head = stream.read(HEAD_BYTES + 1)
    except STREAM_ERRORS as error:
        raise UnreadableInput(_cannot_open(name, error)) from error
    _check_not_empty(name, head)
    whole = len(head) <= HEAD_BYTES
    return ByteSource(name, head[:HEAD_BYTES], whole, path=path, compressed=compressed)


def _open_stdin() -> ByteSource:
    name = "stdin"
    stream: BinaryIO = sys.stdin.buffer
    try:
        start = _read_up_to(stream, 2)
        if start == _GZIP:
            replay = io.BufferedReader(_Replay(start, stream))
            stream = io.BufferedReader(gzip.GzipFile(fileobj=replay))
            start = b""
        head = start + _read_up_to(stream, HEAD_BYTES)
    except STREAM_ERRORS as error:
        raise UnreadableInput(_cannot_open(name, error)) from error
    _check_not_empty("standard input", head)
    return ByteSource(name, head, whole=len(head) < HEAD_BYTES, rest=Rest(stream))


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    pieces = []
    while size > 0 and (piece := stream.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _check_not_empty(name: str, head: bytes) -> None:
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        msg = f"{name} is empty; expected a header line and at least one record"
        raise UnreadableInput(msg)


def _cannot_open(name: str, error: BaseException) -> str:
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        return f"{name} is damaged gzip data; copy or export the file again"
    reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return f"{name} cannot be opened: {reason}"


def binary_kind(head: bytes) -> str | None:
    """Tell what a binary file is by its first bytes; null where they do not say."""
    if head.startswith(b"PK\x03\x04"):
        return "an Excel workbook" if b"xl/" in head else "a ZIP archive"
    return next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)
