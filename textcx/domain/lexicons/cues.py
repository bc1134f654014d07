"""A small pattern language for words people may edit without knowing regular expressions.

A cue is words in order: ``cancel* my subscription|account``. ``word*`` takes any ending, ``a|b`` either word, ``...``
up to three words in between, ``<number>`` a figure or a number word; a hyphen also stands for a space or nothing.
Case never matters, a cue never runs across the end of a sentence, and it matches whole words only.

The compiled patterns use no look-around, so they mean the same to ``re`` and to Polars.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FIGURE = r"\d[\d,.]*"
JOINT = r"[^\w.!?;]+"
GAP = rf"(?:[\w'\u2019]+{JOINT}){{0,3}}?"
NOTHING = r"[^\s\S]"
"""Matches no text at all."""
ALTERNATIVES = "<>"
"""Where a template takes the alternatives of its key, joined by ``|``."""


def pattern(template: str = r"\b(?:<>)\b", *, flags: re.RegexFlag = re.IGNORECASE) -> dict[str, object]:
    """Declare a field that is written as a list of regular expressions, which stand in the place of ``<>``.

    ``{key}`` in the template stands for those of another key of the same file.
    """
    return {"template": template, "flags": flags}


def _options(word: str, cue: str, numbers: Sequence[str]) -> str:
    options = []
    for option in word.split("|"):
        if option == "<number>":
            options.append(f"(?:{'|'.join((FIGURE, *numbers))})")
            continue
        if not re.fullmatch(r"[\w'&/-]+\*?", option):
            msg = f"cue {cue!r} holds {option!r}; expected words, 'word*', 'a|b', '...' or '<number>'"
            raise BadSetting(msg)
        body = re.escape(option.removesuffix("*")).replace("\\-", r"[-\s]?").replace("'", "['\u2019]?")
        options.append(body + (r"\w*" if option.endswith("*") else ""))
    return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"


def cue_regex(cues: Iterable[str], *, numbers: Sequence[str] = ()) -> str:
    """Compile cues into one case-insensitive expression that matches any of them, or nothing where there are none.

    ``numbers`` are the number words, as regular expressions; figures count anyway.

    Raises:
        BadSetting: If a cue is empty or holds a sign outside the language.
    """
    parts = []
    for cue in cues:
        words = cue.casefold().split()
        if not words or words[0] == "..." or words[-1] == "...":
            msg = f"cue {cue!r} is empty or begins or ends with '...'; write at least one word on either side"
            raise BadSetting(msg)
        pieces = (GAP if word == "..." else _options(word, cue, numbers) + JOINT for word in words)
        parts.append("".join(pieces).removesuffix(JOINT))
    if not parts:
        return NOTHING
    return rf"(?i)\b(?:{'|'.join(parts)})\b"
