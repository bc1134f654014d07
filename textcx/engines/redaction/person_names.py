"""Where a text may name a person: capitals, first names and the words around them.

A small named-entity model takes "WiFi" and half of any Hindi sentence for a person, and misses "Sarah was lovely". So
it is only asked to confirm, where something else points to a person as well: a naming word, or two capitalised words in
a sentence about someone. Titles ("Mrs Okafor"), roles ("agent Latoya") and known first names need no model at all.

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


class Names:
    """What tells names of persons from other words: those of a language, and the caller's product and company names."""

    def __init__(self, words: NameWords, *, keep: Sequence[str] = ()) -> None:
        self.words = words
        self.keep = frozenset(name.casefold() for name in (*words.keep, *keep) if name.strip())
        self.first = words.first_names - words.doubtful_first_names


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch that may be a person's name, and the sentence to read where a model must confirm it.

    One that is ``likely`` is enough of a name if the model does not take it for something else.
    """

    start: int
    end: int
    sentence: tuple[int, int] | None = None
    likely: bool = False


def find_candidates(text: str, names: Names) -> list[Candidate]:
    """Find where a cleaned text may name a person, in text order, not overlapping."""
    found: list[Candidate] = []
    if _CAPITAL.search(text):
        judged = (_judge(text, run, names) for run in _capitalised_runs(text, names))
        found += [candidate for candidate in judged if candidate is not None]
    for match in names.words.before_lower_name.finditer(text):
        start, end = match.span(1)
        if match[1].casefold() in names.first and not any(each.start < end and start < each.end for each in found):
            found.append(Candidate(start, end))
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
        if folded in names.words.common_words or folded in names.keep or not surface[0].isupper():
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
    known = next((place for place, word in enumerate(run) if _is_known(word, names)), None)
    run = run[known:]
    start, end = run[0].start, run[-1].end
    before = text[max(0, start - 40) : start]
    after = _AFTER.match(text, end)
    if all(words.no_name.fullmatch(word.folded) for word in run):
        return None
    if words.title.search(before):
        return Candidate(start, end)
    nearby = {run[-1].folded, after[1].casefold() if after else ""}
    if nearby & words.things_named_after_people or words.places.search(before):
        return None
    if known is not None:
        return Candidate(start, end)
    if any(word.shouted for word in run):
        return None
    doubtful = run[0].folded in words.doubtful_first_names
    met = words.met.search(before) is not None
    perhaps_named = met or words.perhaps_named.search(before) is not None
    opens = not before or _BEFORE_SENTENCE.search(before) is not None
    named = words.named.search(before) is not None or words.role.search(before) is not None
    if len(run[0].folded) > 1 and (named or (perhaps_named and doubtful)):
        return Candidate(start, end)
    sentence = _sentence_around(text, start, end)
    acted = words.acted.match(text, end) is not None
    full_name = 1 < len(run) < _LONGEST_NAME and (
        doubtful or (not opens and words.about_someone.search(text, *sentence))
    )
    if perhaps_named or full_name or acted:
        return Candidate(start, end, sentence, likely=(met or acted) and not opens)
    return None


def _is_known(word: _Word, names: Names) -> bool:
    first_part = word.folded.partition("-")[0]
    too_short = word.shouted and len(first_part) < _SHORTEST_SHOUTED
    return not too_short and not names.first.isdisjoint((word.folded, first_part))


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
            end = at + len(name)
            if not text[max(0, at - 1) : at].isalnum() and not text[end : end + 1].isalnum():
                spans.append((at, end))
            at = folded.find(name, at + 1)
    return spans
