"""The labelled sets for sentiment: which file, which split, which labels, and what is special about each.

``test`` sets were never trained on and set nothing. ``dev`` sets were never trained on either, but the checkpoint or
the calibration was chosen with them, which flatters their figures a little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.encoding import LABELS
from textcx.evaluation.records import records, rows, spread
from textcx.training.examples import split_by_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

LOW_STARS, MIDDLE_STARS = 2, 3
CLOTHING = "dumps/womens_clothing"


@dataclass(frozen=True, slots=True)
class SentimentSet:
    """A set as it can be asked for.

    Attributes:
        name: Its name in tables and for ``--sets``.
        file: Its file, without the ending.
        goal: The value of ``goal_measure`` that we set out to reach, if any.
        note: What a reader must know of it.
        role: ``test`` or ``dev``, the split that is measured.
        two_way: True where the set knows no neutral: only negative and positive compete.
        round_number: The round that is measured, of a set that has several.
        in_parts: Whether an id begins with the official file that a text comes from, such as ``2014test-17``.
    """

    name: str
    file: str
    goal: float | None = None
    note: str = ""
    goal_measure: str = "macro_f1"
    role: str = "test"
    two_way: bool = False
    round_number: int | None = None
    in_parts: bool = False


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """The texts of a set: ``truth`` are places in ``LABELS``; all fields have the same length."""

    texts: list[str]
    truth: NDArray[np.int64]
    sources: NDArray[np.str_]
    parts: NDArray[np.str_]


def read_labelled(one: SentimentSet, data: Path, *, limit: int | None = None) -> LabelledTexts:
    """Read a set, at most ``limit`` texts of it, evenly spread over the file; errors are those of ``records``."""
    chosen = spread(_starred(data) if one.file == CLOTHING else _labelled(one, data), limit)
    return LabelledTexts(
        [text for text, _, _, _ in chosen],
        np.array([LABELS.index(label) for _, label, _, _ in chosen], dtype=np.int64),
        np.array([source for _, _, source, _ in chosen], dtype=np.str_),
        np.array([part for _, _, _, part in chosen], dtype=np.str_),
    )


def _labelled(one: SentimentSet, data: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield text, label, source and part of each labelled text."""
    labels = {"negative", "positive"} if one.two_way else set(LABELS)
    for record in records(data, one.file, one.role):
        if one.round_number is not None and record["round"] != one.round_number:
            continue
        if record["label"] in labels:
            part = record["id"].rpartition("-")[0] if one.in_parts else ""
            yield record["text"], record["label"], str(record.get("source", "")), part


def _starred(data: Path) -> Iterator[tuple[str, str, str, str]]:
    for row in rows(data, CLOTHING):
        text = row["Review Text"].strip()
        if text and split_by_hash(text) == "test":
            stars = int(row["Rating"])
            label = "negative" if stars <= LOW_STARS else "neutral" if stars == MIDDLE_STARS else "positive"
            yield text, label, "review", ""


_DYNASENT = "sentiment/dynasent_dev"
_NHS_NOTE = "answers of patients, rated as replies to a question that the encoder does not see"
_SST_NOTE = "film reviews, five grades folded to three; for evaluation only"
SENTIMENT_SETS = (
    SentimentSet(
        "dynasent_r1", _DYNASENT, 0.76, "sentences of reviews chosen to fool a model", role="dev", round_number=1
    ),
    SentimentSet("dynasent_r2", _DYNASENT, 0.63, "sentences written to fool a model", role="dev", round_number=2),
    SentimentSet(
        "semeval_tweets",
        "sentiment/semeval2017_tweets",
        0.71,
        "tweets, SMS, LiveJournal",
        "macro_recall",
        in_parts=True,
    ),
    SentimentSet("cebab", "sentiment/cebab", 0.87, "restaurant reviews and edited copies"),
    SentimentSet("nhs_survey", "sentiment/nhs_survey", 0.72, _NHS_NOTE),
    SentimentSet("sst3", "sentiment/sst3_test", 0.64, _SST_NOTE),
    SentimentSet("goemotions", "sentiment/goemotions", 0.70, "Reddit; labels derived from emotions"),
    SentimentSet("womens_clothing", CLOTHING, note="labels are stars: 1 and 2, 3, 4 and 5"),
    SentimentSet("nhs_phase1", "sentiment/nhs_phase1", note="sign of criticality", two_way=True),
    SentimentSet("huliu", "sentiment/huliu", note="product reviews", two_way=True),
    SentimentSet("huliu_dev", "sentiment/huliu", role="dev", two_way=True),
    SentimentSet("pros_cons", "sentiment/pros_cons", note="weak labels", two_way=True),
    SentimentSet("pros_cons_dev", "sentiment/pros_cons", note="weak labels", role="dev", two_way=True),
    SentimentSet("sentence_polarity", "sentiment/sentence_polarity", note="films", two_way=True),
    SentimentSet("sentence_polarity_dev", "sentiment/sentence_polarity", note="films", role="dev", two_way=True),
    SentimentSet("uci_sentences", "sentiment/uci_sentences", note="reviews", two_way=True),
)
