"""Name themes in the customers' own words, as a person would: "late delivery", "newspapers and magazines".

Candidates are the noun, verb and adjective phrases of a theme's exemplars. A candidate is worth the more, the larger
the share of the theme that says it and the rarer the other themes do; two words of the same kind that complete each
other may be joined by "and". The tone of a candidate must be the tone of the theme: a theme of complaints is not called
"good selection". The most frequent spelling is shown.

Invariants, tested: names are unique and have one to five words; they hold no mask and no profanity; a lone adjective is
no name.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from textcx.domain.themes import BARE_ADJECTIVES, EVALUATIONS, GENERAL_OBJECTS, STOP_WORDS, VAGUE_WORDS, WEAK_WORDS
from textcx.steps.name_candidates import DEGREES, LONGEST, WORD, coordinated, forms, linked, says_something, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textcx.ports import PhraseFinder

ENOUGH = 0.30
"""Worth below which a theme has no name in its customers' words."""

IN_GENERAL = 0.3
"""Share of a theme that must speak of what everything is about ("the app") to be called that "in general"."""

PAIRED = 6
"""Single words of each kind that are tried in pairs."""

KEYWORDS_SAID = 0.35
"""Share of a theme that must say one of its two best keywords for these to be its name where no phrase will do."""

RUNNER_UP = 0.6
"""Share of the worth of its first choice that another name must reach when the first choice is taken; without such a
name, the theme is the same as the one that took it."""

EVERYWHERE = 0.10
"""Share of the other themes from which a single word is what everything is about, and tells no theme from another."""

BY_LENGTH = {1: 0.5, 2: 1.0, 3: 1.1, 4: 1.0}
"""Longer phrases say more and are rarer."""

OFF_KEY = 0.45
"""Difference in polarity from which a phrase does not have the tone of its theme."""


@dataclass(frozen=True, slots=True)
class ThemeWords:
    """What a theme is named from.

    ``texts`` are member segments with ``polarities`` (-1..1) of the same length; ``exemplars`` the members whose
    phrases may become the name; ``keywords`` the theme's c-TF-IDF words, best first, for a theme without any usable
    phrase.
    """

    texts: Sequence[str]
    polarities: Sequence[float]
    exemplars: Sequence[str]
    keywords: Sequence[str]


@dataclass(frozen=True, slots=True)
class ThemeName:
    """What a theme is called, or why it is not.

    ``name`` is null where the customers have no words in common (a heap of general remarks), or where ``same_as`` gives
    the number of the theme that goes by the name this one would need: the two are about the same.
    """

    name: str | None
    same_as: int | None = None


