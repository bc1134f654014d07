"""Choose the titles or names that say best what many remarks are about, and file each remark under one.

How likely a title covers a remark is told by how near their matter vectors are, and each word of the title to one of
the remark, on a curve that was calibrated on judged pairs (``domain.matters.Coverage``). Of the titles the one is
chosen that covers most of what no title covers yet, again and again (greedy maximum coverage; Nemhauser, Wolsey and
Fisher, 1978). Each remark then goes to the likeliest chosen title; what none covers stays out. A title that says
something in particular which hardly any remark under it says must be likelier to count as covering them; where that is
a rare word ("rude waiters", where nobody has waiters), it is none of theirs, however near.

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

    from textcx.domain.encoding import TokenVectors
    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.naming import NamingWords
    from textcx.ports import Encoder

COVERED = 0.6
"""Probability from which a title counts as covering a remark: above a half, since what is said must be true."""
LIKELY = 0.5
"""The same for telling which words are said of a title, and which titles say the same."""
POSSIBLE, TRIED = 0.25, 16
"""Titles are read word by word where vectors find them so likely, and no more of one remark."""
READ_AT_ONCE = 1_024
"""Remarks whose words are held at once."""
READ_TOGETHER = 4_000
"""Remarks among which titles are chosen, where there are more: evenly spread over the order in which they come."""


PARTICULAR, RARE = 0.01, 0.0025
"""Words that smaller shares of the known matters hold are particular, or even rare."""
SAID = 0.05
"""Share of what a title or name covers that must say each particular word of it."""
ODDS_BY_WORDS, ODDS_BY_VECTORS = (1.13, 0.92), (1.4, 0.8)
"""What the odds that a title or name covers a remark are multiplied by where that is so, and where it is not, if they
are told word by word, and if vectors alone tell: fitted on judged pairs that nothing was trained on
(``benchmarks/results/particular_words.json``)."""
NEVER = 0.0
"""The same where a rare word is not said."""


@lru_cache(maxsize=2)
def encoded_matters(known: tuple[tuple[str, str], ...], encoder: Encoder, words: NamingWords) -> KnownMatters:
    """Return the titles and names of a language, as ``Language.matters`` has them, each once, with their vectors.

    An encoder reads them once: they are some seven thousand, which takes seconds.
    """
    titles = tuple(dict.fromkeys(title for title, _ in known if title != UNTITLED))
    names = tuple(dict.fromkeys(name for _, name in known))
    found, tokens = encoder.encode([*titles, *names]).matters, encoder.words(titles)
    odds = ODDS_BY_VECTORS if tokens is None else ODDS_BY_WORDS
    return KnownMatters(
        titles=titles,
        names=names,
        title_vectors=found[: len(titles)],
        title_tokens=tokens,
        name_vectors=found[len(titles) :],
        near=encoder.near,
        title_words=_particular_words(titles, known, words, unsaid=odds[1]),
        name_words=_particular_words(names, known, words, unsaid=ODDS_BY_VECTORS[1]),
    )


def matters_of(language: Language, encoder: Encoder) -> KnownMatters:
    """Return the titles and names that are known in a language, as an encoder reads them."""
    return encoded_matters(language.matters, encoder, language.naming)  # type: ignore[arg-type] # every object has its identity


def stems_of(text: str, words: NamingWords, *, names: frozenset[str] = frozenset()) -> frozenset[str]:
    """Stems of the words of a text, but for small ones and ``names``: who says "Echo" speaks of no echo."""
    return frozenset(words.stem(word) for word in tokens(text) if word not in words.stop_words and word not in names)


def _particular_words(
    phrases: Sequence[str], known: Sequence[tuple[str, str]], words: NamingWords, *, unsaid: float
) -> tuple[dict[str, float], ...]:
    """Return the particular words of each phrase, by their stems, with its odds where they are not said."""
    held = Counter(stem for matter in known for stem in stems_of(" ".join(matter), words))
    particular, rare = (share * len(known) for share in (PARTICULAR, RARE))
    return tuple(
        {stem: NEVER if held[stem] < rare else unsaid for stem in stems_of(each, words) if held[stem] < particular}
        for each in phrases
    )


def odds_of_words(
    cover: NDArray[np.float32],
    said: Sequence[frozenset[str]],
    particular: Sequence[Mapping[str, float]],
    *,
    otherwise: float,
) -> NDArray[np.float32]:
    """Return the factor of each title's odds, given which of its particular words are said of what it covers.

    It is ``otherwise`` where all are.

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
        min((factor for word, factor in own.items() if shares[places[word], title] < SAID), default=otherwise)
        for title, own in enumerate(particular)
    ]
    return np.array(odds, dtype=np.float32)


