"""Weigh names by what they mean: a name should lie where its theme lies, and not where its siblings do.

"Code snippets" is seldom said by those who speak of trying out pieces of code, and yet closest to all of them. So the
phrase itself is encoded, and compared with the centres of the theme and of the themes beside it.

Invariants, tested: vectors and centres lie on the lattice, so that the same vectors give the same names on any number
of threads; without an encoder nothing is weighed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from textcx.steps.themes.geometry.lattice import cosines, on_lattice, relative_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.ports import Encoder
    from textcx.steps.themes.naming.options import Option
    from textcx.steps.themes.naming.worth import Tree

WEIGHED = 40  # names of each theme that are weighed, those worth most
BESIDE = 0.4  # how much closeness to the nearest sibling takes away
LEAST = 0.1  # closeness that every name is granted
JOINED = 0.85  # taste for names with "and", which lie nearer only because they hold more words
APART = 0.4  # cosine of two halves up to which they name different things


@dataclass(frozen=True, slots=True, eq=False)
class Meanings:
    """Where themes lie, as seen from ``origin`` on the lattice (``centres``, ``(themes, width)``), and phrases do."""

    centres: NDArray[np.float32]
    origin: NDArray[np.float32]
    encoder: Encoder


def weigh(
    found: Mapping[int, Sequence[Option]], meanings: Meanings, *, tree: Tree, naming: NamingWords
) -> dict[int, list[Option]]:
    """Weigh the names that themes could have by how close they lie to the theme, and to its siblings; best first."""
    best = {  # each name once, best first
        number: sorted({option.words: option for option in sorted(offered, reverse=True)}.values())
        for number, offered in found.items()
    }
    tried = [option for offered in best.values() for option in offered[:WEIGHED]]
    phrases = sorted({phrase for option in tried for phrase in (_said(option, naming), *_halves(option, naming.joint))})
    if not phrases:
        return best
    vectors = relative_to(meanings.origin, on_lattice(meanings.encoder.encode(phrases).vectors))
    places = {phrase: place for place, phrase in enumerate(phrases)}
    weighed = {}
    for number, offered in best.items():
        tried = offered[:WEIGHED]
        rows = vectors[[places[_said(option, naming)] for option in tried]]
        close = cosines(rows, meanings.centres[[number, *tree.siblings[number]]])
        beside = close[:, 1:].max(axis=1, initial=0.0)
        joined = np.array([_joined(_halves(option, naming.joint), vectors, places) for option in tried])
        shares = np.clip(close[:, 0] - BESIDE * beside, LEAST, 1.0) * joined
        weights = [*shares.tolist(), *[LEAST] * len(offered[WEIGHED:])]
        weighed[number] = sorted(
            replace(option, cost=option.cost * weight) for option, weight in zip(offered, weights, strict=True)
        )
    return weighed


def _joined(halves: tuple[str, ...], vectors: NDArray[np.float32], places: Mapping[str, int]) -> float:
    """Taste for a name by its halves: less for two that mean the same, "SQL and database"."""
    if not halves:
        return 1.0
    one, two = (vectors[[places[half]]] for half in halves)
    return JOINED * (1.0 - max(0.0, float(cosines(one, two)[0, 0]) - APART) / 2)


def _halves(option: Option, joint: str) -> tuple[str, ...]:
    """The halves of a name of two; none of any other."""
    words = option.words
    if words.count(joint) != 1 or words[0] == joint or words[-1] == joint or any(word[-1:] == "," for word in words):
        return ()
    place = words.index(joint)
    return " ".join(words[:place]), " ".join(words[place + 1 :])


def _said(option: Option, naming: NamingWords) -> str:
    """What is encoded of a name; "the app in general" is the app."""
    return " ".join(option.words).removesuffix(f" {naming.in_general}")
