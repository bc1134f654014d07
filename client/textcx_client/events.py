"""Server-sent events, as the HTML standard defines them (section 9.2.6), of bytes as they come.

Lines end in CR, LF or CR LF only: ``str.splitlines`` also breaks at other characters, which a message may hold.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_END = re.compile(r"\r\n|\n|\r")


def events_of(pieces: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Give the name and the data of each event. Comments and an incomplete last event are dropped."""
    name, data = "", list[str]()
    for line in _lines(pieces):
        if not line:
            if data:
                yield name or "message", "\n".join(data)
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    for piece in pieces:
        rest += decoder.decode(piece)
        held = "\r" if rest.endswith("\r") else ""  # its LF may still come
        *whole, rest = _END.split(rest.removesuffix(held) if held else rest)
        yield from whole
        rest += held
