"""Everything that textcx knows of one language: the words of a folder, one room for each subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textcx.domain.lexicons.journey import JourneyTaxonomy
    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.lexicons.pains import PainLexicon
    from textcx.domain.lexicons.text import (
        AnswerWords,
        DetectionWords,
        NameWords,
        PhraseWords,
        RequestPatterns,
        SplittingWords,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Language:
    """One language: its ISO 639-1 code, its name in messages, and what else callers say for the code, in lower case.

    ``matters`` are titles, or ``UNTITLED``, and names of matters that are known of many trades. ``other_journeys`` may
    take the place of ``journey`` where they fit a file better; none where one was chosen.
    """

    code: str
    name: str
    aliases: frozenset[str]
    answers: AnswerWords
    detection: DetectionWords
    splitting: SplittingWords
    phrases: PhraseWords
    names: NameWords
    naming: NamingWords
    pains: PainLexicon
    journey: JourneyTaxonomy
    requests: RequestPatterns
    matters: tuple[tuple[str, str], ...] = ()
    other_journeys: tuple[JourneyTaxonomy, ...] = ()
