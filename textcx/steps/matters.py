"""Choose the titles or names that say best what many remarks are about, and file each remark under one.

How likely a title covers a remark is told by how near their matter vectors are, on a curve that was calibrated on
judged pairs (``domain.matters.Nearness``). Of the titles the one is chosen that covers most of what no title covers
yet, again and again (greedy maximum coverage; Nemhauser, Wolsey and Fisher, 1978). Each remark then goes to the nearest
chosen title that covers it; what none covers stays out. A title that says something in particular which hardly any
remark under it says must be nearer to count as covering them; where that is a rare word ("rude waiters", where nobody
has waiters), it is none of theirs, however near.

Invariants, tested: the order of the remarks never matters; no remark is under a title that does not cover it.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from textcx.domain.lexicons.naming import tokens
from textcx.domain.matters import UNTITLED, KnownMatters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.matters import Nearness
    from textcx.ports import Encoder

COVERED = 0.6
"""Probability from which a title counts as covering a remark: above a half, since what is said must be true."""
LIKELY = 0.5
"""The same for telling which words are said of a title, and which titles say the same."""
READ_TOGETHER = 4_000
"""Remarks among which titles are chosen, where there are more: evenly spread over the order in which they come."""


PARTICULAR, RARE = 0.01, 0.0025
"""Words that smaller shares of the known matters hold are particular, or even rare."""
SAID = 0.05
"""Share of what a title or name covers that must say each particular word of it."""
ODDS = (1.4, 0.8)
"""What the odds that a title covers a remark are multiplied by where that is so, and where it is not: fitted on judged
pairs that nothing was trained on (``benchmarks/results/particular_words.json``)."""
NEVER = 0.0
"""The same where a rare word is not said."""


@lru_cache(maxsize=2)
def encoded_matters(known: tuple[tuple[str, str], ...], encoder: Encoder, words: NamingWords) -> KnownMatters:
    """Return the titles and names of a language, as ``Language.matters`` has them, each once, with their vectors.

    An encoder reads them once: they are some seven thousand, which takes seconds.
    """
    titles = tuple(dict.fromkeys(title for title, _ in known if title != UNTITLED))
    names = tuple(dict.fromkeys(name for _, name in known))
    found = encoder.encode([*titles, *names]).matters
    return KnownMatters(
        titles=titles,
        names=names,
        title_vectors=found[: len(titles)],
        name_vectors=found[len(titles) :],
        near=encoder.near,
        title_words=_particular_words(titles, known, words),
        name_words=_particular_words(names, known, words),
    )


def stems_of(text: str, words: NamingWords, *, names: frozenset[str] = frozenset()) -> frozenset[str]:
    """Stems of the words of a text, but for small ones and ``names``: who says "Echo" speaks of no echo."""
    return frozenset(words.stem(word) for word in tokens(text) if word not in words.stop_words and word not in names)


def _particular_words(
    phrases: Sequence[str], known: Sequence[tuple[str, str]], words: NamingWords
) -> tuple[dict[str, float], ...]:
    """Return the particular words of each phrase, by their stems, with its odds where they are not said."""
    held = Counter(stem for matter in known for stem in stems_of(" ".join(matter), words))
    particular, rare = (share * len(known) for share in (PARTICULAR, RARE))
    return tuple(
        {stem: NEVER if held[stem] < rare else ODDS[1] for stem in stems_of(each, words) if held[stem] < particular}
        for each in phrases
    )


def odds_of_words(
    cover: NDArray[np.float32], said: Sequence[frozenset[str]], particular: Sequence[Mapping[str, float]]
) -> NDArray[np.float32]:
    """Return the factor of each title's odds, given which of its particular words are said of what it covers.

    ``cover`` has the shape ``(remarks, titles)``; ``said`` are the stems of the remarks, ``particular`` the words of
    each title with its odds where they are not among them.
    """
    places = {word: place for place, word in enumerate(sorted({word for own in particular for word in own}))}
    rows, columns = [], []
    for row, stems in enumerate(said):
        own = [places[stem] for stem in stems if stem in places]
        rows += [row] * len(own)
        columns += own
    says = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(said), len(places)))
    sure = np.where(cover >= LIKELY, cover, np.float32(0))
    shares = np.asarray(says.T @ sure) / np.maximum(sure.sum(axis=0), 1e-9)
    odds = [
        min((factor for word, factor in own.items() if shares[places[word], title] < SAID), default=ODDS[0])
        for title, own in enumerate(particular)
    ]
    return np.array(odds, dtype=np.float32)


def weighed_by_words(cover: NDArray[np.float32], odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how likely titles cover remarks, ``(remarks, titles)``, with the odds of each title multiplied."""
    return np.asarray(cover * odds / np.maximum(1 - cover + cover * odds, 1e-9), dtype=np.float32)


def file_under_titles(
    vectors: NDArray[np.float32],
    weights: NDArray[np.float64],
    said: Sequence[frozenset[str]],
    *,
    titles: NDArray[np.float32],
    particular: Sequence[Mapping[str, float]],
    near: Nearness,
    least: float,
    most: int,
) -> tuple[list[int], NDArray[np.int64], NDArray[np.float64]]:
    """Choose titles by the weight of the remarks that only they cover, and file the remarks under them.

    ``vectors`` of the remarks, in an order that depends on their content only, and of the ``titles`` are of unit
    length, shapes ``(remarks, width)`` and ``(titles, width)``; ``weights`` of the remarks are 0 or more. ``said`` are
    the stems of each remark, ``particular`` the particular words of each title. The last chosen title adds at least
    the weight ``least``, above 0; no more than ``most`` are chosen, and none beside another that says the same.

    Returns:
        Numbers of the titles, in the order in which they were chosen; which of these each remark is under, counted
        from 0, or -1 where none covers it; and how likely the nearest covers it.
    """
    drawn = np.arange(len(vectors))
    if len(drawn) > READ_TOGETHER:
        drawn = np.arange(READ_TOGETHER) * len(drawn) // READ_TOGETHER
    cover = near(vectors[drawn] @ titles.T)
    odds = odds_of_words(cover, [said[place] for place in drawn.tolist()], particular)
    cover = weighed_by_words(cover, odds)
    cover[cover < COVERED] = 0.0
    weighed = (weights[drawn] * len(vectors) / max(1, len(drawn))).astype(np.float32)
    told = np.zeros(len(drawn), dtype=np.float32)
    free = np.ones(len(titles), dtype=np.bool_)
    chosen: list[int] = []
    while len(chosen) < most and free.any():
        gain = np.where(free, np.round(weighed @ np.maximum(cover - told[:, None], 0.0), 3), 0.0)
        best = int(gain.argmax())
        if gain[best] < least:
            break
        chosen.append(best)
        told = np.maximum(told, cover[:, best])
        free &= near(titles @ titles[best]) < LIKELY
        free[best] = False
    if not chosen:
        return chosen, np.full(len(vectors), -1, dtype=np.int64), np.zeros(len(vectors))
    likely = np.round(weighed_by_words(near(vectors @ titles[chosen].T), odds[chosen]), 5)
    homes = likely.argmax(axis=1)
    told = likely[np.arange(len(vectors)), homes].astype(np.float64)
    return chosen, np.where(told >= COVERED, homes, -1), told
