"""Read the open data into one corpus. Only the ``train`` split teaches; ``dev`` chooses and calibrates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.training.examples import Corpus
from textcx.training.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from textcx.domain.lexicons.text import RequestPatterns
    from textcx.training.examples import Example, Source

WEIGHT_OF_THE_UNTOLD = 0.5
"""How much a teacher's word on pain, request and emotions weighs where a data set says nothing."""


def read_corpus(
    directory: Path, *, wording: RequestPatterns, split: str = "train", sources: Sequence[Source] = SOURCES
) -> Corpus:
    """Read every source of the mix.

    Args:
        directory: The data folder; its layout is that of the shared open data.
        wording: Wordings that ask for something.
        split: ``train`` or ``dev``.
        sources: The sources to read.

    Returns:
        Examples in a fixed order, without repeated texts inside a source.
    """
    corpus = Corpus(tuple(sources))
    for source in sources:
        start = len(corpus.examples)
        seen: set[str] = set()
        for example in source.read(directory, split, wording):
            if example.text.strip() and example.text not in seen:
                seen.add(example.text)
                corpus.examples.append(example)
        corpus.bounds[source.name] = (start, len(corpus.examples))
    return corpus


def taught_by(corpus: Corpus, answers: Mapping[str, Tensor]) -> Corpus:
    """Mix a teacher's answers into the targets, by the share that each source gives it.

    Args:
        corpus: What the data sets say.
        answers: What the teacher says of some examples: ``places`` in the corpus, and the heads of
            :func:`textcx.training.teacher.answers_of`, one row for each place.

    Returns:
        The same examples with softened targets. A target that was missing is the teacher's, at a lower weight.
    """
    shares = np.zeros(len(corpus.examples))
    for source in corpus.sources:
        shares[slice(*corpus.bounds[source.name])] = source.taught
    heads = {head: answers[head].float().tolist() for head in ("sentiment", "pain", "request", "emotions")}
    examples = list(corpus.examples)
    for row, place in enumerate(answers["places"].tolist()):
        examples[place] = _softened(examples[place], float(shares[place]), {head: heads[head][row] for head in heads})
    return Corpus(corpus.sources, examples, corpus.bounds)


def _softened(example: Example, share: float, said: Mapping[str, Any]) -> Example:
    changed: dict[str, Any] = {}
    for head, answer in said.items():
        weight = f"{head.removesuffix('s')}_weight"
        told = getattr(example, head)
        if told is None:
            changed |= {head: answer, weight: share * (1.0 if head == "sentiment" else WEIGHT_OF_THE_UNTOLD)}
        elif isinstance(told, float):
            changed[head] = (1 - share) * told + share * answer
        else:
            changed[head] = tuple((1 - share) * one + share * other for one, other in zip(told, answer, strict=True))
    return replace(example, **changed)
