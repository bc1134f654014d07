"""The encoder engine: its answers depend on the text alone, nothing is cut off, and nothing makes it fall over."""

from __future__ import annotations

import shutil
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from textcx.domain.errors import BadSetting, ModelProblem
from textcx.engines.encoder.backends.torch import TorchBackend, choose_precision
from textcx.engines.encoder.batches import LENGTHS, LONGEST, PACKED, ROWS, Logits
from textcx.engines.encoder.load import load_encoder
from textcx.engines.encoder.network import EncoderNetwork, NetworkShape
from textcx.engines.encoder.readable import readable
from textcx.engines.encoder.reader import BatchedEncoder, Calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.encoding import Encoding

MODEL = Path(__file__).resolve().parents[4] / "models" / "sentiment"

TEXTS = [
    "",
    " \t\n",
    "ok",
    "I had to call four times before anyone answered.",
    "The nurse was kind, but we waited three hours and nobody told us why.",
    "Please add a dark mode. " * 4,
    "Late again 😡",
    "broken \ud800 surrogate",
    "word " * 70,
    "The room was clean and quiet. " * 15,
    "The room was clean and quiet, the lift was not working. " * 40,
    "Ünïcödé and 日本語 and \x00 control",
]


def small_encoder(*, precision: str = "fp32", calibration: Calibration | None = None) -> BatchedEncoder:
    """A real tokenizer and a network too small to be clever, for tests of the engine alone."""
    torch.manual_seed(5)
    network = EncoderNetwork(NetworkShape(width=32, layers=1, heads=2, inner_width=64, head_width=16))
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    backend = TorchBackend(network, precision=precision)
    return BatchedEncoder(backend, tokenizer, encoder_id="small", width=32, calibration=calibration)


@pytest.fixture(scope="module", params=["bf16", "fp32"])
def encoder(request: pytest.FixtureRequest) -> BatchedEncoder:
    return load_encoder(MODEL, precision=request.param)


@pytest.fixture(scope="module")
def alone(encoder: BatchedEncoder) -> dict[str, list[bytes]]:
    """Every text's answer when it is the only one asked for."""
    return {text: rows_of(encoder.encode([text]))[0] for text in TEXTS}


def rows_of(found: Encoding) -> list[list[bytes]]:
    parts = (found.matters, found.sentiment, found.pain, found.request, found.windows)
    return [[part[row].tobytes() for part in parts] for row in range(len(found.pain))]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=24))
def test_an_answer_never_depends_on_the_other_texts_or_their_order(
    encoder: BatchedEncoder, alone: dict[str, list[bytes]], order: list[str]
) -> None:
    assert rows_of(encoder.encode(order)) == [alone[text] for text in order]


def test_a_full_batch_gives_every_row_the_answer_it_has_alone(encoder: BatchedEncoder) -> None:
    texts = [f"The parcel number {number} came late and the box was open." for number in range(150)]
    together = rows_of(encoder.encode(texts))
    assert rows_of(encoder.encode(texts[::-1]))[::-1] == together
    assert [rows_of(encoder.encode([text]))[0] for text in texts[::30]] == together[::30]


def test_answers_have_the_promised_shapes_and_ranges(encoder: BatchedEncoder) -> None:
    found = encoder.encode(TEXTS)
    count = len(TEXTS)
    assert found.matters.shape == (count, 384)
    assert found.sentiment.shape == (count, 3)
    assert found.pain.shape == found.request.shape == found.windows.shape == (count,)
    assert {part.dtype for part in (found.matters, found.sentiment, found.pain, found.request)} == {
        np.dtype(np.float32)
    }
    assert found.windows.dtype == np.int32
    np.testing.assert_allclose(found.sentiment.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.matters, axis=1), 1, atol=1e-5)
    for part in (found.sentiment, found.pain, found.request):
        assert np.isfinite(part).all()
        assert ((part >= 0) & (part <= 1)).all()


def test_no_texts_give_an_empty_answer() -> None:
    found = small_encoder().encode([])
    assert found.matters.shape == (0, 32)
    assert found.sentiment.shape == (0, 3)


def test_matters_are_left_out_where_nobody_wants_them() -> None:
    encoder = small_encoder()
    without = encoder.encode(TEXTS, vectors=False)
    assert without.matters.shape == (0, 32)
    assert without.sentiment.tobytes() == encoder.encode(TEXTS).sentiment.tobytes()


