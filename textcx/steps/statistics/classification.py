"""Quality measures of labels and probabilities; training and evaluation use the same ones.

True and guessed classes, confidences (the highest probability of each text), whether labels are right and weights (1 by
default) all have the shape ``(texts,)``.

Three invariants, all tested: the order of the texts never matters, equal probabilities share their place evenly, and a
class that is true of no text counts in no mean. All results lie between 0 and 1 unless said otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score, recall_score, roc_auc_score

from textcx.domain.encoding import LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Classes = NDArray[np.integer]
    Chances = NDArray[np.floating]
    Truths = NDArray[np.bool_]

BINS = 15
"""Bins of equal width for the calibration error."""
RESAMPLES = 1_000
INTERVAL = (2.5, 97.5)
COVERAGE = 0.8
FEWEST_FOR_VARIANCE = 2


def class_f1(counts: Chances) -> Chances:
    """Return the F1 of each class, NaN where it is true of no text; the last two axes of ``counts`` are a confusion."""
    true, guessed = counts.sum(-1), counts.sum(-2)
    both = np.diagonal(counts, axis1=-2, axis2=-1)
    return np.where(true > 0, 2 * both / np.maximum(true + guessed, 1e-300), np.nan)


def macro_f1(truth: Classes, guess: Classes, *, weights: Chances | None = None) -> float:
    """Mean of the classes' F1; classes that are true of no text are left out."""
    if not len(truth):
        return 0.0
    return float(f1_score(truth, guess, labels=np.unique(truth), average="macro", sample_weight=weights))


def macro_f1_interval(truth: Classes, guess: Classes) -> tuple[float, float]:
    """95 % bootstrap interval of the macro-F1 over ``LABELS``; at least one text.

    Drawing texts anew is drawing the cells of the confusion anew, so that a thousand resamples cost nothing.
    Source: Efron and Tibshirani 1993, "An introduction to the bootstrap", percentile interval.
    """
    classes = len(LABELS)
    counts = confusion_matrix(truth, guess, labels=range(classes))
    draws = np.random.default_rng(0).multinomial(len(truth), counts.ravel() / len(truth), size=RESAMPLES)
    scores = class_f1(draws.reshape(-1, classes, classes).astype(np.float64))
    low, high = np.percentile(np.nanmean(scores, axis=1), INTERVAL)
    return float(low), float(high)


def macro_recall(truth: Classes, guess: Classes) -> float:
    """Mean over the classes of the share of their texts found; classes that are true of no text are left out."""
    return float(recall_score(truth, guess, labels=np.unique(truth), average="macro")) if len(truth) else 0.0


def roc_auc(truth: Truths, chance: Chances) -> float:
    """Chance that a true text stands above a false one; ties count half. NaN where one kind is missing."""
    return float(roc_auc_score(truth, chance)) if truth.any() and not truth.all() else float("nan")


def auc_margin_interval(truth: Truths, one: Chances, other: Chances) -> tuple[float, float]:
    """95 % interval of how far the AUC of one reading lies above that of another on the same texts, -1 to 1.

    NaN twice where there are not two true and two false texts.
    Source: DeLong, DeLong and Clarke-Pearson 1988: the variance of correlated areas by placement values.
    """
    if min(int(truth.sum()), int((~truth).sum())) < FEWEST_FOR_VARIANCE:
        return float("nan"), float("nan")
    margin = roc_auc(truth, one) - roc_auc(truth, other)
    first, second = _placements(truth, one), _placements(truth, other)
    spread = math.sqrt(sum(float(np.var(a - b, ddof=1)) / len(a) for a, b in zip(first, second, strict=True)))
    return margin - 1.96 * spread, margin + 1.96 * spread


def _placements(truth: Truths, chance: Chances) -> tuple[Chances, Chances]:
    """Return for each true text the share of false ones below it, and for each false text that of true ones above."""
    true, false = chance[truth], chance[~truth]

    def below(values: Chances, others: Chances) -> Chances:
        ordered = np.sort(others)
        places = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
        share: Chances = places / (2 * len(others))
        return share

    return below(true, false), 1 - below(false, true)


@dataclass(frozen=True, slots=True)
class Bin:
    """Texts with a confidence from ``low`` to ``high``, their weight as a share of all, and means over them."""

    low: float
    high: float
    texts: int
    share: float
    confidence: float
    right: float


