"""Matters of every backend: those of PyTorch in float32 within its tolerance, whatever stands beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_model import WIDTH, save_small_model, small_network

from textcx.domain.encoding import LABELS
from textcx.domain.errors import ModelProblem
from textcx.domain.matters import Nearness
from textcx.engines.encoder.load import TOLERANCES, load_encoder

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.engines.encoder.reader import BatchedEncoder

REFERENCE = ("torch", "fp32")
COSINE = {"fp32": 0.99999, "bf16": 0.999, "int8": 0.99}
TEXTS = [
    "",
    "late",
    "The parcel came late and the box was open.",
    "Staff were kind. " * 12,
    "The queue is long. " * 150,
]


@pytest.fixture(scope="module", params=[1, 2])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = small_network(layers=3, matter_layers=request.param)
    return save_small_model(tmp_path_factory.mktemp("model") / "small", network)


@pytest.fixture(scope="module")
def reference(folder: Path) -> BatchedEncoder:
    backend, precision = REFERENCE
    return load_encoder(folder, backend=backend, precision=precision)


@pytest.fixture(scope="module", params=TOLERANCES, ids=" ".join)
def kind(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param


@pytest.fixture(scope="module")
def encoder(folder: Path, kind: tuple[str, str]) -> BatchedEncoder:
    backend, precision = kind
    return load_encoder(folder, backend=backend, precision=precision, threads=1)


def test_matters_point_the_same_way_on_every_backend(
    encoder: BatchedEncoder, kind: tuple[str, str], reference: BatchedEncoder
) -> None:
    found, expected = encoder.encode(TEXTS), reference.encode(TEXTS)
    assert found.matters.shape == (len(TEXTS), WIDTH)
    assert found.matters.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.matters, axis=1), 1, atol=1e-5)
    assert (found.matters * expected.matters).sum(1).min() > COSINE[kind[1]]


def test_a_matter_depends_on_its_text_alone(encoder: BatchedEncoder) -> None:
    together = encoder.encode(TEXTS).matters
    assert encoder.encode(TEXTS[::-1]).matters[::-1].tobytes() == together.tobytes()
    assert encoder.encode(TEXTS[2:3]).matters.tobytes() == together[2:3].tobytes()


def test_small_batches_agree_within_their_tolerance(folder: Path, reference: BatchedEncoder) -> None:
    small = load_encoder(folder, backend="torch", precision="fp32", small_batches=True)
    np.testing.assert_allclose(small.encode(TEXTS).matters, reference.encode(TEXTS).matters, atol=1e-3)


def test_nearness_is_calibrated(tmp_path: Path) -> None:
    folder = save_small_model(tmp_path / "small", small_network(), near_slope=9.0, near_shift=-4.0)
    assert load_encoder(folder, precision="fp32").near == Nearness(9.0, -4.0)


@pytest.mark.parametrize("kind", TOLERANCES, ids=" ".join)
def test_a_model_without_a_branch_has_the_same_matters_on_every_backend(tmp_path: Path, kind: tuple[str, str]) -> None:
    folder = save_small_model(tmp_path / "small", small_network(layers=1, matter_layers=0))
    found, expected = (
        load_encoder(folder, backend=backend, precision=precision).encode(TEXTS).matters
        for backend, precision in (kind, REFERENCE)
    )
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert (found * expected).sum(1).min() > COSINE[kind[1]]


def test_matters_are_left_out_where_nobody_wants_them(encoder: BatchedEncoder) -> None:
    without = encoder.encode(TEXTS, vectors=False)
    assert without.matters.shape == (0, WIDTH)
    assert without.sentiment.shape == (len(TEXTS), len(LABELS))


def test_weights_without_the_branch_that_is_promised_are_refused(tmp_path: Path) -> None:
    folder = save_small_model(tmp_path / "small", small_network(matter_layers=0))
    about = folder / "model.toml"
    about.write_text(about.read_text().replace("matter_layers = 0", "matter_layers = 2"), encoding="utf-8")
    for backend in ("torch", "onnx"):
        with pytest.raises(ModelProblem, match="matter_layers"):
            load_encoder(folder, backend=backend, precision="fp32")
