"""What the tokenizer sees of a text: pictures by their names, no lone surrogates; and where in the text that stood.

Invariant, tested: a stretch of the readable text comes from the stretch of the given text that holds the same words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Pictographs and dingbats; text arrows, box drawing and the like are left alone.
_PICTURE = re.compile("[\u2600-\u27bf\u2b50-\u2b55\U0001f300-\U0001faff]")
_JOINERS = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_CHANGED = re.compile(f"{_PICTURE.pattern}|{_JOINERS.pattern}|[\ud800-\udfff]")
_UNIT = re.compile("[\ud800-\udbff][\udc00-\udfff]|.", re.DOTALL)  # two surrogates are read as one character


def readable(text: str) -> str:
    """Return any string as the tokenizer should see it; never one that cannot be encoded."""
    if text.isascii():
        return text
    text = without_surrogates(text)
    if not _PICTURE.search(text):
        return text
    return _PICTURE.sub(_name, _JOINERS.sub("", text))


def without_surrogates(text: str) -> str:
    """Return the text with the replacement character for every lone surrogate, which no tokenizer takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _name(found: re.Match[str]) -> str:
    name = unicodedata.name(found[0], "").lower()
    return f" {name} " if name else found[0]


def in_given(text: str, spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move spans of ``readable(text)`` to where they stand in the text itself; shape ``(spans, 2)``, in and out."""
    if text.isascii() or not _CHANGED.search(text):
        return spans
    joined = _PICTURE.search(without_surrogates(text)) is None  # then joiners stay
    origins: list[tuple[int, int]] = []
    for unit in _UNIT.finditer(text):
        shown = unit[0] if joined or not _JOINERS.fullmatch(unit[0]) else ""
        origins += [unit.span()] * len(readable(shown))
    edges = np.array(origins, np.int64).reshape(-1, 2)
    last = np.maximum(spans[:, 1] - 1, spans[:, 0])
    return np.stack([edges[spans[:, 0], 0], edges[last, 1]], axis=1)
