"""Bytes as they come to numbered lines, in bounded memory: the ground of streaming from a pipe that may never end.

Nothing is read ahead: a line is handed on as soon as its end has come. Nothing is guessed: the encoding is UTF-8
(or what a byte order mark says) unless it was named, because a stream cannot be looked at as a whole.

Invariants, all tested: every line is numbered as an editor counts, whatever pieces the bytes came in; a line longer
than the limit is never kept, only counted; bytes that do not fit the encoding spoil their own line only.
"""

from __future__ import annotations

import codecs
import os
import re
import select
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting, UnreadableInput
from textcx.readers.formats.decoding import BOMS, Line
from textcx.readers.formats.streams import binary_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STANDARD_INPUT = 0
PIECE = 1 << 16
"""Most bytes taken at once; a pipe gives what it has."""
LONGEST_LINE = 16 * 1024 * 1024
"""Characters of the longest line that is read."""

_GZIP = b"\x1f\x8b"
_HEAD = 4
"""Bytes that tell a compressed input and a byte order mark."""
_STRAY = re.compile("[\udc80-\udcff]")
_NEWLINE = re.compile("\n")
_ANY_BREAK = re.compile("\r\n|\n|\r")


def open_pieces(source: str | Path) -> Iterator[bytes]:
    """Open a file, a named pipe or standard input ("-") and yield its bytes as they come, decompressed where gzipped.

    Raises:
        UnreadableInput: At once if the file is missing or a directory; later if it is binary, damaged or vanishes.
    """
    if str(source) == "-":
        return _prepared(_take(STANDARD_INPUT), name="standard input")
    path = Path(source)
    if path.is_dir():
        msg = f"{path} is a directory; name the file in it, for example {path / 'reviews.jsonl'}"
        raise UnreadableInput(msg)
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        msg = f"no such file: {path}"
        raise UnreadableInput(msg) from None
    except OSError as error:
        msg = f"{path.name} cannot be opened: {error.strerror}"
        raise UnreadableInput(msg) from None
    return _prepared(_take(descriptor, close=True), name=path.name)


def _take(descriptor: int, *, close: bool = False) -> Iterator[bytes]:
    try:
        while piece := _read(descriptor):
            yield piece
    finally:
        if close:
            os.close(descriptor)


def _read(descriptor: int) -> bytes:
    while True:
        try:
            return os.read(descriptor, PIECE)
        except BlockingIOError:  # whoever opened the pipe made it non-blocking
            select.select([descriptor], [], [])


def _prepared(pieces: Iterator[bytes], *, name: str) -> Iterator[bytes]:
    try:
        head = b""
        for piece in pieces:
            head += piece
            if len(head) >= _HEAD:
                break
        whole = _joined(head, pieces)
        if head.startswith(_GZIP):
            whole = _decompressed(whole)
            head = next(whole, b"")
            whole = _joined(head, whole)
        if kind := binary_kind(head):
            msg = f"{name} is {kind}, not text; give its records as JSONL or CSV"
            raise UnreadableInput(msg)
        yield from whole
    except (EOFError, zlib.error):
        msg = f"{name} is damaged gzip data; copy or export the file again"
        raise UnreadableInput(msg) from None
    except OSError as error:
        msg = f"{name} could not be read further ({error.strerror}); copy or export it again"
        raise UnreadableInput(msg) from None


def _joined(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _decompressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what gzip data holds, a bounded piece at a time, also where several files were put one after the other."""
    unpack = zlib.decompressobj(wbits=31)
    started = False
    for piece in pieces:
        left = piece
        while left:
            if unpack.eof:
                unpack, started = zlib.decompressobj(wbits=31), False
                left = left.lstrip(b"\0")  # padding between files
                if not left:
                    break
            started = True
            if plain := unpack.decompress(left, PIECE):
                yield plain
            left = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    if plain := unpack.flush():
        yield plain
    if started and not unpack.eof:
        raise EOFError


def numbered_lines(
    pieces: Iterable[bytes], *, encoding: str | None = None, any_break: bool, longest: int = LONGEST_LINE
) -> Iterator[Line]:
    r"""Yield lines as soon as they are complete.

    Args:
        pieces: Bytes as they come.
        encoding: Name of the encoding; by default UTF-8, or what a byte order mark says.
        any_break: Whether ``\r`` alone ends a line, too; otherwise only ``\n`` does.
        longest: Most characters of a line.

    Yields:
        Every line with its end; the last one may have none.

    Raises:
        BadSetting: If the encoding is unknown.
    """
    pattern = _ANY_BREAK if any_break else _NEWLINE
    number, held, size = 1, list[str](), 0
    for text in _decoded(pieces, encoding=encoding, hold_returns=any_break):
        start = 0
        for found in pattern.finditer(text):
            size += found.end() - start
            held.append(text[start : found.end()])
            yield _line(number, held, size, longest)
            number, held, size, start = number + 1, [], 0, found.end()
        size += len(text) - start
        if size <= longest:
            held.append(text[start:])
        else:
            held.clear()
    if size:
        yield _line(number, held, size, longest)


def _line(number: int, held: list[str], size: int, longest: int) -> Line:
    if size > longest:
        return Line(number, "", too_long=True)
    text = "".join(held)
    return Line(number, text, damaged=not text.isascii() and _STRAY.search(text) is not None)


def _decoded(pieces: Iterable[bytes], *, encoding: str | None, hold_returns: bool) -> Iterator[str]:
    """Yield the text of the pieces; a carriage return at the end of one waits for what follows it."""
    codec = None if encoding is None else _known(encoding)
    decoder: codecs.IncrementalDecoder | None = None
    waiting, carried = b"", ""
    for piece in _and_end(pieces):
        last = not piece
        waiting += piece
        if decoder is None:
            if len(waiting) < _HEAD and not last:
                continue
            codec = next((name for mark, name in BOMS if waiting.startswith(mark)), codec or "utf-8")
            errors = "surrogateescape" if codec.startswith("utf-8") else "replace"
            decoder = codecs.getincrementaldecoder(codec)(errors)
        text = carried + decoder.decode(waiting, final=last)
        waiting, carried = b"", ""
        if hold_returns and text.endswith("\r") and not last:
            text, carried = text[:-1], "\r"
        if text:
            yield text


def _and_end(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces that hold something, and an empty one after the last."""
    yield from filter(None, pieces)
    yield b""


def _known(encoding: str) -> str:
    try:
        found = codecs.lookup(encoding)
        "".encode(encoding)
    except LookupError:
        msg = f"--encoding {encoding!r} is unknown; name one such as utf-8, cp1252 or utf-16"
        raise BadSetting(msg) from None
    return found.name