class Measuring:
    """A backend that notes how long windows are."""

    name, precision = "measuring", "fp32"

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def read(self, windows: Sequence[NDArray[np.int64]], *, size: int, fill: bool, branch: bool) -> Logits:
        assert fill
        assert branch
        assert sum(map(len, windows)) <= size
        self.lengths += map(len, windows)
        nothing = np.zeros((len(windows), 4), np.float32)
        return Logits(nothing[:, :3], nothing[:, 0], nothing[:, 0], nothing, nothing, nothing, nothing)


@pytest.mark.parametrize("words", [1, 14, 15, 253, 254, 255, 256, 477, 1000, 5000])
def test_every_word_is_in_some_window(words: int) -> None:
    backend = Measuring()
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    BatchedEncoder(backend, tokenizer, encoder_id="measuring", width=4).encode(["yes " * words])
    assert max(backend.lengths) <= LONGEST
    read = sum(length - 2 for length in backend.lengths)  # two tokens open and close a window
    shared = 32 * (len(backend.lengths) - 1)
    assert read - shared == words


def test_windows_are_counted() -> None:
    found = small_encoder().encode(["short", "yes " * 254, "yes " * 255, "yes " * 2000])
    assert found.windows.tolist() == [1, 1, 2, 9]


def test_a_pain_late_in_a_long_text_is_seen() -> None:
    encoder = load_encoder(MODEL)
    calm = "The hotel has a garden and a small library. Breakfast is served from seven to ten. " * 40
    text = f"{calm} They charged my card twice and nobody answered my calls. {calm}"
    without, with_pain = encoder.encode([calm, text], vectors=False).pain
    assert with_pain > without
    assert with_pain > 0.5


def test_two_megabytes_are_read_in_bounded_memory() -> None:
    encoder = small_encoder()
    text = "The queue was long. " * 100_000
    tracemalloc.start()
    found = encoder.encode([text, "short"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.windows[0] > 2_000
    assert peak < 200 * 2**20


def test_a_word_without_end_is_read_too() -> None:
    found = small_encoder().encode(["a" * 100_000, "語" * 40_000])
    assert np.isfinite(found.sentiment).all()
    assert found.windows[1] > 100


def test_emoji_are_read_by_name() -> None:
    assert "thumbs up sign" in readable("👍🏽")
    assert "heavy black heart" in readable("❤️")
    assert readable("plain") == "plain"
    encoder = small_encoder()
    angry, happy = encoder.encode(["😡", "😀"]).matters
    assert angry.tobytes() != happy.tobytes()


@given(text=st.text(st.characters(), max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_string_can_be_read(text: str) -> None:
    readable(text).encode()


def test_calibration_scales_the_logits() -> None:
    plain = small_encoder().encode(["a text"])
    flat = small_encoder(
        calibration=Calibration(sentiment_temperature=1e6, pain_shift=20.0, request_shift=-20.0)
    ).encode(["a text"])
    np.testing.assert_allclose(flat.sentiment, 1 / 3, atol=1e-3)
    assert flat.pain[0] > 0.99
    assert flat.request[0] < 0.01
    assert plain.pain[0] != flat.pain[0]


def test_every_batch_shape_is_a_multiple_of_1024() -> None:
    assert set(ROWS) == set(LENGTHS)
    assert all(length * rows % 1024 == 0 for length, rows in ROWS.items())
    assert PACKED % 1024 == 0
    assert LONGEST == 256


def test_the_encoder_id_names_the_weights() -> None:
    encoder = load_encoder(MODEL)
    name, checksum = encoder.encoder_id.split("@sha256:")
    assert name == "sentiment-6"
    assert len(checksum) == 12
    assert 1 / 3 < encoder.confident_at <= 1


def test_bf16_moves_no_answer_far() -> None:
    texts = [text for text in TEXTS if text.strip()]
    half, full = (load_encoder(MODEL, precision=precision).encode(texts) for precision in ("bf16", "fp32"))
    assert np.abs(half.sentiment - full.sentiment).max() < 0.05
    assert np.abs(half.pain - full.pain).max() < 0.05
    assert (half.matters * full.matters).sum(1).min() > 0.999


def test_a_missing_model_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=r"neither model\.toml"):
        load_encoder(tmp_path)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    for name in ("model.toml", "tokenizer.json"):
        shutil.copy(MODEL / name, tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelProblem, match="damaged or of another version"):
        load_encoder(tmp_path)


@pytest.mark.parametrize("text", ["broken = [", 'name = "x"\n', "[weights]\nfile = 3\n"])
def test_a_broken_description_is_explained(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ModelProblem, match="Restore the model folder"):
        load_encoder(tmp_path)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(BadSetting, match="choose auto, bf16 or fp32"):
        choose_precision("int8")
    assert choose_precision("auto") in {"bf16", "fp32"}
