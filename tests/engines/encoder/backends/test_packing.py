"""Packed texts say what they say in a padded batch, whatever stands beside them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from textcx.engines.encoder.backends.packing import pack, read
from textcx.engines.encoder.network import EncoderNetwork, EncoderOutput, NetworkShape

SIZES = st.lists(st.integers(2, 256), min_size=1, max_size=12)


def network() -> EncoderNetwork:
    torch.manual_seed(3)
    return EncoderNetwork(
        NetworkShape(vocabulary=500, width=32, layers=2, heads=2, inner_width=64, head_width=16, matter_layers=1)
    ).eval()


NETWORK = network()


def texts_of(sizes: list[int]) -> list[np.ndarray]:
    dice = np.random.default_rng(7)
    return [dice.integers(1, 500, size) for size in sizes]


def everything(found: EncoderOutput) -> torch.Tensor:
    """All answers side by side, but the request."""
    return torch.cat([found.sentiment, found.pain[:, None], found.emotions, found.matters], dim=1)


def packed(texts: list[np.ndarray], *, size: int = 3072, fill: bool = False) -> np.ndarray:
    row = pack(texts, size=size, network=NETWORK)
    with torch.inference_mode():
        found = read(NETWORK, row, fill=fill, branch=True)
    return everything(found).numpy()


@given(SIZES)
@settings(max_examples=20, deadline=None)
def test_every_text_is_read_as_in_a_padded_batch(sizes: list[int]) -> None:
    texts = texts_of(sizes)
    found = packed(texts)
    for text, ours in zip(texts, found, strict=True):
        with torch.inference_mode():
            alone = NETWORK(torch.from_numpy(text)[None], torch.ones(1, len(text), dtype=torch.bool))
        np.testing.assert_allclose(ours, everything(alone)[0].numpy(), atol=1e-5)


@given(SIZES, st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_bits_do_not_depend_on_the_neighbours(sizes: list[int], chance: object) -> None:
    texts = texts_of(sizes)
    order = list(range(len(texts)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    together = packed(texts, fill=True)
    moved = packed([texts[place] for place in order], fill=True)
    assert moved.tobytes() == together[order].tobytes()
    assert packed(texts[:1], fill=True).tobytes() == together[:1].tobytes()


def test_more_texts_than_the_heads_take_at_once_all_get_their_answer() -> None:
    texts = texts_of([2 + place % 9 for place in range(150)])
    np.testing.assert_allclose(packed(texts, fill=True), packed(texts, fill=False), atol=1e-6)


def test_what_stands_behind_the_last_text_changes_nothing() -> None:
    texts = texts_of([30, 12])
    np.testing.assert_allclose(packed(texts, size=64), packed(texts, size=1024), atol=1e-6)


@pytest.mark.parametrize("total", [256, 2])
def test_a_row_that_is_full_to_the_last_token_is_read(total: int) -> None:
    [found] = packed(texts_of([total]), size=total)
    assert np.isfinite(found).all()
