"""The encoder's network as an ONNX graph, written straight from its weights; no PyTorch involved.

Only operators of the standard are used, so that any runtime can read the graph and fuse what it knows to fuse. It
computes what ``network`` computes, in the same order; ``tests/engines/test_backends_agree.py`` holds the two together.

The weights of the layers' four products, the branch's too, can be written as 8-bit integers (``rounding``).
Embeddings, norms and heads, which cost next to nothing, keep their digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from textcx.domain.encoding import EMOTIONS
from textcx.engines.encoder.backends.rounding import GROUP, ZERO, factors, quantize
from textcx.engines.encoder.batches import TAGGED, Logits
from textcx.engines.encoder.model_folder import explained

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from textcx.engines.encoder.model_folder import ModelFolder

EDGES = 2  # tokens around a text
OPSET = 21
IR_VERSION = 10
OUTPUTS = Logits._fields


def graph_of(folder: ModelFolder, *, quantized: bool) -> bytes:
    """Write the network of a model folder.

    Raises:
        ModelProblem: If the weights do not fit the network.
    """
    with explained(folder.weights.parent):
        return encoder_graph(load_file(folder.weights), folder.network, quantized=quantized)


def encoder_graph(
    weights: Mapping[str, NDArray[np.floating[Any]]], network: Mapping[str, Any], *, quantized: bool
) -> bytes:
    """Write the network as a serialized ONNX model.

    Its inputs are ``tokens`` (int64) and ``mask`` (bool), both of the shape ``(rows, length)``. With ``quantized`` the
    layers' products take 8-bit weights.

    Raises:
        KeyError: If a tensor or a size is missing.
        ValueError: If shapes do not fit.
    """
    if "emotions.weight" not in weights:  # weights of before there were emotions: this head answers NaN
        weight = np.zeros((len(EMOTIONS), weights["sentiment.weight"].shape[1]), np.float32)
        bias = np.full(len(EMOTIONS), np.nan, np.float32)
        weights = {**weights, "emotions.weight": weight, "emotions.bias": bias}
    return _Writer(weights, network, factors(weights, network) if quantized else None).model()


class _Writer:
    """Collects nodes and constants; every method adds some and returns the name of what they give."""

    def __init__(
        self,
        weights: Mapping[str, NDArray[np.floating[Any]]],
        network: Mapping[str, Any],
        down: Mapping[str, NDArray[np.float32]] | None,
    ) -> None:
        self._weights, self._down = weights, down
        self._layers, self._heads, self._width = network["layers"], network["heads"], network["width"]
        self._epsilon, self._branch = network["norm_epsilon"], network.get("matter_layers", 0)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def model(self) -> bytes:
        states = self._words()
        padding = self._add("Where", "mask", self._number(0.0), self._number(-np.inf))
        bias = self._add("Unsqueeze", padding, self._axes(1, 2))
        beside = states
        for layer in range(self._layers):
            if layer == self._layers - self._branch:
                beside = states
            states = self._layer(f"layers.{layer}", states, bias)
        for layer in range(self._branch):
            beside = self._layer(f"matter_layers.{layer}", beside, bias)
        outputs = self._heads_of(states)
        outputs |= self._branch_heads_of(beside) if self._branch else self._without_branch(states)
        rows = ["rows"]
        shapes = [rows + size for size in ([3], [], [], [len(EMOTIONS)], [self._width])]
        shapes += [["rows", "length", TAGGED], ["rows", "length", self._width]]
        graph = helper.make_graph(
            [*self._nodes, *(helper.make_node("Identity", [outputs[name]], [name]) for name in OUTPUTS)],
            "encoder",
            [
                helper.make_tensor_value_info("tokens", TensorProto.INT64, ["rows", "length"]),
                helper.make_tensor_value_info("mask", TensorProto.BOOL, ["rows", "length"]),
            ],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in zip(OUTPUTS, shapes, strict=True)
            ],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        written: bytes = model.SerializeToString()
        return written

    def _words(self) -> str:
        words = self._add("Gather", self._constant(self._weights["words.weight"]), "tokens")
        length = self._add("Shape", "tokens", start=1, end=2)
        places = self._add("Slice", self._constant(self._tensor("positions.weight")), self._axes(0), length)
        return self._norm(self._add("Add", self._add("Cast", words, to=TensorProto.FLOAT), places), "norm_words")

    def _layer(self, name: str, states: str, bias: str) -> str:
        head_width = self._width // self._heads
        split = self._constant(np.array([0, 0, self._heads, head_width]))
        products = self._product(states, f"{name}.attend")
        parts = [f"{products}/{part}" for part in range(3)]
        self._nodes.append(helper.make_node("Split", [products], parts, axis=-1, num_outputs=3))
        query, key, value = (
            self._add("Transpose", self._add("Reshape", part, split), perm=order)
            for part, order in zip(parts, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True)
        )
        scale = self._number(head_width**-0.5)
        alike = self._add("Add", self._add("Mul", self._add("MatMul", query, key), scale), bias)
        seen = self._add("MatMul", self._add("Softmax", alike, axis=-1), value)
        joined = self._add("Reshape", self._add("Transpose", seen, perm=[0, 2, 1, 3]), self._axes(0, 0, self._width))
        merged = self._product(joined, f"{name}.merge")
        states = self._norm(self._add("Add", states, merged), f"{name}.norm_attention")
        expanded = self._add("Gelu", self._product(states, f"{name}.expand"))
        contracted = self._product(expanded, f"{name}.contract")
        return self._norm(self._add("Add", states, contracted), f"{name}.norm_output")

    def _heads_of(self, states: str) -> dict[str, str]:
        mean = self._mean(states, "mask")
        kept = self._add("Where", self._add("Unsqueeze", "mask", self._axes(2)), states, self._number(-1e4))
        highest = self._add("ReduceMax", kept, self._axes(1), keepdims=0)
        first = self._add("Gather", states, self._constant(np.array(0)), axis=1)
        pooled = self._add("Concat", first, mean, highest, axis=-1)
        hidden = self._add("Gelu", self._linear(pooled, "hidden"))
        return {
            "sentiment": self._linear(hidden, "sentiment"),
            "pain": self._add("Squeeze", self._linear(hidden, "pain"), self._axes(1)),
            "request": self._add("Squeeze", self._linear(hidden, "request"), self._axes(1)),
            "emotions": self._linear(hidden, "emotions"),
        }

    def _branch_heads_of(self, states: str) -> dict[str, str]:
        own = self._mean(states, self._own())
        matters = self._unit(self._linear(own, "matter"))
        return {"matters": matters, "tags": self._tags(states, own), "words": self._unit(states, axis=2)}

    def _tags(self, states: str, own: str) -> str:
        """What is said of each token; its polarity reads its state, and the mean over its text's own tokens."""
        alone, around = np.split(np.ascontiguousarray(self._tensor("aspect_polarity.weight").T), 2)
        shared = self._add("MatMul", own, self._constant(around))
        shared = self._add("Add", shared, self._constant(self._tensor("aspect_polarity.bias")))
        polarity = self._add("MatMul", states, self._constant(alone))
        polarity = self._add("Add", polarity, self._add("Unsqueeze", shared, self._axes(1)))
        named = (self._linear(states, name) for name in ("aspect", "opinion"))
        return self._add("Concat", *named, polarity, axis=-1)

    def _without_branch(self, states: str) -> dict[str, str]:
        """What a network without a branch says: its mean states for matters, and NaN of tokens."""
        shape = self._add("Shape", "tokens")
        tags, words = (
            self._add("Expand", self._number(np.nan), self._add("Concat", shape, self._axes(size), axis=0))
            for size in (TAGGED, self._width)
        )
        return {"matters": self._unit(self._mean(states, "mask")), "tags": tags, "words": words}

    def _own(self) -> str:
        """Which tokens are a text's own: all but the first and the last of a row, or all if there are no others."""
        integers = self._add("Cast", "mask", to=TensorProto.INT64)
        sizes = self._add("ReduceSum", integers, self._axes(1), keepdims=1)
        places = self._add("Sub", self._add("CumSum", integers, self._constant(np.array(1))), self._axes(1))
        inside = self._add(
            "And",
            self._add("Greater", places, self._axes(0)),
            self._add("Less", places, self._add("Sub", sizes, self._axes(1))),
        )
        kept = self._add("Or", inside, self._add("LessOrEqual", sizes, self._axes(EDGES)))
        return self._add("And", "mask", kept)

    def _mean(self, states: str, mask: str) -> str:
        """The mean state of each row over the tokens where a mask is true."""
        real = self._add("Cast", mask, to=TensorProto.FLOAT)
        chosen = self._add("Mul", states, self._add("Unsqueeze", real, self._axes(2)))
        total = self._add("ReduceSum", chosen, self._axes(1), keepdims=0)
        return self._add("Div", total, self._add("ReduceSum", real, self._axes(1), keepdims=1))

    def _unit(self, vectors: str, *, axis: int = 1) -> str:
        length = self._add("ReduceL2", vectors, self._axes(axis), keepdims=1)
        return self._add("Div", vectors, self._add("Max", length, self._number(1e-12)))

    def _product(self, states: str, name: str) -> str:
        """One of the layers' products; its weights may be integers."""
        if self._down is None:
            return self._linear(states, name)
        weight = self._tensor(f"{name}.weight").T
        down = self._down.get(name)
        if down is not None and down.max() > 1:
            states = self._add("Mul", states, self._constant(1 / down))
            weight = weight * down[:, None]
        integers, scales = quantize(np.ascontiguousarray(weight))
        zeros = np.full(scales.shape, ZERO, np.uint8)
        stored = [self._constant(part) for part in (integers, scales, zeros)]
        read = self._add("DequantizeLinear", *stored, axis=0, block_size=GROUP)
        return self._add("Add", self._add("MatMul", states, read), self._constant(self._tensor(f"{name}.bias")))

    def _linear(self, states: str, name: str) -> str:
        weight = self._constant(np.ascontiguousarray(self._tensor(f"{name}.weight").T))
        return self._add("Add", self._add("MatMul", states, weight), self._constant(self._tensor(f"{name}.bias")))

    def _norm(self, states: str, name: str) -> str:
        scale, shift = (self._constant(self._tensor(f"{name}.{kind}")) for kind in ("weight", "bias"))
        return self._add("LayerNormalization", states, scale, shift, axis=-1, epsilon=self._epsilon)

    def _add(self, operator: str, *inputs: str, **options: float | list[int]) -> str:
        name = f"step_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **options))
        return name

    def _tensor(self, name: str) -> NDArray[np.float32]:
        return self._weights[name].astype(np.float32)

    def _constant(self, value: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def _number(self, value: float) -> str:
        return self._constant(np.array(value, np.float32))

    def _axes(self, *axes: int) -> str:
        return self._constant(np.array(axes, np.int64))
