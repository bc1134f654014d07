"""Who says what: every candidate for a name, and the segments of each theme that say it.

Candidates come from the exemplars alone; they are looked up in all texts. What a text says depends on nothing but the
text, so it is read once however many themes hold it.

Invariant, tested with the names: the order of the texts inside a theme does not matter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from textcx.domain.lexicons.naming import WORD, tokens
from textcx.steps.themes.naming.candidates import CandidateFinder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.ports import Phrase, PhraseFinder

Counted = TypeVar("Counted", str, tuple[str, ...])

REACH = 3  # words before a phrase in which a negation turns it into its opposite
ACTING = 0.12  # share of the uses of a verb in "-ing" for that form to be a name: "washing", but not "receiving"
A_THING = 0.35  # share of the uses of a verb as a noun from which that noun is the better name: "phone", not "phoning"
LEAST_ALONE, HALF = 0.2, 0.5  # share of a word's uses that end noun phrases for others to count; what those count
SEVERAL = 6  # finest themes from which feedback has a subject: of few themes, one may be that large
DOUBTFUL, ACTED = 0.75, 0.2  # share of its uses as a noun below which a word may be a verb; uses of that verb beside it
CLEARLY, USUAL = 0.5, 0.05  # share of the uses of a plural as a noun, and nouns in the plural for one in the singular
SUBJECT, ABOVE_THE_NEXT = 0.08, 1.4  # share of all segments that say the subject; times as many as say the next noun
SHORTEST_ACT = 6  # letters of the shortest verb in "-ing" that is a name
LEAST_SEEN = 2  # words in capitals inside a sentence, from which that is how customers write the word


@dataclass(frozen=True, slots=True)
class ThemeWords:
    """What a theme is named from."""

    texts: Sequence[str]  # member segments
    polarities: Sequence[float]  # -1..1, of the texts
    exemplars: Sequence[str]  # members whose phrases may become the name
    keywords: Sequence[str]  # c-TF-IDF words, best first, where no phrase is of use
    segments: int = 0  # all members, repeated texts among them; 0 means as many as texts

    @property
    def size(self) -> int:
        """Number of members."""
        return self.segments or len(self.texts)


@dataclass(slots=True, eq=False)
class Candidate:
    """A phrase in all its spellings, and the member segments of each theme that say it.

    ``raised[theme]`` are places in the theme's texts; ``negated[theme]`` counts those that say the opposite.
    """

    key: str
    kinds: Counter[str] = field(default_factory=Counter)
    spellings: dict[int, Counter[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(Counter))
    raised: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    negated: Counter[int] = field(default_factory=Counter)

    def words(self, theme: int) -> tuple[str, ...]:
        """Lower-case words of the spelling that is most frequent in a theme."""
        return most_frequent(self.spellings[theme])

    @property
    def kind(self) -> str:
        """The kind it is mostly used as: noun, verb, adjective, negated, linked, described or remark."""
        return most_frequent(self.kinds)


def most_frequent(counted: Counter[Counted]) -> Counted:
    """What was counted most often, the first in order where several were."""
    return min(counted, key=lambda each: (-counted[each], each))


@dataclass(slots=True)
class Book:
    """All candidates, who says them, and how customers use single words in the exemplars."""

    naming: NamingWords
    proposed: list[set[str]]  # of each theme the keys of the candidates that its own exemplars hold
    candidates: dict[str, Candidate] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    heads: Counter[str] = field(default_factory=Counter)  # uses that end a noun phrase
    inside: Counter[str] = field(default_factory=Counter)  # uses that specify one
    capitals: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # inside a sentence
    tones: dict[str, tuple[float, int]] = field(default_factory=dict)  # mean polarity, and texts, of describing words
    gerunds: dict[str, str] = field(default_factory=dict)  # by the roots of verbs
    acting: set[str] = field(default_factory=set)  # roots of which these are names on their own
    plurals: dict[str, str] = field(default_factory=dict)  # of nouns that are verbs as well
    subject: str | None = None  # key of what the whole feedback is about, where one noun stands far above all

    def is_noun(self, word: str, *, least: float = 0.5) -> bool:
        """Whether customers mostly use a word as a noun, also before another one: "shell" and "shell script"."""
        heads, seen = self.heads[word], max(1, self.seen[word])
        alone = heads + (HALF * self.inside[word] if heads >= LEAST_ALONE * seen else 0.0)
        return not self.naming.describes(word) and alone >= least * seen

    def noun_for(self, word: str) -> str | None:
        """The noun that stands for a describing word, also one that customers make of it: "interactivity"."""
        known = self.naming.noun_of(word)
        if known is not None or not self.naming.describes(word):
            return known
        for ending, made in self.naming.noun_endings.items():
            noun = f"{word.removesuffix(ending)}{made}"
            if word.endswith(ending) and self.seen[noun]:
                return noun
        return None

    def cased(self, word: str) -> str:
        """The word as customers mostly write it inside a sentence."""
        written = self.capitals.get(word)
        if not written:
            return word
        best = most_frequent(written)
        return best if written[best] >= LEAST_SEEN and written[best] > written.total() / 2 else word


def read_book(
    themes: Sequence[ThemeWords], *, leaves: Sequence[int], phrases: PhraseFinder, naming: NamingWords
) -> Book:
    """Gather the candidates of all themes, and count them; ``leaves`` are the themes without children."""
    finder = CandidateFinder(naming)
    book = Book(naming, [set() for _ in themes])
    owners: dict[str, list[int]] = defaultdict(list)
    for number, theme in enumerate(themes):
        for text in theme.exemplars:
            owners[text].append(number)
    distinct = sorted(owners)
    pairs = list(zip(distinct, phrases.phrases(distinct), strict=True))
    for text, found in pairs:
        _read_words(text, found, book)
    book.gerunds, book.acting = _gerunds(book)
    book.plurals = _plurals(book)
    for text, found in pairs:
        _propose(text, found, sorted(set(owners[text])), book, finder)
    _count(themes, leaves, book, finder)
    book.subject = _subject(themes, leaves, book)
    return book


def _read_words(text: str, found: Sequence[Phrase], book: Book) -> None:
    shouted = sum(map(str.isupper, text)) > 0.5 * sum(map(str.isalpha, text))
    for match in WORD.finditer(text):
        word = match.group()
        book.seen[word.lower().replace("\u2019", "'")] += 1
        inside = match.start() > 1 and text[match.start() - 1].isspace() and text[match.start() - 2] not in ".!?:\n\"'"
        if inside and not shouted:
            book.capitals[word.lower()][word] += 1
    for phrase in found:
        words = tokens(text[phrase.start : phrase.end])
        if phrase.kind == "noun" and words:
            book.heads[words[-1]] += 1
            book.inside.update(words[:-1])


def _gerunds(book: Book) -> tuple[dict[str, str], set[str]]:
    """For the root of a verb the form in "-ing" that customers write most; and those that are names on their own."""
    naming = book.naming
    says_nothing = naming.stop_words | naming.evaluations
    forms: dict[str, list[str]] = defaultdict(list)
    for word in sorted(book.seen):
        forms[naming.root(word)].append(word)
    found: dict[str, str] = {}
    acts: set[str] = set()
    for bare, words in forms.items():
        acting = [
            word
            for word in words
            if word.endswith(naming.acting) and len(word) >= SHORTEST_ACT and not naming.describes(word)
        ]
        if not acting:
            continue
        best = max(acting, key=lambda word: (book.seen[word], word))
        if book.seen[best] < LEAST_SEEN or best in says_nothing:
            continue
        found[bare] = best
        whole = sum(book.seen[word] for word in words)
        things = sum(book.heads[word] for word in words if word != best)
        plain = [word for word in words if word in {best, bare, f"{bare}e"}]
        empty = best in naming.empty_acts or not says_nothing.isdisjoint(plain)
        if book.seen[best] >= ACTING * whole and things <= A_THING * whole and not empty:
            acts.add(bare)
    return found, acts


def _plurals(book: Book) -> dict[str, str]:
    """For nouns that customers use as verbs as well their plural, where it is mostly a noun: "calls" for "call"."""
    naming = book.naming
    acted: Counter[str] = Counter()
    for word, times in book.seen.items():
        if word.endswith((naming.acting, naming.done)):
            acted[naming.root(word)] += times
    found = {}
    for many in sorted(book.seen):
        one = many.removesuffix(naming.plural)
        if one == many or not 0 < book.heads[one] < DOUBTFUL * book.seen[one]:
            continue
        verb = acted[naming.root(one)] >= ACTED * book.seen[one]
        if verb and book.heads[many] >= max(CLEARLY * book.seen[many], USUAL * book.heads[one], LEAST_SEEN):
            found[one] = many
    return found


def _propose(text: str, found: Sequence[Phrase], owners: Sequence[int], book: Book, finder: CandidateFinder) -> None:
    """Add what an exemplar offers as a name to the themes it stands for."""
    words, naming = tokens(text), book.naming
    offered = [form for phrase in found for form in finder.forms(phrase, text)]
    for kind, forms in (
        ("linked", finder.linked(words)),
        ("described", finder.described(words)),
        ("act", finder.acts(words, book.gerunds)),
    ):
        offered += [(form, " ".join(form), kind) for form in forms]
    offered += [((word,), word, "adjective") for word in words if naming.describes(word) or naming.noun_of(word)]
    acting = sorted({naming.root(word) for word in words} & book.acting)
    offered += [((book.gerunds[bare],), f"{book.gerunds[bare]}*", "gerund") for bare in acting]
    offered = [(form, key, kind) for form, key, kind in offered if finder.says_something(form)]
    offered += [(tuple(name.split()), name, "remark") for name in finder.remarks(text)]
    for form, lemma, kind in offered:
        key = form[0] if len(form) == 1 and kind != "remark" and naming.describes(lemma) else lemma  # "shorts"
        candidate = book.candidates.setdefault(key, Candidate(key))
        candidate.kinds[kind] += 1
        for owner in owners:
            candidate.spellings[owner][form] += 0
            book.proposed[owner].add(key)


def _subject(themes: Sequence[ThemeWords], leaves: Sequence[int], book: Book) -> str | None:
    """The key of the noun that is said far above all others, whatever the theme."""
    total = sum(len(themes[leaf].texts) for leaf in leaves)
    by_share = sorted(
        (-sum(len(candidate.raised.get(leaf, ())) for leaf in leaves), key)
        for key, candidate in book.candidates.items()
        if " " not in key
        and candidate.kind == "noun"
        and key not in book.naming.general_objects
        and book.is_noun(key, least=0.3)
    )
    if len(leaves) < SEVERAL or not by_share or -by_share[0][0] < SUBJECT * total:
        return None
    return by_share[0][1] if len(by_share) == 1 or by_share[0][0] <= ABOVE_THE_NEXT * by_share[1][0] else None


Said = tuple[list[tuple[Candidate, tuple[str, ...], bool]], set[str]]
"""What a text says: candidates, how they are spelled there, whether negated; and its describing words."""


class _Reader:
    def __init__(self, book: Book, finder: CandidateFinder) -> None:
        self._finder, self._book = finder, book
        self._by_words: dict[tuple[str, ...], Candidate] = {}
        self._lengths: dict[str, set[int]] = defaultdict(set)
        for _, candidate in sorted(book.candidates.items()):
            if candidate.kind in {"remark", "gerund"}:
                continue  # looked up by their keys
            for form in {form for spelled in candidate.spellings.values() for form in spelled}:
                if self._by_words.setdefault(form, candidate) is candidate:
                    self._lengths[form[0]].add(len(form))

    def read(self, text: str) -> Said:
        """What a text says, how, and whether negated; and its describing words."""
        finder, book, naming = self._finder, self._book, self._book.naming
        whole = tokens(text)
        words = [word for word in whole if word not in naming.degrees]
        found_phrases: list[tuple[Candidate, tuple[str, ...], bool]] = []
        for bare in sorted({naming.root(word) for word in words} & book.acting):
            gerund = book.gerunds[bare]
            if (candidate := self._of_kind("gerund", f"{gerund}*")) is not None:
                found_phrases.append((candidate, (gerund,), False))
        for start, word in enumerate(words):
            for length in self._lengths.get(word, ()):
                form = tuple(words[start : start + length])
                if (candidate := self._by_words.get(form)) is not None:
                    before = words[max(0, start - REACH) : start]
                    found_phrases.append((candidate, form, not naming.negations.isdisjoint(before)))
        forms = chain(finder.described(whole), finder.acts(words, book.gerunds), finder.linked(words))
        found_phrases += [(found, form, False) for form in forms if (found := self._by_words.get(form)) is not None]
        remarks = ((name, self._of_kind("remark", name)) for name in finder.remarks(text))
        found_phrases += [(found, tuple(name.split()), False) for name, found in remarks if found is not None]
        return found_phrases, {word for word in words if word in naming.verdicts or naming.describes(word)}

    def _of_kind(self, kind: str, key: str) -> Candidate | None:
        candidate = self._book.candidates.get(key)
        return candidate if candidate is not None and candidate.kind == kind else None


def _count(themes: Sequence[ThemeWords], leaves: Sequence[int], book: Book, finder: CandidateFinder) -> None:
    """Look every candidate up in every member segment; count its spellings and the tone of describing words."""
    read = cache(_Reader(book, finder).read)
    tones: dict[str, list[float]] = defaultdict(list)
    for number, theme in enumerate(themes):
        tells_tones = number in leaves
        for index, (text, polarity) in enumerate(zip(theme.texts, theme.polarities, strict=True)):
            found_phrases, describing = read(text)
            for candidate, form, negated in found_phrases:
                candidate.spellings[number][form] += 1
                candidate.raised[number].add(index)
                candidate.negated[number] += negated
            if tells_tones:
                for word in describing:
                    tones[word].append(polarity)
    book.tones = {word: (sum(heard) / len(heard), len(heard)) for word, heard in tones.items()}
