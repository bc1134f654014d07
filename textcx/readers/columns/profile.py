"""What a column of the sample is like: the facts that every choice of columns is made from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.readers.values.cells import numbers, trimmed, yes_no
from textcx.readers.values.dates import DateReading, find_formats
from textcx.readers.words import column_words

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+")
_URL = r"(?i)^(?:https?://|www\.|/[\w-]+/)\S*$"
_NESTED = r"^\s*(?:\[.*\]|\{.*\})\s*$"
_TEXT_SAMPLE = 500
HALF = 0.5


def slug(name: str) -> str:
    """A name as lower-case words joined by "_"."""
    return "_".join(re.findall(r"[^\W_]+", name.casefold()))


def holds(key: str, pattern: str) -> bool:
    """Whether a whole word or run of words of a slug matches a regular expression."""
    return re.search(rf"(?:^|_)(?:{pattern})(?:_|$)", key) is not None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnProfile:
    """A column of the sample: its name in words, and what its values look like. Shares are 0..1."""

    name: str
    key: str  # the name as a slug: "userName" and "User name" are both "user_name"
    rows: int  # of the sample
    values: pl.Series  # its cells, trimmed, without nulls and "n/a"-like ones
    filled: int  # number of values
    distinct: int  # number of different values
    numbers: pl.Series  # those of the values that are numbers ("4", "4/5", "4 stars")
    numeric: bool  # whether nearly all values are numbers
    whole: bool  # whether all numbers are whole
    low: float  # of the numbers; 0 without any
    high: float  # likewise
    binary: bool  # whether all values are yes or no, true or false, 1 or 0
    dates: DateReading | None  # how to read the values as dates; null where none looks like one
    mean_words: float  # mean number of words in a value
    opinion: float  # share of values with a word that people use to say what they think
    capitals: float  # share of words after the first that begin with a capital: high for names and titles
    longest: int  # characters of the longest value
    links: float  # share of values that are links or paths
    nested: float  # share of values that are lists or objects

    @property
    def words(self) -> list[str]:
        """The words of the name."""
        return self.key.split("_")

    @property
    def dates_likely(self) -> bool:
        """Whether most values are dates and not merely numbers."""
        return self.dates is not None and self.dates.share > HALF

    def named(self, pattern: str) -> bool:
        """Whether a whole word or run of words of the name matches a regular expression."""
        return holds(self.key, pattern)

    def is_named(self, pattern: str) -> bool:
        """Whether the whole name matches a regular expression."""
        return re.fullmatch(f"(?:{pattern})", self.key) is not None

    def ends_with(self, words: Collection[str]) -> bool:
        """Whether the last word of the name is one of these."""
        return self.words[-1] in words

    def coverage(self, top: int) -> float:
        """Share of the values that the ``top`` most frequent ones make up."""
        return float(self.values.value_counts(sort=True)["count"].head(top).sum()) / max(1, self.filled)


def profile_of(column: pl.Series) -> ColumnProfile:
    """Profile a String column."""
    values = trimmed(column).drop_nulls()
    filled = len(values)
    found = numbers(values).drop_nulls()
    cells = [_WORD.findall(value[:1_000]) for value in values.head(_TEXT_SAMPLE).to_list()]
    opinion_words = column_words().text.opinion_words
    telling = sum(1 for cell in cells if any(word.casefold() in opinion_words for word in cell))
    later = [word for cell in cells for word in cell[1:]]
    return ColumnProfile(
        name=column.name,
        key=slug(_CAMEL.sub("_", column.name)),
        rows=len(column),
        values=values,
        filled=filled,
        distinct=values.n_unique(),
        numbers=found,
        numeric=filled > 0 and len(found) >= filled * 0.9,
        whole=bool((found == found.round()).all()),
        low=min(found, default=0.0),
        high=max(found, default=0.0),
        binary=filled > 0 and yes_no(values).null_count() == 0,
        dates=find_formats(values.to_list(), column=column.name) if filled else None,
        mean_words=sum(map(len, cells)) / max(1, len(cells)),
        opinion=telling / max(1, len(cells)),
        capitals=sum(1 for word in later if word[0].isupper()) / max(1, len(later)),
        longest=max(values.str.len_chars(), default=0),
        links=float(values.str.contains(_URL).sum()) / max(1, filled),
        nested=float(values.str.contains(_NESTED).sum()) / max(1, filled),
    )
