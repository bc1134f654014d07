"""Quality measures of the encoder's heads, in plain numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def macro_f1(truth: NDArray[np.integer], guess: NDArray[np.integer], *, classes: int = 3) -> float:
    """Mean of the classes' F1, 0 to 1; classes that are true of no text are left out.

    Args:
        truth: True classes. Shape ``(texts,)``.
        guess: Guessed classes. Shape ``(texts,)``.
        classes: How many classes there are.
    """
    scores = [f1(truth == name, guess == name) for name in range(classes) if (truth == name).any()]
    return float(np.mean(scores)) if scores else 0.0


def macro_recall(truth: NDArray[np.integer], guess: NDArray[np.integer], *, classes: int = 3) -> float:
    """Mean over the classes of the share of their texts found, 0 to 1."""
    return float(np.mean([(guess[truth == name] == name).mean() for name in range(classes) if (truth == name).any()]))


def roc_auc(truth: NDArray[np.bool_], chance: NDArray[np.floating]) -> float:
    """Chance that a true text stands above a false one, 0 to 1; ties count half. NaN where one kind is missing."""
    ups, downs = int(truth.sum()), int((~truth).sum())
    if not ups or not downs:
        return float("nan")
    _, inverse, counts = np.unique(chance, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[truth].sum() - ups * (ups + 1) / 2) / (ups * downs))


def f1(truth: NDArray[np.bool_], guess: NDArray[np.bool_]) -> float:
    """F1 of the true class, 0 to 1."""
    either = int(truth.sum() + guess.sum())
    return 2 * int((truth & guess).sum()) / either if either else 0.0


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_], *, bins: int = 10) -> float:
    """Expected calibration error: mean gap between confidence and share right, over bins of equal width, 0 to 1."""
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(float(confidence[places == place].mean()) - float(right[places == place].mean()))
        * float((places == place).mean())
        for place in range(bins)
        if (places == place).any()
    ]
    return float(sum(gaps))
