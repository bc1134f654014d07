"""Sequence packing: read texts of any lengths as one long sequence, without padding.

A padded batch multiplies zeros wherever its texts are shorter than its longest one. Here all tokens stand in one
sequence that every product takes as it is. Only attention, where texts must not see each other, is computed on groups
of texts padded to one of a few lengths; it is the smaller part of the work.

Invariant, tested: where the sequence has a multiple of 512 tokens, the answer to a text has the same bits whatever
else stands in it, and wherever the text stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from textcx.engines.encoder.batches import LENGTHS
from textcx.engines.encoder.network import EncoderOutput, RowAttention, heard, pool, pool_branch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from textcx.engines.encoder.network import EncoderNetwork, Pooled

HEAD_ROWS = 64  # texts that the heads are asked about at once, so that their products always have one shape


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that are padded to one length."""

    tokens: Tensor  # where they stand in the sequence, (texts * length,); padding repeats the first one
    mask: Tensor  # true where a token is real, (texts, length)
    attention: RowAttention


@dataclass(frozen=True, slots=True)
class PackedTexts:
    """Texts packed into one sequence of a fixed size."""

    tokens: Tensor  # (size,); zeros behind the last text
    places: Tensor  # where in its text each token stands, (size,)
    owners: Tensor  # the text that each token belongs to, (size,)
    groups: tuple[Group, ...]  # all texts, by padded length
    back: Tensor  # where each token stands among those of all groups, (size,)
    order: Tensor  # where each text stands among those of all groups, (texts,)

    def attend(self, products: Tensor) -> Tensor:
        """Return what the tokens see; shapes ``(size, 3 * width)`` and ``(size, width)``."""
        width = products.shape[1] // 3
        seen = [
            group.attention(products.index_select(0, group.tokens).view(*group.mask.shape, -1)).view(-1, width)
            for group in self.groups
        ]
        return (torch.cat(seen) if len(seen) > 1 else seen[0]).index_select(0, self.back)

    def pool(self, states: Tensor) -> Pooled:
        """Sum up the states of each text with ``pool``, in the order of the texts."""
        found = [pool(*group) for group in self._grouped(states)]
        first, mean, highest = (torch.cat(parts).index_select(0, self.order) for parts in zip(*found, strict=True))
        return first, mean, highest

    def pool_branch(self, states: Tensor) -> Tensor:
        """Sum up the branch's states of each text with ``pool_branch``, in the order of the texts."""
        return torch.cat([pool_branch(*group) for group in self._grouped(states)]).index_select(0, self.order)

    def _grouped(self, states: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        for group in self.groups:
            yield states.index_select(0, group.tokens).view(*group.mask.shape, -1), group.mask


def pack(texts: Sequence[NDArray[np.int64]], *, size: int, network: EncoderNetwork) -> PackedTexts:
    """Pack the token ids of at least one text, 1 to ``LONGEST`` each, into a sequence of so many for a network."""
    heads, weights = network.shape.heads, network.words.weight
    precision, device = weights.dtype, weights.device

    def on_device(part: NDArray[np.int64] | NDArray[np.bool_]) -> Tensor:
        return torch.from_numpy(part).to(device)

    sizes = np.array([len(text) for text in texts])
    total, starts = int(sizes.sum()), np.cumsum(sizes) - sizes
    tokens, places, owners, back = (np.zeros(size, np.int64) for _ in range(4))
    owners[:total] = np.repeat(np.arange(len(texts)), sizes)
    tokens[:total] = np.concatenate(texts)
    places[:total] = np.arange(total) - np.repeat(starts, sizes)
    padded = np.array(LENGTHS)[np.searchsorted(LENGTHS, sizes)]
    order = np.argsort(padded, kind="stable")
    groups: list[Group] = []
    behind = 0
    for length in np.unique(padded):
        members = order[padded[order] == length]
        steps = np.arange(length)
        real = steps < sizes[members][:, None]
        stand = starts[members][:, None] + np.where(real, steps, 0)
        back[stand[real]] = behind + np.flatnonzero(real)
        behind += real.size
        mask = on_device(real)
        bias = torch.zeros(real.shape, dtype=precision, device=device).masked_fill(~mask, float("-inf"))
        groups.append(Group(on_device(stand.ravel()), mask, RowAttention(heads, bias[:, None, None, :])))
    put_back = on_device(np.argsort(order))
    ids, steps_of, owner = (on_device(part) for part in (tokens, places, owners))
    return PackedTexts(ids, steps_of, owner, tuple(groups), on_device(back), put_back)


def read(network: EncoderNetwork, packed: PackedTexts, *, fill: bool, branch: bool) -> EncoderOutput:
    """Read packed texts; one answer for each, in order.

    With ``fill`` the heads are always asked about ``HEAD_ROWS`` texts, so that nothing hangs on how many there are.
    ``tags`` and ``words`` are those of all tokens of the sequence, none without ``branch``.
    """
    states, beside = network.run_layers(network.embed(packed.tokens, packed.places), packed.attend, branch=branch)
    if beside is None:
        return _judged(network, packed.pool(states), None, fill=fill)
    own = packed.pool_branch(beside)
    found = _judged(network, packed.pool(states), own, fill=fill)
    return found._replace(tags=network.tag(beside, own.index_select(0, packed.owners)), words=heard(beside))


def _judged(network: EncoderNetwork, pooled: Pooled, own: Tensor | None, *, fill: bool) -> EncoderOutput:
    if not fill:
        return network.judge(pooled, own)
    count = len(pooled[0])
    missing = -count % HEAD_ROWS
    parts = (*pooled, *(() if own is None else (own,)))
    chunks = zip(*(torch.split(functional.pad(part, (0, 0, 0, missing)), HEAD_ROWS) for part in parts), strict=True)
    found = [network.judge((first, mean, highest), *rest) for first, mean, highest, *rest in chunks]
    return EncoderOutput(*(torch.cat(part)[:count] for part in zip(*found, strict=True)))
