"""Bytes as they come to numbered lines, in bounded memory, from a pipe that may never end.

Nothing is read ahead: a line is handed on as soon as its end has come. Nothing is guessed: the encoding is UTF-8
(or what a byte order mark says) unless it was named, because a stream cannot be looked at as a whole.

Invariants, all tested: every line is numbered as an editor counts, whatever pieces the bytes came in; a line longer
than the limit is never kept, only counted; bytes that do not fit the encoding spoil their own line only.
"""

from __future__ import annotations

import codecs
import io
import re
import select
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting, UnreadableInput
from textcx.readers.formats import streams
from textcx.readers.formats.decoding import BOMS, Line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedIOBase
    from pathlib import Path

    from _typeshed import WriteableBuffer

PIECE = 1 << 16
"""Most bytes taken at once; a pipe gives what it has."""
LONGEST_LINE = 16 * 1024 * 1024
"""Characters of the longest line that is read."""

_HEAD = 4
"""Bytes that tell a byte order mark."""
_STRAY = re.compile("[\udc80-\udcff]")


class _WaitingFile(io.FileIO):
    """A file that waits for its bytes, even if whoever opened the pipe made it non-blocking."""

    def readinto(self, buffer: WriteableBuffer) -> int:
        while (count := super().readinto(buffer)) is None:
            select.select([self], [], [])
        return count


def open_stream(source: str | Path) -> io.BufferedReader:
    """Open a file, a named pipe or standard input ("-"); errors as those of ``existing``."""
    if str(source) == "-":
        return io.BufferedReader(_WaitingFile(0, closefd=False))
    path = streams.existing(source)
    try:
        return io.BufferedReader(_WaitingFile(path))
    except OSError as error:
        raise streams.cannot_open(path.name, error) from None


def numbered_lines(
    stream: BufferedIOBase,
    *,
    name: str,
    any_break: bool,
    encoding: str | None = None,
    longest: int = LONGEST_LINE,
) -> Iterator[Line]:
    r"""Yield the lines of a stream, gzipped or not, as soon as they are complete.

    Only with ``any_break`` does ``\r`` alone end a line, too. ``longest`` counts characters.

    Raises:
        UnreadableInput: If it is binary, damaged or vanishes.
        BadSetting: If the encoding is unknown.
    """
    try:
        text = _as_text(streams.unpacked(stream), name=name, encoding=encoding, newline="" if any_break else "\n")
        yield from _bounded(text, ends=("\r", "\n") if any_break else ("\n",), longest=longest)
    except streams.STREAM_ERRORS as error:
        raise streams.cannot_open(name, error, doing="read further") from None


def _as_text(stream: BufferedIOBase, *, name: str, encoding: str | None, newline: str) -> io.TextIOWrapper:
    head = b""
    while len(head) < _HEAD and (piece := stream.read1(PIECE)):
        head += piece
    if kind := streams.binary_kind(head):
        msg = f"{name} is {kind}, not text; give its records as JSONL or CSV"
        raise UnreadableInput(msg)
    marked = next((codec for mark, codec in BOMS if head.startswith(mark)), None)
    try:
        codec = marked or codecs.lookup(encoding or "utf-8").name
        errors = "surrogateescape" if codec.startswith("utf-8") else "replace"
        return io.TextIOWrapper(streams.replayed(head, stream), codec, errors, newline)
    except LookupError:
        msg = f"--encoding {encoding!r} is unknown; name one such as utf-8, cp1252 or utf-16"
        raise BadSetting(msg) from None


def _bounded(text: io.TextIOWrapper, *, ends: tuple[str, ...], longest: int) -> Iterator[Line]:
    number, piece = 0, ""
    while line := text.readline(longest + 1):
        if line == "\n" and piece.endswith("\r"):
            piece = ""
            continue  # the limit came between the two
        number, piece = number + 1, line
        if len(line) <= longest:
            yield Line(number, line, damaged=not line.isascii() and _STRAY.search(line) is not None)
            continue
        while piece and not piece.endswith(ends):
            piece = text.readline(longest + 1)
        yield Line(number, "", too_long=True)
