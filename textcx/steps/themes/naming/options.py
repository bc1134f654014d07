"""Every name that a theme could have: phrases, pairs of them, what is spoken of in general, and the last resorts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import chain, combinations, count
from typing import TYPE_CHECKING

from textcx.domain.lexicons.naming import tokens
from textcx.steps.themes.naming.candidates import CandidateFinder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.steps.themes.naming.book import Book, Candidate, ThemeWords
    from textcx.steps.themes.naming.worth import Scale, Tree

OFTEN = 0.4
"""Share of a theme that says a noun, from which describing words of the theme describe it."""

KNOWN = 3
"""Times a keyword must occur in exemplars to stand in a name."""

MOST_WORDS = 5
"""Words of a name at most."""

ENOUGH = 0.10
"""Worth below which a phrase is no name."""

IN_GENERAL = 0.3
"""Share of a theme that must speak of something as a whole ("the app") to be called after that."""

LONGER = 0.4
"""Share of the texts with a word that say it in one and the same longer phrase, from which that is the better name."""

ALONE = 0.25
"""The same where no other longer phrase with the word is nearly as frequent."""

DESCRIBED = 0.65
"""What such a phrase counts with a describing word: "interactive computing" must be most of all computing."""

WITHOUT_THE_REST = 0.35
"""Taste for a word without the rest of such a phrase."""

STANDING_IN = 0.8
"""Taste for a noun that stands for a describing word."""

PAIRED = 6
"""Phrases of each kind that are tried in pairs."""

PAIR, PAIR_ABOVE = 0.72, 0.65
"""Taste for names of two halves, for finest themes and for themes above others."""

WELL_PAIRED, ADDS = 0.85, 0.15
"""Taste for names of two halves for finest themes where the second adds such a share of the theme, or more."""

BEGINNING = 6
"""Letters of a word that its other half must not hold."""

SHORTEST_DONE = 5
"""Letters of the shortest verb that says by its ending that something was done."""

CLEAR_NOUN = 0.6
"""Share of the uses of a word as a noun from which describing words may stand before it or be measured by it."""

ADJECTIVES_ONLY = 0.55
"""Taste for two describing words without a noun."""

WITH_NOUN = 1.25
"""Taste for the same with one."""

LEAST_HALF = 0.06
"""Share of a theme that must say either half of such a name."""

MORE_THAN_ELSEWHERE = 1.5
"""Times as often as elsewhere that either half must be said."""

JUDGED = 0.06
"""Share of a theme that must say a judgement ("excellent service") for it to be a name, where nothing better is."""

CORE = 0.4
"""Taste for "color in general" as the name of the part of "color" that speaks of nothing else."""

IN_GENERAL_WORTH = 0.25
"""Worth of such a name where the whole theme speaks of it."""

SAID_CLEARLY = 0.4
"""Polarity from which a theme that says nothing in particular praises or complains."""


@dataclass(frozen=True, slots=True, order=True)
class Option:
    """A possible name; sorts best first. ``words`` are in lower case."""

    cost: float
    words: tuple[str, ...]
    identity: tuple[str, ...] = field(compare=False)

    def shown(self, book: Book) -> str:
        """The name as customers would write it."""
        shown = [f"{book.cased(word.rstrip(','))}{',' * word.endswith(',')}" for word in self.words]
        for place, word in enumerate(self.words):
            first = place == 0 or self.words[place - 1] == book.naming.joint or self.words[place - 1].endswith(",")
            last = place + 1 == len(self.words) or self.words[place + 1] == book.naming.joint or word.endswith(",")
            if first and last:  # on its own, "call" could be what to do
                shown[place] = book.plurals.get(word.rstrip(","), shown[place].rstrip(",")) + "," * word.endswith(",")
        return " ".join(shown)


def option_of(worth: float, words: Sequence[str], naming: NamingWords) -> Option:
    """A name of some worth, above 0 the better."""
    return Option(-worth, tuple(words), naming.same_words(" ".join(words)))


def options(scale: Scale, *, tree: Tree, book: Book, above: Collection[tuple[str, ...]] = ()) -> Iterator[Option]:
    """Every name that a theme could have in its customers' words.

    Args:
        scale: Weighs names for the theme.
        tree: How they hang together.
        book: Who says what.
        above: Identities of the names of the themes above it.
    """
    number, naming = scale.number, book.naming
    below = [number, *tree.children[number], *sorted(tree.under[number])]
    keys = sorted(set().union(*(book.proposed[theme] for theme in below)))
    raised = [book.candidates[key] for key in keys if book.candidates[key].raised.get(number)]
    single: dict[str, list[tuple[float, Candidate]]] = {"noun": [], "adjective": []}
    full = in_full(raised, scale, book)
    for candidate in raised:
        words = candidate.words(number)
        worth = scale.worth([candidate]) * scale.taste(candidate)
        if naming.same_words(" ".join(words)) in above and len(words) + 2 <= MOST_WORDS and scale.is_core(candidate):
            yield from _spoken_of(words, CORE * scale.worth([candidate]), scale, book)
        if len(words) > 1:
            if worth >= ENOUGH:
                yield option_of(worth, _done(words, naming) if candidate.kind in {"verb", "linked"} else words, naming)
            elif _judges_the_whole(candidate, words, scale):
                yield option_of(max(worth, 0.01) / 2, words, naming)
            continue
        kind = _single_kind(candidate, words[0], scale, book)
        if kind in {"general", "noun"} and candidate.kind != "gerund":
            yield from _in_general(candidate, words[0], scale, book)
        if kind in single:
            single[kind].append((worth, candidate))
        noun = book.noun_for(words[0]) if kind in {"adjective", "stand-in"} else words[0] if kind == "noun" else None
        if kind == "adjective" and noun is not None and not scale.above:
            single["noun"].append((STANDING_IN * worth, candidate))
        if noun is not None:
            yield from _called(noun, worth * (1.0 if kind == "noun" else STANDING_IN), worth, full, naming)
    together = [set(candidate.key.split()) for candidate in raised if " " in candidate.key]
    adjectives = [] if scale.above else list(_pairs(single["adjective"], scale, together))
    yield from (option for option, _ in adjectives)
    yield from (option for option, _ in _pairs(single["noun"], scale, together, book=book))
    nouns = [(worth, candidate) for worth, candidate in single["noun"] if not naming.describes(candidate.key)]
    yield from _described_by_both(adjectives, nouns, scale, book)


def _done(words: Sequence[str], naming: NamingWords) -> Sequence[str]:
    """What customers did as a thing that is done: "arriving late" for "arrived late"."""
    if words[0].endswith(naming.done) and len(words[0]) >= SHORTEST_DONE:
        return (naming.doing(naming.root(words[0])), *words[1:])
    return words


def _called(
    noun: str, alone: float, worth: float, full: Mapping[str, tuple[str, ...]], naming: NamingWords
) -> Iterator[Option]:
    """A noun, worth less where it is mostly said in a longer phrase, and that phrase."""
    if worth < ENOUGH:
        return
    yield option_of(alone * (WITHOUT_THE_REST if noun in full else 1.0), (noun,), naming)
    if noun in full:
        yield option_of(worth, full[noun], naming)


def _judges_the_whole(candidate: Candidate, words: Sequence[str], scale: Scale) -> bool:
    """Whether a phrase is a judgement of something, in the tone of its theme: "excellent service"."""
    said = scale.share([candidate], theme=scale.number, total=scale.total)
    judging = candidate.kind in {"verdict", "described"} and not scale.naming.evaluations.isdisjoint(words)
    return judging and said >= JUDGED and not any(map(scale.off_key, words))


def in_full(raised: Sequence[Candidate], scale: Scale, book: Book) -> dict[str, tuple[str, ...]]:
    """Words that are mostly said in one and the same longer phrase, or in none nearly as often; with that phrase."""
    said: dict[str, list[tuple[float, tuple[str, ...]]]] = {}
    for candidate in raised:
        words = candidate.words(scale.number)
        kinds = candidate.kind in {"noun", "linked", "act"}
        told = book.subject not in candidate.key.split()  # what all is about makes no word clearer
        if len(words) > 1 and kinds and told and book.naming.evaluations.isdisjoint(words):
            reach = scale.reach([candidate]) * (DESCRIBED if any(map(book.naming.describes, words)) else 1.0)
            for word in words:
                said.setdefault(word, []).append((-reach, words))
    full: dict[str, tuple[str, ...]] = {}
    for candidate in raised:
        words = candidate.words(scale.number)
        if len(words) == 1 and words[0] in said:
            (most, longer), *others = sorted(said[words[0]])
            whole = scale.reach([candidate])
            if -most >= LONGER * whole or (-most >= ALONE * whole and -most >= -2 * min(others, default=(0.0, ()))[0]):
                full[words[0]] = longer
    return full


def _single_kind(candidate: Candidate, word: str, scale: Scale, book: Book) -> str:
    """What a single word can be: a name (noun), a part of one (adjective), spoken of in general, or nothing."""
    naming = book.naming
    if naming.describes(word):
        return "adjective"
    if naming.noun_of(word) is not None:
        return "stand-in"
    if candidate.kind != "gerund" and not book.is_noun(word, least=0.4):
        return ""
    if word in naming.weak or word in naming.general_objects or scale.is_everywhere(candidate):
        return "" if word in naming.vague else "general"
    return "noun" if candidate.kind in {"noun", "gerund"} else ""


def _in_general(candidate: Candidate, word: str, scale: Scale, book: Book) -> Iterator[Option]:
    """What is said of something as a whole: "praise for the staff" would be "staff in general"."""
    share = scale.reach([candidate])
    if share < IN_GENERAL:
        return
    yield from _spoken_of((word,), IN_GENERAL_WORTH * share, scale, book)


def _spoken_of(words: Sequence[str], worth: float, scale: Scale, book: Book) -> Iterator[Option]:
    """Praise for something, complaints about it, or it in general."""
    naming = book.naming
    whole = words if len(words) > 1 or book.cased(words[0]) != words[0] else (naming.article, *words)
    if scale.polarity >= SAID_CLEARLY and scale.judges():
        yield option_of(worth, (*naming.praise.split(), *whole), naming)
    elif scale.polarity <= -SAID_CLEARLY and scale.judges():
        yield option_of(worth, (*naming.complaints.split(), *whole), naming)
    yield option_of(worth * 0.8, (*words, *naming.in_general.split()), naming)


def _pairs(
    singles: Sequence[tuple[float, Candidate]],
    scale: Scale,
    together: Sequence[set[str]],
    *,
    book: Book | None = None,
) -> Iterator[tuple[Option, float]]:
    """Two single words of a kind joined by "and", where they complete each other and are no phrase of their own.

    With a book describing words are called by the nouns that stand for them.

    With each comes what it would be worth before the noun that both describe.
    """
    naming = scale.naming
    best = sorted(singles, key=lambda item: (-item[0], item[1].key))[:PAIRED]
    for (_, one), (_, two) in combinations(best, 2):
        if not _complete_each_other(one, two, scale):
            continue
        if any({one.key, two.key} <= words for words in together):  # "coffee machine", not "coffee and machine"
            continue
        first, second = (each.raised[scale.number] for each in (one, two))
        adds = min(len(second - first), len(first - second)) >= ADDS * scale.total
        taste = math.sqrt(scale.taste(one) * scale.taste(two))
        taste *= PAIR_ABOVE if scale.above else WELL_PAIRED if adds else PAIR
        worth = scale.worth([one, two]) * taste
        described = worth
        halves = [each.words(scale.number)[0] for each in (one, two)]
        if book is not None:
            halves = [(book.noun_for(half) if naming.describes(half) else None) or half for half in halves]
            if any(map(naming.describes, halves)) or naming.akin(halves[:1], halves[1:]):
                continue
        words: tuple[str, ...] = (halves[0], naming.joint, halves[1])
        if naming.describes(words[0]):
            scales = {naming.scales.get(words[0]), naming.scales.get(words[-1])}
            if len(scales) == 1 and None not in scales:
                words = (scales.pop() or "",)  # "cleanliness", not "clean and dirty"
            else:
                worth *= ADJECTIVES_ONLY
        if worth >= ENOUGH:
            yield option_of(worth, words, naming), described


def _complete_each_other(one: Candidate, two: Candidate, scale: Scale) -> bool:
    """Whether two words differ, are both said by many, and the second is said where the first is not."""
    if scale.naming.akin(one.words(scale.number), two.words(scale.number)) or one.key[:4] == two.key[:4]:
        return False
    if one.key[:BEGINNING] in two.key or two.key[:BEGINNING] in one.key:  # "completion and autocomplete"
        return False
    first, second = (each.raised.get(scale.number, set()) for each in (one, two))
    if min(len(first), len(second)) < max(3, LEAST_HALF * scale.total):
        return False
    for each, said in ((one, first), (two, second)):
        if len(said) < MORE_THAN_ELSEWHERE * scale.outside([each]) * scale.total:
            return False
    return len(second - first) >= 0.05 * scale.total and len(second) >= 0.25 * len(first)


def _described_by_both(
    adjectives: Sequence[tuple[Option, float]],
    nouns: Sequence[tuple[float, Candidate]],
    scale: Scale,
    book: Book,
) -> Iterator[Option]:
    """Two describing words before what they describe: "friendly and helpful staff"."""
    often = [
        candidate for _, candidate in nouns if scale.share([candidate], theme=scale.number, total=scale.total) > OFTEN
    ]
    for option, worth in sorted(adjectives)[:PAIRED]:
        for noun in often:
            if book.naming.akin(noun.words(scale.number), option.words) or not book.is_noun(noun.key, least=CLEAR_NOUN):
                continue  # "dress size", but neither "size size" nor "fit size"
            words = (noun.key, *option.words) if len(option.words) == 1 else (*option.words, *noun.words(scale.number))
            yield option_of(worth * WITH_NOUN, words, book.naming)


GERUND = 7
"""Letters of the shortest verbal noun that is a name of its own."""


def last_resorts(offered: Sequence[Option], theme: ThemeWords, *, book: Book) -> Iterator[Option]:
    """Names for a theme that has no other: never ending, each worse than the one before."""
    naming = book.naming
    finder = CandidateFinder(naming)
    other = naming.other_remarks.split()
    listed = (*other[:-1], f"{other[-1]}:")

    def named(*words: str) -> Option:
        return option_of(0.0, words, naming)

    keywords = [word for word in theme.keywords if _presentable(word, finder)]
    nouns = [word for word in keywords if book.is_noun(word) and book.seen[word] >= KNOWN]
    for option in offered:
        if len(option.words) + 2 <= MOST_WORDS and naming.joining.isdisjoint(option.words):
            yield from (
                named(*option.words, naming.joint, word) for word in nouns if not naming.akin((word,), option.words)
            )
    for one, two in combinations(nouns, 2):
        if not naming.akin((one,), (two,)):
            yield named(one, naming.joint, two)
    for word in keywords:  # what people are doing can stand alone: "returning"
        act = word.endswith(naming.acting) and len(word) >= GERUND
        if act and not word.startswith(naming.undone) and not naming.describes(word):
            yield named(word)
    rest = sorted({word for text in theme.texts for word in tokens(text) if _presentable(word, finder)})
    yield from (named(*listed, word) for word in chain(nouns, keywords, rest))
    yield from (named(*listed, one, naming.joint, two) for one, two in combinations(rest[:20], 2))
    yield named(*other)
    yield from (named(*other, str(number)) for number in count(2))


def _presentable(word: str, finder: CandidateFinder) -> bool:
    """Whether a word may be shown on its own behalf."""
    naming = finder.naming
    plain = tokens(word) == [word] and word not in naming.profanity and finder.says_something([word])
    return plain and word not in naming.stop_words and word not in naming.evaluations and word not in naming.vague
