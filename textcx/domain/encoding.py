"""What one pass of the encoder says about a list of texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LABELS = ("negative", "neutral", "positive")
"""Order of the columns of every sentiment array."""
EMOTIONS = ("anger", "disappointment", "gratitude", "confusion")
"""Order of the columns of every array of emotions."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """Vectors and head outputs for a list of texts, all of the same length and in the same order."""

    vectors: NDArray[np.float32]
    """Unit length. Shape ``(texts, width)``; ``(0, width)`` when vectors were not asked for."""
    sentiment: NDArray[np.float32]
    """Calibrated probabilities in the order of ``LABELS``. Shape ``(texts, 3)``, rows sum to 1."""
    pain: NDArray[np.float32]
    """Probability that something went wrong for the customer. Shape ``(texts,)``, NaN without such a head."""
    request: NDArray[np.float32]
    """Probability of a wish or suggestion. Shape ``(texts,)``; NaN throughout without such a head."""
    emotions: NDArray[np.float32]
    """Probability that the text shows each of ``EMOTIONS``. Shape ``(texts, 4)``; several may be likely, or none.
    NaN throughout where the encoder has no such head."""
    windows: NDArray[np.int32]
    """Windows each text was read in, at least 1. Shape ``(texts,)``."""
