"""Offsets in the unit that a caller's language counts in.

Python and textcx count code points; JavaScript, Java and C# count UTF-16 units, Go and Rust bytes of UTF-8, and Azure's
clients by default what a reader sees as one character.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

JOINER = "\u200d"
EXTENDING = frozenset({"Mn", "Me", "Mc"})
FLAGS = range(0x1F1E6, 0x1F200)
SKIN_TONES = range(0x1F3FB, 0x1F400)


def convert(text: str, positions: Iterable[int], unit: str) -> dict[int, int]:
    """Express code point offsets into a text in another unit: ``codepoint``, ``utf16``, ``utf8`` or ``element``.

    The positions are 0 to the length of the text, in any order; the new offset of each is returned.
    """
    wanted = sorted(set(positions))
    if unit == "codepoint" or (unit != "element" and text.isascii()):
        return {position: position for position in wanted}
    found: dict[int, int] = {}
    reached = count = 0
    for position in wanted:
        count += _length(text, reached, position, unit)
        reached = position
        found[position] = count
    return found


def _length(text: str, start: int, end: int, unit: str) -> int:
    if unit == "utf8":
        return len(text[start:end].encode("utf-8", "surrogatepass"))
    if unit == "utf16":
        return len(text[start:end].encode("utf-16-le", "surrogatepass")) // 2
    return count_elements(text, start, end)


def count_elements(text: str, start: int = 0, end: int | None = None) -> int:
    """Count the characters that a reader sees and that begin in ``text[start:end]``.

    The rules of Unicode's extended grapheme clusters (UAX 29) for marks, emoji sequences, flags and line ends;
    syllables of Hangul in single letters are not joined.
    """
    end = len(text) if end is None else end
    if text.isascii():
        return end - start - text.count("\r\n", max(0, start - 1), end)
    count = 0
    flags = 0
    for place in range(start):
        flags = flags + 1 if ord(text[place]) in FLAGS else 0
    for place in range(start, end):
        letter = text[place]
        before = text[place - 1] if place else ""
        joined = (
            unicodedata.category(letter) in EXTENDING
            or letter in {JOINER, "\u200c"}
            or ord(letter) in SKIN_TONES
            or (before == JOINER and unicodedata.category(letter) == "So")
            or (before == "\r" and letter == "\n")
            or (ord(letter) in FLAGS and flags % 2 == 1)
        )
        flags = flags + 1 if ord(letter) in FLAGS else 0
        count += not (joined and place)
    return count
