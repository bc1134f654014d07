"""Weights become integers: close to what they were, and loud channels take nobody's digits."""

from __future__ import annotations

import numpy as np
import pytest

from textcx.engines.encoder.backends.graph import encoder_graph
from textcx.engines.encoder.backends.rounding import GROUP, ZERO, factors, quantize

SIZES = {"heads": 2, "norm_epsilon": 1e-12, "layers": 2, "width": 32}


def weights(*, loud: int | None = None) -> dict[str, np.ndarray]:
    """A small network at random; its normalized states are loud in one channel, where that is wanted."""
    draw = np.random.default_rng(7)
    shapes = {"words": (600, 32), "positions": (64, 32)}
    for layer in range(2):
        for name, shape in {"attend": (96, 32), "merge": (32, 32), "expand": (64, 32), "contract": (32, 64)}.items():
            shapes[f"layers.{layer}.{name}"] = shape
    found = {f"{name}.weight": draw.normal(0, 0.2, shape).astype(np.float16) for name, shape in shapes.items()}
    found |= {f"{name}.bias": np.zeros(shape[0], np.float16) for name, shape in shapes.items() if "layers" in name}
    norms = ["norm_words", *(f"layers.{layer}.norm_{part}" for layer in range(2) for part in ("attention", "output"))]
    for name in norms:
        scale = np.ones(32, np.float16)
        if loud is not None:
            scale[loud] = 30
        found |= {f"{name}.weight": scale, f"{name}.bias": np.zeros(32, np.float16)}
    return found


def test_rounded_weights_are_off_by_half_a_step_at_most() -> None:
    weight = np.random.default_rng(2).normal(size=(2 * GROUP, 5)).astype(np.float32)
    weight[:GROUP, 1] = 0
    integers, scales = quantize(weight)
    assert integers.dtype == np.uint8
    assert scales.shape == (2, 5)
    steps = scales.repeat(GROUP, axis=0)
    again = (integers.astype(np.float32) - ZERO) * steps
    assert (np.abs(again - weight) <= steps / 2 + 1e-6).all()
    assert (again[:GROUP, 1] == 0).all()


def test_a_loud_channel_is_turned_down_before_every_product_that_reads_it() -> None:
    found = factors(weights(loud=5), SIZES)
    assert set(found) == {f"layers.{layer}.{name}" for layer in range(2) for name in ("attend", "expand")}
    for down in found.values():
        assert down.argmax() == 5
        assert down[5] >= 8


def test_the_layers_of_a_branch_are_turned_down_too() -> None:
    plain = weights(loud=5)
    branched = {**plain, **{f"matter_{name}": plain[name] for name in plain if name.startswith("layers.0.")}}
    found = factors(branched, {**SIZES, "matter_layers": 1})
    beside = factors(plain, SIZES)
    assert set(found) == {*beside, "matter_layers.0.attend", "matter_layers.0.expand"}
    # Both read the states after the first layer.
    assert (found["matter_layers.0.attend"] == found["layers.1.attend"]).all()
    assert all((found[name] == down).all() for name, down in beside.items())


def test_where_no_channel_is_loud_all_stay_as_they_are() -> None:
    assert all((down <= 2).all() for down in factors(weights(), SIZES).values())


def test_factors_are_powers_of_two_so_that_only_rounding_changes() -> None:
    for down in factors(weights(loud=5), SIZES).values():
        assert down.min() >= 1
        assert (np.log2(down) % 1 == 0).all()


def test_a_graph_needs_all_weights_and_sizes() -> None:
    with pytest.raises(KeyError):
        encoder_graph({}, SIZES, quantized=False)
    with pytest.raises(KeyError):
        encoder_graph(weights(), {}, quantized=True)
