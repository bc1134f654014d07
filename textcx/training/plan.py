"""Settings of a training run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """Settings of a training run.

    Attributes:
        seed: Start of every random choice.
        epochs: Passes over the mix.
        rate: Highest learning rate of the backbone; the heads take ``head_factor`` times as much.
        budget: Padded tokens in a batch.
        longest: Tokens of a text that are read.
        embeddings: Whether word and position embeddings are trained, too.
        warm_up: Share of the steps in which the rate rises.
        decay: Weight decay of all but biases and norms.
        vector_weight: Weight of the distance to the original sentence embedding; 0 leaves it out.
        pain_weight: Weight of the pain head's loss.
        request_weight: Weight of the request head's loss.
        emotion_weight: Weight of the loss of the emotions, their mean.
        smoothing: Share of every sentiment label given to all classes.
        masked_words: Share of words hidden while training.
        head_dropout: Share of the shared hidden layer switched off while training.
        mean_decay: Decay of the running mean of the weights, per step.
        measures: How often the run stops to measure itself and to save its state.
    """

    seed: int = 17
    epochs: int = 3
    rate: float = 3e-4
    head_factor: float = 4.0
    budget: int = 4_096
    longest: int = 256
    embeddings: bool = True
    warm_up: float = 0.05
    decay: float = 0.01
    vector_weight: float = 5.0
    pain_weight: float = 1.0
    request_weight: float = 1.0
    emotion_weight: float = 0.5
    smoothing: float = 0.03
    masked_words: float = 0.05
    head_dropout: float = 0.1
    mean_decay: float = 0.998
    measures: int = 6