def weighed_by_words(cover: NDArray[np.float32], odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how likely titles cover remarks, ``(remarks, titles)``, with the odds of each title multiplied."""
    return np.asarray(cover * odds / np.maximum(1 - cover + cover * odds, 1e-9), dtype=np.float32)


class Scorer:
    """Tells how likely each of some titles covers each of some remarks: by vectors, and word by word."""

    def __init__(
        self,
        texts: Sequence[str],
        vectors: NDArray[np.float32],
        *,
        titles: NDArray[np.float32],
        tokens: TokenVectors | None,
        encoder: Encoder,
    ) -> None:
        """Take texts with their matter vectors, unit length, shape ``(remarks, width)``, and those of the titles.

        Where the titles' ``tokens`` are null, vectors alone tell.
        """
        self._texts, self._vectors, self._titles, self._tokens, self._encoder = texts, vectors, titles, tokens, encoder
        self.said = (ODDS_BY_VECTORS if tokens is None else ODDS_BY_WORDS)[0]

    def __call__(self, remarks: NDArray[np.int64], titles: Sequence[int] | None = None) -> NDArray[np.float32]:
        """Return the probabilities, 0..1, of the shape ``(remarks, titles)``, of all titles or of some.

        Read word by word are the ``TRIED`` nearest of each remark that are ``POSSIBLE``; the others have 0.
        """
        chosen = np.arange(len(self._titles)) if titles is None else np.array(titles, dtype=np.int64)
        cosines = self._vectors[remarks] @ self._titles[chosen].T
        near = self._encoder.near(cosines)
        if self._tokens is None:
            return near
        near[near < POSSIBLE] = 0.0
        if near.shape[1] > TRIED:
            least = np.partition(near, -TRIED, axis=1)[:, -TRIED]
            near[near < least[:, None]] = 0.0
        words = np.zeros_like(near)
        for start in range(0, len(remarks), READ_AT_ONCE):
            rows = np.flatnonzero(near[start : start + READ_AT_ONCE].any(axis=1)) + start
            read = self._encoder.words([self._texts[place] for place in remarks[rows].tolist()])
            if read is None:
                return near
            for number, row in enumerate(rows.tolist()):
                tried = np.flatnonzero(near[row])
                words[row, tried] = words_near([self._tokens[title] for title in chosen[tried].tolist()], read[number])
        return np.where(near > 0, self._encoder.covers(cosines, words), np.float32(0))

    def alike(self, title: int) -> NDArray[np.bool_]:
        """Tell which titles say the same as one of them."""
        return np.asarray(self._encoder.near(self._titles @ self._titles[title]) >= LIKELY, dtype=np.bool_)


def words_near(titles: Sequence[NDArray[np.float32]], remark: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how near the words of each title are to the nearest of a remark, as a mean over the title, -1..1.

    Each title and the remark are unit vectors of their tokens, shape ``(tokens, width)``, at least one.
    """
    sizes = np.array([len(tokens) for tokens in titles])
    nearest = (np.concatenate(titles) @ remark.T).max(axis=1)
    return np.asarray(np.add.reduceat(nearest, np.cumsum(sizes) - sizes) / sizes, dtype=np.float32)


def file_under_titles(
    scorer: Scorer,
    weights: NDArray[np.float64],
    said: Sequence[frozenset[str]],
    *,
    particular: Sequence[Mapping[str, float]],
    least: float,
    most: int,
) -> tuple[list[int], NDArray[np.int64], NDArray[np.float64]]:
    """Choose titles by the weight of the remarks that only they cover, and file the remarks under them.

    The remarks of the ``scorer`` are in an order that depends on their content only; ``weights`` are theirs, 0 or more.
    ``said`` are the stems of each remark, ``particular`` the particular words of each title. The last chosen title adds
    at least the weight ``least``, above 0; no more than ``most`` are chosen, and none beside another that says the
    same.

    Returns:
        Numbers of the titles, in the order in which they were chosen; which of these each remark is under, counted
        from 0, or -1 where none covers it; and how likely the likeliest covers it.
    """
    count = len(weights)
    drawn = np.arange(count)
    if count > READ_TOGETHER:
        drawn = np.arange(READ_TOGETHER) * count // READ_TOGETHER
    cover = scorer(drawn)
    odds = odds_of_words(cover, [said[place] for place in drawn.tolist()], particular, otherwise=scorer.said)
    cover = weighed_by_words(cover, odds)
    weighed = (weights[drawn] * count / max(1, len(drawn))).astype(np.float32)
    told = np.zeros(len(drawn), dtype=np.float32)
    sure = np.where(cover < COVERED, np.float32(0), cover)
    free = np.ones(cover.shape[1], dtype=np.bool_)
    chosen: list[int] = []
    while len(chosen) < most and free.any():
        gain = np.where(free, np.round(weighed @ np.maximum(sure - told[:, None], 0.0), 3), 0.0)
        best = int(gain.argmax())
        if gain[best] < least:
            break
        chosen.append(best)
        told = np.maximum(told, sure[:, best])
        free &= ~scorer.alike(best)
        free[best] = False
    if not chosen:
        return chosen, np.full(count, -1, dtype=np.int64), np.zeros(count)
    cover = (
        cover[:, chosen] if len(drawn) == count else weighed_by_words(scorer(np.arange(count), chosen), odds[chosen])
    )
    likely = np.round(cover, 5)
    homes = likely.argmax(axis=1)
    found = likely[np.arange(count), homes].astype(np.float64)
    return chosen, np.where(found >= COVERED, homes, -1), found
