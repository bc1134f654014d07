"""Words as names of themes need them: what says nothing, what only judges or describes, what counts as the same word.

Invariants, tested: ``same_words`` depends neither on case nor on order nor on grammatical number; a negation is kept,
because "working" and "not working" are two things.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from textcx.domain.lexicons.cues import pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

WORD = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*")
"""A word: letters, also with an apostrophe or hyphen inside."""

_FIGURES = re.compile(r"\d+")
_CACHED = 65_536

Rewrites = tuple[tuple[tuple[re.Pattern[str], str], ...], ...]
"""Groups of rules, each a pattern and what takes its place; of every group the first rule that matches is applied."""


def tokens(text: str) -> list[str]:
    """Lower-case words of a text; figures, punctuation and masks are none."""
    return WORD.findall(text.lower().replace("\u2019", "'"))


@dataclass(frozen=True, kw_only=True, eq=False)
class NamingWords:
    """``naming.toml``, where each key is explained."""

    stop_words: frozenset[str]
    evaluations: frozenset[str]
    general_objects: frozenset[str]
    vague: frozenset[str]
    weak: frozenset[str]
    adjectives: frozenset[str]
    profanity: frozenset[str]
    verdicts: frozenset[str]
    empty_acts: frozenset[str]
    nouns: Mapping[str, str]
    noun_endings: Mapping[str, str]
    same: Mapping[str, str]
    scales: Mapping[str, str]
    negations: frozenset[str]
    degrees: frozenset[str]
    being: frozenset[str]
    particles: frozenset[str]
    openers: frozenset[str]
    not_before_verbs: str
    closers: frozenset[str]
    closed: tuple[str, ...]
    links: frozenset[str]
    places: frozenset[str]
    articles: frozenset[str]
    plain_articles: frozenset[str]
    owners: frozenset[str]
    objects: frozenset[str]
    aim: str
    before_aim: frozenset[str]
    after_aim: frozenset[str]
    times: frozenset[str]
    untimely: frozenset[str]
    too: str
    taking: frozenset[str]
    turns_out: frozenset[str]
    turns_out_by_degrees: frozenset[str]
    by_degrees: frozenset[str]
    acting: str
    done: str
    plural: str
    undone: str
    joint: str
    article: str
    praise: str
    complaints: str
    in_general: str
    other_remarks: str
    joining: frozenset[str]
    roots: Rewrites
    gerunds: Rewrites
    remarks: Mapping[str, re.Pattern[str]]
    describing: re.Pattern[str] = field(metadata=pattern(r"\w{3,}(?:<>)$", flags=re.NOFLAG))

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
    def doing(self) -> Callable[[str], str]:
        """The form of a verb's root that names what is done: "dressing" for "dress", "stopping" for "stop"."""
        return lru_cache(_CACHED)(lambda bare: _rewritten(bare, self.gerunds))

    @cached_property
    def stem(self) -> Callable[[str], str]:
        """The root of a lower-case word, the same one for words that a reader takes for the same."""

        def stem(word: str) -> str:
            bare = self.root(self.same.get(word, word))
            return self.same.get(bare, bare)

        return lru_cache(_CACHED)(stem)

    @cached_property
    def describes(self) -> Callable[[str], bool]:
        """Whether a word is one that describes, and names nothing on its own: "soft", "helpful"."""
        made = frozenset(self.nouns.values())
        return lru_cache(_CACHED)(
            lambda word: word in self.adjectives or (word not in made and self.describing.fullmatch(word) is not None)
        )

    def noun_of(self, word: str) -> str | None:
        """The noun that stands for a describing word, "helpfulness" for "helpful"; null where none is known."""
        return self.nouns.get(word)

    def same_words(self, name: str) -> tuple[str, ...]:
        """What makes two names the same to a reader: the stems of their words but for small ones, sorted, each once."""
        words = tokens(name)
        content = [word for word in words if word not in self.stop_words]
        stems = {self.stem(word) for word in content or words}
        stems |= set(_FIGURES.findall(name)) | self.particles.intersection(words)
        if any(word in self.negations for word in words):
            stems.add("not")
        return tuple(sorted(stems)) or (name.strip().casefold(),)

    def akin(self, one: Iterable[str], other: Iterable[str]) -> bool:
        """Whether a word of one phrase is the same as a word of another, or made from it: "paying" and "payment"."""
        ours, theirs = ({self.stem(word) for word in words if word not in self.stop_words} for words in (one, other))
        return any(a.startswith(b) or b.startswith(a) for a in ours for b in theirs)


def _rewritten(word: str, groups: Rewrites) -> str:
    for group in groups:
        for rule, replacement in group:
            if rule.search(word):
                word = rule.sub(replacement, word)
                break
    return word
