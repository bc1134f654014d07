"""The labelled sets for sentiment: which file, which split, which labels, and what is special about each.

``test`` sets were never trained on and set nothing. ``dev`` sets were never trained on either, but the checkpoint or
the calibration was chosen with them, which flatters their figures a little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.encoding import LABELS
from textcx.evaluation.records import field, records, rows, spread
from textcx.training.examples import split_by_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Rows = Iterator[tuple[str, str, str, str]]

LOW_STARS, MIDDLE_STARS = 2, 3
NEUTRAL = LABELS.index("neutral")


@dataclass(frozen=True, slots=True)
class SentimentSet:
    """A set as it can be asked for.

    Attributes:
        name: Its name in tables and for ``--sets``.
        read: Yields text, label, source and part of each labelled text.
        role: ``test`` or ``dev``.
        note: What a reader must know of it.
        two_way: True where the set knows no neutral: only negative and positive compete.
        target: The measure and the value that we set out to reach, if any.
    """

    name: str
    read: Callable[[Path], Rows]
    role: str = "test"
    note: str = ""
    two_way: bool = False
    target: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """The texts of a set: ``truth`` are places in ``LABELS``; all fields have the same length."""

    texts: list[str]
    truth: NDArray[np.int64]
    sources: NDArray[np.str_]
    parts: NDArray[np.str_]


def read_labelled(one: SentimentSet, data: Path, *, limit: int | None = None) -> LabelledTexts:
    """Read a set, at most ``limit`` texts of it, evenly spread over the file.

    Raises:
        MissingSet: If its file is not there.
        UnreadableInput: If its file is not what it should be.
    """
    found = list(one.read(data))
    chosen = [found[place] for place in spread(len(found), limit)]
    return LabelledTexts(
        [text for text, _, _, _ in chosen],
        np.array([LABELS.index(label) for _, label, _, _ in chosen], dtype=np.int64),
        np.array([source for _, _, source, _ in chosen], dtype=np.str_),
        np.array([part for _, _, _, part in chosen], dtype=np.str_),
    )


def _labelled(
    name: str, *splits: str, labels: tuple[str, ...] = LABELS, round_number: int | None = None
) -> Callable[[Path], Rows]:
    def read(data: Path) -> Rows:
        for record in records(data, name, *splits):
            if round_number is not None and field(record, "round", name=name) != round_number:
                continue
            label = field(record, "label", name=name)
            if label in labels:
                yield record["text"], label, str(record.get("source", "")), ""

    return read


def _tweets(data: Path) -> Rows:
    # The id begins with the official file that a text comes from: 2014test-17.
    name = "sentiment/semeval2017_tweets"
    for record in records(data, name, "test"):
        label, part = field(record, "label", name=name), field(record, "id", name=name).rpartition("-")[0]
        if label in LABELS:
            yield record["text"], label, str(record.get("source", "")), part


def _clothing(data: Path) -> Rows:
    for row in rows(data, "dumps/womens_clothing"):
        text = field(row, "Review Text", name="dumps/womens_clothing").strip()
        if text and split_by_hash(text) == "test":
            stars = int(field(row, "Rating", name="dumps/womens_clothing"))
            label = "negative" if stars <= LOW_STARS else "neutral" if stars == MIDDLE_STARS else "positive"
            yield text, label, "review", ""


_ENDS = ("negative", "positive")
SENTIMENT_SETS = (
    SentimentSet(
        "dynasent_r1",
        _labelled("sentiment/dynasent_dev", "dev", round_number=1),
        role="dev",
        note="sentences of reviews chosen to fool a model",
        target=("macro_f1", 0.76),
    ),
    SentimentSet(
        "dynasent_r2",
        _labelled("sentiment/dynasent_dev", "dev", round_number=2),
        role="dev",
        note="sentences written to fool a model",
        target=("macro_f1", 0.63),
    ),
    SentimentSet("semeval_tweets", _tweets, note="tweets, SMS, LiveJournal", target=("macro_recall", 0.71)),
    SentimentSet(
        "cebab",
        _labelled("sentiment/cebab", "test"),
        note="restaurant reviews and edited copies",
        target=("macro_f1", 0.87),
    ),
    SentimentSet(
        "nhs_survey",
        _labelled("sentiment/nhs_survey", "test"),
        note="answers of patients, rated as replies to a question that the encoder does not see",
        target=("macro_f1", 0.72),
    ),
    SentimentSet(
        "sst3",
        _labelled("sentiment/sst3_test", "test"),
        note="film reviews, five grades folded to three; for evaluation only",
        target=("macro_f1", 0.64),
    ),
    SentimentSet(
        "goemotions",
        _labelled("sentiment/goemotions", "test"),
        note="Reddit; labels derived from emotions",
        target=("macro_f1", 0.70),
    ),
    SentimentSet("womens_clothing", _clothing, note="labels are stars: 1 and 2, 3, 4 and 5"),
    SentimentSet(
        "nhs_phase1", _labelled("sentiment/nhs_phase1", "test", labels=_ENDS), note="sign of criticality", two_way=True
    ),
    SentimentSet("huliu", _labelled("sentiment/huliu", "test", labels=_ENDS), note="product reviews", two_way=True),
    SentimentSet("huliu_dev", _labelled("sentiment/huliu", "dev", labels=_ENDS), role="dev", two_way=True),
    SentimentSet("pros_cons", _labelled("sentiment/pros_cons", "test"), note="weak labels", two_way=True),
    SentimentSet(
        "pros_cons_dev", _labelled("sentiment/pros_cons", "dev"), role="dev", note="weak labels", two_way=True
    ),
    SentimentSet("sentence_polarity", _labelled("sentiment/sentence_polarity", "test"), note="films", two_way=True),
    SentimentSet(
        "sentence_polarity_dev",
        _labelled("sentiment/sentence_polarity", "dev"),
        role="dev",
        note="films",
        two_way=True,
    ),
    SentimentSet("uci_sentences", _labelled("sentiment/uci_sentences", "test"), note="reviews", two_way=True),
)
