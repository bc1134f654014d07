"""Matters that are known beforehand: titles and names that remarks of any trade may be filed under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownMatters:
    """Titles ("Calls not answered, long holds") and names ("Waiting time on the phone"), with their matter vectors.

    Vectors are of unit length, shapes ``(titles, width)`` and ``(names, width)``. ``title_words`` and ``name_words``
    are their particular words, those that few matters hold ("waiter", not "staff"), by their stems, with what the odds
    of the title or name are multiplied by where nobody says them.
    """

    titles: tuple[str, ...]
    names: tuple[str, ...]
    title_vectors: NDArray[np.float32]
    name_vectors: NDArray[np.float32]
    title_words: tuple[Mapping[str, float], ...]
    name_words: tuple[Mapping[str, float], ...]
    near: Nearness
