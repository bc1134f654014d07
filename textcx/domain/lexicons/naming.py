"""Words as names of themes need them: what says nothing, what only judges or describes, what counts as the same word.

Invariants, tested: ``same_words`` depends neither on case nor on order nor on grammatical number; a negation is kept,
because "working" and "not working" are two things.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

WORD = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*")
"""A word: letters, also with an apostrophe or hyphen inside."""

SEEN, MOSTLY = 3, 0.5
"""Places in which a name must be seen; share of them, or of the words of a text, that is most of them."""

_INSIDE = re.compile(r"(?<=[a-z,;] )[^\W\d_]+")
_FIGURES = re.compile(r"\d+")
_CACHED = 65_536

Rewrites = tuple[tuple[tuple[re.Pattern[str], str], ...], ...]
"""Groups of rules, each a pattern and what takes its place; of every group the first rule that matches is applied."""


def tokens(text: str) -> list[str]:
    """Lower-case words of a text; figures, punctuation and masks are none."""
    return WORD.findall(text.lower().replace("\u2019", "'"))


def names_in(texts: Iterable[str]) -> frozenset[str]:
    """Words, in lower case, that stand with a capital letter in most places where no sentence begins: names.

    Texts in which most words have one tell nothing.
    """
    large: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for text in texts:
        inside = _INSIDE.findall(text)
        capital = [word.lower() for word in inside if word[0].isupper()]
        if len(capital) <= MOSTLY * len(inside):
            large.update(capital)
            seen.update(word.lower() for word in inside)
    return frozenset(word for word, count in large.items() if seen[word] >= SEEN and count > MOSTLY * seen[word])


@dataclass(frozen=True, kw_only=True, eq=False)
class NamingWords:
    """``naming.toml``, where each key is explained."""

    letters: frozenset[str]
    stop_words: frozenset[str]
    evaluations: frozenset[str]
    general_objects: frozenset[str]
    vague: frozenset[str]
    profanity: frozenset[str]
    negations: frozenset[str]
    particles: frozenset[str]
    persons: frozenset[str]
    dates: frozenset[str]
    same: Mapping[str, str]
    roots: Rewrites

    @cached_property
    def says_nothing(self) -> frozenset[str]:
        """Words that no segment can be about."""
        return self.stop_words | self.evaluations | self.general_objects

    @cached_property
    def empty(self) -> frozenset[str]:
        """Those, and words that name nothing on their own."""
        return self.says_nothing | self.vague

    @cached_property
    def root(self) -> Callable[[str], str]:
        """What is left of a lower-case word without its ending, so that "waiting", "waits" and "wait" are one."""
        return lru_cache(_CACHED)(lambda word: _rewritten(word, self.roots))

    @cached_property
    def stem(self) -> Callable[[str], str]:
        """The root of a lower-case word, the same one for words that a reader takes for the same."""

        def stem(word: str) -> str:
            bare = self.root(self.same.get(word, word))
            return self.same.get(bare, bare)

        return lru_cache(_CACHED)(stem)

    def same_words(self, name: str) -> tuple[str, ...]:
        """What makes two names the same to a reader: the stems of their words but for small ones, sorted, each once."""
        words = tokens(name)
        content = [word for word in words if word not in self.stop_words]
        stems = {self.stem(word) for word in content or words}
        stems |= set(_FIGURES.findall(name)) | self.particles.intersection(words)
        if any(word in self.negations for word in words):
            stems.add("not")
        return tuple(sorted(stems)) or (name.strip().casefold(),)


def _rewritten(word: str, groups: Rewrites) -> str:
    for group in groups:
        for rule, replacement in group:
            if rule.search(word):
                word = rule.sub(replacement, word)
                break
    return word
