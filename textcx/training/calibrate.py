"""Turn logits into honest probabilities, on development sets only.

Sentiment gets one temperature; pain and request get a temperature and a shift. Every set counts the same, however many
texts it has. ``confident_at`` is the lowest highest-probability from which on at most a tenth of the answers are wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from textcx.training.develop import Read, read_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.engines.encoder_network import EncoderNetwork
    from textcx.training.develop import DevelopmentSet

SENTIMENT_SETS = ("cebab", "nhs_survey", "dynasent_r1", "dynasent_r2", "semeval_tweets", "goemotions")
PAIN_SETS = ("nhs_survey", "nhs_phase1", "huliu", "jupyter_2015", "banking77", "contrasts")
REQUEST_SETS = ("nhs_survey", "nhs_phase1", "jupyter_2015", "contrasts")
MOST_ERRORS = 0.10
LEAST_CONFIDENT = 0.34


def calibrate(network: EncoderNetwork, sets: Sequence[DevelopmentSet]) -> dict[str, float]:
    """Fit temperatures, shifts and the confidence threshold.

    Args:
        network: A trained network.
        sets: Development sets, with the names used above.

    Returns:
        The values of ``model.toml``'s calibration section.
    """
    reads = {one.name: (one, read_set(network, one.ids)) for one in sets}
    logits, truth, weights = _pooled(reads, SENTIMENT_SETS, "sentiment")
    temperature = fit_temperature(logits, truth, weights)
    probabilities = torch.softmax(torch.from_numpy(logits) / temperature, dim=-1).numpy()
    found = {"sentiment_temperature": temperature}
    found["confident_at"] = confident_from(probabilities.max(-1), probabilities.argmax(-1) == truth, weights)
    for head, names in (("pain", PAIN_SETS), ("request", REQUEST_SETS)):
        scale, shift = fit_scale(*_pooled(reads, names, head))
        found |= {f"{head}_temperature": 1 / scale, f"{head}_shift": shift}
    return {name: round(float(value), 4) for name, value in found.items()}


def fit_temperature(logits: NDArray[np.floating], truth: NDArray[np.integer], weights: NDArray[np.floating]) -> float:
    """Find the temperature with the least weighted cross entropy, between 0.25 and 4."""
    stacked, wanted, shares = torch.from_numpy(logits).double(), torch.from_numpy(truth), torch.from_numpy(weights)
    options = np.geomspace(0.25, 4.0, 241)
    losses = [
        float((functional.cross_entropy(stacked / option, wanted, reduction="none") * shares).sum())
        for option in options
    ]
    return float(options[int(np.argmin(losses))])


def fit_scale(
    logits: NDArray[np.floating], truth: NDArray[np.integer], weights: NDArray[np.floating]
) -> tuple[float, float]:
    """Fit ``sigmoid(scale * logit + shift)`` by Newton's method; the scale stays between 0.25 and 4."""
    inputs = np.stack([logits, np.ones_like(logits)], axis=1).astype(np.float64)
    fitted = np.array([1.0, 0.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ fitted, -30, 30)))
        slope = inputs.T @ (weights * (truth - chance))
        bend = (inputs * (weights * chance * (1 - chance))[:, None]).T @ inputs + 1e-9 * np.eye(2)
        move = np.linalg.solve(bend, slope)
        fitted += np.clip(move, -0.5, 0.5)
    return float(np.clip(fitted[0], 0.25, 4.0)), float(fitted[1])


def confident_from(confidence: NDArray[np.floating], right: NDArray[np.bool_], weights: NDArray[np.floating]) -> float:
    """Find the lowest confidence from which on at most ``MOST_ERRORS`` of the answers, by weight, are wrong."""
    order = np.argsort(-confidence)
    errors = np.cumsum((~right[order]) * weights[order]) / np.cumsum(weights[order])
    fine = np.flatnonzero(errors <= MOST_ERRORS)
    return max(LEAST_CONFIDENT, float(confidence[order[fine[-1]]])) if len(fine) else 1.0


def _pooled(
    reads: dict[str, tuple[DevelopmentSet, Read]], names: Sequence[str], head: str
) -> tuple[NDArray[np.floating], NDArray[np.integer], NDArray[np.floating]]:
    """Put sets together: logits, truth, and weights that give each set the same say."""
    logits, truth, weights = [], [], []
    for name in names:
        if name not in reads:
            continue
        one, read = reads[name]
        known = getattr(one, head) >= 0
        if known.any():
            logits.append(getattr(read, head)[known])
            truth.append(getattr(one, head)[known])
            weights.append(np.full(int(known.sum()), 1 / known.sum()))
    return np.concatenate(logits), np.concatenate(truth), np.concatenate(weights)
