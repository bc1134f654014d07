"""The Encoder port over any backend: texts in, vectors and the probabilities of heads out.

Two invariants, both tested for every backend:

* An answer depends on the text alone, bit for bit on one machine; ``batches`` sees to that. Only where small batches
  are asked for, as the service does, answers agree within the tolerance of their precision.
* Nothing is cut off. A text longer than a window is read in overlapping windows of even length; ``windows`` counts
  them. Sentiment and matter are the mean over the windows; pain, request and emotions are the highest, since they ask
  whether a text says something anywhere.

Memory does not grow with the length of a text beyond a few kilobytes for each window: windows are read as they come.
Texts are cut into tokens in a thread of their own while the backend computes, but where small batches are asked for.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.encoding import EMOTIONS, LABELS, Encoding, TokenVectors
from textcx.domain.errors import ModelProblem
from textcx.domain.matters import Coverage, Nearness
from textcx.engines.encoder.batches import LONGEST, PackedBatches, PackingBackend, PaddedBatches, Window
from textcx.engines.encoder.readable import in_given, readable
from textcx.engines.encoder.tags import TagCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from textcx.engines.encoder.batches import Logits, PaddedBackend

OVERLAP = 32  # tokens that two neighbouring windows share
PIECE = 16_384  # most characters tokenized at once
TEXTS_AT_ONCE, LONG_AT_ONCE = 256, 16  # texts, or long pieces of texts, tokenized at once
BATCHES_AHEAD = 16  # most batches that wait for the backend


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns logits into probabilities: ``logit / temperature + shift``; temperatures are above 0.

    ``near_slope`` and ``near_shift`` do so for the cosine between the matter vectors of a title and a remark,
    ``covers_by_vector``, ``covers_by_words`` and ``covers_shift`` for that and the nearness of their words.

    From ``confident_at``, 0..1, as the highest sentiment probability on, an answer counts as confident.
    """

    sentiment_temperature: float = 1.0
    sentiment_shifts: tuple[float, ...] = (0.0,) * len(LABELS)
    pain_temperature: float = 1.0
    pain_shift: float = 0.0
    request_temperature: float = 1.0
    request_shift: float = 0.0
    emotion_temperatures: tuple[float, ...] = (1.0,) * len(EMOTIONS)
    emotion_shifts: tuple[float, ...] = (0.0,) * len(EMOTIONS)
    near_slope: float = 12.0
    near_shift: float = -7.0
    covers_by_vector: float = 9.0
    covers_by_words: float = 6.0
    covers_shift: float = -8.3
    confident_at: float = 0.5


class _Sums:
    """Collects the answers of windows, text by text, in the order of the windows."""

    def __init__(self, texts: int, *, width: int) -> None:
        self.sentiment = np.zeros((texts, 3))
        self.pain = np.zeros(texts, np.float32)
        self.request = np.zeros(texts, np.float32)
        self.emotions = np.zeros((texts, len(EMOTIONS)), np.float32)
        self.matters = np.zeros((texts, width))
        self.windows = np.zeros(texts, np.int32)

    def add(self, windows: Sequence[Window], output: Logits, scale: Calibration) -> None:
        """Calibrate what was said about windows, and add it."""
        sentiment = _softmax(output.sentiment / scale.sentiment_temperature + np.array(scale.sentiment_shifts))
        pain = _sigmoid(output.pain / scale.pain_temperature + scale.pain_shift)
        request = _sigmoid(output.request / scale.request_temperature + scale.request_shift)
        emotions = _sigmoid(output.emotions / np.array(scale.emotion_temperatures) + np.array(scale.emotion_shifts))
        texts, count = [window.text for window in windows], len(windows)
        weights = np.array([max(1, len(window.tokens)) for window in windows], dtype=np.float64)[:, None]
        np.add.at(self.windows, texts, 1)
        np.add.at(self.sentiment, texts, weights * sentiment[:count])
        if self.matters.shape[1]:
            np.add.at(self.matters, texts, weights * output.matters[:count])
        with np.errstate(invalid="ignore"):  # NaN where the model has no such head
            for highest, found in ((self.pain, pain), (self.request, request), (self.emotions, emotions)):
                np.maximum.at(highest, texts, found[:count])

    def encoding(self, places: NDArray[np.int64]) -> Encoding:
        sentiment = self.sentiment / self.sentiment.sum(1, keepdims=True)
        return Encoding(
            sentiment=sentiment[places].astype(np.float32),
            pain=self.pain[places],
            request=self.request[places],
            emotions=self.emotions[places],
            matters=_unit(self.matters)[places].astype(np.float32),
            windows=self.windows[places],
        )


