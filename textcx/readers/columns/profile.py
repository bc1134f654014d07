"""What a column of the sample is like: the facts that every choice of columns is made from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
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


@dataclass(frozen=True)
class ColumnProfile:
    """A column of the sample: its name in words, and what its values look like.

    ``values`` are trimmed, without nulls and without "n/a"-like cells.
    """

    name: str
    rows: int
    values: pl.Series

    @classmethod
    def of(cls, column: pl.Series) -> ColumnProfile:
        """Profile a String column."""
        return cls(column.name, len(column), trimmed(column).drop_nulls())

    @cached_property
    def key(self) -> str:
        """The name as a slug: "userName" and "User name" are both "user_name"."""
        return slug(_CAMEL.sub("_", self.name))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of the name."""
        return tuple(self.key.split("_"))

    def named(self, pattern: str) -> bool:
        """Whether a whole word or run of words of the name matches a regular expression."""
        return holds(self.key, pattern)

    def is_named(self, pattern: str) -> bool:
        """Whether the whole name matches a regular expression."""
        return re.fullmatch(f"(?:{pattern})", self.key) is not None

    def ends_with(self, words: Collection[str]) -> bool:
        """Whether the last word of the name is one of these."""
        return self.words[-1] in words

    @property
    def filled(self) -> int:
        """Number of values."""
        return len(self.values)

    @cached_property
    def distinct(self) -> int:
        """Number of different values."""
        return self.values.n_unique()

    @cached_property
    def numbers(self) -> pl.Series:
        """The values that are numbers ("4", "4.0", "4/5", "4 stars")."""
        return numbers(self.values).drop_nulls()

    @property
    def numeric(self) -> bool:
        """Whether nearly all values are numbers."""
        return self.filled > 0 and len(self.numbers) >= self.filled * 0.9

    @cached_property
    def whole(self) -> bool:
        """Whether all numbers are whole."""
        return bool((self.numbers == self.numbers.round()).all())

    @cached_property
    def binary(self) -> bool:
        """Whether all values are yes or no, true or false, 1 or 0."""
        return self.filled > 0 and yes_no(self.values).null_count() == 0

    @property
    def low(self) -> float:
        """Smallest number; 0 without any."""
        return min(self.numbers, default=0.0)

    @property
    def high(self) -> float:
        """Largest number; 0 without any."""
        return max(self.numbers, default=0.0)

    @cached_property
    def dates(self) -> DateReading | None:
        """How to read the values as dates; null where none looks like one."""
        return find_formats(self.values.to_list(), column=self.name) if self.filled else None

    @property
    def dates_likely(self) -> bool:
        """Whether most values are dates and not merely numbers."""
        return self.dates is not None and self.dates.share > HALF

    @cached_property
    def _cells(self) -> list[list[str]]:
        return [_WORD.findall(value[:1_000]) for value in self.values.head(_TEXT_SAMPLE).to_list()]

    @cached_property
    def mean_words(self) -> float:
        """Mean number of words in a value."""
        return sum(len(cell) for cell in self._cells) / max(1, len(self._cells))

    @cached_property
    def opinion(self) -> float:
        """Share of values with a word that people use to say what they think, 0..1."""
        opinion = column_words().text.opinion_words
        telling = sum(1 for cell in self._cells if any(word.casefold() in opinion for word in cell))
        return telling / max(1, len(self._cells))

    @cached_property
    def capitals(self) -> float:
        """Share of words after the first of a value that begin with a capital, 0..1: high for names and titles."""
        later = [word for cell in self._cells for word in cell[1:]]
        return sum(1 for word in later if word[0].isupper()) / max(1, len(later))

    @cached_property
    def longest(self) -> int:
        """Characters of the longest value."""
        return int(str(self.values.str.len_chars().max())) if self.filled else 0

    @cached_property
    def links(self) -> float:
        """Share of values that are links or paths, 0..1."""
        return self._share(self.values.str.contains(_URL))

    @cached_property
    def nested(self) -> float:
        """Share of values that are lists or objects, 0..1."""
        return self._share(self.values.str.contains(_NESTED))

    def coverage(self, top: int) -> float:
        """Share of the values that the ``top`` most frequent ones make up, 0..1."""
        if not self.filled:
            return 0.0
        return float(self.values.value_counts(sort=True)["count"].head(top).sum()) / self.filled

    def _share(self, hits: pl.Series) -> float:
        return float(hits.sum()) / max(1, self.filled)
