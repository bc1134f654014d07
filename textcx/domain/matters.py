"""Matters that are known beforehand: titles and names that remarks of any trade may be filed under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from textcx.domain.encoding import TokenVectors


UNTITLED = "-"
"""Stands for the title of a matter that is only known from praise: "Friendly staff" is no title of a pain."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """How likely a title or name covers a remark whose matter vector has a cosine to its own: a logistic curve."""

    slope: float = 12.0
    shift: float = -7.0

    def __call__(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities, 0..1, in the shape of the cosines."""
        return np.asarray(1.0 / (1.0 + np.exp(-(self.slope * cosines + self.shift))), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How likely a title covers a remark, told by both their matter vectors and their words: a logistic curve."""

    by_vector: float = 9.0
    by_words: float = 6.0
    shift: float = -8.3

    def __call__(self, cosines: NDArray[np.float32], words: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities, 0..1, in the shape of both.

        ``cosines`` are those of the matter vectors; ``words`` how near each word of the title is to the nearest of the
        remark, as a mean over the title (late interaction; Khattab and Zaharia, 2020).
        """
        logits = self.by_vector * cosines + self.by_words * words + self.shift
        return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownMatters:
    """Titles ("Calls not answered, long holds") and names ("Waiting time on the phone"), with their matter vectors.

    Vectors are of unit length, shapes ``(titles, width)`` and ``(names, width)``; ``title_tokens`` are null where the
    encoder tells nothing of single words. ``title_words`` and ``name_words``
    are their particular words, those that few matters hold ("waiter", not "staff"), by their stems, with what the odds
    of the title or name are multiplied by where nobody says them.
    """

    titles: tuple[str, ...]
    names: tuple[str, ...]
    title_vectors: NDArray[np.float32]
    title_tokens: TokenVectors | None
    name_vectors: NDArray[np.float32]
    title_words: tuple[Mapping[str, float], ...]
    name_words: tuple[Mapping[str, float], ...]
    near: Nearness