class BatchedEncoder:
    """Reads texts with one backend. Not for several threads at once: its tokenizer is not safe for that."""

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
        has_branch: bool = False,
        prepare: Callable[[str], str] = readable,
        small_batches: bool = False,
        between: Callable[[], None] | None = None,
    ) -> None:
        """Put a backend and the network's own tokenizer together.

        ``encoder_id`` is kept with everything made from it: ``sentiment-1@sha256:0123456789ab``. The tokens ``edges``
        open and close every window, [CLS] and [SEP] by default; it has ``longest`` at most, which is at least 64.
        ``has_branch`` says that the network can tag tokens. ``prepare`` makes
        a text readable for the tokenizer; with a branch it is ``readable``, which can be traced back.

        With ``small_batches`` few texts are read in small batches instead of filling them up, by the calling thread.
        That is many times faster, and lets an answer differ in its last digits with the texts that are asked beside it.
        ``between`` is called between two batches of a call; with small batches it may ask this encoder itself.
        """
        self.backend, self.precision = backend, backend.precision
        self.encoder_id, self.width = encoder_id, width
        self.calibration = calibration or Calibration()
        self.confident_at = self.calibration.confident_at
        scale = self.calibration
        self.near = Nearness(scale.near_slope, scale.near_shift)
        self.covers = Coverage(scale.covers_by_vector, scale.covers_by_words, scale.covers_shift)
        self._small, self._between = small_batches, between
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._longest, self._prepare, self.finds_aspects = longest, prepare, has_branch
        edges = edges or _edges(tokenizer)
        self._batches: PackedBatches | PaddedBatches = (
            PackedBatches(backend, edges, small_batches)
            if isinstance(backend, PackingBackend)
            else PaddedBatches(backend, edges, small_batches)
        )

    def encode(self, texts: Sequence[str], *, vectors: bool = True, tags: bool = False) -> Encoding:
        """Read any strings, empty ones and broken ones too; each different text is read once.

        An answer never depends on the other texts of the call or their order. ``tags`` are null without a branch, which
        is not read where neither they nor ``vectors`` are wanted.
        """
        different = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        sums = _Sums(len(different), width=self.width if vectors else 0)
        tagged = TagCollector() if tags and self.finds_aspects else None
        coming = self._windows(list(different), placed=tagged is not None)
        for windows, output in self._read(coming, branch=vectors or tagged is not None):
            sums.add(windows, output, self.calibration)
            if tagged is not None:
                tagged.add(windows, output.tags)
        places = np.array([different[text] for text in texts], dtype=np.int64)
        found = sums.encoding(places)
        if tagged is not None:
            found = replace(found, tags=tagged.of(len(different))[places])
        nothing = np.zeros((0, self.width), np.float32)
        return found if vectors else replace(found, matters=nothing)

    def words(self, texts: Sequence[str]) -> TokenVectors | None:
        """Read any strings word by word; null without a branch. A long text's words stand window by window."""
        if not self.finds_aspects:
            return None
        different = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        parts: list[list[NDArray[np.float32]]] = [[] for _ in different]
        for windows, output in self._read(self._windows(list(different), placed=False), branch=True):
            behind = 0
            for window in windows:
                # An empty text has none: it is heard in the tokens around it.
                inside = (
                    slice(behind + 1, behind + window.size - 1) if len(window.tokens) else slice(behind, behind + 2)
                )
                parts[window.text].append(output.words[inside].copy())
                behind += window.size
        found = [np.concatenate(parts[different[text]]) for text in texts]
        vectors = np.concatenate([np.zeros((0, self.width), np.float32), *found])
        return TokenVectors(bounds=np.cumsum([0, *map(len, found)]), vectors=vectors)

    def _read(self, windows: Iterator[Window], *, branch: bool) -> Iterator[tuple[list[Window], Logits]]:
        """Read windows in batches; yields each batch with at least as many rows of answers, in its order."""
        coming = self._batches.gather(windows)
        for number, batch in enumerate(coming if self._small else _ahead(coming)):
            if number and self._between is not None:
                self._between()
            yield batch, self._batches.read(batch, branch=branch)

    def _windows(self, texts: Sequence[str], *, placed: bool) -> Iterator[Window]:
        """Cut texts into windows; yields those of one text in order, ``placed`` ones with the spans of their tokens."""
        inner = self._longest - 2
        for place, tokens, spans in self._ids(texts, placed=placed):
            count = max(1, -(-(len(tokens) - OVERLAP) // (inner - OVERLAP)))
            size = -(-(len(tokens) + (count - 1) * OVERLAP) // count)
            for number in range(count):
                begin = number * (size - OVERLAP)
                window = Window(place, tokens[begin : begin + size], begin)
                if spans is not None:
                    window.spans = spans[begin : begin + size]
                    inside = number < count - 1
                    window.nearer = (OVERLAP // 2 if number else 0, size - OVERLAP // 2 if inside else None)
                yield window

    def _ids(
        self, texts: Sequence[str], *, placed: bool
    ) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64] | None]]:
        """Yield the place of each text, all of its token ids and, where wanted, their spans in it."""
        for place, pieces in groupby(self._tokenized(texts, placed=placed), key=itemgetter(0)):
            ids, spans = zip(*((ids, spans) for _, ids, spans in pieces), strict=True)
            yield place, np.concatenate(ids), in_given(texts[place], np.concatenate(spans)) if placed else None

    def _tokenized(
        self, texts: Sequence[str], *, placed: bool
    ) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """Yield the place of each text, its token ids and, where wanted, their spans in it, piece by piece."""
        encode = self._tokenizer.encode_batch if placed else self._tokenizer.encode_batch_fast
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = enumerate(texts[start : start + TEXTS_AT_ONCE], start)
            pieces = [(place, first, piece) for place, text in some for first, piece in _pieces(self._prepare(text))]
            at_once = LONG_AT_ONCE if any(len(piece) > PIECE // 8 for *_, piece in pieces) else len(pieces)
            for number in range(0, len(pieces), at_once):
                places, firsts, batch = zip(*pieces[number : number + at_once], strict=True)
                found = encode(list(batch), add_special_tokens=False)
                for place, first, each in zip(places, firsts, found, strict=True):
                    spans = np.array(each.offsets if placed else (), dtype=np.int64).reshape(-1, 2) + first
                    yield place, np.array(each.ids, dtype=np.int64), spans


def _ahead(batches: Iterator[list[Window]]) -> Iterator[list[Window]]:
    """Yield batches while a thread of its own, which ends with this generator, already makes the next ones."""
    with ThreadPoolExecutor(1, "read-ahead") as worker:
        waiting = deque(worker.submit(next, batches, None) for _ in range(BATCHES_AHEAD))
        try:
            while (windows := waiting.popleft().result()) is not None:
                waiting.append(worker.submit(next, batches, None))
                yield windows
        finally:
            worker.shutdown(cancel_futures=True)


def _softmax(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shares / shares.sum(-1, keepdims=True), dtype=np.float32)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring vectors to unit length; zeros stay zeros. Shape ``(texts, width)``, in and out."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny))


def _sigmoid(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


def _edges(tokenizer: Tokenizer) -> tuple[int, int]:
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    if first is None or last is None:
        message = "The tokenizer has no [CLS] and [SEP]; the encoder needs the tokenizer it was trained with."
        raise ModelProblem(message)
    return first, last


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut a long text at white space, where the tokenizer cuts anyway; a stretch without any is cut all the same.

    Yields where each piece begins, and the piece.
    """
    start = 0
    while len(text) - start > PIECE:
        cut = max(text.rfind(space, start, start + PIECE) for space in (" ", "\n"))
        cut = cut if cut > start else start + PIECE
        yield start, text[start:cut]
        start = cut
    yield start, text[start:]
