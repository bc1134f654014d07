"""Bytes to text: which encoding an input has, and what becomes of bytes that do not fit it.

UTF-8 is tried first. A file that was UTF-8 or plain ASCII so far and then is not, keeps its rows: stray bytes become
U+FFFD, or Windows-1252 letters where nothing else in the head spoke for UTF-8. Decoding never shifts or drops a row.
"""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from charset_normalizer import from_bytes

from textcx.domain.errors import UnreadableInput
from textcx.readers.formats.streams import binary_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks and the codec that each stands for."""
_ESCAPED = re.compile("[\udc80-\udcff]")
_HIGH = re.compile(rb"[\x80-\xff]+")
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1f\x7f]")
_DETECTION_BYTES = 64 * 1024
_MANY_ZEROS, _FEW_ZEROS = 0.4, 0.1
"""Shares of zero bytes that Latin text in UTF-16 has at least at one of two places, and at most at the other."""
_REPLACED = "�"
_WAYS_OUT = {"an Excel workbook": "rename it to end in .xlsx", "a Parquet file": "rename it to end in .parquet"}


class Line(NamedTuple):
    """A line with its end, "" where it is too long; ``damaged`` where some of its bytes did not fit the encoding."""

    number: int
    text: str
    damaged: bool = False
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Decoding:
    """How to read an input as text; ``stray_letters``: stray bytes in UTF-8 are Windows-1252, not U+FFFD."""

    codec: str
    reason: str
    warning: str | None = None
    stray_letters: bool = False

    @property
    def damage(self) -> str:
        """What becomes of bytes that do not fit, for a counted warning."""
        if self.stray_letters:
            return "rows with bytes that are not UTF-8, read as Windows-1252"
        return "rows with bytes that cannot be read, shown as U+FFFD"

    def lines(self, stream: BinaryIO) -> Iterator[Line]:
        """Yield lines with their ends, bytes that did not fit replaced. Bounded by the longest line."""
        unicode8 = self.codec.startswith("utf-8")
        errors = "surrogateescape" if unicode8 else "replace"
        with io.TextIOWrapper(stream, encoding=self.codec, errors=errors, newline="") as text:
            for number, line in enumerate(text, start=1):
                if line.isascii() and "\0" not in line:
                    yield Line(number, line)
                    continue
                mended = line.replace("\0", _REPLACED)
                if unicode8:
                    mended = _ESCAPED.sub(self._stray, mended)
                yield Line(number, mended, damaged=mended != line or (not unicode8 and _REPLACED in line))

    def _stray(self, match: re.Match[str]) -> str:
        if not self.stray_letters:
            return _REPLACED
        return bytes([ord(match[0]) - 0xDC00]).decode("cp1252", errors="replace")


def detect_decoding(head: bytes, *, name: str, whole: bool = True) -> Decoding:
    """Find the encoding of an input from its first bytes, which may end inside a character unless they are the whole.

    Raises:
        UnreadableInput: If it is binary, or in an unknown encoding.
    """
    kind = binary_kind(head)
    if kind is not None:
        way_out = _WAYS_OUT.get(kind, "export the records as CSV, JSONL, Parquet or XLSX")
        msg = f"{name} is {kind}, not text; {way_out}"
        raise UnreadableInput(msg)
    decoding = _choose(head, whole=whole)
    if decoding is None:
        msg = f"{name} is in an unknown encoding; save it as UTF-8 (in Excel: 'CSV UTF-8') and try again"
        raise UnreadableInput(msg)
    text = head.decode(decoding.codec, errors="ignore")
    controls, nulls = len(_CONTROLS.findall(text)), text.count("\0")
    if controls > 2 + len(text) / 100 or nulls > len(text) / 5:
        msg = f"{name} is binary data, not text; expected CSV, JSONL, Parquet or XLSX"
        raise UnreadableInput(msg)
    return decoding


def _choose(head: bytes, *, whole: bool) -> Decoding | None:
    for bom, codec in BOMS:
        if head.startswith(bom):
            return Decoding(codec, f"{codec.removesuffix('-sig').upper()} (it says so itself)")
    if wide := _wide(head):
        return Decoding(wide, f"{wide.upper()} (every other byte is zero)")
    text = head.decode("utf-8", errors="surrogateescape")
    stray = len(_ESCAPED.findall(text if whole else text[:-4]))
    letters = 0 if text.isascii() else sum(1 for character in text if character > "\x7f") - stray
    if stray == 0:
        plain = letters <= 0
        return Decoding("utf-8", "plain ASCII, read as UTF-8" if plain else "UTF-8", stray_letters=plain)
    if letters > stray:
        return Decoding("utf-8", "UTF-8, with a few bytes that are not")
    other = _single_or_multibyte(head)
    if other is None:
        return None
    warning = f"it is not UTF-8 and was read as {other}; if letters look wrong, save it as UTF-8"
    return Decoding(other, f"{other} (it is not UTF-8)", warning=warning)


def _wide(head: bytes) -> str | None:
    start = head[:_DETECTION_BYTES]
    even, odd = start[::2].count(0) / max(1, len(start) / 2), start[1::2].count(0) / max(1, len(start) / 2)
    if max(even, odd) < _MANY_ZEROS or min(even, odd) > _FEW_ZEROS:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _single_or_multibyte(head: bytes) -> str | None:
    runs = _HIGH.findall(head)
    alone = sum(1 for run in runs if len(run) == 1)
    if alone > len(runs) * 0.6:  # accents and curly quotes between ASCII letters: Western
        return "cp1252"
    telling = b"\n".join(line for line in head.splitlines() if not line.isascii())[:_DETECTION_BYTES]
    best = from_bytes(telling).best()
    if best is None:
        return None
    letters = [letter for letter in str(best) if letter > "\x7f" and letter.isalpha()]
    latin = sum(1 for letter in letters if unicodedata.name(letter, "").startswith("LATIN"))
    return "cp1252" if latin >= len(letters) * 0.9 else best.encoding
