"""What could name a theme: the usable parts of phrases, and a few set forms that customers describe things with.

Invariants, tested: nothing proposed holds a mask, a figure or profanity, or consists of stop words and judgements
alone.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from textcx.domain.themes import EVALUATIONS, PROFANITY, STOP_WORDS, WEAK_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textcx.ports import Phrase

LONGEST = 4
"""Words of a phrase that may become a name."""

WORD = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*")
"""A word: letters, also with an apostrophe or hyphen inside."""

_OPENERS = frozenset({"no", "not", "too", "keeps", "keep", "won't", "can't", "cannot", "doesn't", "don't", "never"})
_CLOSERS = frozenset({"up", "off", "out", "back", "down", "away", "well"})
_CLOSED = frozenset({"log in", "logging in", "sign in", "signing in", "check in", "checking in", "spot on"})
_LINKS = frozenset({"of", "for"})
_BEFORE_TO = frozenset(
    {"true", "close", "easy", "hard", "difficult", "simple", "impossible", "slow", "quick", "unable"}
)
_AFTER_TO = frozenset({"use", "find", "get", "see", "make", "know"})
_TURNS_OUT = frozenset(
    """
    run runs ran running fit fits fitting arrive arrives arrived look looks feel feels smell smells taste tastes sound
    sounds came comes stay stays
    """.split()  # noqa: SIM905 - a word list is easier to read and edit as words
)
_BY_DEGREES = frozenset({"very", "too", "so", "a", "bit", "little", "really", "quite", "extremely"})
DEGREES = frozenset({"very", "really", "quite", "extremely", "so"})
"""Words that are passed over when phrases are counted: "runs very small" runs small."""

_UNTIMELY = frozenset({"long", "hard", "short", "spare", "amount", "waste", "wasted", "spend", "spent"})
_BEFORE = re.compile(r"(\S+)\s+$")
_UNFIT = re.compile(r"[^\w\s'\u2019\-&]|[\d_]")


def tokens(text: str) -> list[str]:
    """Lower-case words of a text; figures, punctuation and masks are none."""
    return WORD.findall(text.lower().replace("\u2019", "'"))


def forms(phrase: Phrase, text: str) -> Iterable[tuple[tuple[str, ...], str, str]]:
    """The usable parts of a phrase: as spelled, in its normal form, and its kind.

    The phrase itself, without words at its ends that hold a sentence together; the same without words that only judge;
    and the same with the "no", "not" or "too" that stands before it.
    """
    surface = text[phrase.start : phrase.end]
    before = _BEFORE.search(text[: phrase.start])
    if _UNFIT.search(surface) or (before and re.search(r"\d", before.group(1))):
        return
    words = tokens(surface)
    lemmas = phrase.lemma.lower().split()
    pairs = list(zip(words, lemmas if len(lemmas) == len(words) else words, strict=True))
    while pairs and pairs[0][0] in STOP_WORDS and not _starts(pairs, phrase.kind):
        pairs = pairs[1:]
    while pairs and pairs[-1][0] in STOP_WORDS and not _closes(pairs, phrase.kind):
        pairs = pairs[:-1]
    bare = pairs
    while bare and (bare[0][0] in EVALUATIONS or (bare != pairs and bare[0][0] in STOP_WORDS)):
        bare = bare[1:]
    found = [(pairs, phrase.kind)]
    if bare != pairs:
        found.append((bare, phrase.kind))
    opener = before.group(1).lower().replace("\u2019", "'") if before else ""
    if (
        opener in _OPENERS
        and pairs
        and pairs[0][0] not in _OPENERS
        and pairs[0][0] == words[0]
        and _opens(opener, words[0], phrase.kind)
    ):
        found.append(([(opener, opener), *pairs], "negated"))
    for form, kind in found:
        if 1 <= len(form) <= LONGEST:
            yield tuple(word for word, _ in form), " ".join(lemma for _, lemma in form), kind


def _starts(pairs: Sequence[tuple[str, str]], kind: str) -> bool:
    """Whether the first word, a stop word, belongs to the phrase: "too small", "keeps crashing"."""
    return len(pairs) > 1 and pairs[0][0] in _OPENERS and _opens(pairs[0][0], pairs[1][0], kind)


def _opens(opener: str, word: str, kind: str) -> bool:
    """Whether "no", "not" or "too" makes a readable phrase with what follows: "not working", but not "not support"."""
    if word in WEAK_WORDS or word in EVALUATIONS:
        return False
    return opener != "not" or kind != "verb" or word.endswith(("ing", "ed"))


def linked(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """What customers say in set forms: "true to size", "value for money", "runs very small", "waiting time"."""
    for place, (one, two) in enumerate(pairwise(words)):
        three = words[place + 2] if place + 2 < len(words) else ""
        of = two in _LINKS and _bears(one) and _bears(three)
        to = two == "to" and one in _BEFORE_TO and (three in _AFTER_TO or _bears(three))
        if two in {"time", "times"} and _bears(one) and one not in _UNTIMELY:
            yield one, two
        elif of or to:
            yield one, two, three
        elif one in _TURNS_OUT:
            after = place + 1
            while after < len(words) and words[after] in _BY_DEGREES:
                after += 1
            if after < len(words) and _bears(words[after]) and (after == place + 1 or one in {"run", "runs"}):
                yield one, words[after]


def coordinated(words: Sequence[str]) -> Iterable[str]:
    """Words that customers join by "and": "polite and helpful"."""
    for place in range(1, len(words) - 1):
        if words[place] == "and" and _bears(words[place - 1]) and _bears(words[place + 1]):
            yield words[place - 1]
            yield words[place + 1]


def _bears(word: str) -> bool:
    """Whether a word can carry a part of a name."""
    return len(word) > 2 and word not in STOP_WORDS and word not in EVALUATIONS  # noqa: PLR2004 - "tv" must not


def _closes(pairs: Sequence[tuple[str, str]], kind: str) -> bool:
    """Whether the last word, a stop word, belongs to the phrase: "picked up", "log in"."""
    if len(pairs) == 1 or kind == "noun":
        return False
    return pairs[-1][0] in _CLOSERS or f"{pairs[-2][0]} {pairs[-1][0]}" in _CLOSED


def says_something(words: Sequence[str]) -> bool:
    """Whether words name something, decently: more than stop words and judgements, and no profanity."""
    if any(word in PROFANITY for word in words):
        return False
    content = [word for word in words if word not in STOP_WORDS and word not in EVALUATIONS and len(word) > 1]
    return bool(content) and len("".join(content)) > 2  # noqa: PLR2004 - "tv set" but not "k"
