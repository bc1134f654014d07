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

    vectors: NDArray[np.float32]  # unit length, shape ``(texts, width)``; ``(0, width)`` where they were not wanted
    sentiment: NDArray[np.float32]  # calibrated probabilities by ``LABELS``, shape ``(texts, 3)``, rows sum to 1
    pain: NDArray[np.float32]  # probability that something went wrong, shape ``(texts,)``; NaN without such a head
    request: NDArray[np.float32]  # probability of a wish or suggestion, shape ``(texts,)``; NaN likewise
    emotions: NDArray[np.float32]  # probability of each of ``EMOTIONS``, shape ``(texts, 4)``; NaN likewise
    matters: NDArray[np.float32]  # what texts are about, such that one fix would answer them; shaped like ``vectors``
    windows: NDArray[np.int32]  # windows each text was read in, at least 1, shape ``(texts,)``
