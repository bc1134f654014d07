"""The network behind the encoder: one backbone, one pass, several heads, and a branch of its own for matters.

The backbone has the shape of a small BERT (post-norm, exact GELU, learned positions) and starts from the weights of
all-MiniLM-L6-v2. Four heads read its last layer: ``sentiment`` (three classes), ``pain`` (something went wrong for the
customer), ``request`` (a wish or suggestion), and ``emotions`` (each for itself). They share a hidden layer over
``[first token, mean, maximum]``. Everything that turns a batch into numbers is row-wise.

What a remark is about such that one fix would answer it, its matter, takes more than the mean of the last states, which
learning sentiment bends. So a network may have ``matter_layers`` beside as many of the last layers; both read the
states of the layers before them, computed once. One head reads the branch over a text's own tokens: ``matter``, a
vector of unit length. Three more read each of them: whether it names an aspect, says something of one, and how that is
judged. The polarity of an aspect is linear in the mean state of its tokens, so it is the mean of what they answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from textcx.domain.encoding import EMOTIONS, LABELS
from textcx.engines.encoder.batches import TAGGED, TAGS, Output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Attention = Callable[[Tensor], Tensor]
    """Turns queries, keys and values of tokens, shape ``(..., 3 * width)``, into what they see, ``(..., width)``."""

EncoderOutput = Output[Tensor]
Pooled = tuple[Tensor, Tensor, Tensor]  # of each text its first token, the mean, and the maximum; (rows, width)
EDGES = 2  # tokens around a text: one opens it, one closes it


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """Sizes of the network; the defaults are those of all-MiniLM-L6-v2."""

    vocabulary: int = 30522
    positions: int = 512
    width: int = 384
    layers: int = 6
    heads: int = 12
    inner_width: int = 1536
    head_width: int = 384
    emotions: int = len(EMOTIONS)
    norm_epsilon: float = 1e-12
    matter_layers: int = 0  # those of the branch; it leaves so many layers before the end, 0 for none

    def __post_init__(self) -> None:
        """Refuse a branch that is longer than the backbone."""
        if not 0 <= self.matter_layers <= self.layers:
            message = f"a network of {self.layers} layers cannot have {self.matter_layers} layers for matters"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class RowAttention:
    """Attention among the tokens of each row of a padded batch.

    ``bias`` is added to the products and broadcasts to ``(rows, heads, length, length)``.
    """

    heads: int
    bias: Tensor | None

    def __call__(self, products: Tensor) -> Tensor:
        """Return what the tokens see; shapes ``(rows, length, 3 * width)`` and ``(rows, length, width)``."""
        rows, length, width = products.shape[0], products.shape[1], products.shape[2] // 3
        query, key, value = products.view(rows, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        if torch.is_grad_enabled():
            # The backward pass of the fused kernel takes half of a training step on CPUs; plain products do not.
            products = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5
            seen = torch.softmax(products if self.bias is None else products + self.bias, dim=-1) @ value
        else:
            seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=self.bias)
        return cast("Tensor", seen.transpose(1, 2).reshape(rows, length, width))


class EncoderLayer(nn.Module):
    """One transformer layer: attention, then a feed-forward block, each added and normalized."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.attend = nn.Linear(shape.width, 3 * shape.width)
        self.merge = nn.Linear(shape.width, shape.width)
        self.norm_attention = nn.LayerNorm(shape.width, eps=shape.norm_epsilon)
        self.expand = nn.Linear(shape.width, shape.inner_width)
        self.contract = nn.Linear(shape.inner_width, shape.width)
        self.norm_output = nn.LayerNorm(shape.width, eps=shape.norm_epsilon)

    def forward(self, states: Tensor, attention: Attention) -> Tensor:
        """Return the states of the tokens after this layer, in the shape in which they came."""
        states = self.norm_attention(states + self.merge(attention(self.attend(states))))
        expanded = self.contract(functional.gelu(self.expand(states)))
        return cast("Tensor", self.norm_output(states + expanded))


