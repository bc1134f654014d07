"""How windows of texts are put together for a backend: packed into one sequence, or padded to a common length.

Products round differently for other shapes. So every batch has one of a few fixed shapes whatever was asked for, and
an answer never depends on what it was read with. Only where small batches are asked for, as the service does, shapes
follow what is there: many times faster for a few texts, and equal within the tolerance of the backend's precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Array = TypeVar("Array")

LENGTHS = (16, 24, 32, 48, 64, 80, 96, 128, 160, 192, 256)  # padded lengths in tokens; a window takes the next one up
LONGEST = LENGTHS[-1]
# Rows of a padded batch of each length. Every product is a multiple of 1,024: elsewhere rows disturb each other.
ROWS = {16: 128, 24: 128, 32: 64, 48: 64, 64: 32, 80: 64, 96: 32, 128: 16, 160: 32, 192: 16, 256: 8}
FEW = (1, 4, 16, 32, 64)  # rows of a small padded batch; the next that holds all
CALL = 128  # about so many tokens could be read in the time that a padded batch costs however small it is
PACKED = 2048  # tokens of a packed sequence
TAGS = 3  # of a token: outside, begin, inside
TAGGED = 3 * TAGS  # numbers said of a token
PACKED_SMALL = (32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536)  # those of small ones; the next that holds all


class Output(NamedTuple, Generic[Array]):
    """What the network says about rows: logits that are not calibrated, and matters of unit length; all float32.

    Without a branch ``matters`` are the means of the last states.

    ``tags`` are of single tokens: three logits of an aspect (outside, begin, inside), three of an opinion, and three of
    how an aspect is judged (negative, neutral, positive). ``words`` are the branch's states of single tokens, of unit
    length. A padded batch has ``(rows, length, ...)`` of both; ``Batches`` hand on the real tokens only, window by
    window. Without a branch they are NaN, or none.
    """

    sentiment: Array  # (rows, 3)
    pain: Array  # (rows,)
    request: Array  # (rows,)
    emotions: Array  # (rows, 4)
    matters: Array  # (rows, width)
    tags: Array  # (tokens, 9), or (rows, length, 9)
    words: Array  # (tokens, width), or (rows, length, width)


Logits = Output[NDArray[np.float32]]


class Backend(Protocol):
    """Computes the network on one kind of runtime, in ``bf16``, ``fp32`` or ``int8``."""

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

    def read(self, windows: Sequence[NDArray[np.int64]], *, size: int, fill: bool, branch: bool) -> Logits:
        """Read windows of at most ``LONGEST`` tokens; products have ``size`` rows, those of heads too with ``fill``.

        Without ``branch`` it is not read, which saves a third: matters are the mean states, and there are no tags.
        """
        ...


@dataclass(slots=True)
class Window:
    """A stretch of a text's tokens, waiting to be read; the tokens that open and close it are added later.

    Where single tokens are asked about, it knows where they stand in the text, ``[start, end)``, and which of them are
    nearer to its middle than to that of its neighbours.
    """

    text: int
    tokens: NDArray[np.int64]
    begin: int = 0  # its first token, counted in the text
    spans: NDArray[np.int64] | None = None  # (tokens, 2)
    nearer: tuple[int, int | None] = (0, None)  # first and end of them, counted in the window

    @property
    def size(self) -> int:
        """Tokens that are read."""
        return len(self.tokens) + 2

    @property
    def length(self) -> int:
        """Tokens once padded."""
        return next(length for length in LENGTHS if self.size <= length)


@dataclass(frozen=True, slots=True)
class PackedBatches:
    """Packs windows into sequences, as they come; ``edges`` are the ids of the tokens around every window."""

    backend: PackingBackend
    edges: tuple[int, int]
    small: bool

    def gather(self, windows: Iterable[Window]) -> Iterator[list[Window]]:
        """Yield batches of windows, those of one text in their order."""
        waiting: list[Window] = []
        tokens = 0
        for window in windows:
            if tokens + window.size > PACKED:
                yield waiting
                waiting, tokens = [], 0
            waiting.append(window)
            tokens += window.size
        if waiting:
            yield waiting

    def read(self, windows: Sequence[Window], *, branch: bool) -> Logits:
        """Let the backend read a batch, with the branch or without; one answer for each window."""
        first, last = self.edges
        sizes = PACKED_SMALL if self.small else ()
        total = sum(window.size for window in windows)
        return self.backend.read(
            [np.concatenate(([first], window.tokens, [last])) for window in windows],
            size=next((size for size in sizes if total <= size), PACKED),
            fill=not self.small,
            branch=branch,
        )


@dataclass(frozen=True, slots=True)
class PaddedBatches:
    """Pads windows to the next of ``LENGTHS``; a batch that is not full is filled with empty rows."""

    backend: PaddedBackend
    edges: tuple[int, int]
    small: bool

    def gather(self, windows: Iterable[Window]) -> Iterator[list[Window]]:
        """Yield batches of windows of one length, those of one text and length in their order."""
        waiting: dict[int, list[Window]] = {length: [] for length in LENGTHS}
        for window in windows:
            length = window.length
            waiting[length].append(window)
            if len(waiting[length]) == ROWS[length]:
                yield waiting[length]
                waiting[length] = []
        if self.small:
            _move_up(waiting)
        yield from filter(None, waiting.values())

    def read(self, windows: Sequence[Window], *, branch: bool) -> Logits:
        """Let the backend read a batch; one answer for each window, and more for rows that were filled up.

        Graphs are read whole, so the branch comes with them.
        """
        del branch
        length = max(window.length for window in windows)
        rows = _rows(len(windows), length) if self.small else ROWS[length]
        tokens = np.zeros((rows, length), np.int64)
        sizes = np.full(rows, 2)
        tokens[:, 0], tokens[:, 1] = self.edges  # an empty row is an empty text
        for row, window in enumerate(windows):
            tokens[row, 1 : window.size - 1], tokens[row, window.size - 1] = window.tokens, self.edges[1]
            sizes[row] = window.size
        mask = np.arange(length) < sizes[:, None]
        found = self.backend.run(tokens, mask)
        if found.tags.shape[:2] != mask.shape:
            return found
        return found._replace(tags=found.tags[mask], words=found.words[mask])


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
