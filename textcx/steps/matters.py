"""Choose the titles or names that say best what many remarks are about, and file each remark under one.

How likely a title covers a remark is told by how near their matter vectors are, on a curve that was calibrated on
judged pairs (``domain.matters.Nearness``). Of the titles the one is chosen that covers most of what no title covers
yet, again and again (greedy maximum coverage; Nemhauser, Wolsey and Fisher, 1978). Each remark then goes to the nearest
chosen title that covers it; what none covers stays out.

Invariants, tested: the order of the remarks never matters; no remark is under a title that does not cover it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.matters import UNTITLED, KnownMatters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textcx.domain.matters import Nearness
    from textcx.ports import Encoder

COVERED = 0.5
"""Probability from which a title counts as covering a remark, and two titles as the same."""
READ_TOGETHER = 4_000
"""Remarks among which titles are chosen, where there are more: evenly spread over the order in which they come."""


@lru_cache(maxsize=2)
def encoded_matters(known: tuple[tuple[str, str], ...], encoder: Encoder) -> KnownMatters:
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
    )


def choose_titles(
    vectors: NDArray[np.float32],
    weights: NDArray[np.float64],
    titles: NDArray[np.float32],
    *,
    near: Nearness,
    least: float,
    most: int,
) -> list[int]:
    """Choose titles by the weight of the remarks that they cover and no title before them does.

    ``vectors`` of the remarks, in an order that depends on their content only, and of the ``titles`` are of unit
    length, shapes ``(remarks, width)`` and ``(titles, width)``; ``weights`` of the remarks are 0 or more. The last
    chosen title adds at least the weight ``least``, above 0; no more than ``most`` are chosen, and none beside another
    that says the same.

    Returns:
        Numbers of the titles, in the order in which they were chosen.
    """
    drawn = np.arange(len(vectors))
    if len(drawn) > READ_TOGETHER:
        drawn = np.arange(READ_TOGETHER) * len(drawn) // READ_TOGETHER
    cover = near(vectors[drawn] @ titles.T)
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
        free &= near(titles @ titles[best]) < COVERED
        free[best] = False
    return chosen


def file_under(
    vectors: NDArray[np.float32], titles: NDArray[np.float32], *, near: Nearness
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """File each remark under the nearest title, if it covers it; shapes as for ``choose_titles``.

    Returns:
        The number of each remark's title, -1 where none covers it, and how likely it does.
    """
    if not len(titles) or not len(vectors):
        return np.full(len(vectors), -1, dtype=np.int64), np.zeros(len(vectors))
    likely = np.round(near(vectors @ titles.T), 5)
    homes = likely.argmax(axis=1)
    told = likely[np.arange(len(vectors)), homes].astype(np.float64)
    return np.where(told >= COVERED, homes, -1), told
