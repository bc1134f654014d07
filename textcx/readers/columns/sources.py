"""How feedback came in: review, survey, social or support, from values, column names or the file name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textcx.readers.words import column_words

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCES = ("review", "survey", "social", "support")


def source_of(value: str | None) -> str | None:
    """Bring a value of a source column to one of ``SOURCES``; null where it is none of them."""
    return _first_named(value) if value else None


def guess_source(input_name: str, keys: Iterable[str]) -> tuple[str, str]:
    """Guess the source of a whole input.

    Args:
        input_name: Name of the file.
        keys: Names of its columns, as lower-case words joined by "_".

    Returns:
        One of ``SOURCES``, and why.
    """
    stem = input_name.split(".", maxsplit=1)[0]
    if source := _first_named(stem):
        return source, f"from the name {input_name!r}"
    named = list(keys)
    for source, pattern in column_words().source_columns.items():
        for key in named:
            if re.search(rf"(?:^|_)(?:{pattern})(?:_|$)", key):
                return source, f"from the column {key!r}"
    return "review", "nothing says otherwise; set --source survey, social or support if it is"


def _first_named(text: str) -> str | None:
    key = "_".join(re.findall(r"[^\W_]+", text.casefold()))
    patterns = column_words().source_words
    return next((source for source in patterns if re.search(rf"(?:^|_)(?:{patterns[source]})(?:_|$)", key)), None)
