"""What could name a theme: the usable parts of phrases, and a few set forms that customers describe things with.

Invariants, tested: nothing proposed holds a mask, a figure or profanity, or consists of stop words and judgements
alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from textcx.domain.lexicons.naming import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.ports import Phrase

LONGEST = 4  # words of a phrase that may become a name
SHORTEST = 3  # letters of a word that can carry a part of a name: "tv" must not

_MASKED = re.compile(r"^x{3}$|x{4}")  # what publishers put in the place of names, also glued to a word; not "xxxl"

_BEFORE = re.compile(r"(\S+)\s+$")
_UNFIT = re.compile(r"[^\w\s'\u2019\-&]|[\d_]")

Pairs = list[tuple[str, str]]  # words of a phrase, each as spelled and in its normal form


@dataclass(frozen=True, slots=True)
class CandidateFinder:
    """Finds what could name a theme, in the words of one language."""

    naming: NamingWords

    def forms(self, phrase: Phrase, text: str) -> Iterable[tuple[tuple[str, ...], str, str]]:
        """The usable parts of a phrase, as spelled, in its normal form, and its kind.

        It is cut at its ends; and tried without words that only judge, and with the "no", "not" or "too" before it.
        """
        naming = self.naming
        surface = text[phrase.start : phrase.end]
        before = _BEFORE.search(text[: phrase.start])
        if _UNFIT.search(surface) or (before and re.search(r"\d", before.group(1))):
            return
        words = tokens(surface)
        bare = pairs = self._bounded(words, phrase)
        while bare and (bare[0][0] in naming.evaluations or (bare != pairs and bare[0][0] in naming.stop_words)):
            bare = bare[1:]
        usable = [(pairs, phrase.kind)]
        if bare != pairs:
            usable.append((bare, phrase.kind))
        opener = before.group(1).lower().replace("\u2019", "'") if before else ""
        whole = bool(pairs) and pairs[0][0] == words[0]
        negates = opener in naming.openers and whole and words[0] not in naming.openers
        if negates and self._opens(opener, words[0], phrase.kind):
            usable.append(([(opener, opener), *pairs], "negated"))
        if whole and opener in naming.verdicts:
            usable.append(([(opener, opener), *pairs], "verdict"))
        for form, kind in usable:
            if 1 <= len(form) <= LONGEST:
                yield tuple(word for word, _ in form), " ".join(lemma for _, lemma in form), kind

    def _bounded(self, words: Sequence[str], phrase: Phrase) -> Pairs:
        """A phrase without the words at its ends that hold a sentence together."""
        lemmas = phrase.lemma.lower().split()
        pairs = list(zip(words, lemmas if len(lemmas) == len(words) else words, strict=True))
        naming, kind = self.naming, phrase.kind
        while pairs and pairs[0][0] in naming.stop_words:
            if len(pairs) > 1 and pairs[0][0] in naming.openers and self._opens(pairs[0][0], pairs[1][0], kind):
                break  # "too small", "keeps crashing"
            pairs = pairs[1:]
        while pairs and pairs[-1][0] in naming.stop_words and not self._closes(pairs, kind):
            pairs = pairs[:-1]
        return pairs

    def _opens(self, opener: str, word: str, kind: str) -> bool:
        """Whether a "no", "not" or "too" makes a readable phrase with what follows."""
        naming = self.naming
        if word in naming.weak or word in naming.evaluations:
            return False
        return opener != naming.not_before_verbs or kind != "verb" or word.endswith((naming.acting, naming.done))

    def _closes(self, pairs: Pairs, kind: str) -> bool:
        """Whether the last word, a stop word, belongs to the phrase: "picked up", "log in"."""
        if len(pairs) == 1 or kind == "noun":
            return False
        return pairs[-1][0] in self.naming.closers or f"{pairs[-2][0]} {pairs[-1][0]}" in self.naming.closed

    def linked(self, words: Sequence[str]) -> Iterable[tuple[str, ...]]:
        """What customers say in set forms: "true to size", "value for money", "runs very small", "waiting time"."""
        naming = self.naming
        padded = [*words, "", ""]
        for place, (one, two) in enumerate(pairwise(words)):
            three, four = padded[place + 2 : place + 4]
            goal = four if four and two in naming.links and three in naming.articles else three
            timely = self._bears(one) and one not in naming.untimely
            of = two in naming.links and timely and self._bears(goal)
            to = two == naming.aim and one in naming.before_aim and (goal in naming.after_aim or self._bears(goal))
            if two in naming.times and timely:
                yield one, two
            elif two in naming.places and three in naming.owners:
                if self._bears(one) and self._bears(four):
                    yield four, one
            elif of or to:
                yield one, two, goal
            elif one in naming.turns_out:
                yield from self._turns_out(words, place)

    def _turns_out(self, words: Sequence[str], place: int) -> Iterable[tuple[str, ...]]:
        """How something turns out: "runs small"; "fits true to size", of which "fits true" would be half."""
        naming = self.naming
        after = place + 1
        while after < len(words) and words[after] in naming.by_degrees:
            after += 1
        may_turn_out = after == place + 1 or words[place] in naming.turns_out_by_degrees
        if after == len(words) or not self._bears(words[after]) or not may_turn_out:
            return
        goal = words[after + 1 : after + 3]
        if goal[:1] != [naming.aim]:
            yield words[place], words[after]
        elif words[after] in naming.before_aim and goal[1:] and self._bears(goal[1]):
            yield words[place], words[after], *goal

    def described(self, words: Sequence[str]) -> Iterable[tuple[str, ...]]:
        """What customers say of something: "soft fabric" where it feels soft, "sleeves too long" where they are."""
        naming = self.naming
        for place, noun in enumerate(words[:-1]):
            if not self._bears(noun) or naming.describes(noun):
                continue
            after = place + 1
            while after < len(words) and (words[after] in naming.being or words[after] in naming.degrees):
                after += 1
            if after == place + 1 and place > 0 and words[after] != naming.too:
                continue  # only a fragment leaves out "is": "Staff helpful"
            too = after < len(words) - 1 and words[after] == naming.too
            after += too
            while after < len(words) and (naming.describes(words[after]) or words[after] in naming.verdicts):
                yield (noun, naming.too, words[after]) if too else (words[after], noun)
                if after + 2 >= len(words) or words[after + 1] != naming.joint:
                    break
                after += 2

    def acts(self, words: Sequence[str], gerunds: Mapping[str, str]) -> Iterable[tuple[str, ...]]:
        """What customers do or want done: "answering the phone" where they wrote "answered the phone".

        ``gerunds`` hold for the root of a verb the form that names what is done, as customers write it.
        """
        naming = self.naming
        for place, (verb, article) in enumerate(pairwise(words)):
            particle = words[place + 2] if article in naming.objects and place + 2 < len(words) else article
            if particle in naming.particles and self._bears(verb) and not naming.describes(verb):
                act = gerunds.get(naming.root(verb), naming.doing(naming.root(verb)))
                if act not in naming.empty_acts:
                    yield act, particle  # "sizing down" where they sized down
            after = place + 1 + (article in naming.articles)
            if not self._bears(verb) or naming.describes(verb):
                continue
            if article in naming.taking or (self._bears(article) and gerunds.get(naming.root(article)) == article):
                yield verb, article  # "note taking"
            if after >= len(words) or not self._bears(words[after]) or naming.describes(words[after]):
                continue
            gerund = gerunds.get(naming.root(verb))
            if gerund is not None and (article in naming.articles or verb == gerund):
                yield (gerund, article, words[after]) if article in naming.plain_articles else (gerund, words[after])

    def remarks(self, text: str) -> Iterable[str]:
        """Names of the remarks in a text that are made about anything: "no complaints", "would recommend"."""
        return (name for name, pattern in self.naming.remarks.items() if pattern.search(text))

    def _bears(self, word: str) -> bool:
        """Whether a word can carry a part of a name."""
        return len(word) >= SHORTEST and word not in self.naming.stop_words and word not in self.naming.evaluations

    def says_something(self, words: Sequence[str]) -> bool:
        """Whether words name something, decently: more than stop words and judgements, and no profanity."""
        naming = self.naming
        if any(word in naming.profanity or _MASKED.search(word) for word in words):
            return False
        content = [word for word in words if word not in naming.stop_words and word not in naming.evaluations]
        return sum(len(word) for word in content if len(word) > 1) >= SHORTEST
