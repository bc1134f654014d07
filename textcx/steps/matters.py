"""Choose the titles that say best what many remarks are about, and check each remark against its title.

How likely a title covers a remark is first told by how near their matter vectors are: quick, for all pairs. Of the
titles the one is chosen that covers most of what no title covers yet, again and again (greedy maximum coverage;
Nemhauser, Wolsey and Fisher, 1978). Each remark then goes to the nearest chosen title that covers it when the encoder
reads both together; what no title covers stays out.

Invariants, tested: the order of the remarks never matters; no remark is under a title that does not cover it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.matters import UNTITLED, KnownMatters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from textcx.domain.matters import Nearness
    from textcx.ports import Encoder

    Covers = Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]

COVERED = 0.5
"""Probability from which a title counts as covering a remark, and two titles as the same."""
TRIED = 3
"""Chosen titles that a remark is read with, nearest first."""
READ_TOGETHER = 4_000
"""Remarks among which titles are chosen, where there are more: the first in the order of their ids, evenly spread."""


def encoded_matters(known: Sequence[tuple[str, str]], encoder: Encoder) -> KnownMatters:
    """Return the titles and names of a language, as ``Language.matters`` has them, each once, with their vectors."""
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
    cover: NDArray[np.float32],
    weights: NDArray[np.float64],
    alike: Callable[[int], NDArray[np.bool_]],
    *,
    least: float,
    most: int,
) -> list[int]:
    """Choose titles by the weight of the remarks that they cover and no title before them does.

    ``cover`` is how likely each title covers each remark, 0..1, shape ``(remarks, titles)``; ``weights`` of the
    remarks, 0 or more. ``alike(title)`` marks the titles that say the same as one: they are not chosen beside it. The
    last chosen title adds at least the weight ``least``, above 0; no more than ``most`` are chosen.

    Returns:
        Columns of ``cover``, in the order in which they were chosen.
    """
    told = np.zeros(len(cover), dtype=np.float32)
    open_ = np.ones(cover.shape[1], dtype=np.bool_)
    weighed = weights.astype(np.float32)
    chosen: list[int] = []
    while len(chosen) < most and open_.any():
        gain = np.where(open_, np.round(weighed @ np.maximum(cover - told[:, None], 0.0), 3), 0.0)
        best = int(gain.argmax())
        if gain[best] < least:
            break
        chosen.append(best)
        told = np.maximum(told, cover[:, best])
        open_ &= ~alike(best)
        open_[best] = False
    return chosen


def file_under(
    remarks: Sequence[str],
    vectors: NDArray[np.float32],
    titles: Sequence[str],
    title_vectors: NDArray[np.float32],
    *,
    covers: Covers,
    near: Nearness,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """File each remark under the nearest title that covers it.

    Vectors are of unit length, shapes ``(remarks, width)`` and ``(titles, width)``. ``covers`` reads pairs of title and
    remark, NaN where the encoder cannot; then nearness alone decides.

    Returns:
        The number of each remark's title, -1 where none covers it, and how likely it does.
    """
    homes, likely = np.full(len(remarks), -1, dtype=np.int64), np.zeros(len(remarks))
    if not len(titles) or not len(remarks):
        return homes, likely
    nearness = near(vectors @ title_vectors.T)
    order = np.argsort(-np.round(nearness, 5), axis=1, kind="stable")[:, :TRIED]
    waiting = np.arange(len(remarks))
    for tried in order.T:
        candidates = tried[waiting]
        told = covers([titles[each] for each in candidates.tolist()], [remarks[each] for each in waiting.tolist()])
        told = np.where(np.isnan(told), nearness[waiting, candidates], told)
        fits = told >= COVERED
        homes[waiting[fits]], likely[waiting[fits]] = candidates[fits], told[fits]
        waiting = waiting[~fits]
        if not len(waiting):
            break
    return homes, likely
