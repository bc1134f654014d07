"""Every name that a theme could have: phrases, pairs of them, what is spoken of in general, and the last resorts."""

from __future__ import annotations

import math
from collections import defaultdict
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

OFTEN = 0.4  # share of a theme that says a noun, from which describing words of the theme describe it
KNOWN = 3  # times a keyword must occur in exemplars to stand in a name
MOST_WORDS = 5  # words of a name at most
ENOUGH = 0.10  # worth below which a phrase is no name
IN_GENERAL = 0.3  # share of a theme that must speak of something as a whole ("the app") to be called after that
LONGER = 0.4  # share of the texts with a word that say it in one longer phrase, from which that is the better name
ALONE = 0.25  # the same where no other longer phrase with the word is nearly as frequent
DESCRIBED = 0.65  # what such a phrase counts with a describing word: most computing must be "interactive computing"
WITHOUT_THE_REST = 0.35  # taste for a word without the rest of such a phrase
STANDING_IN = 0.8  # taste for a noun that stands for a describing word
PAIRED = 6  # phrases of each kind that are tried in pairs
PAIR, PAIR_ABOVE = 0.72, 0.65  # taste for names of two halves, for finest themes and for themes above others
WELL_PAIRED, ADDS = 0.85, 0.15  # taste for those of finest themes where the second adds such a share of the theme
BEGINNING = 6  # letters of a word that its other half must not hold
SHORTEST_DONE = 5  # letters of the shortest verb that says by its ending that something was done
CLEAR_NOUN = 0.6  # share of the uses of a word as a noun from which describing words may stand before it
ADJECTIVES_ONLY = 0.55  # taste for two describing words without a noun
WITH_NOUN = 1.25  # taste for the same with one
LEAST_HALF = 0.06  # share of a theme that must say either half of such a name
MORE_THAN_ELSEWHERE = 1.5  # times as often as elsewhere that either half must be said
JUDGED = 0.06  # share of a theme that must say a judgement ("excellent service") for it to be a name
CORE = 0.4  # taste for "color in general" as the name of the part of "color" that speaks of nothing else
IN_GENERAL_WORTH = 0.25  # worth of such a name where the whole theme speaks of it
SAID_CLEARLY = 0.4  # polarity from which a theme that says nothing in particular praises or complains
GERUND = 7  # letters of the shortest verbal noun that is a name of its own


@dataclass(frozen=True, slots=True, order=True)
class Option:
    """A possible name; sorts best first. ``words`` are in lower case."""

    cost: float
    words: tuple[str, ...]
    identity: tuple[str, ...] = field(compare=False)

    def shown(self, book: Book) -> str:
        """The name as customers would write it."""
        joint = book.naming.joint
        shown = []
        for before, word, after in zip((joint, *self.words), self.words, (*self.words[1:], joint), strict=False):
            bare = word.removesuffix(",")
            alone = (before == joint or before.endswith(",")) and (after == joint or bare != word)
            cased = book.cased(bare)
            called = book.plurals.get(bare, cased) if alone else cased  # on its own, "call" could be what to do
            shown.append(called + word.removeprefix(bare))
        return " ".join(shown)


def option_of(worth: float, words: Sequence[str], naming: NamingWords) -> Option:
    """A name of some worth."""
    return Option(-worth, tuple(words), naming.same_words(" ".join(words)))


def options(scale: Scale, *, tree: Tree, book: Book, above: Collection[tuple[str, ...]] = ()) -> Iterator[Option]:
    """Every name that a theme could have in its customers' words; ``above`` are the names of the themes above it."""
    number, naming = scale.number, book.naming
    raised = proposed_below(number, tree=tree, book=book)
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
        whole = kind in {"general", "noun"} and candidate.kind != "gerund"
        if whole and (share := scale.reach([candidate])) >= IN_GENERAL:
            yield from _spoken_of(words, IN_GENERAL_WORTH * share, scale, book)
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
    nouns = [candidate for _, candidate in single["noun"] if not naming.describes(candidate.key)]
    yield from _described_by_both(adjectives, nouns, scale, book)


def proposed_below(number: int, *, tree: Tree, book: Book) -> list[Candidate]:
    """What the exemplars of a theme and of those below it propose, and the theme says; by key."""
    below = {number, *tree.children[number], *tree.under[number]}
    keys = sorted(set().union(*(book.proposed[theme] for theme in below)))
    return [book.candidates[key] for key in keys if book.candidates[key].raised.get(number)]


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
    judging = candidate.kind in {"verdict", "described"} and not scale.naming.evaluations.isdisjoint(words)
    share = scale.share([candidate], scale.number)
    return judging and share >= JUDGED and not any(map(scale.off_key, words))


def in_full(raised: Sequence[Candidate], scale: Scale, book: Book) -> dict[str, tuple[str, ...]]:
    """Words that are mostly said in one longer phrase, with that phrase."""
    longer_phrases: dict[str, list[tuple[float, tuple[str, ...]]]] = defaultdict(list)
    for candidate in raised:
        words = candidate.words(scale.number)
        fits = len(words) > 1 and candidate.kind in {"noun", "linked", "act"}
        clearer = book.subject not in candidate.key.split()  # what all is about makes no word clearer
        if fits and clearer and book.naming.evaluations.isdisjoint(words):
            reach = scale.reach([candidate]) * (DESCRIBED if any(map(book.naming.describes, words)) else 1.0)
            for word in words:
                longer_phrases[word].append((-reach, words))
    full: dict[str, tuple[str, ...]] = {}
    for candidate in raised:
        words = candidate.words(scale.number)
        if len(words) == 1 and words[0] in longer_phrases:
            (most, longer), *others = sorted(longer_phrases[words[0]])
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
    singles: Sequence[tuple[float, Candidate]], scale: Scale, together: Sequence[set[str]], *, book: Book | None = None
) -> Iterator[tuple[Option, float]]:
    """Two single words of a kind joined by "and", with what that would be worth before the noun that both describe.

    They complete each other and are no phrase of their own. With a book, nouns stand for describing words.
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
    for each in (one, two):
        elsewhere = MORE_THAN_ELSEWHERE * scale.outside([each]) * scale.total
        if len(each.raised[scale.number]) < max(3, LEAST_HALF * scale.total, elsewhere):
            return False
    first, second = one.raised[scale.number], two.raised[scale.number]
    return len(second - first) >= 0.05 * scale.total and len(second) >= 0.25 * len(first)


def _described_by_both(
    adjectives: Sequence[tuple[Option, float]], nouns: Sequence[Candidate], scale: Scale, book: Book
) -> Iterator[Option]:
    """Two describing words before what they describe: "friendly and helpful staff"."""
    often = [noun for noun in nouns if scale.share([noun], scale.number) > OFTEN]
    for option, worth in sorted(adjectives)[:PAIRED]:
        for noun in often:
            if book.naming.akin(noun.words(scale.number), option.words) or not book.is_noun(noun.key, least=CLEAR_NOUN):
                continue  # "dress size", but neither "size size" nor "fit size"
            words = (noun.key, *option.words) if len(option.words) == 1 else (*option.words, *noun.words(scale.number))
            yield option_of(worth * WITH_NOUN, words, book.naming)


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
    naming = finder.naming
    plain = tokens(word) == [word] and word not in naming.profanity and finder.says_something([word])
    return plain and word not in naming.stop_words and word not in naming.evaluations and word not in naming.vague
