"""What a name is worth: how much of its theme says it, how seldom the others do, and whether a person would choose it.

A theme above others is the better named, the more evenly its children say the name. The tone of a name must be that of
its theme: what complaints deny is no name for them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from textcx.domain.lexicons.naming import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.steps.themes.naming.book import Book, Candidate, ThemeWords

SMOOTHING = 0.02  # added to both shares before they are compared: a word that is only rare elsewhere gains little
UNEVEN = 0.03  # added to the shares of the children before their geometric mean, so that one may do without a name
NEAR = 0.4  # weight of the lead over the siblings; the lead over all other themes weighs the rest
LEAST_SHARE = 0.06  # share of a theme that must say a name
LEAST_TEXTS = 3  # texts that must, where the theme has so many
OFF_KEY = 0.45  # difference in polarity from which a phrase does not have the tone of its theme
CLEAR_TONE = 0.25  # polarity from which a tone is clear
JUDGING = 0.4  # share of the texts that must hold a judgement for a theme to be called praise or complaints
DENIED = 0.4  # share of the texts with a phrase that deny it, from which it does not say what it seems to say
EVERYWHERE = 0.06  # share of the other themes from which a word is what everything is about
FAR_MORE = 5.0  # times as often as elsewhere, from which even such a word tells its theme from the others
CORE_SHARE = 0.4  # share of a theme that must say what the theme above is called for it to be that "in general"
WIDESPREAD = 0.6  # share of the other finest themes that must say such a word
OTHER_SIDE = 0.5  # texts with other degrees, for each with one ("large"), from which that one is half of the story
BY_LENGTH = {1: 0.6, 2: 1.0, 3: 1.05, 4: 0.9}  # longer phrases say more and are rarer
BY_LENGTH_ABOVE = {1: 1.0, 2: 0.95, 3: 0.8, 4: 0.6}  # the same for themes above others, which are to be called broadly


@dataclass(frozen=True, slots=True)
class Tree:
    """How the themes hang together: ``under[theme]`` are the finest below it, itself where it is one."""

    parents: tuple[int | None, ...]
    children: tuple[tuple[int, ...], ...]
    under: tuple[frozenset[int], ...]
    siblings: tuple[tuple[int, ...], ...]
    depths: tuple[int, ...]
    leaves: tuple[int, ...]


def grow(parents: Sequence[int | None]) -> Tree:
    """Lay out a tree from the number of the theme above each, or null.

    Raises:
        ValueError: If a parent is none of the themes, or a theme lies below itself.
    """
    children: list[list[int]] = [[] for _ in parents]
    depths: list[int] = []
    for number, parent in enumerate(parents):
        if parent is not None:
            if not 0 <= parent < len(parents):
                msg = f"theme {number} lies below theme {parent}, and there are {len(parents)} themes, numbered from 0"
                raise ValueError(msg)
            children[parent].append(number)
        depth, above = 0, parent
        while above is not None and depth <= len(parents):
            depth, above = depth + 1, parents[above]
        if depth > len(parents):
            msg = f"theme {number} lies below itself; parents must form a tree"
            raise ValueError(msg)
        depths.append(depth)
    under: list[frozenset[int]] = [frozenset()] * len(parents)
    for number in sorted(range(len(parents)), key=lambda number: -depths[number]):
        below = children[number]
        under[number] = frozenset().union(*(under[child] for child in below)) if below else frozenset({number})
    roots = [number for number, parent in enumerate(parents) if parent is None]
    siblings = [
        tuple(other for other in (roots if parent is None else children[parent]) if other != number)
        for number, parent in enumerate(parents)
    ]
    leaves = tuple(number for number, below in enumerate(children) if not below)
    return Tree(tuple(parents), tuple(map(tuple, children)), tuple(under), tuple(siblings), tuple(depths), leaves)


class Scale:
    """Weighs candidates as a name for one theme, by its number."""

    def __init__(self, number: int, *, themes: Sequence[ThemeWords], tree: Tree, book: Book) -> None:
        self.number, self.naming = number, book.naming
        self._theme, self._themes, self._book = themes[number], themes, book
        self.total = len(self._theme.texts)
        self.above = bool(tree.children[number])
        self.polarity = sum(self._theme.polarities) / max(1, self.total)
        self._siblings = set(tree.siblings[number])
        self._others = set(tree.leaves) - tree.under[number]
        self._elsewhere = sum(len(themes[leaf].texts) for leaf in self._others)
        self._beside = sum(len(themes[sibling].texts) for sibling in self._siblings)
        self._parts = [
            (child, math.sqrt(max(1, sum(len(themes[leaf].texts) for leaf in tree.under[child]))))
            for child in tree.children[number]
            if themes[child].texts
        ]

    def share(self, candidates: Sequence[Candidate], theme: int) -> float:
        """Share of a theme that says one of the candidates, 0..1."""
        raisers = set().union(*(candidate.raised.get(theme, ()) for candidate in candidates))
        return len(raisers) / max(1, len(self._themes[theme].texts))

    def reach(self, candidates: Sequence[Candidate]) -> float:
        """Share of the theme that says one of them, 0..1; less where its children do so unevenly."""
        if not self._parts:
            return max(0.0, self.share(candidates, self.number) - 1.0 / max(1, self.total))
        logs = [(math.log(self.share(candidates, child) + UNEVEN), weight) for child, weight in self._parts]
        return math.exp(sum(log * weight for log, weight in logs) / sum(weight for _, weight in logs)) - UNEVEN

    def outside(self, candidates: Sequence[Candidate]) -> float:
        """Share of all other finest themes that say one of them."""
        return self._said_in(candidates, self._others) / max(1, self._elsewhere)

    def worth(self, candidates: Sequence[Candidate], *, listed: bool = False) -> float:
        """Root of the reach x logarithm of how much more often they are said than elsewhere; 0 or above.

        Where they are ``listed`` they name the theme's parts, and children may say them unevenly.
        """
        ours: set[int] = set().union(*(candidate.raised.get(self.number, ()) for candidate in candidates))
        if len(ours) < max(min(LEAST_TEXTS, self.total), LEAST_SHARE * self.total):
            return 0.0
        if len({self._theme.texts[index] for index in ours}) < min(LEAST_TEXTS, self.total):
            return 0.0
        reach = (len(ours) / self.total if listed else self.reach(candidates)) + SMOOTHING
        lead = math.log(reach / (self.outside(candidates) + SMOOTHING))
        near = math.log(reach / (self._said_in(candidates, self._siblings) / max(1, self._beside) + SMOOTHING))
        worth = math.sqrt(reach) * (near * NEAR + lead * (1 - NEAR))
        denied = sum(candidate.negated[self.number] for candidate in candidates)
        times = sum(sum(candidate.spellings[self.number].values()) for candidate in candidates)
        if denied > DENIED * times and not any(self.naming.negations & set(one.key.split()) for one in candidates):
            worth *= 0.3
        tone = sum(self._theme.polarities[index] for index in sorted(ours)) / len(ours)
        if abs(tone - self.polarity) > OFF_KEY:
            worth *= 0.5
        words = {word for candidate in candidates for word in candidate.words(self.number)}
        if any(self.off_key(word) for word in words):
            worth *= 0.3
        return max(0.0, worth)

    def judges(self) -> bool:
        """Whether the theme praises or blames in so many words, rather than only names things."""
        judged = sum(not self.naming.evaluations.isdisjoint(tokens(text)) for text in self._theme.texts)
        return judged >= JUDGING * self.total

    def off_key(self, word: str) -> bool:
        """Whether a describing word mostly praises and the theme complains, or the other way round."""
        tone, times = self._book.tones.get(word, (0.0, 0))  # of describing words only
        return times >= LEAST_TEXTS and min(abs(tone), abs(self.polarity)) >= CLEAR_TONE and tone * self.polarity < 0

    def one_sided(self, word: str) -> bool:
        """Whether a word is one degree of something of which the theme also says others: "large" beside "small"."""
        scale = self.naming.scales.get(word)
        if scale is None:
            return False
        ours = sum(word in words for words in self._degrees)
        others = sum(any(self.naming.scales[other] == scale for other in words - {word}) for words in self._degrees)
        return others > OTHER_SIDE * ours

    @cached_property
    def _degrees(self) -> list[set[str]]:
        return [{word for word in tokens(text) if word in self.naming.scales} for text in self._theme.texts]

    def _said_in(self, candidates: Sequence[Candidate], themes: set[int]) -> int:
        if len(candidates) == 1:
            raised = candidates[0].raised
            return sum(len(raised[theme]) for theme in raised.keys() & themes)
        raisers: dict[int, set[int]] = defaultdict(set)
        for candidate in candidates:
            for theme in candidate.raised.keys() & themes:
                raisers[theme] |= candidate.raised[theme]
        return sum(map(len, raisers.values()))

    def is_core(self, candidate: Candidate) -> bool:
        """Whether a finest theme mostly speaks of what a candidate names, and no sibling does so more often."""
        ours = self.share([candidate], self.number)
        beside = [self.share([candidate], other) * self._themes[other].size for other in self._siblings]
        return not self.above and ours >= CORE_SHARE and ours * self._theme.size >= max(beside, default=0.0)

    def is_everywhere(self, candidate: Candidate) -> bool:
        """Whether a candidate stands for whatever the feedback is about."""
        if candidate.key == self._book.subject:
            return True
        outside = self.outside([candidate])
        if outside <= EVERYWHERE or self.reach([candidate]) >= FAR_MORE * outside:
            return False
        least = 0.4 * outside
        wide = sum(
            len(candidate.raised.get(leaf, ())) >= least * len(self._themes[leaf].texts) for leaf in self._others
        )
        return wide >= WIDESPREAD * len(self._others)

    def taste(self, candidate: Candidate) -> float:
        """What a person would think of a phrase as a name, whatever it is worth by numbers; 0..1.1."""
        words, naming = candidate.words(self.number), self.naming
        taste = (BY_LENGTH_ABOVE if self.above else BY_LENGTH)[len(words)]
        kind = candidate.kind
        if self.above and kind in {"verb", "adjective", "negated", "linked", "act"}:
            taste *= 0.7
        if kind in {"noun", "described"} and len(words) > 1 and not self._book.is_noun(words[-1], least=0.3):
            taste *= 0.4
        if any(word in naming.evaluations for word in words):
            taste *= 0.5
        if any(map(self.one_sided, words)):
            taste *= 0.5
        about = self._book.subject  # "lounge in Dubai" tells more than "lovely lounge"
        telling = [
            word for word in words if word not in naming.empty and (len(words) == 1 or naming.root(word) != about)
        ]
        if kind != "remark" and (
            not telling or (len(words) > 1 and all(map(naming.describes, telling)) and kind == "noun")
        ):
            weak = any(word in naming.weak - naming.vague for word in words)
            taste *= 0.7 if weak and telling else 0.4
        return taste
