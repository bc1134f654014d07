"""A larger network that learns from the same labels and then labels what people did not.

The teacher starts from all-mpnet-base-v2, 110 million parameters. What it answers to the texts of the mix becomes a
part of the student's targets: all of it where there are no labels, some where labels are weak (``Source.taught``).
Method: Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network". Only the student is shipped.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from textcx.engines.encoder.network import EncoderNetwork, NetworkShape, backbone_from_bert
from textcx.training.develop import HEADS, read_heads
from textcx.training.examples import Corpus
from textcx.training.loop import TrainingPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from textcx.training.examples import Example

BUCKETS, FARTHEST = 32, 128
FIRST_POSITION = 2
TEACHER_SHAPE = NetworkShape(
    vocabulary=30_527, positions=512, width=768, layers=12, heads=12, inner_width=3_072, norm_epsilon=1e-5
)
WEIGHT_OF_THE_UNLABELLED = 0.5
"""How much a teacher's word on pain, request and emotions weighs where a data set says nothing."""


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
    """Rename the published weights of all-mpnet-base-v2 to ours; the heads are not among them."""
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
    """Let a teacher read texts: :func:`read_heads` as shares and probabilities, 0 to 1, in half precision."""
    found = {head: torch.from_numpy(logits) for head, logits in read_heads(network, ids, advance=advance).items()}
    return {
        head: (functional.softmax(logits, dim=-1) if head == "sentiment" else torch.sigmoid(logits)).half()
        for head, logits in found.items()
    }


def taught_by(corpus: Corpus, answers: Mapping[str, Tensor]) -> Corpus:
    """Mix a teacher's answers to the examples at ``places`` into the targets, by the share that each source gives it.

    A target that was missing is the teacher's, at a lower weight.
    """
    shares = np.zeros(len(corpus.examples))
    for source in corpus.sources:
        shares[slice(*corpus.bounds[source.name])] = source.taught
    heads = {head: answers[head].float().tolist() for head in HEADS}
    examples = list(corpus.examples)
    for row, place in enumerate(answers["places"].tolist()):
        examples[place] = _softened(examples[place], float(shares[place]), {head: heads[head][row] for head in HEADS})
    return Corpus(corpus.sources, examples, corpus.bounds)


def _softened(example: Example, share: float, answers: Mapping[str, Any]) -> Example:
    changed: dict[str, Any] = {}
    for head, answer in answers.items():
        label = getattr(example, head)
        if label is None:
            weight = share * (1.0 if head == "sentiment" else WEIGHT_OF_THE_UNLABELLED)
            changed |= {head: answer, f"{head.removesuffix('s')}_weight": weight}
        elif isinstance(label, tuple):
            changed[head] = tuple((1 - share) * one + share * other for one, other in zip(label, answer, strict=True))
        else:
            changed[head] = (1 - share) * label + share * answer
    return replace(example, **changed)


def teacher_plan(seed: int) -> TrainingPlan:
    """Return the teacher's settings: one pass at a third of the student's rate, for it costs eight times as much."""
    return TrainingPlan(
        seed=seed,
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


def teacher_about(seed: int) -> dict[str, object]:
    """Return what ``model.toml`` says about the teacher."""
    return {
        "name": "all-mpnet-base-v2",
        "licence": "Apache-2.0",
        "attribution": "sentence-transformers/all-mpnet-base-v2, from microsoft/mpnet-base",
        **asdict(teacher_plan(seed)),
    }
