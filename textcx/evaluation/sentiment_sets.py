"""The labelled sets for sentiment: file, split, labels, what is special about each, and how good answers to them are.

``test`` sets were never trained on and set nothing. ``dev`` sets were never trained on either, but the checkpoint or
the calibration was chosen with them, which flatters their figures a little.

A set of two labels knows no neutral. There only negative and positive compete: neutral's probability is taken away and
the other two are brought to a sum of 1. ``neutral_share`` says how many texts the encoder would have called neutral;
``confident_share`` and ``confident_errors`` are always those of the three-way answer that users see.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import confusion_matrix

from textcx.domain.encoding import LABELS
from textcx.evaluation.answers import NEUTRAL
from textcx.evaluation.records import records, rows, spread
from textcx.steps.statistics import classification as measures
from textcx.training.examples import split_by_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from textcx.evaluation.answers import Baseline

LOW_STARS, MIDDLE_STARS = 2, 3
FEWEST_FOR_PLAIN_ECE = 2_000
"""From so many texts on, the plain calibration error is hardly biased."""
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


def measure_sentiment(
    answers: NDArray[np.float32],
    truth: NDArray[np.int64],
    *,
    confident_at: float,
    two_way: bool = False,
) -> dict[str, Any]:
    """Measure probabilities, shape ``(texts, 3)``, at least one text, against the truth: places in ``LABELS``.

    From ``confident_at`` on an answer is confident. With ``two_way`` only negative and positive compete.
    """
    as_shipped = answers.astype(np.float64)
    chances = competing(as_shipped, two_way=two_way)
    guess, sure = chances.argmax(1), chances.max(1)
    right = guess == truth
    confident = as_shipped.max(1) >= confident_at
    wrong = as_shipped.argmax(1) != truth
    low, high = measures.macro_f1_interval(truth, guess)
    by_class = measures.class_f1(confusion_matrix(truth, guess, labels=range(len(LABELS))))
    return {
        "texts": len(truth),
        "texts_by_label": {label: int((truth == place).sum()) for place, label in enumerate(LABELS)},
        "macro_f1": measures.macro_f1(truth, guess),
        "macro_f1_ci_low": low,
        "macro_f1_ci_high": high,
        "macro_recall": measures.macro_recall(truth, guess),
        "accuracy": float(right.mean()),
        "f1_by_label": {label: float(by_class[place]) for place, label in enumerate(LABELS)},
        "ece": measures.calibration_error(sure, right),
        "ece_corrected": measures.corrected_calibration_error(sure, right),
        "ece_noise": measures.calibration_noise(sure),
        "ece_enough_texts": len(truth) >= FEWEST_FOR_PLAIN_ECE,
        "mean_confidence": float(sure.mean()),
        "brier": measures.brier(chances, truth),
        "risk_at_80": measures.risk_at_coverage(sure, right),
        "confident_share": float(confident.mean()),
        "confident_errors": float(wrong[confident].mean()) if confident.any() else None,
        "neutral_share": float((as_shipped.argmax(1) == NEUTRAL).mean()),
        "reliability": [asdict(one) for one in measures.reliability(sure, right)],
    }


def competing(chances: NDArray[np.float64], *, two_way: bool) -> NDArray[np.float64]:
    """Return the probabilities, without neutral and brought to a sum of 1 where only two labels compete."""
    if not two_way:
        return chances
    kept = chances.copy()
    kept[:, NEUTRAL] = 0.0
    total = kept.sum(1, keepdims=True)
    halves = np.array([0.5, 0.0, 0.5])
    return np.where(total > 0, kept / np.where(total > 0, total, 1.0), halves)


def measure_baselines(
    baselines: Sequence[Baseline],
    polarities: Mapping[str, NDArray[np.float64]],
    truth: NDArray[np.int64],
    *,
    two_way: bool = False,
) -> dict[str, dict[str, float]]:
    """Measure what the lexicons say of the same texts; ``polarities`` are their numbers for the texts, by name."""
    report = {}
    for one in baselines:
        guess = one.labels(polarities[one.name], two_way=two_way)
        report[one.name] = {
            "macro_f1": measures.macro_f1(truth, guess),
            "macro_recall": measures.macro_recall(truth, guess),
            "accuracy": float((guess == truth).mean()),
        }
    return report
