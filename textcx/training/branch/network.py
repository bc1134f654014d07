"""The trainable branch of matters, and how rows of segments are read with it on top of the frozen trunk."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from textcx.engines.encoder.network import RowAttention
from textcx.training.batches import pad

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.engines.encoder.network import EncoderNetwork
    from textcx.training.branch.examples import Ids

PARTS = 4
"""Rows of a step are read in so many parts, sorted by length."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the branch says of the segments of a step."""

    vectors: Tensor  # (segments, width), unit length
    means: Tensor
    pooled: Tensor  # first token of the row, mean and maximum of the segment
    tokens: list[Tensor]


class Branch(nn.Module):
    """The trainable part: copies of the last layers, the heads that are shipped, and auxiliary ones."""

    def __init__(self, network: EncoderNetwork, *, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(copy.deepcopy(layer) for layer in list(network.layers)[-layers:])
        width = network.shape.width
        self.matter = nn.Linear(width, width)
        with torch.no_grad():
            self.matter.weight.copy_(torch.eye(width))
            self.matter.bias.zero_()
        self.aspect, self.opinion = nn.Linear(width, 3), nn.Linear(width, 3)
        self.aspect_polarity = nn.Linear(2 * width, 3)
        self.near = nn.Parameter(torch.tensor([12.0, -7.0]))
        self.cover = nn.Parameter(torch.tensor([9.0, 6.0, -8.0]))
        self.hidden, self.sentiment = copy.deepcopy(network.hidden), copy.deepcopy(network.sentiment)
        self.pain, self.request = copy.deepcopy(network.pain), copy.deepcopy(network.request)
        self.emotions = copy.deepcopy(network.emotions)
        self.float()

    def auxiliary(self, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logits of sentiment, pain, request and emotions of segments."""
        hidden = functional.gelu(self.hidden(pooled.to(self.hidden.weight.dtype)))
        answers = (head(hidden).float() for head in (self.sentiment, self.pain, self.request, self.emotions))
        sentiment, pain, request, emotions = answers
        return sentiment, pain[:, 0], request[:, 0], emotions


def read_rows(
    branch: Branch, network: EncoderNetwork, rows: Sequence[Sequence[Ids]], *, edges: tuple[int, int]
) -> Reading:
    """Read rows of segments: the trunk without gradients, the branch with them."""
    lengths = np.array([sum(map(len, row)) for row in rows])
    starts = np.cumsum([0, *map(len, rows)])
    order: list[int] = []
    means, pooled, tokens = [], [], []
    for part in np.array_split(np.argsort(lengths, kind="stable"), PARTS):
        if not len(part):
            continue
        ids = [np.array([edges[0], *(one for piece in rows[row] for one in piece), edges[1]], np.int32) for row in part]
        padded, mask = pad(ids)
        states = _states(branch, network, padded, mask).float()
        bounds = []
        for number, row in enumerate(part.tolist()):
            start = 1
            for segment, piece in enumerate(rows[row]):
                bounds.append((number, start, start + len(piece)))
                start += len(piece)
                order.append(int(starts[row]) + segment)
        owner, begin, stop = (torch.tensor(column) for column in zip(*bounds, strict=True))
        along = torch.arange(states.shape[1])[None]
        inside = ((along >= begin[:, None]) & (along < stop[:, None]))[..., None]
        own = states[owner]
        average = (own * inside).sum(1) / inside.sum(1).clamp(min=1)
        means.append(average)
        pooled.append(torch.cat([own[:, 0], average, own.masked_fill(~inside, -1e4).amax(1)], -1))
        tokens += [states[number, first:last] for number, first, last in bounds]
    back = torch.from_numpy(np.argsort(order))
    average = torch.cat(means)[back]
    vectors = branch.matter(average.to(branch.matter.weight.dtype)).float()
    return Reading(
        vectors=functional.normalize(vectors, dim=-1),
        means=average,
        pooled=torch.cat(pooled)[back],
        tokens=[tokens[place] for place in back.tolist()],
    )


def _states(branch: Branch, network: EncoderNetwork, tokens: Tensor, mask: Tensor) -> Tensor:
    with torch.no_grad():
        states = network.embed(tokens, torch.arange(tokens.shape[1]))
        attention = RowAttention(network.shape.heads, network.attention_bias(mask, states))
        for layer in list(network.layers)[: len(network.layers) - len(branch.layers)]:
            states = layer(states, attention)
    for layer in branch.layers:
        states = layer(states, attention)
    return states


def contrast(vectors: Tensor, together: Tensor, held: Tensor | None, *, heat: float) -> Tensor:
    """Supervised contrastive loss of unit vectors; ``held`` marks the pairs that are held against each other."""
    itself = torch.eye(len(vectors), dtype=torch.bool)
    out = itself if held is None else itself | ~held
    chances = functional.log_softmax((vectors @ vectors.T / heat).masked_fill(out, -1e9), 1)
    friends = together & ~itself
    has = friends.any(1)
    if not has.any():
        return vectors.sum() * 0
    return -(chances.masked_fill(~friends, 0).sum(1)[has] / friends.sum(1)[has]).mean()


def spans_of(tags: NDArray[np.integer]) -> list[tuple[int, int]]:
    """Spans of tags: from each 1, or a 2 that follows none, on to the last 2 after it."""
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for place, tag in enumerate([*tags.tolist(), 0]):
        if start is not None and tag != 2:  # noqa: PLR2004 - inside
            spans.append((start, place))
            start = None
        if tag == 1 or (tag == 2 and start is None):  # noqa: PLR2004 - ditto
            start = place
    return spans
