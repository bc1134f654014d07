"""What is to be known of a language to read single texts; the files that are named explain their keys."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from textcx.domain.lexicons.cues import pattern

_SILENT = re.compile(r"[\x00-\x2f\x3a-\x60\x7b-\x7f]")
_BEFORE = r"\b(?:<>)\s+$"
"""Of words that stand right before something."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerWords:
    """``answers.toml``: set phrases that stand for silence, whatever was asked or only where no question is known."""

    no_answer: tuple[str, ...]
    nothing: tuple[str, ...]

    def silent(self, text: str, *, has_question: bool) -> bool:
        """Tell whether a text says that there is no answer."""
        letters = _letters(text)
        return letters in self._no_answer or (not has_question and letters in self._nothing)

    @cached_property
    def _no_answer(self) -> frozenset[str]:
        return frozenset(map(_letters, self.no_answer))

    @cached_property
    def _nothing(self) -> frozenset[str]:
        return frozenset(map(_letters, self.nothing))


def _letters(text: str) -> str:
    return _SILENT.sub("", text.casefold())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DetectionWords:
    """``detection.toml``: words that tell the language from others, where a model alone would be wrong."""

    common: frozenset[str]
    lookalike: str
    lookalike_words: frozenset[str]
    lookalike_weak: frozenset[str]
    foreign_letters: re.Pattern[str] = field(metadata=pattern("[<>]", flags=re.NOFLAG))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplittingWords:
    """``splitting.toml``: where sentences end and turn. Tuples hold alternatives of a regular expression."""

    starters: tuple[str, ...]
    me: str
    never_ends: frozenset[str]
    list_ends: frozenset[str]
    numbers: frozenset[str]
    but: tuple[str, ...]
    turns: tuple[str, ...]
    turns_after_comma: tuple[str, ...]
    turns_before: tuple[str, ...]
    runs_on: tuple[str, ...]
    runs_on_unless_after: tuple[str, ...]
    subjects: tuple[str, ...]
    parts: tuple[str, ...]
    no_turn_before: re.Pattern[str] = field(metadata=pattern(r"\b(?:<>)$"))
    no_turn_after: re.Pattern[str] = field(metadata=pattern("<>"))
    verdict: re.Pattern[str] = field(metadata=pattern(r"^\W*(?:<>)\W*$"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhraseWords:
    """``phrases.toml``: words that noun, verb and adjective phrases begin with, end with or leave out."""

    fillers: frozenset[str]
    verdicts: frozenset[str]
    empty_verbs: frozenset[str]
    empty_adverbs: frozenset[str]
    telling_adverbs: frozenset[str]
    too_much: frozenset[str]
    negations: frozenset[str]
    negation: str
    parted_negations: frozenset[str]
    auxiliaries: frozenset[str]
    links: frozenset[str]
    phases: frozenset[str]
    being: frozenset[str]
    degrees: frozenset[str]
    plain_adjectives: frozenset[str]
    determiners: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RequestPatterns:
    """``requests.toml``: wordings that nearly always ask for something (``clear``), and that sometimes do."""

    nice: tuple[str, ...]
    do: tuple[str, ...]
    clear: re.Pattern[str] = field(metadata=pattern("<>"))
    possible: re.Pattern[str] = field(metadata=pattern("<>"))

    def asks_clearly(self, text: str) -> bool:
        """Tell whether the wording of a text asks for something, rather surely."""
        return bool(self.clear.search(text))

    def may_ask(self, text: str) -> bool:
        """Tell whether any word of a text could belong to a wish or suggestion."""
        return bool(self.possible.search(text)) or self.asks_clearly(text)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NameWords:
    """``names.toml``: what tells names of persons from other words, and numbers of accounts from other numbers."""

    keep: tuple[str, ...]
    common_words: frozenset[str]
    things_named_after_people: frozenset[str]
    first_names: frozenset[str]
    doubtful_first_names: frozenset[str]
    staff: tuple[str, ...]
    numbered: tuple[str, ...]
    linking: tuple[str, ...]
    near_numbers: tuple[str, ...]
    private_paths: tuple[str, ...]
    title: re.Pattern[str] = field(metadata=pattern(r"\b(?:<>)\.?\s+$", flags=re.NOFLAG))
    named: re.Pattern[str] = field(metadata=pattern(r"\b(?:<>)\s*(?:of\s+)?$"))
    role: re.Pattern[str] = field(metadata=pattern(_BEFORE))
    met: re.Pattern[str] = field(metadata=pattern(_BEFORE))
    perhaps_named: re.Pattern[str] = field(metadata=pattern(_BEFORE))
    acted: re.Pattern[str] = field(metadata=pattern(r"\s+(?:<>)\b", flags=re.NOFLAG))
    places: re.Pattern[str] = field(metadata=pattern(r"\b(?:<>)\.?\s+$"))
    about_someone: re.Pattern[str] = field(metadata=pattern())
    before_lower_name: re.Pattern[str] = field(metadata=pattern(r"\b(?:<>)\s+([a-z]{3,})\b"))
    no_name: re.Pattern[str] = field(metadata=pattern("<>"))
    version_before: re.Pattern[str] = field(metadata=pattern(r"(?:<>)\.?\s*$"))
    called_a_number: re.Pattern[str] = field(metadata=pattern(r"(?:<>)\W{0,3}$"))
