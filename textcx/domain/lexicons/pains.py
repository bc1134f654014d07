"""What makes a pain severe: the lexicon of consequences, intensity and of words that say nothing concrete."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting
from textcx.domain.lexicons.cues import cue_regex

if TYPE_CHECKING:
    from collections.abc import Mapping

CUE_LISTS = (
    "strong_words", "softeners", "negations", "relief", "voids", "all_well", "solved", "hypothetical", "general",
    "lacks", "asks_improvement",
)  # fmt: skip
"""Fields of ``PainLexicon`` that hold cues."""
WORD_LISTS = ("bare_words", "compound_words", "vague_aspects")
"""Fields of ``PainLexicon`` that hold single words."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """Something that happened to the customer, the weight it gives a pain, and the cues that tell it.

    ``weight`` is the share of the distance to severity 1 that it takes away: greater than 0, less than 1. Where it is
    not ``negatable``, a "not" or "nobody" before a cue does not void it ("nobody refunded me"). One that is
    ``always`` a pain makes its segment one even where the pain head hears none.
    """

    id: str
    reason: str
    weight: float
    cues: tuple[str, ...]
    negatable: bool = True
    always: bool = False
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the cues and check the weight."""
        if not 0.0 < self.weight < 1.0:
            msg = f"consequence {self.id!r} has weight {self.weight}; expected more than 0 and less than 1"
            raise BadSetting(msg)
        object.__setattr__(self, "pattern", re.compile(cue_regex(self.cues)))


@dataclass(frozen=True, slots=True)
class PainLexicon:
    """Words and cues about pains; every field is data of ``models/taxonomies/consequences.toml``.

    ``negations`` void a negatable consequence that they stand before, ``relief`` any consequence that it precedes
    ("did not have to call again"), ``voids`` any that they follow ("no refund needed"). ``all_well`` tells segments in
    which nothing went wrong although problem words appear, ``solved`` problems that were put right, ``hypothetical``
    fears and conditions, ``general`` dislikes that concern no organization, ``lacks`` wishes that imply something is
    missing, ``asks_improvement`` questions that invite such wishes.

    ``bare_words`` say nothing concrete ("worst app ever"); ``compound_words`` are those of them that may still begin an
    aspect ("customer service"); ``vague_aspects`` are never what a pain is about.
    """

    consequences: tuple[Consequence, ...]
    strong_words: tuple[str, ...] = ()
    softeners: tuple[str, ...] = ()
    negations: tuple[str, ...] = ()
    relief: tuple[str, ...] = ()
    voids: tuple[str, ...] = ()
    all_well: tuple[str, ...] = ()
    solved: tuple[str, ...] = ()
    hypothetical: tuple[str, ...] = ()
    general: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    asks_improvement: tuple[str, ...] = ()
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
        object.__setattr__(self, "patterns", {name: re.compile(cue_regex(getattr(self, name))) for name in CUE_LISTS})

    def says(self, name: str, text: str) -> bool:
        """Tell whether a text holds any cue of a list, for example ``says("softeners", text)``."""
        return self.patterns[name].search(text) is not None
