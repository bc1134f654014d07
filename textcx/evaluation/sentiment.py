"""Measure the sentiment of a set: labels, probabilities, confidence, and the lexicons on the very same texts.

A set of two labels knows no neutral. There only negative and positive compete: neutral's probability is taken away and
the other two are brought to a sum of 1. ``neutral_share`` says how many texts the encoder would have called neutral;
``confident_share`` and ``confident_errors`` are always those of the three-way answer that users see.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import confusion_matrix

from textcx.domain.encoding import LABELS
from textcx.evaluation.answers import NEUTRAL
from textcx.steps.statistics import classification as measures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from textcx.evaluation.answers import Baseline

FEWEST_FOR_PLAIN_ECE = 2_000
"""From so many texts on, the plain calibration error is hardly biased."""


def measure_sentiment(
    answers: NDArray[np.float32],
    truth: NDArray[np.int64],
    *,
    confident_at: float,
    two_way: bool = False,
) -> dict[str, Any]:
    """Measure probabilities, shape ``(texts, 3)``, at least one text, against the truth: places in ``LABELS``.

    From ``confident_at`` on an answer is confident. With ``two_way`` only negative and positive compete.
    """
    as_shipped = answers.astype(np.float64)
    chances = competing(as_shipped, two_way=two_way)
    guess, sure = chances.argmax(1), chances.max(1)
    right = guess == truth
    confident = as_shipped.max(1) >= confident_at
    wrong = as_shipped.argmax(1) != truth
    low, high = measures.macro_f1_interval(truth, guess)
    by_class = measures.class_f1(confusion_matrix(truth, guess, labels=range(len(LABELS))))
    return {
        "texts": len(truth),
        "texts_by_label": {label: int((truth == place).sum()) for place, label in enumerate(LABELS)},
        "macro_f1": measures.macro_f1(truth, guess),
        "macro_f1_ci_low": low,
        "macro_f1_ci_high": high,
        "macro_recall": measures.macro_recall(truth, guess),
        "accuracy": float(right.mean()),
        "f1_by_label": {label: float(by_class[place]) for place, label in enumerate(LABELS)},
        "ece": measures.calibration_error(sure, right),
        "ece_corrected": measures.corrected_calibration_error(sure, right),
        "ece_noise": measures.calibration_noise(sure),
        "ece_enough_texts": len(truth) >= FEWEST_FOR_PLAIN_ECE,
        "mean_confidence": float(sure.mean()),
        "brier": measures.brier(chances, truth),
        "risk_at_80": measures.risk_at_coverage(sure, right),
        "confident_share": float(confident.mean()),
        "confident_errors": float(wrong[confident].mean()) if confident.any() else None,
        "neutral_share": float((as_shipped.argmax(1) == NEUTRAL).mean()),
        "reliability": [asdict(one) for one in measures.reliability(sure, right)],
    }


def competing(chances: NDArray[np.float64], *, two_way: bool) -> NDArray[np.float64]:
    """Return the probabilities, without neutral and brought to a sum of 1 where only two labels compete."""
    if not two_way:
        return chances
    kept = chances.copy()
    kept[:, NEUTRAL] = 0.0
    total = kept.sum(1, keepdims=True)
    halves = np.array([0.5, 0.0, 0.5])
    return np.where(total > 0, kept / np.where(total > 0, total, 1.0), halves)


def measure_baselines(
    baselines: Sequence[Baseline],
    polarities: Mapping[str, NDArray[np.float64]],
    truth: NDArray[np.int64],
    *,
    two_way: bool = False,
) -> dict[str, dict[str, float]]:
    """Measure what the lexicons say of the same texts; ``polarities`` are their numbers for the texts, by name."""
    report = {}
    for one in baselines:
        guess = one.labels(polarities[one.name], two_way=two_way)
        report[one.name] = {
            "macro_f1": measures.macro_f1(truth, guess),
            "macro_recall": measures.macro_recall(truth, guess),
            "accuracy": float((guess == truth).mean()),
        }
    return report
