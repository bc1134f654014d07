"""Every backend gives the answers of PyTorch in float32, within the tolerance that is stated for it.

The texts are ours, of all kinds and lengths; only their answers are compared, nothing is learned from them.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from textcx.engines.encoder.load import TOLERANCES, load_encoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textcx.domain.encoding import Encoding
    from textcx.engines.encoder.reader import BatchedEncoder

MODEL = Path(__file__).resolve().parents[2] / "models" / "sentiment"
REFERENCE = ("torch", "fp32")
COSINE = {"fp32": 0.99999, "bf16": 0.999, "int8": 0.99}
"""Lowest cosine of a matter with that of the reference."""


def texts_of_ours() -> list[str]:
    lines = (files("textcx.training") / "labels" / "written.tsv").read_text(encoding="utf-8").splitlines()[1:]
    short = [line.split("\t")[1] for line in lines[::5]]
    return [*short, *(" ".join(short[start : start + 12]) for start in range(0, 108, 12))]


TEXTS = texts_of_ours()


def probabilities(found: Encoding) -> NDArray[np.float32]:
    known = [] if np.isnan(found.emotions).all() else [found.emotions]
    return np.column_stack([found.sentiment, found.pain, found.request, *known])


@pytest.fixture(scope="module")
def reference() -> Encoding:
    backend, precision = REFERENCE
    return load_encoder(MODEL, backend=backend, precision=precision).encode(TEXTS)


@pytest.fixture(scope="module", params=[key for key in TOLERANCES if key != REFERENCE], ids=" ".join)
def kind(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param


@pytest.fixture(scope="module")
def encoder(kind: tuple[str, str]) -> BatchedEncoder:
    backend, precision = kind
    return load_encoder(MODEL, backend=backend, precision=precision, threads=1)


@pytest.fixture(scope="module")
def answers(encoder: BatchedEncoder) -> Encoding:
    return encoder.encode(TEXTS)


def test_there_are_enough_texts_of_all_lengths() -> None:
    lengths = [len(text) for text in TEXTS]
    assert len(TEXTS) > 300
    assert min(lengths) < 20
    assert max(lengths) > 600


def test_the_backend_asked_for_computes(encoder: BatchedEncoder, kind: tuple[str, str]) -> None:
    assert (encoder.backend.name, encoder.precision) == kind


def test_no_probability_moves_further_than_stated(
    kind: tuple[str, str], reference: Encoding, answers: Encoding
) -> None:
    moved = np.abs(probabilities(answers) - probabilities(reference))
    assert moved.max() <= TOLERANCES[kind].probability
    assert moved.mean() <= TOLERANCES[kind].mean


def test_hardly_a_label_changes(kind: tuple[str, str], reference: Encoding, answers: Encoding) -> None:
    changed = answers.sentiment.argmax(axis=1) != reference.sentiment.argmax(axis=1)
    assert changed.mean() <= TOLERANCES[kind].labels


def test_matters_point_the_same_way(kind: tuple[str, str], reference: Encoding, answers: Encoding) -> None:
    assert (answers.matters * reference.matters).sum(axis=1).min() > COSINE[kind[1]]


def test_an_answer_depends_neither_on_the_other_texts_nor_on_their_order(
    encoder: BatchedEncoder, answers: Encoding
) -> None:
    some = range(0, len(TEXTS), 12)
    again = encoder.encode([TEXTS[place] for place in reversed(some)])
    for part in ("sentiment", "pain", "request", "emotions", "matters"):
        assert getattr(again, part)[::-1].tobytes() == getattr(answers, part)[list(some)].tobytes()


def test_more_threads_move_no_answer_further_than_stated(kind: tuple[str, str], answers: Encoding) -> None:
    backend, precision = kind
    two = load_encoder(MODEL, backend=backend, precision=precision, threads=2)
    some = slice(0, len(TEXTS), 12)
    found = two.encode(TEXTS[some])
    load_encoder(MODEL, backend=backend, precision=precision, threads=1)  # PyTorch's threads are those of the process
    assert np.abs(probabilities(found) - probabilities(answers)[some]).max() <= 0.001
