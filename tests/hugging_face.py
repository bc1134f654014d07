"""A tiny BERT that classifies texts by sentiment, as Hugging Face keeps one: vocabulary, weights and training are ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

THREE = ("negative", "neutral", "positive")
TAUGHT = (
    ("the staff were rude", 0), ("the room was dirty", 0), ("my parcel came late", 0), ("the wait was awful", 0),
    ("we came on monday", 1), ("the room is on the second floor", 1),
    ("the staff were friendly", 2), ("very helpful", 2), ("breakfast was tasty", 2), ("the driver was kind", 2),
)  # fmt: skip
"""Sentences and their place in ``THREE``."""
OTHER_WORDS = "and in hotel two days damaged yet please add a dark mode that would be good word ok lovely . , ! ?"


def save_model(
    folder: Path, *, labels: Sequence[str] = THREE, classes: Sequence[int] | None = None, **sizes: Any
) -> Path:
    """Train a model on ``TAUGHT`` and save it.

    Args:
        folder: Is made.
        labels: What the model calls its classes.
        classes: Which of the labels stands for each of ``THREE``; by default all do, in their order.
        sizes: Of the network, where they matter.
    """
    folder.mkdir(parents=True)
    words = {word: None for sentence, _ in TAUGHT for word in sentence.split()} | dict.fromkeys(OTHER_WORDS.split())
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer = BertTokenizer(str(folder / "vocab.txt"))
    config = BertConfig(
        vocab_size=len(vocabulary),
        id2label=dict(enumerate(labels)),
        label2id={label: place for place, label in enumerate(labels)},
        **{"hidden_size": 384, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64, **sizes},
    )
    with torch.random.fork_rng():
        torch.manual_seed(5)
        network = BertForSequenceClassification(config)
        _teach(network, tokenizer, classes or range(3))
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def rename_classes(folder: Path, labels: Sequence[str]) -> None:
    """Change what the model in a folder calls its classes."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = dict(enumerate(labels))
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def _teach(network: BertForSequenceClassification, tokenizer: BertTokenizer, classes: Sequence[int]) -> None:
    batch = tokenizer([sentence for sentence, _ in TAUGHT], padding=True, return_tensors="pt")
    truth = torch.tensor([classes[place] for _, place in TAUGHT])
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    network.train()
    for _ in range(30):
        optimizer.zero_grad()
        network(**batch, labels=truth).loss.backward()
        optimizer.step()
