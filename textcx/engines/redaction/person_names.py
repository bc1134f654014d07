"""Where a text may name a person: capitals, first names and the words around them.

A small named-entity model takes "WiFi", "Superb" and half of any Hindi sentence for a person, and misses "Sarah was
lovely". So the model is only asked to confirm, and only where something else points to a person as well: a title
("Mrs Okafor"), a naming word ("named", "my name is"), a role ("agent Latoya"), a known first name, or two capitalised
words in a sentence about someone. Known first names and strong signs need no model at all.

Invariant: what is found in a text depends on that text and the word lists alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.lexicons.text import NameWords

_CAPITALISED = re.compile(r"(?<![^\W_])(?=[^\W\d_])[^\Wa-z\d_][^\W\d_]*(?:['-][^\W\d_]+)*")
_CAPITAL = re.compile(r"[A-Z\u00c0-\u00de\u0100-\u024f\u0400-\u042f]")
_POSSESSIVE = re.compile(r"'[sS]?$|(?<=[sS])'$")
_BEFORE_SENTENCE = re.compile(r"(?:^|[.!?\n:;\u2026\"(\u2022*]|\s-)\s*$")

_SENTENCE_EDGE = re.compile(r"[.!?\n](?=\s|$)")
_AFTER = re.compile(r"\s+([^\W\d_]+)")
_LONGEST_NAME = 4  # words
_SHORTEST_SHOUTED = 4  # letters: "MIA" and "RAM" are other things
_WINDOW = 200  # characters of a sentence read on each side of a name


@dataclass(frozen=True, slots=True)
class Names:
    """What tells names of persons from other words; sets hold casefolded words."""

    words: NameWords
    keep: frozenset[str]
    keep_words: frozenset[str]
    first: frozenset[str]

    @classmethod
    def of(cls, words: NameWords, *, keep: Sequence[str] = ()) -> Names:
        """Take the words of a language, and add the caller's own product and company names."""
        kept = frozenset(name.casefold() for name in (*words.keep, *keep) if name.strip())
        alone = frozenset(name for name in kept if " " not in name)
        return cls(words, kept, alone, words.first_names - words.doubtful_first_names)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch that may be a person's name, and the sentence to read where a model must confirm it."""

    start: int
    end: int
    certain: bool
    sentence: tuple[int, int]
    likely: bool = False  # enough that the model does not take it for something else


def find_candidates(text: str, names: Names) -> list[Candidate]:
    """Find where a text may name a person.

    Args:
        text: A cleaned text.
        names: What tells names from other words.

    Returns:
        Candidates in text order, not overlapping; those that are not certain need a model's word.
    """
    found: list[Candidate] = []
    if _CAPITAL.search(text):
        for run in _capitalised_runs(text, names):
            candidate = _judge(text, run, names)
            if candidate is not None:
                found.append(candidate)
    for match in names.words.before_lower_name.finditer(text):
        start, end = match.span(1)
        if match[1].casefold() in names.first and not any(each.start < end and start < each.end for each in found):
            found.append(Candidate(start, end, certain=True, sentence=(start, end)))
    if found:
        kept = _kept_spans(text, names)
        found = [each for each in found if not any(start < each.end and each.start < end for start, end in kept)]
    return sorted(found, key=lambda each: each.start)


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    folded: str
    shouted: bool


def _capitalised_runs(text: str, names: Names) -> list[list[_Word]]:
    """Capitalised words side by side, parted at words that are no names."""
    runs: list[list[_Word]] = []
    last_end = -2
    for match in _CAPITALISED.finditer(text):
        surface = _POSSESSIVE.sub("", match[0])
        folded = surface.casefold()
        if folded in names.words.common_words or folded in names.keep_words or not surface[0].isupper():
            continue
        word = _Word(match.start(), match.start() + len(surface), folded, surface.isupper() and len(surface) > 1)
        between = text[last_end : match.start()] if last_end >= 0 else ""
        joined = between == " " or (between == ". " and runs and len(runs[-1][-1].folded) == 1)
        if runs and joined and len(runs[-1]) < _LONGEST_NAME:
            runs[-1].append(word)
        else:
            runs.append([word])
        last_end = match.start() + len(surface)
    return runs


def _judge(  # noqa: PLR0911 - a list of signs, the strongest first
    text: str, run: list[_Word], names: Names
) -> Candidate | None:
    """Decide whether a run of capitalised words names a person, perhaps does, or does not."""
    words = names.words
    first_known = next((place for place, word in enumerate(run) if _is_known(word, names)), None)
    if first_known is not None:
        run = run[first_known:]
    start, end = run[0].start, run[-1].end
    before = text[max(0, start - 40) : start]
    after = _AFTER.match(text, end)
    if all(words.no_name.fullmatch(word.folded) for word in run):
        return None
    if words.title.search(before):
        return Candidate(start, end, certain=True, sentence=(start, end))
    if (after and after[1].casefold() in words.things_named_after_people) or run[
        -1
    ].folded in words.things_named_after_people:
        return None
    if words.places.search(before):
        return None
    if first_known is not None:
        return Candidate(start, end, certain=True, sentence=(start, end))
    if any(word.shouted for word in run):
        return None
    doubtful = run[0].folded in words.doubtful_first_names
    met = words.met.search(before) is not None
    perhaps_named = met or words.perhaps_named.search(before) is not None
    opens = not before or _BEFORE_SENTENCE.search(before) is not None
    named = words.named.search(before) is not None or words.role.search(before) is not None
    if len(run[0].folded) > 1 and (named or (perhaps_named and doubtful)):
        return Candidate(start, end, certain=True, sentence=(start, end))
    sentence = _sentence_around(text, start, end)
    acted = words.acted.match(text, end) is not None
    full_name = 1 < len(run) < _LONGEST_NAME and (
        doubtful or (not opens and words.about_someone.search(text, *sentence))
    )
    if perhaps_named or full_name or acted:
        return Candidate(start, end, certain=False, sentence=sentence, likely=(met or acted) and not opens)
    return None


def _is_known(word: _Word, names: Names) -> bool:
    first_part = word.folded.partition("-")[0]
    if word.shouted and len(first_part) < _SHORTEST_SHOUTED:
        return False
    return word.folded in names.first or first_part in names.first


def _sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    low = max(0, start - _WINDOW)
    for match in _SENTENCE_EDGE.finditer(text, low, start):
        low = match.end()
    edge = _SENTENCE_EDGE.search(text, end, end + _WINDOW)
    return low, min(edge.end() if edge else len(text), end + _WINDOW)


def _kept_spans(text: str, names: Names) -> list[tuple[int, int]]:
    folded = text.lower()
    if len(folded) != len(text):
        folded = text
    spans = []
    for name in names.keep:
        at = folded.find(name)
        while at >= 0:
            spans.append((at, at + len(name)))
            at = folded.find(name, at + 1)
    return [
        (start, end)
        for start, end in spans
        if not (start and text[start - 1].isalnum()) and not (end < len(text) and text[end].isalnum())
    ]
