"""What the encoder answers, each different text read once however many sets hold it. Nothing of it is kept on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.domain.encoding import EMOTIONS, LABELS, Encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.ports import Encoder

NEGATIVE, NEUTRAL, POSITIVE = range(len(LABELS))


class Answers:
    """Answers of one encoder, kept in memory by text."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._places: dict[str, int] = {}
        self._known: dict[str, NDArray[Any]] = {
            "sentiment": np.zeros((0, len(LABELS)), np.float32),
            "pain": np.zeros(0, np.float32),
            "request": np.zeros(0, np.float32),
            "emotions": np.zeros((0, len(EMOTIONS)), np.float32),
            "windows": np.zeros(0, np.int32),
        }

    def of(self, texts: Sequence[str]) -> Encoding:
        """Return the answers to texts, in their order; vectors are left out."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._places]
        if fresh:
            found = self.encoder.encode(fresh, vectors=False)
            self._places |= {text: place for place, text in enumerate(fresh, start=len(self._places))}
            self._known: dict[str, NDArray[Any]] = {name: np.concatenate([known, getattr(found, name)]) for name, known in self._known.items()}
        at = np.array([self._places[text] for text in texts], dtype=np.int64)
        return Encoding(
            vectors=np.zeros((0, 0), np.float32), **{name: known[at] for name, known in self._known.items()}
        )

    def polarity(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return p(positive) - p(negative) of each text, -1 to 1."""
        found = self.of(texts).sentiment.astype(np.float64)
        difference: NDArray[np.float64] = found[:, POSITIVE] - found[:, NEGATIVE]
        return difference
