"""Make any string readable for the encoder's tokenizer, in training and in use alike.

Lone surrogates become the replacement character, since no tokenizer takes them. Emoji become their Unicode names
("thumbs up sign"), since the vocabulary knows the words and not the pictures. The result is for the encoder only; no
offset into it ever leaves the engine.
"""

from __future__ import annotations

import re
import unicodedata

# Pictographs and dingbats; text arrows, box drawing and the like are left alone.
_PICTURE = re.compile("[\u2600-\u27bf\u2b50-\u2b55\U0001f300-\U0001faff]")
_JOINERS = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def readable(text: str) -> str:
    """Return the text as the tokenizer should see it.

    Args:
        text: Any string, lone surrogates and all.

    Returns:
        The text itself where it is plain; never a string that cannot be encoded.
    """
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