class EncoderNetwork(nn.Module):
    """Token ids in, the logits of four heads and a matter out; with a branch, tags too."""

    def __init__(self, shape: NetworkShape | None = None) -> None:
        super().__init__()
        self.shape = shape or NetworkShape()
        width = self.shape.width
        self.words = nn.Embedding(self.shape.vocabulary, width)
        self.positions = nn.Embedding(self.shape.positions, width)
        self.norm_words = nn.LayerNorm(width, eps=self.shape.norm_epsilon)
        self.layers = nn.ModuleList(EncoderLayer(self.shape) for _ in range(self.shape.layers))
        self.hidden = nn.Linear(3 * width, self.shape.head_width)
        self.sentiment = nn.Linear(self.shape.head_width, len(LABELS))
        self.pain = nn.Linear(self.shape.head_width, 1)
        self.request = nn.Linear(self.shape.head_width, 1)
        self.emotions = nn.Linear(self.shape.head_width, self.shape.emotions)
        self.matter_layers = nn.ModuleList(EncoderLayer(self.shape) for _ in range(self.shape.matter_layers))
        if self.matter_layers:
            self._add_branch_heads(width)

    def _add_branch_heads(self, width: int) -> None:
        """Add what reads the branch."""
        self.matter = nn.Linear(width, width)
        self.aspect = nn.Linear(width, TAGS)  # of every token
        self.opinion = nn.Linear(width, TAGS)
        self.aspect_polarity = nn.Linear(2 * width, len(LABELS))
        with torch.no_grad():
            self.matter.weight.copy_(torch.eye(width))
            self.matter.bias.zero_()

    def forward(self, tokens: Tensor, mask: Tensor, *, head_dropout: float = 0.0) -> EncoderOutput:
        """Read a batch of texts.

        ``tokens`` ``(rows, length)`` are ids, padded at the end; ``mask`` is true where one is real, at least one in a
        row. ``head_dropout`` is the share of the shared hidden layer that is switched off while training, 0..1.
        """
        states, beside = self.states(tokens, mask)
        if beside is None:
            return self.judge(pool(states, mask), head_dropout=head_dropout)
        own = pool_branch(beside, mask)
        tags = self.tag(beside, own.unsqueeze(1))
        found = self.judge(pool(states, mask), own, head_dropout=head_dropout)
        return found._replace(tags=tags, words=heard(beside))

    def judge(self, pooled: Pooled, own: Tensor | None = None, *, head_dropout: float = 0.0) -> EncoderOutput:
        """Ask the heads about texts; ``own`` are their means in the branch, if any. Answer as for ``forward``."""
        precise = self.hidden.weight.dtype  # the heads may keep more digits than the backbone
        first, mean, highest = (part.to(precise) for part in pooled)
        hidden = functional.gelu(self.hidden(torch.cat([first, mean, highest], dim=-1)))
        if head_dropout:
            hidden = functional.dropout(hidden, head_dropout, training=self.training)
        about = mean if own is None else self.matter(own.to(precise))
        matters = functional.normalize(about.float(), dim=-1)
        return EncoderOutput(
            sentiment=self.sentiment(hidden).float(),
            pain=self.pain(hidden).float().squeeze(-1),
            request=self.request(hidden).float().squeeze(-1),
            emotions=self.emotions(hidden).float(),
            matters=matters,
            tags=matters.new_zeros((0, TAGGED)),
            words=matters.new_zeros((0, matters.shape[-1])),
        )

    def tag(self, states: Tensor, own: Tensor) -> Tensor:
        """Ask about each token: logits as in ``Output.tags``, float32, of the shape ``(..., TAGGED)``.

        ``states`` are those of the branch, ``own`` the mean over the own tokens of the text that each belongs to, or
        what broadcasts to it; both ``(..., width)``.
        """
        precise = self.hidden.weight.dtype
        states, own = states.to(precise), own.to(precise).expand_as(states)
        polarity = self.aspect_polarity(torch.cat([states, own], dim=-1))
        return torch.cat([self.aspect(states), self.opinion(states), polarity], dim=-1).float()

    def set_precision(self, precision: torch.dtype) -> None:
        """Give the backbone another precision; the heads, which cost next to nothing, stay in float32."""
        self.float()
        for part in (self.words, self.positions, self.norm_words, self.layers, self.matter_layers):
            part.to(precision)

    def attention_bias(self, mask: Tensor, states: Tensor) -> Tensor:
        """Return what is added to the attention's products: minus infinity where there is only padding."""
        bias = torch.zeros(mask.shape, dtype=states.dtype, device=states.device).masked_fill(~mask, float("-inf"))
        return bias[:, None, None, :]

    def states(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the last states of every token, and those of the branch, if there is one.

        Both have the shape ``(rows, length, width)`` and the weights' precision.
        """
        places = torch.arange(tokens.shape[1], device=tokens.device)
        states = self.embed(tokens, places)
        attention = RowAttention(self.shape.heads, self.attention_bias(mask, states))
        return self.run_layers(states, attention)

    def run_layers(self, states: Tensor, attention: Attention, *, branch: bool = True) -> tuple[Tensor, Tensor | None]:
        """Take embedded tokens through all layers; returns the last states, and the branch's, each as they came.

        Without ``branch``, as where there is none, its states are null.
        """
        fork = len(self.layers) - len(self.matter_layers)
        beside = states
        for place, layer in enumerate(self.layers):
            if place == fork:
                beside = states
            states = layer(states, attention)
        if not branch or not self.matter_layers:
            return states, None
        for layer in self.matter_layers:
            beside = layer(beside, attention)
        return states, beside

    def embed(self, tokens: Tensor, places: Tensor) -> Tensor:
        """Return the states of tokens before the first layer; ``places`` says where in their text they stand."""
        return cast("Tensor", self.norm_words(self.words(tokens) + self.positions(places)))


def heard(states: Tensor) -> Tensor:
    """Return the branch's states of single tokens at unit length, float32."""
    return functional.normalize(states.float(), dim=-1)


def pool(states: Tensor, mask: Tensor) -> Pooled:
    """Sum up the states ``(rows, length, width)`` of each row; ``mask`` ``(rows, length)`` is true for real tokens."""
    real = mask.unsqueeze(-1)
    mean = (states.float() * real).sum(1) / real.sum(1)
    return states[:, 0], mean, states.masked_fill(~real, -1e4).amax(1)


def pool_branch(states: Tensor, mask: Tensor) -> Tensor:
    """Sum up the branch's states to the mean over a text's own tokens, all but those around it; shapes as for ``pool``.

    A row that holds nothing between its first and its last token is summed up over all of them.
    """
    sizes, places = mask.sum(1, keepdim=True), torch.arange(mask.shape[1], device=mask.device)
    own = mask & ((sizes <= EDGES) | ((places > 0) & (places < sizes - 1)))
    return (states.float() * own.unsqueeze(-1)).sum(1) / own.sum(1, keepdim=True)


def backbone_from_bert(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of a BERT, such as all-MiniLM-L6-v2, to ours; the heads are not among them.

    Takes the tensors of ``model.safetensors`` by their published names, and returns those for ``EncoderNetwork``'s
    ``load_state_dict(..., strict=False)``.
    """
    ours = {
        "words.weight": weights["embeddings.word_embeddings.weight"],
        "positions.weight": weights["embeddings.position_embeddings.weight"],
        "norm_words.weight": weights["embeddings.LayerNorm.weight"],
        "norm_words.bias": weights["embeddings.LayerNorm.bias"],
    }
    kinds = weights.get("embeddings.token_type_embeddings.weight")
    if kinds is not None:  # the token type is always the first
        ours["positions.weight"] = ours["positions.weight"] + kinds[0]
    parts = {
        "merge": "attention.output.dense",
        "norm_attention": "attention.output.LayerNorm",
        "expand": "intermediate.dense",
        "contract": "output.dense",
        "norm_output": "output.LayerNorm",
    }
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer."))
    for layer in range(layers):
        theirs = f"encoder.layer.{layer}"
        for kind in ("weight", "bias"):
            ours[f"layers.{layer}.attend.{kind}"] = torch.cat(
                [weights[f"{theirs}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            )
            for part, name in parts.items():
                ours[f"layers.{layer}.{part}.{kind}"] = weights[f"{theirs}.{name}.{kind}"]
    return ours
