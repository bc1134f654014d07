from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from textcx.engines.encoder.batches import FEW, LENGTHS, PACKED, PACKED_SMALL, ROWS, Logits
from textcx.engines.encoder.load import load_encoder
from textcx.engines.encoder.reader import BatchedEncoder
from textcx.wiring.sources import models_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FOLDER = models_directory() / "sentiment"
TOKENIZER = (FOLDER / "tokenizer.json").read_text(encoding="utf-8")
WORDS = tuple("the staff were lovely but parcel came late and nobody answered when I called twice about it".split())  # noqa: SIM905 - reads better


def answers(sums: NDArray[np.float32]) -> Logits:
    rows = len(sums)
    return Logits(
        sentiment=np.stack([sums, np.zeros(rows), -sums], axis=1).astype(np.float32), pain=sums, request=-sums,
        emotions=np.zeros((rows, 4), np.float32), matters=np.ones((rows, 4), np.float32) / 2,
        tags=np.zeros((0, 9), np.float32), words=np.zeros((0, 4), np.float32),
    )  # fmt: skip


class Counting:
    """A backend that says of each row what its tokens add up to, whatever the padding."""

    name, precision = "counting", "fp32"

    def __init__(self) -> None:
        self.shapes: list[tuple[int, int]] = []

    def run(self, tokens: NDArray[np.int64], mask: NDArray[np.bool_]) -> Logits:
        self.shapes.append((tokens.shape[0], tokens.shape[1]))
        return answers((tokens * mask).sum(1).astype(np.float32) / 1e6)


class Packing:
    """The same for packed windows."""

    name, precision = "packing", "fp32"

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []
        self.filled: set[bool] = set()

    def read(self, windows: Sequence[NDArray[np.int64]], *, size: int, fill: bool, branch: bool) -> Logits:
        self.filled.add(fill)
        del branch
        self.sizes.append((sum(map(len, windows)), size))
        return answers(np.array([window.sum() for window in windows], np.float32) / 1e6)


def encoder(backend: Counting | Packing, *, small: bool) -> BatchedEncoder:
    return BatchedEncoder(backend, Tokenizer.from_str(TOKENIZER), encoder_id="counting-1", width=4, small_batches=small)


@given(st.lists(st.integers(0, 400), max_size=20), st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_small_batches_lose_and_swap_nothing(sizes: list[int], random: object) -> None:
    texts = [" ".join(random.choices(WORDS, k=size)) for size in sizes]  # type: ignore[attr-defined]
    full = encoder(Counting(), small=False).encode(texts)
    for other in (encoder(Counting(), small=True), encoder(Packing(), small=True), encoder(Packing(), small=False)):
        found = other.encode(texts)
        for name in ("sentiment", "pain", "request", "windows"):
            np.testing.assert_allclose(getattr(found, name), getattr(full, name), atol=1e-6)


def test_a_lone_text_with_its_segments_is_one_small_batch() -> None:
    backend = Counting()
    encoder(backend, small=True).encode(["the staff were lovely " * 4, "the staff", "lovely"], vectors=False)
    [(rows, length)] = backend.shapes
    assert (rows, length) == (4, 24)


def test_every_shape_is_one_of_a_few() -> None:
    backend = Counting()
    reader = encoder(backend, small=True)
    for count in range(1, 150, 7):
        reader.encode([" ".join(WORDS[: place % 17]) + f" {place}" for place in range(count)], vectors=False)
    assert all(length in LENGTHS and rows in {*FEW, ROWS[length]} for rows, length in backend.shapes)


def test_packed_windows_fill_batches_and_fit_into_them() -> None:
    texts = [" ".join(WORDS * (1 + place % 9)) + f" {place}" for place in range(120)]
    large, small = Packing(), Packing()
    encoder(large, small=False).encode(texts, vectors=False)
    encoder(small, small=True).encode(texts[:3], vectors=False)
    assert {size for _, size in large.sizes} == {PACKED}
    assert all(PACKED - 256 < total <= PACKED for total, _ in large.sizes[:-1])
    [(total, size)] = small.sizes
    assert size == min(each for each in PACKED_SMALL if each >= total)
    assert (large.filled, small.filled) == ({True}, {False})


@pytest.mark.parametrize("kind", [Counting, Packing])
def test_between_two_batches_the_same_encoder_may_be_asked_again(kind: type[Counting | Packing]) -> None:
    asked: list[np.ndarray] = []

    def between() -> None:
        if len(asked) < 3:
            asked.append(np.zeros(0))
            asked[-1] = reader.encode(["the staff were lovely"]).pain

    reader = BatchedEncoder(
        kind(), Tokenizer.from_str(TOKENIZER), encoder_id="counting-1", width=4, small_batches=True, between=between
    )
    long = " ".join(WORDS * 400)
    found = reader.encode([long, "late"])
    assert len(asked) == 3
    plain = encoder(kind(), small=True)
    assert found.pain.tobytes() == plain.encode([long, "late"]).pain.tobytes()
    assert all(each.tobytes() == plain.encode(["the staff were lovely"]).pain.tobytes() for each in asked)


def test_the_shipped_encoder_agrees_with_itself_within_its_tolerance() -> None:
    texts = [" ".join(WORDS[place:]) for place in (0, 3)]
    reader = load_encoder(FOLDER, precision="fp32", small_batches=True)
    together = reader.encode(texts)
    full = load_encoder(FOLDER, precision="fp32").encode(texts)
    for place, text in enumerate(texts):
        alone = reader.encode([text])
        for found in (alone.sentiment[0], together.sentiment[place]):
            np.testing.assert_allclose(found, full.sentiment[place], atol=1e-3)
        np.testing.assert_allclose(alone.matters[0], full.matters[place], atol=1e-3)
