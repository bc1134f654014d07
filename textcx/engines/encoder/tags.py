"""Put together what is said of the tokens of texts, window by window."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.encoding import TokenTags
from textcx.engines.encoder.batches import TAGGED, TAGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.engines.encoder.batches import Window


class TagCollector:
    """Collects the tags of windows; a token that two windows hold is taken from where it stands nearer the middle."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, int, NDArray[np.int64], NDArray[np.float32]]] = []

    def add(self, windows: Sequence[Window], tags: NDArray[np.float32]) -> None:
        """Add what is said of windows with spans; ``tags`` are of all their tokens, those around them included."""
        behind = 0
        for window in windows:
            own = tags[behind + 1 : behind + window.size - 1]
            behind += window.size
            if window.spans is not None:
                nearer = slice(*window.nearer)
                self._parts.append((window.text, window.begin, window.spans[nearer], own[nearer]))

    def of(self, texts: int) -> TokenTags:
        """Return the tags of so many texts, each of which has come in at least one window."""
        parts = sorted(self._parts, key=itemgetter(0, 1))
        sizes = np.zeros(texts + 1, np.int64)
        np.add.at(sizes, [text + 1 for text, *_ in parts], [len(spans) for *_, spans, _ in parts])
        spans = np.concatenate([np.zeros((0, 2), np.int64), *(spans for *_, spans, _ in parts)])
        tags = np.concatenate([np.zeros((0, TAGGED), np.float32), *(tags for *_, tags in parts)])
        aspects, opinions, polarity = (tags[:, first : first + TAGS] for first in range(0, TAGGED, TAGS))
        return TokenTags(bounds=np.cumsum(sizes), spans=spans, aspects=aspects, opinions=opinions, polarity=polarity)
