"""How windows of texts are put together for a backend: packed into one sequence, or padded to a common length.

Products round differently for other shapes. So every batch has one of a few fixed shapes whatever was asked for, and
an answer never depends on what it was read with. Only where small batches are asked for, as the service does, shapes
follow what is there: many times faster for a few texts, and equal within the tolerance of the backend's precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

LENGTHS = (16, 24, 32, 48, 64, 80, 96, 128, 160, 192, 256)
"""Padded lengths in tokens; a window takes the next one up."""
LONGEST = LENGTHS[-1]
ROWS = {16: 128, 24: 128, 32: 64, 48: 64, 64: 32, 80: 64, 96: 32, 128: 16, 160: 32, 192: 16, 256: 8}
"""Rows of a padded batch of each length. Every product is a multiple of 1,024: elsewhere rows disturb each other."""
FEW = (1, 4, 16, 32, 64)
"""Rows of a small padded batch; the next that holds all."""
CALL = 128
"""About so many tokens could be read in the time that a padded batch costs however small it is."""
PACKED = 2048
"""Tokens of a packed sequence."""
PACKED_SMALL = (32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536)
"""Tokens of small packed sequences; the next that holds all."""


class Logits(NamedTuple):
    """What a backend says about windows, not calibrated; all float32.

    Attributes:
        sentiment: Negative, neutral, positive. Shape ``(windows, 3)``.
        pain: Shape ``(windows,)``.
        request: Shape ``(windows,)``.
        emotions: In the order of ``EMOTIONS``. Shape ``(windows, 4)``.
        vectors: Unit length. Shape ``(windows, width)``.
    """

    sentiment: NDArray[np.float32]
    pain: NDArray[np.float32]
    request: NDArray[np.float32]
    emotions: NDArray[np.float32]
    vectors: NDArray[np.float32]


class Backend(Protocol):
    """Computes the network on one kind of runtime.

    Attributes:
        name: ``torch``, ``onnx`` or ``openvino``.
        precision: What it computes with: ``bf16``, ``fp32`` or ``int8``.
    """

    name: str
    precision: str


class PaddedBackend(Backend, Protocol):
    """Reads padded batches."""

    def run(self, tokens: NDArray[np.int64], mask: NDArray[np.bool_]) -> Logits:
        """Read one batch; both arrays have the shape ``(rows, length)``, and every row holds at least two tokens."""
        ...


@runtime_checkable
class PackingBackend(Backend, Protocol):
    """Reads windows packed into one sequence, one behind the other."""

    def read(self, windows: Sequence[NDArray[np.int64]], *, size: int, fill: bool) -> Logits:
        """Read windows of at most ``LONGEST`` tokens; products have ``size`` rows, those of heads too with ``fill``."""
        ...


@dataclass(slots=True)
class Window:
    """A stretch of a text's tokens, waiting to be read; the tokens that open and close it are added later."""

    text: int
    tokens: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Tokens that are read."""
        return len(self.tokens) + 2

    @property
    def length(self) -> int:
        """Tokens once padded."""
        return next(length for length in LENGTHS if self.size <= length)


class Batches(Protocol):
    """Gathers windows into batches, those of one text in their order."""

    def add(self, window: Window) -> list[Window]:
        """Take a window; returns a batch that is full now, or nothing."""
        ...

    def rest(self) -> Iterator[list[Window]]:
        """Yield batches of what still waits."""
        ...

    def read(self, windows: Sequence[Window]) -> Logits:
        """Let the backend read a batch; one answer for each window."""
        ...


def batches_for(backend: PaddedBackend | PackingBackend, *, edges: tuple[int, int], small: bool) -> Batches:
    """Return what gathers windows for a backend, once for each call.

    Args:
        backend: Reads them.
        edges: Ids of the tokens that open and close every window.
        small: Whether small batches are wanted.
    """
    if isinstance(backend, PackingBackend):
        return PackedBatches(backend, edges=edges, small=small)
    return PaddedBatches(backend, edges=edges, small=small)


class PackedBatches:
    """Packs windows into sequences, as they come."""

    def __init__(self, backend: PackingBackend, *, edges: tuple[int, int], small: bool) -> None:
        """Start with nothing."""
        self._backend, self._edges, self._small = backend, edges, small
        self._waiting: list[Window] = []
        self._tokens = 0

    def add(self, window: Window) -> list[Window]:
        """Take a window; returns those before it if it does not fit behind them."""
        full: list[Window] = []
        if self._tokens + window.size > PACKED:
            full, self._waiting, self._tokens = self._waiting, [], 0
        self._waiting.append(window)
        self._tokens += window.size
        return full

    def rest(self) -> Iterator[list[Window]]:
        """Yield what still waits."""
        if self._waiting:
            yield self._waiting
            self._waiting, self._tokens = [], 0

    def read(self, windows: Sequence[Window]) -> Logits:
        """Let the backend read windows."""
        first, last = self._edges
        sizes = PACKED_SMALL if self._small else ()
        total = sum(window.size for window in windows)
        return self._backend.read(
            [np.concatenate(([first], window.tokens, [last])) for window in windows],
            size=next((size for size in sizes if total <= size), PACKED),
            fill=not self._small,
        )


class PaddedBatches:
    """Pads windows to the next of ``LENGTHS``; a batch that is not full is filled with empty rows."""

    def __init__(self, backend: PaddedBackend, *, edges: tuple[int, int], small: bool) -> None:
        """Start with nothing."""
        self._backend, self._edges, self._small = backend, edges, small
        self._waiting: dict[int, list[Window]] = {length: [] for length in LENGTHS}

    def add(self, window: Window) -> list[Window]:
        """Take a window; returns all of its length if that makes a full batch."""
        length = window.length
        self._waiting[length].append(window)
        if len(self._waiting[length]) < ROWS[length]:
            return []
        full, self._waiting[length] = self._waiting[length], []
        return full

    def rest(self) -> Iterator[list[Window]]:
        """Yield what still waits, by length."""
        if self._small:
            _move_up(self._waiting)
        for length, windows in self._waiting.items():
            if windows:
                yield windows
                self._waiting[length] = []

    def read(self, windows: Sequence[Window]) -> Logits:
        """Let the backend read windows."""
        length = max(window.length for window in windows)
        rows = _rows(len(windows), length) if self._small else ROWS[length]
        tokens = np.zeros((rows, length), np.int64)
        sizes = np.full(rows, 2)
        tokens[:, 0], tokens[:, 1] = self._edges  # an empty row is an empty text
        for row, window in enumerate(windows):
            tokens[row, 1 : window.size - 1], tokens[row, window.size - 1] = window.tokens, self._edges[1]
            sizes[row] = window.size
        return self._backend.run(tokens, np.arange(length) < sizes[:, None])


def _rows(windows: int, length: int) -> int:
    """Rows of the smallest batch that holds so many windows."""
    return next((rows for rows in FEW if windows <= rows < ROWS[length]), ROWS[length])


def _cost(windows: int, length: int) -> int:
    """About how many tokens could be read in the time that so many windows of a length take."""
    return CALL + length * _rows(windows, length) if windows else 0


def _move_up(waiting: dict[int, list[Window]]) -> None:
    """Pad the last windows of a length to that of the next ones, where reading them together is faster."""
    for place, length in enumerate(LENGTHS[:-1]):
        alone = _cost(len(waiting[length]), length)
        for longer in LENGTHS[place + 1 :]:
            together = len(waiting[length]) + len(waiting[longer])
            if not waiting[length] or not waiting[longer] or together > ROWS[longer]:
                continue
            if _cost(together, longer) - _cost(len(waiting[longer]), longer) < alone:
                waiting[longer] += waiting[length]
                waiting[length] = []
                break
