"""The Encoder port over any backend: texts in, vectors and the probabilities of four heads out.

Two invariants, both tested for every backend:

* An answer depends on the text alone, bit for bit on one machine: never on the other texts of the call, nor on their
  order; ``encoder_batches`` sees to that. Only where small batches are asked for, as the service does, answers agree
  within the tolerance of their precision.
* Nothing is cut off. A text longer than a window is read in overlapping windows of even length; ``windows`` counts
  them. Sentiment and vector are the mean over the windows; pain, request and emotions are the highest, since they ask
  whether a text says something anywhere.

Memory does not grow with the length of a text beyond a few kilobytes for each window: windows are read as they come.
Texts are cut into tokens in a thread of their own while the backend computes, but where small batches are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.encoding import EMOTIONS, LABELS, Encoding
from textcx.domain.errors import ModelProblem
from textcx.engines.encoder.batches import LONGEST, Window, batches_for
from textcx.engines.encoder.read_ahead import read_ahead
from textcx.engines.encoder.text import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from textcx.engines.encoder.batches import Batches, PackingBackend, PaddedBackend

OVERLAP = 32
"""Tokens that two neighbouring windows share."""
PIECE = 16_384
"""Most characters tokenized at once."""
TEXTS_AT_ONCE = 256
WINDOWS_AHEAD = 1_024
"""Most windows that wait for the backend."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns logits into probabilities: ``logit / temperature + shift``, one shift for each class of sentiment.

    Attributes:
        sentiment_temperature: Above 0.
        sentiment_shifts: Added to the logits of negative, neutral and positive.
        pain_temperature: Above 0.
        pain_shift: Added to the logit.
        request_temperature: Above 0.
        request_shift: Added to the logit.
        emotion_temperatures: Above 0, one for each emotion.
        emotion_shifts: Added to the logits, one for each emotion.
        confident_at: From this highest sentiment probability on, an answer counts as confident; 0 to 1.
    """

    sentiment_temperature: float = 1.0
    sentiment_shifts: tuple[float, ...] = (0.0,) * len(LABELS)
    pain_temperature: float = 1.0
    pain_shift: float = 0.0
    request_temperature: float = 1.0
    request_shift: float = 0.0
    emotion_temperatures: tuple[float, ...] = (1.0,) * len(EMOTIONS)
    emotion_shifts: tuple[float, ...] = (0.0,) * len(EMOTIONS)
    confident_at: float = 0.5


class _Sums:
    """Collects the answers of windows, text by text, in the order of the windows."""

    def __init__(self, texts: int, *, width: int) -> None:
        self.sentiment = np.zeros((texts, 3))
        self.pain = np.zeros(texts, np.float32)
        self.request = np.zeros(texts, np.float32)
        self.emotions = np.zeros((texts, len(EMOTIONS)), np.float32)
        self.vectors = np.zeros((texts, width))
        self.tokens = np.zeros(texts)
        self.windows = np.zeros(texts, np.int32)

    def add(self, window: Window, answers: _Answers, row: int) -> None:
        text, weight = window.text, max(1, len(window.tokens))
        self.sentiment[text] += weight * answers.sentiment[row].astype(np.float64)
        self.pain[text] = np.maximum(self.pain[text], answers.pain[row])  # NaN where the model has no such head
        self.request[text] = np.maximum(self.request[text], answers.request[row])
        np.maximum(self.emotions[text], answers.emotions[row], out=self.emotions[text])
        if self.vectors.shape[1]:
            self.vectors[text] += weight * answers.vectors[row].astype(np.float64)
        self.tokens[text] += weight
        self.windows[text] += 1

    def encoding(self, places: NDArray[np.int64]) -> Encoding:
        sentiment = self.sentiment / self.sentiment.sum(1, keepdims=True)
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        vectors = self.vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        return Encoding(
            vectors=vectors[places].astype(np.float32) if vectors.shape[1] else np.zeros((0, 0), np.float32),
            sentiment=sentiment[places].astype(np.float32),
            pain=self.pain[places],
            request=self.request[places],
            emotions=self.emotions[places],
            windows=self.windows[places],
        )


@dataclass(frozen=True, slots=True)
class _Answers:
    """Calibrated answers to the rows of a batch."""

    sentiment: NDArray[np.float32]
    pain: NDArray[np.float32]
    request: NDArray[np.float32]
    emotions: NDArray[np.float32]
    vectors: NDArray[np.float32]


class BatchedEncoder:
    """Reads texts with one backend. Not for several threads at once: its tokenizer is not safe for that.

    Attributes:
        encoder_id: Name, version and the first digits of the weights' checksum: ``sentiment-1@sha256:0123456789ab``.
        confident_at: From this highest sentiment probability on, an answer counts as confident.
        backend: The runtime that computes.
        precision: That of the backend.
        width: Length of a vector.
    """

    def __init__(
        self,
        backend: PaddedBackend | PackingBackend,
        tokenizer: Tokenizer,
        *,
        encoder_id: str,
        width: int,
        calibration: Calibration | None = None,
        edges: tuple[int, int] | None = None,
        longest: int = LONGEST,
        prepare: Callable[[str], str] = readable,
        small_batches: bool = False,
        between: Callable[[], None] | None = None,
    ) -> None:
        """Put a backend and a tokenizer together.

        Args:
            backend: The network, ready to compute.
            tokenizer: The network's own tokenizer.
            encoder_id: Name of this very encoder, kept with everything made from it.
            width: Length of a vector.
            calibration: How logits become probabilities; none by default.
            edges: Ids of the tokens that open and close every window; those of [CLS] and [SEP] by default.
            longest: Most tokens of a window, those two included; at least 64.
            prepare: Makes a text readable for the tokenizer.
            small_batches: Read few texts in small batches instead of filling them up. That is many times faster for a
                few texts, and lets an answer differ in its last digits with the texts that are asked beside it.
                Then all work is done by the calling thread.
            between: Called between two batches of a call; with small batches it may ask this encoder itself.
        """
        self.backend, self.precision = backend, backend.precision
        self.encoder_id = encoder_id
        self.calibration = calibration or Calibration()
        self.confident_at = self.calibration.confident_at
        self.width = width
        self._small, self._between = small_batches, between
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._edges, self._longest, self._prepare = edges or _edges(tokenizer), longest, prepare

    def encode(self, texts: Sequence[str], *, vectors: bool = True) -> Encoding:
        """Read texts; an answer never depends on the other texts of the call or their order.

        Args:
            texts: Any strings, empty ones and broken ones too. Each different text is read once.
            vectors: Whether vectors are wanted.

        Returns:
            One answer for each text, in the order of the texts.
        """
        different = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        sums = _Sums(len(different), width=self.width if vectors else 0)
        batches = batches_for(self.backend, edges=self._edges, small=self._small)
        coming = self._windows(list(different))
        filled = _filled(coming if self._small else read_ahead(coming, WINDOWS_AHEAD), batches)
        for number, windows in enumerate(filled):
            if number and self._between is not None:
                self._between()
            self._read(windows, batches, sums)
        found = sums.encoding(np.array([different[text] for text in texts], dtype=np.int64))
        if vectors:
            return found
        nothing = np.zeros((0, self.width), np.float32)
        return Encoding(nothing, found.sentiment, found.pain, found.request, found.emotions, found.windows)

    def _read(self, windows: list[Window], batches: Batches, sums: _Sums) -> None:
        """Read a batch of windows and add the answers to the sums."""
        output, scale = batches.read(windows), self.calibration
        answers = _Answers(
            sentiment=_softmax(output.sentiment / scale.sentiment_temperature + np.array(scale.sentiment_shifts)),
            pain=_sigmoid(output.pain / scale.pain_temperature + scale.pain_shift),
            request=_sigmoid(output.request / scale.request_temperature + scale.request_shift),
            emotions=_sigmoid(output.emotions / np.array(scale.emotion_temperatures) + np.array(scale.emotion_shifts)),
            vectors=output.vectors,
        )
        for row, window in enumerate(windows):
            sums.add(window, answers, row)

    def _windows(self, texts: Sequence[str]) -> Iterator[Window]:
        """Cut texts into windows; yields those of one text in order."""
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            pieces: list[str] = []
            owners: list[int] = []
            for place in range(start, min(start + TEXTS_AT_ONCE, len(texts))):
                found = list(_pieces(self._prepare(texts[place])))
                pieces += found
                owners += [place] * len(found)
            for place, tokens in self._tokens(pieces, owners):
                inner = self._longest - 2
                if len(tokens) <= inner:
                    yield Window(place, tokens)
                    continue
                count = -(-(len(tokens) - OVERLAP) // (inner - OVERLAP))
                size = -(-(len(tokens) + (count - 1) * OVERLAP) // count)
                for number in range(count):
                    begin = number * (size - OVERLAP)
                    yield Window(place, tokens[begin : begin + size])

    def _tokens(self, pieces: Sequence[str], owners: Sequence[int]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield the token ids of each text, whose pieces stand next to each other."""
        parts: list[NDArray[np.int64]] = []
        at_once = (
            max(1, TEXTS_AT_ONCE * 1024 // PIECE) if any(len(piece) > PIECE // 8 for piece in pieces) else len(pieces)
        )
        for start in range(0, len(pieces), at_once):
            batch = self._tokenizer.encode_batch_fast(list(pieces[start : start + at_once]), add_special_tokens=False)
            for place, found in enumerate(batch, start):
                parts.append(np.array(found.ids, dtype=np.int64))
                if place + 1 == len(owners) or owners[place + 1] != owners[place]:
                    yield owners[place], np.concatenate(parts)
                    parts.clear()


def _filled(windows: Iterable[Window], batches: Batches) -> Iterator[list[Window]]:
    for window in windows:
        if full := batches.add(window):
            yield full
    yield from batches.rest()


def _softmax(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    found: NDArray[np.float32] = (shares / shares.sum(-1, keepdims=True)).astype(np.float32)
    return found


def _sigmoid(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    shares: NDArray[np.float32] = (1 / (1 + np.exp(-logits))).astype(np.float32)
    return shares


def _edges(tokenizer: Tokenizer) -> tuple[int, int]:
    """Ids of the tokens that open and close every window."""
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    if first is None or last is None:
        message = "The tokenizer has no [CLS] and [SEP]; the encoder needs the tokenizer it was trained with."
        raise ModelProblem(message)
    return first, last


def _pieces(text: str) -> Iterator[str]:
    """Cut a long text at white space, where the tokenizer cuts anyway; a stretch without any is cut all the same."""
    start = 0
    while len(text) - start > PIECE:
        cut = max(text.rfind(space, start, start + PIECE) for space in (" ", "\n"))
        cut = cut if cut > start else start + PIECE
        yield text[start:cut]
        start = cut
    yield text[start:]
