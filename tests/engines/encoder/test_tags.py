"""Tags of tokens: the same on every backend, in any company, at the place in the text where the words stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_model import save_small_model, small_network

from textcx.engines.encoder.load import TOLERANCES, load_encoder
from textcx.engines.encoder.readable import in_given, readable

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from textcx.domain.encoding import TokenTags
    from textcx.engines.encoder.reader import BatchedEncoder

FAR = {"fp32": 0.001, "bf16": 0.1, "int8": 0.5}
TEXTS = [
    "late",
    "",
    "The 😀 parcel came late and the box was open.",
    "Staff were kind. " * 12,
    "The queue is unbelievably long. " * 150,
]
HEADS = ("aspects", "opinions", "polarity")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_model(tmp_path_factory.mktemp("model") / "small", small_network())


@pytest.fixture(scope="module", params=TOLERANCES, ids=" ".join)
def kind(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param


@pytest.fixture(scope="module")
def encoder(folder: Path, kind: tuple[str, str]) -> BatchedEncoder:
    return load_encoder(folder, backend=kind[0], precision=kind[1], threads=1)


@pytest.fixture(scope="module")
def reference(folder: Path) -> BatchedEncoder:
    return load_encoder(folder, backend="torch", precision="fp32")


def tags_of(encoder: BatchedEncoder, texts: list[str]) -> TokenTags:
    found = encoder.encode(texts, tags=True).tags
    assert found is not None
    return found


def rows_of(tags: TokenTags) -> list[list[bytes]]:
    return [
        [getattr(tags[place : place + 1], name).tobytes() for name in ("spans", *HEADS)]
        for place in range(len(tags.bounds) - 1)
    ]


def test_tags_are_the_same_on_every_backend(
    encoder: BatchedEncoder, kind: tuple[str, str], reference: BatchedEncoder
) -> None:
    found, expected = tags_of(encoder, TEXTS), tags_of(reference, TEXTS)
    np.testing.assert_array_equal(found.bounds, expected.bounds)
    np.testing.assert_array_equal(found.spans, expected.spans)
    for name in HEADS:
        part = getattr(found, name)
        assert part.dtype == np.float32
        assert part.shape == (found.bounds[-1], 3)
        np.testing.assert_allclose(part, getattr(expected, name), atol=FAR[kind[1]])


def test_tags_depend_on_the_text_alone(encoder: BatchedEncoder) -> None:
    together = rows_of(tags_of(encoder, TEXTS))
    assert rows_of(tags_of(encoder, TEXTS[::-1]))[::-1] == together
    assert rows_of(tags_of(encoder, TEXTS[2:3])) == together[2:3]
    assert rows_of(tags_of(encoder, [*TEXTS, *TEXTS])) == together * 2


def test_everything_else_is_the_same_with_tags_and_without(encoder: BatchedEncoder) -> None:
    with_tags, without = encoder.encode(TEXTS, tags=True), encoder.encode(TEXTS)
    assert without.tags is None
    assert with_tags.sentiment.tobytes() == without.sentiment.tobytes()
    assert with_tags.matters.tobytes() == without.matters.tobytes()


def test_small_batches_agree(folder: Path, reference: BatchedEncoder) -> None:
    small = load_encoder(folder, backend="torch", precision="fp32", small_batches=True)
    found, expected = tags_of(small, TEXTS), tags_of(reference, TEXTS)
    np.testing.assert_allclose(found.aspects, expected.aspects, atol=1e-3)


def test_every_token_of_a_long_text_is_tagged_once_in_its_order(reference: BatchedEncoder) -> None:
    [text] = TEXTS[-1:]
    spans = tags_of(reference, [text]).spans
    words = [text[start:end] for start, end in spans.tolist()]
    assert "".join(words) == text.replace(" ", "")


def test_a_picture_has_all_tokens_of_its_name(reference: BatchedEncoder) -> None:
    spans = tags_of(reference, ["The 😀 parcel"]).spans.tolist()
    assert [("The 😀 parcel")[start:end] for start, end in spans] == ["The", "😀", "😀", "parcel"]


def test_no_texts_have_no_tags(reference: BatchedEncoder) -> None:
    assert tags_of(reference, []).bounds.tolist() == [0]
    assert tags_of(reference, ["", ""]).bounds.tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", TOLERANCES, ids=" ".join)
def test_a_model_without_a_branch_tags_nothing(tmp_path: Path, kind: tuple[str, str]) -> None:
    folder = save_small_model(tmp_path / "small", small_network(layers=1, matter_layers=0))
    encoder = load_encoder(folder, backend=kind[0], precision=kind[1])
    assert not encoder.finds_aspects
    assert encoder.encode(TEXTS, tags=True).tags is None


def test_the_mean_of_a_stretch_is_what_the_head_says_of_its_mean_state() -> None:
    network = small_network()
    states, own = torch.randn(1, 7, 64), torch.randn(1, 64)
    with torch.inference_mode():
        tags = network.tag(states, own.unsqueeze(1))[0, 2:5, 6:].mean(0)
        direct = network.aspect_polarity(torch.cat([states[0, 2:5].mean(0), own[0]]))
    torch.testing.assert_close(tags, direct)


def spans_in(text: str) -> NDArray[np.int64]:
    shown = readable(text)
    return np.array([[place, place + 1] for place in range(len(shown))], np.int64).reshape(-1, 2)


@given(st.text(st.sampled_from("aé ß\ud83d\ude00\u200d\ufe0f👍🏼☀ﬁ\ud800")))
def test_places_in_the_readable_text_lead_back_to_the_given_one(text: str) -> None:
    shown, edges = readable(text), in_given(text, spans_in(text)).tolist()
    assert len(edges) == len(shown)
    assert all(0 <= start < end <= len(text) for start, end in edges)
    assert edges == sorted(edges)
    for character, (start, end) in zip(shown, edges, strict=True):
        assert text[start:end] == character or character in readable(text[start:end])
