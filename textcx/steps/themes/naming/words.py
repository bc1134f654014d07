"""Words as names need them: what counts as the same word, which words only describe, which noun stands for them.

Invariants, tested: ``same_words`` depends neither on case nor on order nor on grammatical number; a negation is kept,
because "working" and "not working" are two things.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from textcx.domain.themes.findings import ADJECTIVES, NOUN_OF, SAME_WORD, STOP_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

WORD = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*")
"""A word: letters, also with an apostrophe or hyphen inside."""

NEGATIONS = frozenset(
    """
    no not never without nothing none cannot cant dont doesnt didnt isnt wasnt arent werent wont couldnt wouldnt hasnt
    havent hardly barely lack lacks lacking can't don't doesn't didn't isn't wasn't aren't weren't won't couldn't
    wouldn't hasn't haven't shouldn't nor
    """.split()  # noqa: SIM905 - a word list is easier to read and edit as words
)
"""Words that turn what follows into its opposite."""

DEGREES = frozenset({"very", "really", "quite", "extremely", "so"})
"""Words that are passed over when phrases are counted: "runs very small" runs small."""

BEING = frozenset(
    """
    is are was were be been being seems seem seemed feels feel felt looks look looked became becomes 're 's
    """.split()  # noqa: SIM905 - a word list is easier to read and edit as words
)
"""Verbs that give a noun a quality: "the fabric feels soft"."""

PARTICLES = frozenset({"up", "down", "off", "out", "back", "away"})
"""Small words that make another thing of a verb: "sizing down" is not "sizing"."""

_DESCRIBING = re.compile(r"\w{3,}(?:ful|less|ous|ible|able|[st]ive)$")
_FIGURES = re.compile(r"\d+")
_DOUBLED = re.compile(r"[aeiou]([bdgmnprt])\1$")
_SHORT = re.compile(r"[^aeiou][aeiou][^aeiouwxy]")
_VOWEL = re.compile(r"[aeiouy]")


def tokens(text: str) -> list[str]:
    """Lower-case words of a text; figures, punctuation and masks are none."""
    return WORD.findall(text.lower().replace("\u2019", "'"))


@lru_cache(maxsize=65536)
def root(word: str) -> str:
    """What is left of a word without its ending, so that "waiting", "waits" and "wait" are one.

    Args:
        word: A word in lower case.
    """
    word = word.removesuffix("'s").replace("-", "")
    word = word.replace("isation", "ization").replace("ising", "izing").replace("ised", "ized")
    for ending in ("ing", "ed"):
        bare = word.removesuffix(ending)
        if bare != word and len(bare) > 1 and _VOWEL.search(bare):
            if _DOUBLED.search(bare):
                return bare[:-1]
            word = f"{bare}e" if _SHORT.fullmatch(bare) else bare
            break
    if len(word) > 3:  # noqa: PLR2004 - "gas", "bus"
        if word.endswith("ies"):
            word = word[:-3] + "y"
        elif word.endswith(("sses", "shes", "ches", "xes")):
            word = word[:-2]
        elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
    return word.removesuffix("e") if len(word) > 4 else word  # noqa: PLR2004 - "cute" is not "cut"


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The root of a word, the same one for words that a reader takes for the same.

    Args:
        word: A word in lower case.
    """
    bare = root(SAME_WORD.get(word, word))
    return SAME_WORD.get(bare, bare)


def same_words(name: str) -> tuple[str, ...]:
    """What makes two names the same to a reader: their words but for endings, order and small words.

    Args:
        name: A name as shown.

    Returns:
        Its stems, sorted, each once.
    """
    words = tokens(name)
    said = [word for word in words if word not in STOP_WORDS]
    found = {stem(word) for word in said or words} | set(_FIGURES.findall(name)) | PARTICLES.intersection(words)
    if any(word in NEGATIONS for word in words):
        found.add("not")
    return tuple(sorted(found)) or (name.strip().casefold(),)


def akin(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether a word of one phrase is the same as a word of another, or made from it: "paying" and "payment"."""
    ours, theirs = ({stem(word) for word in words if word not in STOP_WORDS} for words in (one, other))
    return any(a.startswith(b) or b.startswith(a) for a in ours for b in theirs)


@lru_cache(maxsize=65536)
def doing(bare: str) -> str:
    """The form in "-ing" of a verb: "dressing" for "dress", "stopping" for "stop".

    Args:
        bare: The root of a verb, as ``root`` gives it.
    """
    if _SHORT.fullmatch(bare[-3:]) and len(_VOWEL.findall(bare)) == 1:
        return f"{bare}{bare[-1]}ing"
    return f"{bare.removesuffix('e') if len(bare) > 3 and not bare.endswith('ee') else bare}ing"  # noqa: PLR2004 - "die"


@lru_cache(maxsize=65536)
def describes(word: str) -> bool:
    """Whether a word is one that describes, and names nothing on its own: "soft", "helpful"."""
    return word in ADJECTIVES or (word not in NOUN_OF.values() and _DESCRIBING.fullmatch(word) is not None)


def noun_of(word: str) -> str | None:
    """The noun that stands for a describing word, "helpfulness" for "helpful"; null where none is known."""
    return NOUN_OF.get(word)
