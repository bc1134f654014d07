"""Measure pain, request and emotions: what counts as yes and as no in each source, and how well they are told apart.

Few sets say outright whether something went wrong for a customer. Each rule is stated beside its figure. ``margin`` is
what the pain head adds to simply ranking by p(negative), with an interval; where tone and pain coincide it is near 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from textcx.domain.encoding import EMOTIONS
from textcx.evaluation.answers import NEGATIVE
from textcx.evaluation.records import MissingSet, records, require, spread
from textcx.steps.statistics import classification as measures
from textcx.training.sources import POOL_LABELS, with_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from textcx.evaluation.answers import Answers
    from textcx.evaluation.records import Record

    Yes = Iterator[tuple[str, bool]]

EVEN = 0.5
"""From this probability on, a head says yes."""
CLEAR_STRENGTH = -2
FEWEST_WORDS = 4
PAINFUL_QUESTIONS = frozenset(["hinders", "difficult", "needed_and_missing"])
PLEASANT_QUESTIONS = frozenset(["pleasant", "needed_and_met"])
SHOWN_AS = {"anger": ("anger", "annoyance")}
"""GoEmotions' names of an emotion, where they are not ours."""


@dataclass(frozen=True, slots=True)
class HeadSet:
    """Texts with a yes or a no: ``rule`` says which is which; ``needs`` is the set that asks for it."""

    name: str
    needs: str
    rule: str
    read: Callable[[Path], Yes]


def _judged(file: str, judge: Callable[[Record], bool | None]) -> Callable[[Path], Yes]:
    """Make the reader of the test split of a file; a record without a yes or a no is left out."""

    def read(data: Path) -> Yes:
        judged = ((record["text"], judge(record)) for record in records(data, file, "test"))
        return ((text, yes) for text, yes in judged if yes is not None)

    return read


def _critical(record: Record) -> bool | None:
    return record["criticality"] < 0 if record["criticality"] else None


def _negative(record: Record) -> bool | None:
    return {"negative": True, "positive": False}.get(record["label"])


def _praised(record: Record) -> bool | None:
    return False if record["label"] == "positive" else None


def _painful(record: Record) -> bool | None:
    question = record["question"]
    return question in PAINFUL_QUESTIONS if question in PAINFUL_QUESTIONS | PLEASANT_QUESTIONS else None


def _painful_longer(record: Record) -> bool | None:
    return _painful(record) if len(record["text"].split()) >= FEWEST_WORDS else None


def _clear_features(record: Record) -> bool | None:
    lowest = min((item["strength"] for item in record["features"]), default=0)
    return lowest < 0 if lowest <= CLEAR_STRENGTH or lowest > 0 else None


def _complaints_and_praise(data: Path) -> Yes:
    yield from _judged("problems/cfpb", lambda _: True)(data)
    yield from _judged("sentiment/nhs_survey", _praised)(data)


def _own_labels(target: str) -> Callable[[Path], Yes]:
    """Make the reader of our own labels of DynaSent's sentences: those kept out of training."""

    def read(data: Path) -> Yes:
        require(data / "sentiment" / "dynasent_pool.jsonl")
        judged = ((example.text, getattr(example, target)) for example in with_codes(POOL_LABELS, data, "test"))
        return ((text, yes >= EVEN) for text, yes in judged if yes is not None)

    return read


