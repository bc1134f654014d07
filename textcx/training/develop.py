"""Development sets: they choose the best checkpoint and calibrate it; nothing is ever trained on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import f1_score

from textcx.domain.encoding import EMOTIONS
from textcx.steps.statistics.classification import macro_f1, roc_auc
from textcx.training.batches import read, token_ids
from textcx.training.examples import BY_LABEL, Example, labelled
from textcx.training.sources import read_corpus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from textcx.domain.lexicons.text import RequestPatterns
    from textcx.engines.encoder.network import EncoderNetwork

HEADS = ("sentiment", "pain", "request", "emotions")
CHOOSING = ("cebab", "nhs_survey", "semeval_tweets", "goemotions", "dynasent_r1", "dynasent_r2")
MOST_TEXTS = 1_500


@dataclass(frozen=True, slots=True)
class DevelopmentSet:
    """Texts, as token ids, with labels of shape ``(texts,)``; -1 is unknown.

    There are labels by ``sentiment`` (0 negative, 1 neutral, 2 positive), and by ``pain``, ``request`` and the name of
    each emotion (0 or 1).
    """

    name: str
    ids: list[NDArray[np.int32]]
    labels: dict[str, NDArray[np.int64]]


def development_sets(directory: Path, tokenizer: Tokenizer, *, wording: RequestPatterns) -> list[DevelopmentSet]:
    """Read the dev splits of the mix and DynaSent's two rounds."""
    corpus = read_corpus(directory, wording=wording, split="dev")
    examples = {
        name: corpus.examples[start : stop : max(1, (stop - start) // MOST_TEXTS)]
        for name, (start, stop) in corpus.bounds.items()
    }
    for number in (1, 2):
        examples[f"dynasent_r{number}"] = [
            Example(record["text"], BY_LABEL[record["label"]])
            for record in labelled(directory, "sentiment/dynasent_dev", "dev")
            if record["round"] == number
        ]
    return [_set_of(name, chosen, tokenizer) for name, chosen in examples.items() if chosen]


def _set_of(name: str, examples: Sequence[Example], tokenizer: Tokenizer) -> DevelopmentSet:
    labels = [
        [
            -1 if example.sentiment is None else int(np.argmax(example.sentiment)),
            *(-1 if known is None else int(known) for known in (example.pain, example.request)),
            *map(int, example.emotions or (-1,) * len(EMOTIONS)),
        ]
        for example in examples
    ]
    columns = np.array(labels, dtype=np.int64).T
    ids = token_ids(tokenizer, [example.text for example in examples])
    return DevelopmentSet(name, ids, dict(zip(("sentiment", "pain", "request", *EMOTIONS), columns, strict=True)))


def read_heads(network: EncoderNetwork, ids: Sequence[NDArray[np.int32]]) -> dict[str, NDArray[np.float32]]:
    """Read texts with a network.

    Returns logits by the names of ``HEADS``. Shapes ``(texts, 3)``, ``(texts,)`` twice, and ``(texts, 4)``.
    """
    shapes = ((3,), (), (), (len(EMOTIONS),))
    found = {head: np.zeros((len(ids), *shape), np.float32) for head, shape in zip(HEADS, shapes, strict=True)}
    for places, output in read(network, ids):
        for values, part in zip(found.values(), output, strict=False):
            values[places.numpy()] = part.cpu().numpy()
    return found


def logits_by_label(network: EncoderNetwork, one: DevelopmentSet) -> dict[str, NDArray[np.float32]]:
    """Read a set; emotions come by their own names, as in ``labels``."""
    found = read_heads(network, one.ids)
    return {**found, **dict(zip(EMOTIONS, found.pop("emotions").T, strict=True))}


def measure(network: EncoderNetwork, sets: Sequence[DevelopmentSet]) -> dict[str, float]:
    """Measure a network on the development sets; ``choice`` is the mean macro-F1 that picks the best checkpoint."""
    report: dict[str, float] = {}
    for one in sets:
        _measure_set(one.name, one.labels, logits_by_label(network, one), report)
    report["choice"] = float(np.mean([report[f"{name}.f1"] for name in CHOOSING]))
    return {name: round(value, 4) for name, value in report.items()}


def _measure_set(
    name: str,
    labels: Mapping[str, NDArray[np.int64]],
    logits: Mapping[str, NDArray[np.float32]],
    report: dict[str, float],
) -> None:
    for head, every in labels.items():
        known = every >= 0
        truth, answers = every[known], logits[head][known]
        if head == "sentiment":
            if known.any():
                report[f"{name}.f1"] = macro_f1(truth, answers.argmax(-1))
        elif len(set(truth.tolist())) > 1:
            report[f"{name}.{head}_auc"] = roc_auc(truth == 1, answers)
            if head == "request":
                report[f"{name}.request_f1"] = f1_score(truth == 1, answers > 0, zero_division=0)
