"""Development sets: they choose the best checkpoint and calibrate it; nothing is ever trained on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.metrics import f1_score

from textcx.domain.encoding import EMOTIONS
from textcx.steps.statistics.classification import macro_f1, roc_auc
from textcx.training.batches import pad, sorted_batches, token_ids
from textcx.training.corpus import read_corpus
from textcx.training.examples import BY_LABEL, labelled
from textcx.training.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from textcx.domain.lexicons.text import RequestPatterns
    from textcx.engines.encoder.network import EncoderNetwork
    from textcx.training.examples import Example, Source

LABELS = tuple(BY_LABEL)
CHOOSING = ("cebab", "nhs_survey", "semeval_tweets", "goemotions", "dynasent_r1", "dynasent_r2")
MOST_TEXTS = 1_500


@dataclass(frozen=True, slots=True)
class DevelopmentSet:
    """Texts with labels; a label of -1 is unknown.

    Attributes:
        name: Name of the set.
        ids: Token ids of each text.
        sentiment: 0 negative, 1 neutral, 2 positive. Shape ``(texts,)``.
        pain: 0 or 1. Shape ``(texts,)``.
        request: 0 or 1. Shape ``(texts,)``.
        emotions: 0 or 1. Shape ``(texts, 4)``.
    """

    name: str
    ids: list[NDArray[np.int32]]
    sentiment: NDArray[np.int64]
    pain: NDArray[np.int64]
    request: NDArray[np.int64]
    emotions: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Read:
    """What a network says about a set: logits, shapes ``(texts, 3)``, ``(texts,)`` twice, and ``(texts, 4)``."""

    sentiment: NDArray[np.float32]
    pain: NDArray[np.float32]
    request: NDArray[np.float32]
    emotions: NDArray[np.float32]


def development_sets(
    directory: Path, tokenizer: Tokenizer, *, wording: RequestPatterns, sources: Sequence[Source] = SOURCES
) -> list[DevelopmentSet]:
    """Read the dev splits of the mix and DynaSent's two rounds."""
    corpus = read_corpus(directory, wording=wording, split="dev", sources=sources)
    sets = []
    for name, (start, stop) in corpus.bounds.items():
        step = max(1, (stop - start) // MOST_TEXTS)
        examples = corpus.examples[start:stop:step]
        if examples:
            sets.append(_set_of(name, examples, tokenizer))
    for number in (1, 2):
        records = [
            record for record in labelled(directory, "sentiment/dynasent_dev", "dev") if record["round"] == number
        ]
        texts = [record["text"] for record in records]
        labels = np.array([LABELS.index(record["label"]) for record in records])
        unknown = np.full(len(texts), -1)
        sets.append(
            DevelopmentSet(
                f"dynasent_r{number}", token_ids(tokenizer, texts), labels, unknown, unknown, _no_emotions(len(texts))
            )
        )
    return sets


def read_set(network: EncoderNetwork, ids: Sequence[NDArray[np.int32]]) -> Read:
    """Read texts with a network."""
    sentiment, pain, request, emotions = (
        np.zeros((len(ids), *rest), np.float32) for rest in ((3,), (), (), (len(EMOTIONS),))
    )
    device = network.words.weight.device
    network.eval()
    with torch.inference_mode():
        for batch in sorted_batches(ids, budget=4096):
            tokens, mask = (part.to(device) for part in pad([ids[place] for place in batch]))
            output = network(tokens, mask)
            for values, part in zip((sentiment, pain, request, emotions), output[:4], strict=True):
                values[batch] = part.cpu().numpy()
    return Read(sentiment, pain, request, emotions)


def measure(network: EncoderNetwork, sets: Sequence[DevelopmentSet]) -> dict[str, float]:
    """Measure a network on the development sets; ``choice`` is the mean macro-F1 that picks the best checkpoint."""
    report: dict[str, float] = {}
    for one in sets:
        read = read_set(network, one.ids)
        known = one.sentiment >= 0
        if known.any():
            report[f"{one.name}.f1"] = macro_f1(one.sentiment[known], read.sentiment[known].argmax(-1))
        for head in ("pain", "request"):
            truth, logits = getattr(one, head), getattr(read, head)
            known = truth >= 0
            if len(set(truth[known].tolist())) > 1:
                report[f"{one.name}.{head}_auc"] = roc_auc(truth[known] == 1, logits[known])
                if head == "request":
                    report[f"{one.name}.request_f1"] = f1_score(truth[known] == 1, logits[known] > 0, zero_division=0)
        for column, emotion in enumerate(EMOTIONS):
            known = one.emotions[:, column] >= 0
            if len(set(one.emotions[known, column].tolist())) > 1:
                report[f"{one.name}.{emotion}_auc"] = roc_auc(
                    one.emotions[known, column] == 1, read.emotions[known, column]
                )
    report["choice"] = float(np.mean([report[f"{name}.f1"] for name in CHOOSING]))
    return {name: round(value, 4) for name, value in report.items()}


def _no_emotions(texts: int) -> NDArray[np.int64]:
    return np.full((texts, len(EMOTIONS)), -1)


def _set_of(name: str, examples: Sequence[Example], tokenizer: Tokenizer) -> DevelopmentSet:
    def whole(value: float | None) -> int:
        return -1 if value is None else int(value)

    return DevelopmentSet(
        name,
        token_ids(tokenizer, [example.text for example in examples]),
        np.array([-1 if example.sentiment is None else int(np.argmax(example.sentiment)) for example in examples]),
        np.array([whole(example.pain) for example in examples]),
        np.array([whole(example.request) for example in examples]),
        np.array([example.emotions or (-1,) * len(EMOTIONS) for example in examples]).astype(np.int64),
    )
