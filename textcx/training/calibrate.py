"""Turn logits into honest probabilities, on development sets only.

Sentiment gets a temperature and a shift for each class; the other heads get a temperature and a shift each. Every set
counts the same, however many texts it has. ``confident_at`` is the lowest highest-probability from which on at most a
tenth of the answers are wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from textcx.domain.encoding import EMOTIONS
from textcx.training.develop import logits_by_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.engines.encoder.network import EncoderNetwork
    from textcx.training.develop import DevelopmentSet

SENTIMENT_SETS = ("cebab", "nhs_survey", "dynasent_r1", "dynasent_r2", "semeval_tweets", "goemotions")
PAIN_SETS = ("nhs_survey", "nhs_phase1", "huliu", "jupyter_2015", "pool_labels", "written", "contrasts")
REQUEST_SETS = ("nhs_survey", "nhs_phase1", "jupyter_2015", "pool_labels", "written", "contrasts")
EMOTION_SETS = ("goemotions", "pool_labels", "written")
MOST_ERRORS = 0.10
LEAST_CONFIDENT = 0.34


def calibrate(network: EncoderNetwork, sets: Sequence[DevelopmentSet]) -> dict[str, float | list[float]]:
    """Fit temperatures, shifts and the confidence threshold: the values of ``model.toml``'s calibration section."""
    reads = {one.name: (one.labels, logits_by_label(network, one)) for one in sets}
    logits, truth, weights = _pooled(reads, SENTIMENT_SETS, "sentiment")
    temperature, shifts = fit_sentiment(logits, truth, weights)
    probabilities = torch.softmax(torch.from_numpy(logits / temperature + shifts), dim=-1).numpy()
    found = {"sentiment_temperature": temperature}
    found["confident_at"] = confident_from(probabilities.max(-1), probabilities.argmax(-1) == truth, weights)
    for head, names in (("pain", PAIN_SETS), ("request", REQUEST_SETS)):
        scale, shift = fit_scale(*_pooled(reads, names, head))
        found |= {f"{head}_temperature": 1 / scale, f"{head}_shift": shift}
    rounded: dict[str, float | list[float]] = {name: round(float(value), 4) for name, value in found.items()}
    fitted = [fit_scale(*_pooled(reads, EMOTION_SETS, emotion)) for emotion in EMOTIONS]
    rounded["sentiment_shifts"] = [round(float(shift), 4) for shift in shifts]
    rounded["emotion_temperatures"] = [round(1 / scale, 4) for scale, _ in fitted]
    rounded["emotion_shifts"] = [round(shift, 4) for _, shift in fitted]
    return rounded


def fit_sentiment(
    logits: NDArray[np.floating], truth: NDArray[np.integer], weights: NDArray[np.floating]
) -> tuple[float, NDArray[np.float64]]:
    """Find the temperature and the shifts of the three classes with the least weighted cross entropy.

    Bias-corrected temperature scaling (Alexandari, Kundaje and Shrikumar 2020), a small step beyond one temperature: a
    class that is named too often everywhere is named less. ``logits`` have the shape ``(texts, 3)``; ``truth`` is 0, 1
    or 2 of each text. The mean of the shifts, shape ``(3,)``, is 0.
    """
    inputs, wanted = torch.from_numpy(logits).double(), torch.from_numpy(truth).long()
    shares = torch.from_numpy(weights).double()
    scale = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    shifts = torch.zeros(logits.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([scale, shifts], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        answer = inputs * torch.exp(scale) + shifts - shifts.mean()
        total = (functional.cross_entropy(answer, wanted, reduction="none") * shares).sum() / shares.sum()
        torch.autograd.backward(total)
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call] # torch has no types here
    found = shifts.detach() - shifts.detach().mean()
    return float(torch.exp(-scale.detach())), found.numpy()


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
    reads: dict[str, tuple[dict[str, NDArray[np.int64]], dict[str, NDArray[np.float32]]]],
    names: Sequence[str],
    head: str,
) -> tuple[NDArray[np.floating], NDArray[np.integer], NDArray[np.floating]]:
    """Put sets together: logits, truth, and weights that give each set the same say."""
    logits, truth, weights = [], [], []
    for labels, answers in (reads[name] for name in names if name in reads):
        known = labels[head] >= 0
        if known.any():
            logits.append(answers[head][known])
            truth.append(labels[head][known])
            weights.append(np.full(int(known.sum()), 1 / known.sum()))
    return np.concatenate(logits), np.concatenate(truth), np.concatenate(weights)
