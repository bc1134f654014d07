"""Read the open data into one corpus. Only the ``train`` split teaches; ``dev`` chooses and calibrates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx.training.examples import Corpus
from textcx.training.sources import SOURCES

if TYPE_CHECKING:
    from pathlib import Path


def read_corpus(directory: Path, *, split: str = "train") -> Corpus:
    """Read every source of the mix.

    Args:
        directory: The data folder; its layout is that of the shared open data.
        split: ``train`` or ``dev``.

    Returns:
        Examples in a fixed order, without repeated texts inside a source.
    """
    corpus = Corpus()
    for source in SOURCES:
        start = len(corpus.examples)
        seen: set[str] = set()
        for example in source.read(directory, split):
            if example.text.strip() and example.text not in seen:
                seen.add(example.text)
                corpus.examples.append(example)
        corpus.bounds[source.name] = (start, len(corpus.examples))
    return corpus