@dataclass(slots=True)
class _Candidate:
    """A phrase in all its spellings, and the member segments of each theme that say it."""

    key: str
    kinds: Counter[str] = field(default_factory=Counter)
    spellings: dict[int, Counter[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(Counter))
    raised: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def words(self, theme: int) -> tuple[str, ...]:
        """Lower-case words of the spelling that is most frequent in a theme."""
        return min(self.spellings[theme].items(), key=lambda item: (-item[1], item[0]))[0]

    @property
    def kind(self) -> str:
        """The kind it is mostly used as."""
        return min(self.kinds.items(), key=lambda item: (-item[1], item[0]))[0]


@dataclass(frozen=True, slots=True, order=True)
class _Option:
    """A possible name of a theme; sorts best first."""

    cost: float
    identity: tuple[str, ...]
    theme: int
    words: tuple[str, ...]


def name_themes(themes: Sequence[ThemeWords], *, phrases: PhraseFinder) -> list[ThemeName]:
    """Name themes, each differently.

    Args:
        themes: The themes to name; all of a set at once, because names should tell them apart.
        phrases: Finds phrases in the exemplars.

    Returns:
        For each theme a name of one to five words, or the theme it is the same as, or neither.
    """
    casing: dict[str, Counter[str]] = defaultdict(Counter)
    candidates, proposed = _candidates(themes, phrases=phrases, casing=casing)
    _count(themes, candidates)
    options = sorted(
        option
        for number, theme in enumerate(themes)
        for option in _options(number, theme, themes, [candidates[key] for key in sorted(proposed[number])])
    )
    found: dict[int, ThemeName] = {}
    taken: dict[tuple[str, ...], int] = {}
    refused: dict[int, _Option] = {}
    for option in options:
        first = refused.get(option.theme)
        if option.theme in found:
            continue
        if first is not None and option.cost > first.cost * RUNNER_UP:
            found[option.theme] = ThemeName(None, same_as=taken[first.identity])
        elif option.identity in taken:
            refused.setdefault(option.theme, option)
        else:
            taken[option.identity] = option.theme
            found[option.theme] = ThemeName(" ".join(_cased(word, casing) for word in option.words))
    for number, option in refused.items():
        found.setdefault(number, ThemeName(None, same_as=taken[option.identity]))
    for number, theme in enumerate(themes):
        pair = _keyword_pair(theme) if number not in found else None
        if pair is not None and tuple(sorted(pair)) not in taken:
            taken[tuple(sorted(pair))] = number
            found[number] = ThemeName(" and ".join(_cased(word, casing) for word in pair))
    return [found.get(number, ThemeName(None)) for number in range(len(themes))]


def _keyword_pair(theme: ThemeWords) -> tuple[str, str] | None:
    """Two keywords as a name of last resort, where a fair share of the theme says one of them."""
    usable = [word for word in theme.keywords if " " not in word and says_something([word])]
    pair = [word for word in usable if word not in WEAK_WORDS and word not in GENERAL_OBJECTS][:2]
    said = [set(pair) & set(tokens(text)) for text in theme.texts]
    rarest = min((sum(word in found for found in said) for word in pair), default=0)
    if len(pair) < 2 or rarest < max(3, 0.3 * sum(map(bool, said))):  # noqa: PLR2004 - a pair
        return None
    if sum(map(bool, said)) < KEYWORDS_SAID * len(theme.texts):
        return None
    return pair[0], pair[1]


def _candidates(
    themes: Sequence[ThemeWords], *, phrases: PhraseFinder, casing: dict[str, Counter[str]]
) -> tuple[dict[str, _Candidate], list[set[str]]]:
    """Candidates by their normal form, and the normal forms each theme's exemplars propose."""
    candidates: dict[str, _Candidate] = {}
    proposed: list[set[str]] = [set() for _ in themes]
    joined: list[set[str]] = [set() for _ in themes]
    texts = [text for theme in themes for text in theme.exemplars]
    owners = [number for number, theme in enumerate(themes) for _ in theme.exemplars]
    for number, text, found in zip(owners, texts, phrases.phrases(texts), strict=True):
        for match in WORD.finditer(text):
            if match.start() > 0:
                casing[match.group().lower()][match.group()] += 1
        words = tokens(text)
        usable = [form for phrase in found for form in forms(phrase, text)]
        set_forms = [(form, " ".join(form), "linked") for form in linked(words)]
        for form, key, kind in (*usable, *set_forms):
            if says_something(form):
                candidate = candidates.setdefault(key, _Candidate(key))
                candidate.kinds[kind] += 1
                candidate.spellings[number][form] += 0
                proposed[number].add(key)
        joined[number].update(coordinated(words))
    known = {form for candidate in candidates.values() for spelled in candidate.spellings.values() for form in spelled}
    for number, singles in enumerate(joined):
        for word in sorted(singles):
            if (word,) not in known and says_something([word]):
                candidate = candidates.setdefault(word, _Candidate(word))
                candidate.kinds["adjective"] += 1
                candidate.spellings[number][word,] += 0
                proposed[number].add(word)
    return candidates, proposed


def _count(themes: Sequence[ThemeWords], candidates: dict[str, _Candidate]) -> None:
    """Look every candidate up in every member segment, and count its spellings."""
    by_words = {
        words: candidate
        for key, candidate in sorted(candidates.items())
        for spellings in candidate.spellings.values()
        for words in spellings
    }
    for number, theme in enumerate(themes):
        for index, text in enumerate(theme.texts):
            words = [word for word in tokens(text) if word not in DEGREES]
            for length in range(1, LONGEST + 1):
                for start in range(len(words) - length + 1):
                    gram = tuple(words[start : start + length])
                    candidate = by_words.get(gram)
                    if candidate is not None:
                        candidate.spellings[number][gram] += 1
                        candidate.raised[number].add(index)


def _options(
    number: int, theme: ThemeWords, themes: Sequence[ThemeWords], candidates: Sequence[_Candidate]
) -> Iterable[_Option]:
    """Every name a theme could have, with what speaks against it."""
    elsewhere = sum(len(other.texts) for other in themes) - len(theme.texts)
    scale = _Scale(number, theme, elsewhere)
    raised = [candidate for candidate in candidates if candidate.raised.get(number)]
    singles: dict[str, list[tuple[float, _Candidate]]] = {"noun": [], "adjective": []}
    for candidate in raised:
        words = candidate.words(number)
        worth = scale.worth([candidate]) * _taste(candidate, number)
        if len(words) == 1 and _too_general(candidate, words[0], scale):
            share = len(candidate.raised[number]) / len(theme.texts)
            if candidate.kind == "noun" and share >= IN_GENERAL and words[0] not in VAGUE_WORDS:
                yield _Option(-ENOUGH * share, _identity(candidate.key), number, (*words, "in", "general"))
            continue
        kind = "adjective" if words[0] in BARE_ADJECTIVES and len(words) == 1 else candidate.kind
        if len(words) == 1 and kind in singles:
            singles[kind].append((worth, candidate))
        if worth >= ENOUGH and (len(words) > 1 or kind == "noun"):
            yield _Option(-worth, _identity(candidate.key), number, words)
    together = [set(candidate.key.split()) for candidate in raised if " " in candidate.key]
    for same_kind in singles.values():
        yield from _pairs(same_kind, scale, together)


def _pairs(
    singles: Sequence[tuple[float, _Candidate]], scale: _Scale, together: Sequence[set[str]]
) -> Iterable[_Option]:
    """Two single words of a kind joined by "and", where they complete each other and are no phrase of their own."""
    best = sorted(singles, key=lambda item: (-item[0], item[1].key))[:PAIRED]
    for (worth_one, one), (worth_two, two) in combinations(best, 2):
        # An adjective cannot stand alone, so it takes a weaker partner than a noun would.
        fair = 0.15 if one.words(scale.number)[0] in BARE_ADJECTIVES else 0.5
        if worth_two < fair * worth_one or not _complete_each_other(one, two, scale.number, scale.theme):
            continue
        if any({one.key, two.key} <= words for words in together):  # "coffee machine", not "coffee and machine"
            continue
        worth = scale.worth([one, two]) * math.sqrt(_taste(one, scale.number) * _taste(two, scale.number))
        if worth >= ENOUGH:
            words = (*one.words(scale.number), "and", *two.words(scale.number))
            yield _Option(-worth, _identity(one.key, two.key), scale.number, words)


def _identity(*keys: str) -> tuple[str, ...]:
    """What makes two names the same: "food selection" and "selection of food" are."""
    return tuple(sorted({word for key in keys for word in key.split() if word not in STOP_WORDS}))


@dataclass(frozen=True, slots=True)
class _Scale:
    """Weighs words as a name for one theme."""

    number: int
    theme: ThemeWords
    elsewhere: int

    def worth(self, candidates: Sequence[_Candidate]) -> float:
        """Root of the share of the theme that says one of them x logarithm of how much more often than elsewhere."""
        total = len(self.theme.texts)
        ours: set[int] = set().union(*(candidate.raised[self.number] for candidate in candidates))
        if len(ours) < max(3, 0.04 * total):
            return 0.0
        outside = 0
        for other in {theme for candidate in candidates for theme in candidate.raised} - {self.number}:
            outside += len(set().union(*(candidate.raised.get(other, set()) for candidate in candidates)))
        share = len(ours) / total
        lift = math.log(share / ((outside + 0.5) / (self.elsewhere + 1.0))) if self.elsewhere else 1.0
        mean = sum(self.theme.polarities) / total
        tone = sum(self.theme.polarities[index] for index in sorted(ours)) / len(ours)
        return max(0.0, math.sqrt(share) * lift) * (0.5 if abs(tone - mean) > OFF_KEY else 1.0)


def _too_general(candidate: _Candidate, word: str, scale: _Scale) -> bool:
    """Whether a single word says too little: it stands for whatever the feedback is about."""
    if word in WEAK_WORDS or word in GENERAL_OBJECTS:
        return True
    outside = sum(len(raised) for other, raised in candidate.raised.items() if other != scale.number)
    return outside > EVERYWHERE * max(1, scale.elsewhere)


def _complete_each_other(one: _Candidate, two: _Candidate, number: int, theme: ThemeWords) -> bool:
    """Whether two words differ, are about equally common, and the second is said where the first is not."""
    if one.key[:4] == two.key[:4] or one.key in two.key or two.key in one.key:
        return False
    first, second = one.raised[number], two.raised[number]
    if one.words(number)[0] in BARE_ADJECTIVES:
        return len(second - first) >= max(3, 0.02 * len(theme.texts))
    return len(second) >= 0.3 * len(first) and len(second - first) >= 0.08 * len(theme.texts)


def _taste(candidate: _Candidate, theme: int) -> float:
    """What a person would think of the phrase as a name, whatever the theme."""
    words = candidate.words(theme)
    taste = BY_LENGTH[len(words)]
    if any(word in EVALUATIONS for word in words):
        taste *= 0.6
        if all(word in EVALUATIONS or word in GENERAL_OBJECTS or word in STOP_WORDS for word in words):
            taste *= 0.4
    return taste


def _cased(word: str, casing: dict[str, Counter[str]]) -> str:
    """The word as customers mostly write it inside a sentence."""
    return min(casing[word].items(), key=lambda item: (-item[1], item[0]))[0] if casing.get(word) else word
