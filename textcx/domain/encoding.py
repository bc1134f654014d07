"""What one pass of the encoder says about a list of texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELS = ("negative", "neutral", "positive")
"""Order of the columns of every sentiment array."""
EMOTIONS = ("anger", "disappointment", "gratitude", "confusion")
"""Order of the columns of every array of emotions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredErrors:
    """How often an encoder decided rightly on one set of labelled texts.

    Attributes:
        decision: What is decided: a label of a record; ``pain`` or ``request``, whether a record has such a segment.
        texts: What the texts are, for readers.
        source: The source of records that they are like: review, survey, social or support.
        n_with: Texts of which it is true.
        found: Of these, those of which the encoder says so; their share is the sensitivity.
        n_without: Texts of which it is not true.
        cleared: Of these, those of which it does not say so; their share is the specificity.
    """

    decision: str
    texts: str
    source: str
    n_with: int
    found: int
    n_without: int
    cleared: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenTags:
    """What an encoder says of the tokens of texts, all texts in a row: logits, float32.

    Attributes:
        bounds: Where the tokens of each text begin, and those of the last one end. Shape ``(texts + 1,)``.
        spans: Where each token stands in its text, ``[start, end)`` in code points. Shape ``(tokens, 2)``.
        aspects: Whether it names what is spoken about: not, as the first token, further on. Shape ``(tokens, 3)``.
        opinions: Whether it says something of that; likewise.
        polarity: By ``LABELS``; those of an aspect are the mean over its tokens. Shape ``(tokens, 3)``.
    """

    bounds: NDArray[np.int64]
    spans: NDArray[np.int64]
    aspects: NDArray[np.float32]
    opinions: NDArray[np.float32]
    polarity: NDArray[np.float32]

    def __getitem__(self, texts: slice | NDArray[np.int64]) -> TokenTags:
        """Return the tags of some texts, in the order in which these are named."""
        starts, sizes = self.bounds[:-1][texts], np.diff(self.bounds)[texts]
        bounds = np.concatenate(([0], np.cumsum(sizes)))
        rows = np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], sizes)
        return TokenTags(
            bounds=bounds,
            spans=self.spans[rows],
            aspects=self.aspects[rows],
            opinions=self.opinions[rows],
            polarity=self.polarity[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenVectors:
    """What an encoder hears in the tokens of texts, each read in its text; all texts in a row.

    Attributes:
        bounds: Where the tokens of each text begin, and those of the last one end. Shape ``(texts + 1,)``.
        vectors: Unit length, float32, shape ``(tokens, width)``.
    """

    bounds: NDArray[np.int64]
    vectors: NDArray[np.float32]

    def __getitem__(self, text: int) -> NDArray[np.float32]:
        """Return those of one text."""
        return self.vectors[self.bounds[text] : self.bounds[text + 1]]


@dataclass(frozen=True, slots=True)
class Encoding:
    """Vectors and head outputs for a list of texts, all of the same length and in the same order."""

    sentiment: NDArray[np.float32]  # calibrated probabilities by ``LABELS``, shape ``(texts, 3)``, rows sum to 1
    pain: NDArray[np.float32]  # probability that something went wrong, shape ``(texts,)``; NaN without such a head
    request: NDArray[np.float32]  # probability of a wish or suggestion, shape ``(texts,)``; NaN likewise
    emotions: NDArray[np.float32]  # probability of each of ``EMOTIONS``, shape ``(texts, 4)``; NaN likewise
    matters: NDArray[np.float32]  # what texts are about, unit length, ``(texts, width)``; ``(0, width)`` if not wanted
    windows: NDArray[np.int32]  # windows each text was read in, at least 1, shape ``(texts,)``
    tags: TokenTags | None = None  # of each token; null where they were not wanted, or without such heads
