"""A larger network that learns from the same labels and then labels what people did not.

The teacher starts from all-mpnet-base-v2, 110 million parameters. What it answers to the texts of the mix becomes a
part of the student's targets: all of it where there are no labels, some where labels are weak (``Source.taught``).
Method: Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network". Only the student is shipped.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from textcx.domain.encoding import EMOTIONS
from textcx.engines.encoder.network import EncoderNetwork, NetworkShape, backbone_from_bert
from textcx.training.batches import pad, sorted_batches
from textcx.training.plan import TrainingPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

BUCKETS, FARTHEST = 32, 128
FIRST_POSITION = 2
TEACHER_SHAPE = NetworkShape(
    vocabulary=30_527, positions=512, width=768, layers=12, heads=12, inner_width=3_072, norm_epsilon=1e-5
)
TEACHER_PLAN = TrainingPlan(
    epochs=1,
    rate=5e-5,
    head_factor=10.0,
    budget=3_072,
    longest=128,
    embeddings=False,
    vector_weight=0.0,
    masked_words=0.0,
    mean_decay=0.99,
    measures=3,
)
"""One pass, at a third of the student's rate: the teacher costs eight times as much a token."""


class TeacherNetwork(EncoderNetwork):
    """The encoder with MPNet's relative positions: every distance between two tokens has a weight for each head.

    Source: Song et al. 2020, "MPNet"; distances are put into buckets as in Raffel et al. 2020, "T5".
    """

    def __init__(self, shape: NetworkShape | None = None) -> None:
        """Build the network with fresh weights, in the sizes of all-mpnet-base-v2 by default."""
        super().__init__(shape or TEACHER_SHAPE)
        self.distances = nn.Embedding(BUCKETS, self.shape.heads)

    def attention_bias(self, mask: Tensor, states: Tensor) -> Tensor:
        """Return padding and distances together. Shape ``(rows, heads, length, length)``."""
        places = torch.arange(mask.shape[1], device=mask.device)
        near: Tensor = self.distances(distance_buckets(places[None, :] - places[:, None])).permute(2, 0, 1)
        return near.to(states.dtype)[None] + super().attention_bias(mask, states)


def distance_buckets(offsets: Tensor) -> Tensor:
    """Put distances between tokens into buckets: one each when near, wider and wider up to ``FARTHEST``."""
    half = BUCKETS // 2
    exact = half // 2
    far = offsets.abs()
    wide = exact + (torch.log(far.clamp(min=1) / exact) / np.log(FARTHEST / exact) * (half - exact)).long()
    return torch.where(far < exact, far, wide.clamp(max=half - 1)) + half * (offsets > 0)


def backbone_from_mpnet(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of all-mpnet-base-v2 to ours; the heads are not among them.

    Args:
        weights: The tensors of ``model.safetensors``, by their published names.
    """
    renamed = {
        name.replace("attention.attn.q.", "attention.self.query.")
        .replace("attention.attn.k.", "attention.self.key.")
        .replace("attention.attn.v.", "attention.self.value.")
        .replace("attention.attn.o.", "attention.output.dense.")
        .replace("attention.LayerNorm.", "attention.output.LayerNorm."): value
        for name, value in weights.items()
    }
    ours = backbone_from_bert(renamed)
    # Its positions begin after two numbers kept for padding.
    ours["positions.weight"] = ours["positions.weight"][FIRST_POSITION : FIRST_POSITION + TEACHER_SHAPE.positions]
    ours["distances.weight"] = weights["encoder.relative_attention_bias.weight"]
    return ours


def answers_of(
    network: EncoderNetwork, ids: Sequence[NDArray[np.int32]], *, advance: Callable[[int], None]
) -> dict[str, Tensor]:
    """Let a teacher read texts.

    Args:
        network: The trained teacher.
        ids: Token ids of each text, by the teacher's tokenizer.
        advance: Is told how many more texts are read.

    Returns:
        ``sentiment`` shares, shape ``(texts, 3)``; ``pain`` and ``request``, shape ``(texts,)``; ``emotions``, shape
        ``(texts, 4)``: all between 0 and 1, in half precision.
    """
    count = len(ids)
    found = {
        "sentiment": torch.zeros((count, 3)),
        "pain": torch.zeros(count),
        "request": torch.zeros(count),
        "emotions": torch.zeros((count, len(EMOTIONS))),
    }
    device = network.words.weight.device
    network.eval()
    with torch.inference_mode():
        for batch in sorted_batches(ids, budget=4096):
            tokens, mask = (part.to(device) for part in pad([ids[place] for place in batch]))
            output = network(tokens, mask)
            places = torch.from_numpy(batch)
            found["sentiment"][places] = functional.softmax(output.sentiment, dim=-1).cpu()
            for head in ("pain", "request", "emotions"):
                found[head][places] = torch.sigmoid(cast("Tensor", getattr(output, head))).cpu()
            advance(len(batch))
    return {name: value.half() for name, value in found.items()}


def teacher_plan(seed: int) -> TrainingPlan:
    """Return the teacher's settings with another seed."""
    return replace(TEACHER_PLAN, seed=seed)


def teacher_about(seed: int) -> dict[str, object]:
    """Return what ``model.toml`` says about the teacher."""
    return {
        "name": "all-mpnet-base-v2",
        "licence": "Apache-2.0",
        "attribution": "sentence-transformers/all-mpnet-base-v2, from microsoft/mpnet-base",
        **asdict(teacher_plan(seed)),
    }
