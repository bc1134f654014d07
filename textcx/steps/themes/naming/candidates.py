"""What could name a theme: the usable parts of phrases, and a few set forms that customers describe things with.

Invariants, tested: nothing proposed holds a mask, a figure or profanity, or consists of stop words and judgements
alone.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from textcx.domain.themes.findings import EMPTY_ACTS, EVALUATIONS, PROFANITY, STOP_WORDS, VERDICTS, WEAK_WORDS
from textcx.steps.themes.naming.words import BEING, DEGREES, PARTICLES, describes, doing, root, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textcx.ports import Phrase

LONGEST = 4
"""Words of a phrase that may become a name."""

_OPENERS = frozenset({"no", "not", "too", "keeps", "keep", "won't", "can't", "cannot", "doesn't", "don't", "never"})
_CLOSERS = PARTICLES | {"well"}
_CLOSED = frozenset({"log in", "logging in", "sign in", "signing in", "check in", "checking in", "spot on"})
_LINKS = frozenset({"of", "for"})
_ARTICLES = frozenset({"a", "an", "the", "my", "our", "your", "their", "this"})
_BEFORE_TO = frozenset(
    {"true", "close", "easy", "hard", "difficult", "simple", "impossible", "slow", "quick", "unable"}
)
_AFTER_TO = frozenset({"use", "find", "get", "see", "make", "know"})
_OBJECTS = frozenset({"it", "this", "that", "them", "these", "those", "me", "us", "him", "her"})
_OWNERS = frozenset({"my", "our", "your"})
_TAKING = frozenset({"taking", "making", "keeping"})
_TURNS_OUT = frozenset(
    """
    run runs ran running fit fits fitting arrive arrives arrived look looks feel feels smell smells taste tastes sound
    sounds came comes stay stays
    """.split()  # noqa: SIM905 - a word list is easier to read and edit as words
)
_BY_DEGREES = DEGREES | {"too", "a", "bit", "little"}
_UNTIMELY = frozenset({"long", "hard", "short", "spare", "amount", "waste", "wasted", "spend", "spent"})
_REMARKS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "nothing to improve",
            (
                r"\b(?:nothing|not?\b|can(?:no|')?t think|couldn'?t)\b.{0,40}\b(?:improv|better|chang)|"
                r"\bno improvements?\b"
            ),
        ),
        (
            "no complaints",
            (
                r"\bno (?:real )?(?:complaints?|faults?|issues?|problems?)\b|"
                r"\b(?:not|n'?t|nothing to|no reason to) (?:complain|fault)"
            ),
        ),
        ("would not recommend", r"\b(?:not|n'?t|never) (?:be )?recommend"),
        ("would recommend", r"^(?!.*(?:\bnot|n'?t|never)\b).*\b(?:recommend)"),
        (
            "would come back",
            (
                r"^(?!.*(?:\bnot|n'?t|never)\b).*\b(?:(?:come|be|go|going) back (?:again|soon|here|to)|"
                r"(?:use|visit|order|buy) (?:\w+ ){0,3}again)\b"
            ),
        ),
        (
            "would not come back",
            (
                r"\b(?:not|n'?t|never) (?:\w+ ){0,3}(?:(?:come|be|go|going) back|"
                r"(?:use|visit|order|buy) (?:\w+ ){0,3}again)\b"
            ),
        ),
        ("first class", r"\b(?:first|1st)[ -]class\b"),
        ("being on time", r"\bon time\b"),
        ("long wait", r"\b(?:wait(?:ed|ing)?|hold|queue) (?:\w+ ){0,5}(?:hours?|hrs?|minutes?|mins?|too long|ages)\b"),
        ("waste of money", r"\bwast(?:e|ing) (?:\w+ )?(?:\w+ )?money\b"),
        ("true to size", r"\b(?:true to (?:\w+ )?size|tts)\b"),
        ("ease of use", r"\b(?:easy|easier|simple|ease) (?:to|of) us"),
    )
)
"""Remarks that are made about anything, and what to call them."""

_MASKED = re.compile(r"^x{3}$|x{4}")
"""What publishers of complaints put in the place of names and numbers, also glued to a word; no size ("xxxl")."""

_BEFORE = re.compile(r"(\S+)\s+$")
_UNFIT = re.compile(r"[^\w\s'\u2019\-&]|[\d_]")


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
    if opener in VERDICTS and pairs and pairs[0][0] == words[0]:
        found.append(([(opener, opener), *pairs], "verdict"))
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
        if two in _LINKS and three in _ARTICLES and place + 3 < len(words):
            three = words[place + 3]
        of = two in _LINKS and _bears(one) and _bears(three) and one not in _UNTIMELY
        to = two == "to" and one in _BEFORE_TO and (three in _AFTER_TO or _bears(three))
        if two in {"time", "times"} and _bears(one) and one not in _UNTIMELY:
            yield one, two
        elif two in {"in", "for"} and words[place + 2 : place + 3] and words[place + 2] in _OWNERS:
            owned = words[place + 3] if place + 3 < len(words) else ""
            if _bears(one) and _bears(owned):
                yield owned, one  # a "staple in my wardrobe" is a wardrobe staple
        elif of or to:
            yield one, two, three
        elif one in _TURNS_OUT:
            yield from _turns_out(words, place)


def _turns_out(words: Sequence[str], place: int) -> Iterable[tuple[str, ...]]:
    """How something turns out: "runs small"; "fits true to size", of which "fits true" would be half."""
    after = place + 1
    while after < len(words) and words[after] in _BY_DEGREES:
        after += 1
    if after == len(words) or not _bears(words[after]) or not (after == place + 1 or words[place] in {"run", "runs"}):
        return
    goal = words[after + 1 : after + 3]
    if goal[:1] != ["to"]:
        yield words[place], words[after]
    elif words[after] in _BEFORE_TO and goal[1:] and _bears(goal[1]):
        yield words[place], words[after], *goal


def coordinated(words: Sequence[str]) -> Iterable[str]:
    """Words that customers join by "and": "polite and helpful"."""
    for place in range(1, len(words) - 1):
        if words[place] == "and" and _bears(words[place - 1]) and _bears(words[place + 1]):
            yield words[place - 1]
            yield words[place + 1]


def described(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """What customers say of something: "soft fabric" where the fabric feels soft, "sleeves too long" where they are.

    Args:
        words: Words of a text in order.
    """
    for place, noun in enumerate(words[:-1]):
        if not _bears(noun) or describes(noun):
            continue
        after = place + 1
        while after < len(words) and (words[after] in BEING or words[after] in DEGREES):
            after += 1
        if after == place + 1 and place > 0 and words[after] != "too":
            continue  # only a fragment leaves out "is": "Staff helpful"
        too = after < len(words) - 1 and words[after] == "too"
        after += too
        while after < len(words) and (describes(words[after]) or words[after] in VERDICTS):
            yield (noun, "too", words[after]) if too else (words[after], noun)
            if after + 2 >= len(words) or words[after + 1] != "and":
                break
            after += 2


def acts(words: Sequence[str], gerunds: Mapping[str, str]) -> Iterable[tuple[str, ...]]:
    """What customers do or want done: "answering the phone" where they wrote "answered the phone".

    Args:
        words: Words of a text in order.
        gerunds: For the root of a verb its form in "-ing", as customers write it.
    """
    for place, (verb, article) in enumerate(pairwise(words)):
        particle = words[place + 2] if article in _OBJECTS and place + 2 < len(words) else article
        if particle in PARTICLES and _bears(verb) and not describes(verb):
            act = gerunds.get(root(verb), doing(root(verb)))
            if act not in EMPTY_ACTS:
                yield act, particle  # "sizing down" where they sized down
        after = place + 1 + (article in _ARTICLES)
        if not _bears(verb) or describes(verb):
            continue
        if article in _TAKING or (_bears(article) and gerunds.get(root(article)) == article):
            yield verb, article  # "note taking"
        if after >= len(words) or not _bears(words[after]) or describes(words[after]):
            continue
        gerund = gerunds.get(root(verb))
        if gerund is not None and (article in _ARTICLES or verb == gerund):
            yield (gerund, article, words[after]) if article in {"a", "an", "the"} else (gerund, words[after])


def remarks(text: str) -> Iterable[str]:
    """Names of the remarks in a text that are made about anything: "no complaints", "would recommend"."""
    for name, pattern in _REMARKS:
        if pattern.search(text):
            yield name


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
    if any(word in PROFANITY or _MASKED.search(word) for word in words):
        return False
    content = [word for word in words if word not in STOP_WORDS and word not in EVALUATIONS and len(word) > 1]
    return bool(content) and len("".join(content)) > 2  # noqa: PLR2004 - "tv set" but not "k"
