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

from textcx.engines.encoder.network import EncoderOutput, Pooled, RowAttention, pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from textcx.engines.encoder.network import EncoderNetwork

HEAD_ROWS = 64
"""Texts that the heads are asked about at once, so that their products always have one shape."""


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that are padded to one length.

    Attributes:
        tokens: Where their tokens stand in the sequence; padding repeats the first one. Shape ``(texts * length,)``.
        mask: True where a token is real. Shape ``(texts, length)``, bool.
        attention: Among the tokens of each text.
    """

    tokens: Tensor
    mask: Tensor
    attention: RowAttention


@dataclass(frozen=True, slots=True)
class PackedTexts:
    """Texts packed into one sequence.

    Attributes:
        tokens: Shape ``(size,)``; zeros behind the last text.
        places: Where in its text each token stands. Shape ``(size,)``.
        groups: All texts, by padded length.
        back: Where each token stands among those of all groups. Shape ``(size,)``.
        order: Where each text stands among those of all groups. Shape ``(texts,)``.
    """

    tokens: Tensor
    places: Tensor
    groups: tuple[Group, ...]
    back: Tensor
    order: Tensor

    def attend(self, products: Tensor) -> Tensor:
        """Return what the tokens see; shapes ``(size, 3 * width)`` and ``(size, width)``."""
        width = products.shape[1] // 3
        seen = [
            group.attention(products.index_select(0, group.tokens).view(*group.mask.shape, -1)).view(-1, width)
            for group in self.groups
        ]
        return (torch.cat(seen) if len(seen) > 1 else seen[0]).index_select(0, self.back)

    def pool(self, states: Tensor) -> Pooled:
        """Sum up the states of each text, in the order of the texts."""
        found = [
            pool(states.index_select(0, group.tokens).view(*group.mask.shape, -1), group.mask) for group in self.groups
        ]
        first, mean, highest = (torch.cat(parts).index_select(0, self.order) for parts in zip(*found, strict=True))
        return Pooled(first, mean, highest)


def pack(
    texts: Sequence[NDArray[np.int64]],
    *,
    size: int,
    lengths: Sequence[int],
    heads: int,
    precision: torch.dtype,
    device: torch.device,
) -> PackedTexts:
    """Pack texts into one sequence.

    Args:
        texts: Token ids of at least one text, each with at least one token.
        size: Tokens of the sequence; at least as many as the texts have.
        lengths: To these, in rising order, texts are padded for attention; the last one holds the longest text.
        heads: Heads of attention.
        precision: That of the network.
        device: Where the network is.
    """
    sizes = np.array([len(text) for text in texts])
    total, starts = int(sizes.sum()), np.cumsum(sizes) - sizes
    tokens, places, back = (np.zeros(size, np.int64) for _ in range(3))
    tokens[:total] = np.concatenate(texts)
    places[:total] = np.arange(total) - np.repeat(starts, sizes)
    padded = np.array(lengths)[np.searchsorted(lengths, sizes)]
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
        mask = torch.from_numpy(real)
        bias = torch.zeros(real.shape, dtype=precision).masked_fill(~mask, float("-inf"))[:, None, None, :]
        groups.append(
            Group(torch.from_numpy(stand.ravel()).to(device), mask.to(device), RowAttention(heads, bias.to(device)))
        )
    put_back = np.empty(len(texts), np.int64)
    put_back[order] = np.arange(len(texts))

    def on_device(part: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(part).to(device)

    return PackedTexts(
        tokens=on_device(tokens),
        places=on_device(places),
        groups=tuple(groups),
        back=on_device(back),
        order=on_device(put_back),
    )


def read(network: EncoderNetwork, packed: PackedTexts, *, fill: bool) -> EncoderOutput:
    """Read packed texts.

    Args:
        network: In evaluation mode.
        packed: The texts.
        fill: Whether the heads are always asked about ``HEAD_ROWS`` texts, so that nothing hangs on how many there are.

    Returns:
        One answer for each text, in order.
    """
    states = network.embed(packed.tokens, packed.places)
    for layer in network.layers:
        states = layer(states, packed.attend)
    pooled = packed.pool(states)
    if not fill:
        return network.judge(pooled)
    count = len(packed.order)
    missing = -count % HEAD_ROWS
    parts = [torch.split(torch.nn.functional.pad(part, (0, 0, 0, missing)), HEAD_ROWS) for part in pooled]
    found = [network.judge(Pooled(*chunk)) for chunk in zip(*parts, strict=True)]
    return EncoderOutput(*(torch.cat(part)[:count] for part in zip(*found, strict=True)))
