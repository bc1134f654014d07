"""How the encoder's weights become 8-bit integers without the answers moving much.

``GROUP`` neighbouring numbers have one scale. Weights are rounded here, once; the runtime rounds the states of every
token as they come. That second rounding is the harmful one: a few channels of the states are ten times as loud as the
rest, and whatever shares a group with one of them loses its digits. So loud channels are turned down before a product,
and their weights up by as much, by powers of two. (The idea is SmoothQuant's, Xiao et al. 2023.)

Which channels are loud is a property of the weights, and shows on any words. It is read off a few rows of words drawn
evenly from the vocabulary, so neither texts nor a calibration file are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[np.floating[Any]]]

GROUP = 32  # neighbouring numbers that share a scale
ZERO = 128
LARGEST = 127
LOUD = 2.0  # a channel is turned down to this many times the loudness of the median channel
ROWS, LENGTH = 16, 24  # rows of words from the vocabulary, and words in a row


def quantize(weight: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Round weights ``(inputs, outputs)`` to 8 bits, symmetric about ``ZERO``; ``GROUP`` divides the inputs.

    Returns the integers, in the shape of the weights, and the scales ``(inputs / GROUP, outputs)``.
    """
    inputs, outputs = weight.shape
    groups = weight.reshape(inputs // GROUP, GROUP, outputs)
    scales = np.abs(groups).max(1) / LARGEST
    scales[scales == 0] = 1
    rounded = np.rint(groups / scales[:, None]) + ZERO
    return rounded.astype(np.uint8).reshape(inputs, outputs), scales.astype(np.float32)


def factors(weights: Weights, network: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
    """Return by how much to turn down each channel before the products that read normalized states.

    These are powers of two from 1 on, of the shape ``(width,)``, by the name of the product: ``layers.0.attend``.
    """
    found = {}
    for name, loudness in _loudness(weights, network).items():
        allowed = LOUD * np.median(loudness) + np.finfo(np.float32).tiny
        found[name] = np.exp2(np.rint(np.log2(np.maximum(1, loudness / allowed)))).astype(np.float32)
    return found


def _loudness(weights: Weights, network: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
    """Read rows of words, as ``network`` does, and note each channel's largest number before the products."""

    def tensor(name: str) -> NDArray[np.float32]:
        return weights[name].astype(np.float32)

    def linear(states: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        return np.asarray(states @ tensor(f"{name}.weight").T + tensor(f"{name}.bias"), dtype=np.float32)

    def norm(states: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        centred = states - states.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True) + network["norm_epsilon"])
        return np.asarray(centred / spread * tensor(f"{name}.weight") + tensor(f"{name}.bias"))

    heads, width = network["heads"], network["width"]
    words = weights["words.weight"]
    chosen = np.linspace(0, len(words) - 1, ROWS * LENGTH).astype(np.int64).reshape(LENGTH, ROWS).T
    states = norm(words[chosen].astype(np.float32) + tensor("positions.weight")[:LENGTH], "norm_words")
    found: dict[str, NDArray[np.float32]] = {}

    def layer(name: str, states: NDArray[np.float32]) -> NDArray[np.float32]:
        found[f"{name}.attend"] = np.abs(states).max((0, 1))
        parts = linear(states, f"{name}.attend").reshape(ROWS, LENGTH, 3, heads, width // heads)
        query, key, value = parts.transpose(2, 0, 3, 1, 4)
        alike = query @ key.transpose(0, 1, 3, 2) * (width // heads) ** -0.5
        shares = np.exp(alike - alike.max(-1, keepdims=True))
        seen = (shares / shares.sum(-1, keepdims=True)) @ value
        merged = linear(seen.transpose(0, 2, 1, 3).reshape(ROWS, LENGTH, width), f"{name}.merge")
        states = norm(states + merged, f"{name}.norm_attention")
        found[f"{name}.expand"] = np.abs(states).max((0, 1))
        expanded = _gelu(linear(states, f"{name}.expand"))
        contracted = linear(expanded, f"{name}.contract")
        return norm(states + contracted, f"{name}.norm_output")

    branch = network.get("matter_layers", 0)
    beside = states
    for place in range(network["layers"]):
        if place == network["layers"] - branch:
            beside = states
        states = layer(f"layers.{place}", states)
    for place in range(branch):
        beside = layer(f"matter_layers.{place}", beside)
    return found


def _gelu(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The activation, near enough (by the hyperbolic tangent) for telling loud channels from others."""
    share = 0.5 + 0.5 * np.tanh(0.7978845608 * (values + 0.044715 * values**3))
    return values * share.astype(np.float32, copy=False)
