"""Matters and covers of every backend: those of PyTorch in float32 within its tolerance, whatever stands beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_model import WIDTH, save_small_model, small_network

from textcx.domain.encoding import LABELS
from textcx.domain.errors import ModelProblem, ShapeMismatch
from textcx.engines.encoder.load import TOLERANCES, load_encoder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

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
TITLES = ["Parcels come late", "Staff are rude", "", "The app crashes at log-in " * 12]
REMARKS = ["My parcel was two days late.", "", "The lift was broken again. " * 60, "I cannot log in 😡"]
PAIRS = [(title, remark) for title in TITLES for remark in REMARKS]


@pytest.fixture(scope="module", params=[1, 2])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = small_network(layers=3, matter_layers=request.param)
    return save_small_model(tmp_path_factory.mktemp("model") / "small", network, cover_shift=0.3)


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


def covers(encoder: BatchedEncoder, pairs: list[tuple[str, str]]) -> NDArray[np.float32]:
    return encoder.covers([title for title, _ in pairs], [remark for _, remark in pairs])


def test_matters_point_the_same_way_on_every_backend(
    encoder: BatchedEncoder, kind: tuple[str, str], reference: BatchedEncoder
) -> None:
    found, expected = encoder.encode(TEXTS), reference.encode(TEXTS)
    assert found.matters.shape == (len(TEXTS), WIDTH)
    assert found.matters.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.matters, axis=1), 1, atol=1e-5)
    assert (found.matters * expected.matters).sum(1).min() > COSINE[kind[1]]
    assert (found.matters * found.vectors).sum(1).max() < 0.9


def test_covers_are_the_same_on_every_backend(
    encoder: BatchedEncoder, kind: tuple[str, str], reference: BatchedEncoder
) -> None:
    found, expected = covers(encoder, PAIRS), covers(reference, PAIRS)
    assert found.shape == (len(PAIRS),)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    assert np.ptp(expected) > 0.05
    moved = np.abs(found - expected)
    assert moved.max() <= TOLERANCES[kind].probability
    assert moved.mean() <= TOLERANCES[kind].mean


def test_a_cover_depends_on_its_pair_alone(encoder: BatchedEncoder) -> None:
    together = covers(encoder, PAIRS)
    assert covers(encoder, PAIRS[::-1])[::-1].tobytes() == together.tobytes()
    assert covers(encoder, PAIRS[6:7]).tobytes() == together[6:7].tobytes()
    assert covers(encoder, PAIRS * 2).tobytes() == together.tobytes() * 2


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.lists(st.sampled_from(range(len(PAIRS))), min_size=1, max_size=40))
def test_no_choice_of_pairs_changes_a_cover(reference: BatchedEncoder, chosen: list[int]) -> None:
    together = covers(reference, PAIRS)
    assert covers(reference, [PAIRS[place] for place in chosen]).tobytes() == together[chosen].tobytes()


def test_small_batches_agree_within_their_tolerance(folder: Path, reference: BatchedEncoder) -> None:
    small = load_encoder(folder, backend="torch", precision="fp32", small_batches=True)
    np.testing.assert_allclose(covers(small, PAIRS), covers(reference, PAIRS), atol=1e-3)


def test_a_long_remark_is_cut_and_never_refused(reference: BatchedEncoder) -> None:
    start = "The lift was broken again. " * 40
    one, other, short = reference.covers(["Lifts break"] * 3, [f"{start} Lovely.", f"{start} {start}", "Lovely."])
    assert one == other != short


def test_a_long_title_is_cut_so_that_the_remark_is_still_read(reference: BatchedEncoder) -> None:
    title = "Parcels come late " * 100
    one, other, same = reference.covers([title, title, title * 2], ["Lovely staff.", "Nobody came.", "Nobody came."])
    assert one != other == same


def test_no_pairs_have_no_covers(reference: BatchedEncoder) -> None:
    assert reference.covers([], []).shape == (0,)


def test_titles_and_remarks_come_in_pairs(reference: BatchedEncoder) -> None:
    with pytest.raises(ShapeMismatch, match="1 titles came with 2 remarks"):
        reference.covers(["a"], ["b", "c"])


def test_covers_are_calibrated(tmp_path: Path) -> None:
    network = small_network()
    plain = load_encoder(save_small_model(tmp_path / "plain", network), precision="fp32")
    moved = load_encoder(
        save_small_model(tmp_path / "moved", network, cover_temperature=2.0, cover_shift=1.0), precision="fp32"
    )
    logits = [np.log(found / (1 - found)) for found in (covers(plain, PAIRS), covers(moved, PAIRS))]
    np.testing.assert_allclose(logits[1], logits[0] / 2 + 1, atol=1e-4)


@pytest.mark.parametrize("kind", TOLERANCES, ids=" ".join)
def test_a_model_without_a_branch_has_its_vectors_for_matters_and_no_covers(
    tmp_path: Path, kind: tuple[str, str]
) -> None:
    folder = save_small_model(tmp_path / "small", small_network(layers=1, matter_layers=0))
    encoder = load_encoder(folder, backend=kind[0], precision=kind[1])
    found = encoder.encode(TEXTS)
    assert found.matters.tobytes() == found.vectors.tobytes()
    assert np.isnan(encoder.covers(["a", "b"], ["c", "d"])).all()


def test_matters_are_left_out_with_the_vectors(encoder: BatchedEncoder) -> None:
    without = encoder.encode(TEXTS, vectors=False)
    assert without.matters.shape == without.vectors.shape == (0, WIDTH)
    assert without.sentiment.shape == (len(TEXTS), len(LABELS))


def test_weights_without_the_branch_that_is_promised_are_refused(tmp_path: Path) -> None:
    folder = save_small_model(tmp_path / "small", small_network(matter_layers=0))
    about = folder / "model.toml"
    about.write_text(about.read_text().replace("matter_layers = 0", "matter_layers = 2"), encoding="utf-8")
    for backend in ("torch", "onnx"):
        with pytest.raises(ModelProblem, match="matter_layers"):
            load_encoder(folder, backend=backend, precision="fp32")
