"""What every encoder must do; run against each implementation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import FakeEncoder
from hugging_face import save_model

from textcx.engines.encoder.load import TOLERANCES, load_encoder

if TYPE_CHECKING:
    from textcx.domain.encoding import Encoding
    from textcx.ports import Encoder

MODEL = Path(__file__).resolve().parents[2] / "models" / "sentiment"
WIDTH = 384
TEXTS = [
    "",
    " \t\n",
    "\U0001f621",
    "...?!",
    "broken \ud800 surrogate, NUL \x00 and 日本語",
    "The driver was friendly, yet the parcel was damaged.",
    "ok",
    "word " * 600,
]
"""Plain, odd and long texts."""


HUGGING_FACE = [("transformers", "fp32"), ("transformers", "bf16")]


@pytest.fixture(
    scope="module",
    params=[None, *TOLERANCES, *HUGGING_FACE],
    ids=lambda param: " ".join(param) if param else "fake encoder",
)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    if request.param is None:
        return FakeEncoder()
    backend, precision = request.param
    if backend == "transformers":
        return load_encoder(save_model(tmp_path_factory.mktemp("model") / "bert"), precision=precision)
    return load_encoder(MODEL, backend=backend, precision=precision)


@pytest.fixture(scope="module")
def together(encoder: Encoder) -> Encoding:
    return encoder.encode(TEXTS)


def rows_of(found: Encoding) -> list[list[bytes]]:
    heads = (found.sentiment, found.pain, found.request, found.emotions)
    parts = (found.matters, *heads, found.windows)
    return [[part[row].tobytes() for part in parts] for row in range(len(found.pain))]


def test_answers_have_the_promised_shapes(together: Encoding) -> None:
    count = len(TEXTS)
    assert together.matters.shape == (count, WIDTH)
    assert together.sentiment.shape == (count, 3)
    assert together.pain.shape == together.request.shape == together.windows.shape == (count,)
    assert together.emotions.shape == (count, 4)


def test_answers_have_the_promised_types(together: Encoding) -> None:
    heads = (together.sentiment, together.pain, together.request, together.emotions)
    assert {part.dtype for part in (together.matters, *heads)} == {np.dtype(np.float32)}
    assert together.windows.dtype == np.int32


def test_every_matter_has_unit_length(together: Encoding) -> None:
    np.testing.assert_allclose(np.linalg.norm(together.matters, axis=1), 1, atol=1e-5)


def test_probabilities_lie_between_0_and_1_and_those_of_sentiment_sum_to_1(together: Encoding) -> None:
    heads = (together.pain, together.request, together.emotions)
    known = [head for head in heads if not np.isnan(head).all()]  # an encoder without a head says so throughout
    for part in (together.sentiment, *known):
        assert ((part >= 0) & (part <= 1)).all()  # false for what is no number
    np.testing.assert_allclose(together.sentiment.sum(axis=1), 1, atol=1e-5)


def test_a_short_text_is_read_in_one_window_and_a_long_one_in_several(together: Encoding) -> None:
    assert together.windows[:-1].tolist() == [1] * (len(TEXTS) - 1)
    assert together.windows[-1] > 1


def test_no_texts_give_no_answers(encoder: Encoder) -> None:
    found = encoder.encode([])
    assert found.matters.shape == (0, WIDTH)
    assert found.sentiment.shape == (0, 3)
    assert found.pain.shape == found.request.shape == found.windows.shape == (0,)
    assert found.emotions.shape == (0, 4)


def test_an_answer_is_the_same_alone_and_among_others(encoder: Encoder, together: Encoding) -> None:
    assert [rows_of(encoder.encode([text]))[0] for text in TEXTS[1::2]] == rows_of(together)[1::2]


def test_an_answer_is_the_same_in_any_order(encoder: Encoder, together: Encoding) -> None:
    assert rows_of(encoder.encode(TEXTS[::-1]))[::-1] == rows_of(together)


def test_a_repeated_text_gets_the_same_answer_each_time(encoder: Encoder) -> None:
    text = "The parcel came late."
    first, between, second = rows_of(encoder.encode([text, "Lovely staff.", text]))
    assert first == second != between


def test_heads_do_not_change_where_nobody_wants_matters(encoder: Encoder, together: Encoding) -> None:
    without = encoder.encode(TEXTS, vectors=False)
    assert without.matters.shape == (0, WIDTH)
    for name in ("sentiment", "pain", "request", "emotions", "windows"):
        assert getattr(without, name).tobytes() == getattr(together, name).tobytes()


def test_words_are_heard_in_their_text_the_same_alone_and_among_others(encoder: Encoder) -> None:
    texts = ["The parcel came late.", "", "late " * 400, "The parcel came late."]
    found = encoder.words(texts)
    if found is None:
        assert not encoder.finds_aspects or encoder.encoder_id.startswith("fake")
        return
    assert len(found.bounds) == len(texts) + 1
    assert found.bounds[-1] == len(found.vectors)
    assert (np.diff(found.bounds) > [3, 0, 399, 3]).all()
    assert np.abs(np.linalg.norm(found.vectors, axis=1) - 1).max() < 1e-5
    assert (found[0] == found[3]).all()
    alone = encoder.words(texts[:1])
    assert alone is not None
    assert (alone[0] == found[0]).all()


def test_an_encoder_says_who_it_is(encoder: Encoder) -> None:
    assert encoder.encoder_id.strip()
    assert encoder.precision.strip()
    assert 0 <= encoder.confident_at <= 1


def test_praise_complaint_and_wish_are_told_apart(encoder: Encoder) -> None:
    found = encoder.encode(
        [
            "The staff were friendly and helpful.",
            "The staff were rude and the room was dirty.",
            "Please add a dark mode, that would be good.",
        ]
    )
    assert found.sentiment.argmax(axis=1)[:2].tolist() == [2, 0]
    for head, place in ((found.pain, 1), (found.request, 2)):
        assert np.isnan(head).all() or head.argmax() == place


def test_texts_about_the_same_thing_lie_closer_together(encoder: Encoder) -> None:
    parcel, same, other = encoder.encode(
        ["The parcel came late.", "My parcel was two days late.", "Breakfast in the hotel was tasty."]
    ).matters
    assert parcel @ same > parcel @ other