_JUPYTER, _PHASE1, _SURVEY = "problems/jupyter_2015", "sentiment/nhs_phase1", "sentiment/nhs_survey"
_ANSWERS = "answers to hinders, difficult, needed and missing against pleasant, needed and met"
_LONGER = "the same, answers of four words or more"
_FEATURES = "a feature of strength -2 or lower against only positive features"
_OWN = "our own labels of review sentences"
PAIN_SETS = (
    HeadSet("nhs_phase1", "nhs_phase1", "criticality below 0 against above 0", _judged(_PHASE1, _critical)),
    HeadSet("nhs_survey", "nhs_survey", "negative against positive answers", _judged(_SURVEY, _negative)),
    HeadSet("jupyter_2015", "jupyter_2015", _ANSWERS, _judged(_JUPYTER, _painful)),
    HeadSet("jupyter_2015 4+ words", "jupyter_2015", _LONGER, _judged(_JUPYTER, _painful_longer)),
    HeadSet("pros_cons", "pros_cons", "cons against pros", _judged("sentiment/pros_cons", _negative)),
    HeadSet("huliu", "huliu", _FEATURES, _judged("sentiment/huliu", _clear_features)),
    HeadSet("cfpb + nhs praise", "cfpb", "complaints against positive answers of nhs_survey", _complaints_and_praise),
    HeadSet("pool_labels", "pool_labels", _OWN, _own_labels("pain")),
)
REQUEST_SETS = (
    HeadSet(
        "suggestion_a",
        "suggestion_a",
        "suggestions in a developers' forum that it never saw",
        _judged("problems/suggestion_a", lambda record: record["suggestion"] == 1),
    ),
    HeadSet("pool_labels", "pool_labels", _OWN, _own_labels("request")),
)


def measure_pain(answers: Answers, one: HeadSet, data: Path, *, limit: int | None = None) -> dict[str, Any]:
    """Measure how well the pain head tells the texts of a set apart, beside p(negative) alone."""
    texts, truth = _read(one, data, limit)
    found = answers.of(texts)
    pain, negative = _known(found.pain, "pain"), found.sentiment[:, NEGATIVE].astype(np.float64)
    auc, plain = measures.roc_auc(truth, pain), measures.roc_auc(truth, negative)
    low, high = measures.auc_margin_interval(truth, pain, negative)
    return {
        "rule": one.rule,
        "texts": len(texts),
        "pains": int(truth.sum()),
        "auc": auc,
        "auc_of_p_negative": plain,
        "margin": auc - plain,
        "margin_ci_low": low,
        "margin_ci_high": high,
        **_at_even(truth, pain),
    }


def measure_request(answers: Answers, one: HeadSet, data: Path, *, limit: int | None = None) -> dict[str, Any]:
    """Measure the request head on a set."""
    texts, truth = _read(one, data, limit)
    return {"rule": one.rule, **_measure("requests", truth, _known(answers.of(texts).request, "requests"))}


def measure_emotions(answers: Answers, data: Path, *, limit: int | None = None) -> dict[str, dict[str, Any]]:
    """Measure each emotion on GoEmotions' test split; annoyance counts as anger."""
    chosen = spread(records(data, "sentiment/goemotions", "test"), limit)
    shown = [frozenset(record["emotions"]) for record in chosen]
    chances = _known(answers.of([record["text"] for record in chosen]).emotions, "emotions")
    report = {}
    for emotion, chance in zip(EMOTIONS, chances.T, strict=True):
        truth = np.array([bool(names.intersection(SHOWN_AS.get(emotion, (emotion,)))) for names in shown], dtype=bool)
        report[emotion] = _measure("shown", truth, chance)
    return report


def _measure(counted: str, truth: NDArray[np.bool_], chance: NDArray[np.float64]) -> dict[str, Any]:
    counts = {"texts": len(truth), counted: int(truth.sum())}
    return {**counts, "auc": measures.roc_auc(truth, chance), **_at_even(truth, chance)}


def _read(one: HeadSet, data: Path, limit: int | None) -> tuple[list[str], NDArray[np.bool_]]:
    chosen = spread(one.read(data), limit)
    return [text for text, _ in chosen], np.array([yes for _, yes in chosen], dtype=bool)


def _known(probabilities: NDArray[np.float32], head: str) -> NDArray[np.float64]:
    if np.isnan(probabilities).any():
        message = f"the encoder has no head for {head}"
        raise MissingSet(message)
    return probabilities.astype(np.float64)


def _at_even(truth: NDArray[np.bool_], chance: NDArray[np.float64]) -> dict[str, float | None]:
    if not truth.any():
        return dict.fromkeys(("precision", "recall", "f1"))
    found = precision_recall_fscore_support(truth, chance >= EVEN, average="binary", zero_division=0)
    return dict(zip(("precision", "recall", "f1"), map(float, found[:3]), strict=True))
