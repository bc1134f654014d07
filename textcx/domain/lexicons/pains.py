"""What makes a pain severe and urgent, what says nothing concrete, and how customers' clauses begin and end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting
from textcx.domain.lexicons.cues import cue_regex, pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

CUE_LISTS = (
    "strong_words", "softeners", "negations", "relief", "voids", "all_well", "solved", "hypothetical", "general",
    "lacks", "asks_improvement",
)  # fmt: skip
"""Lists of cues of a ``PainLexicon``."""
MOST_URGENT = 20.0
ACTORS = ("", "customer", "others")
SAFETY = "safety: "
"""How reasons begin that tell of harm, danger, discrimination or exposed data."""
LEAVING = "leaving: "
"""How reasons begin by which the customer has left, will leave or may."""
ELSEWHERE = "same record: "
"""How reasons begin that another segment of the record tells."""
WORD_LISTS = ("bare_words", "compound_words", "vague_aspects")
"""Fields of ``PainLexicon`` that hold single words."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """Something that happened to the customer, the weight it gives a pain, and the cues that tell it."""

    id: str
    reason: str
    weight: float  # share of the distance to severity 1 that it takes away, above 0 and below 1
    cues: tuple[str, ...]
    negatable: bool = True  # a "not" or "nobody" before a cue voids it
    always: bool = False  # it makes its segment a pain even where the pain head hears none
    urgency: float = 0.0  # how urgent it makes a record, 0..20
    actor: str = ""  # who did it, if it matters: one of ``ACTORS``
    unless: tuple[str, ...] = ()  # cues that void it
    numbers: tuple[str, ...] = ()  # number words of its cues
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)
    voided: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the cues and check the weight."""
        if not 0.0 < self.weight < 1.0:
            msg = f"consequence {self.id!r} has weight {self.weight}; expected more than 0 and less than 1"
            raise BadSetting(msg)
        if not 0.0 <= self.urgency <= MOST_URGENT:
            msg = f"consequence {self.id!r} has urgency {self.urgency}; expected 0 to {MOST_URGENT:.0f}"
            raise BadSetting(msg)
        if self.actor not in ACTORS:
            msg = f"consequence {self.id!r} has actor {self.actor!r}; expected one of {', '.join(filter(None, ACTORS))}"
            raise BadSetting(msg)
        object.__setattr__(self, "pattern", re.compile(cue_regex(self.cues, numbers=self.numbers)))
        object.__setattr__(self, "voided", re.compile(cue_regex(self.unless, numbers=self.numbers)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StatementWords:
    """``statements.toml``: how clauses begin, end and turn, and what a question begins with."""

    before_questions: tuple[str, ...]
    opening_questions: tuple[str, ...]
    leading: re.Pattern[str] = field(
        metadata=pattern(r"^(?:[\s,;:.!?\-\u2013\u2014*\u2022>)\]/&+\"\u201c\u201d]+|(?:<>)(?!\w)[\s,]*)+")
    )
    dangling: re.Pattern[str] = field(metadata=pattern(r"(?:[\s,;:.\-\u2013\u2014]+(?:<>))+$"))
    clause_starts: re.Pattern[str] = field(
        metadata=pattern(r"(?<=[,;:)!?.])\s+|\s+(?=[(\u2013\u2014-]\s?\w)|\s+(?=(?:<>)\s)")
    )
    verb: re.Pattern[str] = field(metadata=pattern())
    fragment: re.Pattern[str] = field(metadata=pattern(r"^(?:<>)\b"))
    pronoun: re.Pattern[str] = field(metadata=pattern(r"^(?:<>)\b"))
    turned: re.Pattern[str] = field(metadata=pattern())
    denied: re.Pattern[str] = field(metadata=pattern())
    question: re.Pattern[str] = field(
        metadata=pattern(r"(?:^|[.!?\n]\s*|\b(?:{before_questions})\s+)(?:{opening_questions})?(?:<>)\b[^.!?\n]*\?")
    )
    continuing: re.Pattern[str] = field(metadata=pattern(r"^(?:<>)\b"))
    helpers: tuple[str, ...]
    customer: re.Pattern[str] = field(metadata=pattern(r"(?:^|[^\w'])(?:<>)(?:\s+(?:{helpers}))*\s*$"))
    reasoned: re.Pattern[str] = field(metadata=pattern(r"(?:^|[,:(\u2013\u2014-]|\b(?:<>)\b)\s*(?:(?:{helpers})\s+)*$"))
    joining: re.Pattern[str] = field(metadata=pattern(r"(?:^|[\s,])(?:<>)\s+(?:(?:{helpers})\s+)*$"))
    doers: re.Pattern[str] = field(metadata=pattern())
    passive: re.Pattern[str] = field(metadata=pattern(r"\b(?:<>)$"))

    def by_customer(self, before: str, verb: str) -> bool:
        """Tell whether the customer did what a verb says, by the words ``before`` it in its sentence."""
        if self.passive.search(f"{before.rstrip()} {verb}"):
            return False
        named = self.doers.findall(before)
        if self.customer.search(before) or not (named or before.strip()):
            return True
        if named and (self.joining.search(before) or self.reasoned.search(before)):
            return self.customer.search(named[-1]) is not None
        return self.reasoned.search(before) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PainLexicon:
    """Words and cues about pains: the lists of ``consequences.toml``, where each is explained."""

    consequences: tuple[Consequence, ...]
    statements: StatementWords
    cues: Mapping[str, tuple[str, ...]]
    numbers: tuple[str, ...] = ()
    bare_words: frozenset[str] = frozenset()
    compound_words: frozenset[str] = frozenset()
    vague_aspects: frozenset[str] = frozenset()

    patterns: Mapping[str, re.Pattern[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a lexicon in which a consequence stands twice, and compile the cue lists."""
        ids = [consequence.id for consequence in self.consequences]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            msg = f"consequences {twice} stand more than once; ids must be unique"
            raise BadSetting(msg)
        compiled = {name: re.compile(cue_regex(cues, numbers=self.numbers)) for name, cues in self.cues.items()}
        object.__setattr__(self, "patterns", compiled)

    def says(self, name: str, text: str) -> bool:
        """Tell whether a text holds any cue of a list, for example ``says("softeners", text)``."""
        return self.patterns[name].search(text) is not None
