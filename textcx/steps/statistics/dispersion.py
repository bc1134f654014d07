"""How much more counts vary than chance would have it, told from many counts at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST = 3
"""Subjects from which on they tell anything about each other."""
MOST = 100.0
"""Degrees of freedom that others add at most."""


def shrunk(variances: Floats, freedom: int, *, often: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Draw variance ratios, each with so many degrees of ``freedom`` (at least 1), towards their common mean.

    Only ratios of what is counted ``often`` enough tell of the others. Their mean is the prior, and it weighs the more,
    the less they differ beyond what chance makes of ``freedom`` (Smyth 2004, by moments). Shape ``(subjects,)``.

    Returns:
        The ratios, and their degrees of freedom with what the others add.
    """
    telling = variances[often]
    if len(telling) < FEWEST or telling.mean() <= 0:
        return variances, np.full(variances.shape, float(freedom))
    middle = float(telling.mean())
    beyond = float(telling.var(ddof=1)) / middle**2 - 2 / freedom
    added = min(2 / beyond, MOST) if beyond > 0 else MOST
    added = min(added, float(len(telling) - 1) * freedom)  # no more than they have themselves
    return (added * middle + freedom * variances) / (added + freedom), np.full(variances.shape, added + freedom)