def reliability(confidence: Chances, right: Truths, *, weights: Chances | None = None) -> tuple[Bin, ...]:
    """Put texts into bins of equal width by their confidence; empty bins are left out.

    A bin holds its lower end, the last one its upper end, too.
    """
    weight = np.ones(len(confidence)) if weights is None else weights
    # A probability in single precision times 15 must not fall below the edge that it stands on.
    places = np.clip((confidence.astype(np.float64) * BINS + 1e-9).astype(int), 0, BINS - 1)
    found = []
    for place in np.unique(places):
        inside = places == place
        found.append(
            Bin(
                float(place / BINS),
                float((place + 1) / BINS),
                int(inside.sum()),
                float(weight[inside].sum() / weight.sum()),
                float(np.average(confidence[inside], weights=weight[inside])),
                float(np.average(right[inside], weights=weight[inside])),
            )
        )
    return tuple(found)


def calibration_error(confidence: Chances, right: Truths, *, weights: Chances | None = None) -> float:
    """Expected calibration error: mean gap between confidence and share right, over bins of equal width.

    Source: Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017. Biased upwards on few texts.
    """
    found = reliability(confidence, right, weights=weights)
    return float(sum(one.share * abs(one.confidence - one.right) for one in found))


def corrected_calibration_error(confidence: Chances, right: Truths) -> float:
    """Expected calibration error with the bias of small bins taken off.

    The gap of a bin is seen through noise of the size ``sqrt(right (1 - right) / texts)``. How much such noise adds to
    an absolute gap is the mean of a folded normal distribution, and that much is taken off; never below 0 in all.
    Source: Kumar, Liang and Ma 2019, "Verified uncertainty calibration", whose program draws the noise at random;
    this is what it draws on average. It takes off less than all of the bias where calibration is perfect.
    """
    total = 0.0
    for one in reliability(confidence, right):
        gap = abs(one.confidence - one.right)
        noise = math.sqrt(one.right * (1 - one.right) / one.texts)
        total += one.share * (2 * gap - _mean_of_folded_normal(gap, noise))
    return max(0.0, total)


def calibration_noise(confidence: Chances) -> float:
    """Return the calibration error that perfect probabilities of these sizes would show by chance alone.

    Mean gap of each bin if its texts are right with exactly the probabilities given, by the normal approximation.
    """
    total = 0.0
    for one in reliability(confidence, np.ones(len(confidence), dtype=bool)):
        noise = math.sqrt(max(0.0, one.confidence * (1 - one.confidence)) / one.texts)
        total += one.share * _mean_of_folded_normal(0.0, noise)
    return total


def _mean_of_folded_normal(mean: float, spread: float) -> float:
    """Mean of ``|X|`` where X is normal."""
    if spread == 0:
        return abs(mean)
    ratio = mean / spread
    return spread * math.sqrt(2 / math.pi) * math.exp(-ratio * ratio / 2) + mean * math.erf(ratio / math.sqrt(2))


def brier(probabilities: Chances, truth: Classes) -> float:
    """Brier score over all classes: mean squared distance from the truth, 0 to 2; lower is better.

    ``probabilities`` have the shape ``(texts, classes)``. Source: Brier 1950, in its first form, which sums over the
    classes.
    """
    wanted = np.eye(probabilities.shape[1])[truth]
    return float(((probabilities - wanted) ** 2).sum(axis=1).mean()) if len(truth) else 0.0


def risk_at_coverage(confidence: Chances, right: Truths, *, coverage: float = COVERAGE) -> float:
    """Share of errors among the surest answers.

    ``coverage`` is the share of the texts that are answered, above 0 and at most 1, rounded up to whole texts. Texts of
    equal confidence at the border count with their mean, so that their order has no say.
    Source: El-Yaniv and Wiener 2010; Geifman and El-Yaniv 2017.
    """
    if not len(confidence):
        return 0.0
    kept = max(1, math.ceil(coverage * len(confidence) - 1e-9))
    border = np.sort(confidence)[len(confidence) - kept]
    above, level = confidence > border, confidence == border
    errors = float((~right[above]).sum()) + (kept - int(above.sum())) * float((~right[level]).mean())
    return errors / kept
