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
from textcx.evaluation.records import MissingSet, field, records, spread
from textcx.steps.statistics import classification as measures
from textcx.training.sources import SOURCES, pool_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from textcx.evaluation.answers import Answers
    from textcx.training.examples import Example

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


def _nhs_phase1(data: Path) -> Yes:
    for record in records(data, "sentiment/nhs_phase1", "test"):
        criticality = field(record, "criticality", name="nhs_phase1")
        if criticality:
            yield record["text"], criticality < 0


def _nhs_survey(data: Path) -> Yes:
    for record in records(data, "sentiment/nhs_survey", "test"):
        label = field(record, "label", name="nhs_survey")
        if label in {"negative", "positive"}:
            yield record["text"], label == "negative"


def _jupyter(data: Path) -> Yes:
    for record in records(data, "problems/jupyter_2015", "test"):
        question = field(record, "question", name="jupyter_2015")
        if question in PAINFUL_QUESTIONS | PLEASANT_QUESTIONS:
            yield record["text"], question in PAINFUL_QUESTIONS


def _jupyter_longer(data: Path) -> Yes:
    return ((text, pain) for text, pain in _jupyter(data) if len(text.split()) >= FEWEST_WORDS)


def _pros_cons(data: Path) -> Yes:
    for record in records(data, "sentiment/pros_cons", "test"):
        yield record["text"], field(record, "label", name="pros_cons") == "negative"


def _huliu(data: Path) -> Yes:
    for record in records(data, "sentiment/huliu", "test"):
        strengths = [item["strength"] for item in field(record, "features", name="huliu")]
        if strengths and (min(strengths) <= CLEAR_STRENGTH or min(strengths) > 0):
            yield record["text"], min(strengths) < 0


def _cfpb(data: Path) -> Yes:
    yield from ((record["text"], True) for record in records(data, "problems/cfpb", "test"))
    yield from ((text, False) for text, pain in _nhs_survey(data) if not pain)


def _own_labels(target: str) -> Callable[[Path], Yes]:
    """Read what our own labels of DynaSent's unlabelled sentences say, test part only."""

    def read(data: Path) -> Yes:
        for example in own_examples(data):
            yes = getattr(example, target)
            if yes is not None:
                yield example.text, yes >= EVEN

    return read


def own_examples(data: Path) -> list[Example]:
    """Return the sentences of DynaSent's pool that were labelled for textcx and kept out of training.

    Raises:
        MissingSet: If the pool is not in the data folder, or these sentences are not part of the mix.
    """
    if (
        not any(source.name == "pool_labels" for source in SOURCES)
        or not (data / "sentiment" / "dynasent_pool.jsonl").is_file()
    ):
        message = "there is no file sentiment/dynasent_pool.jsonl in the data folder"
        raise MissingSet(message)
    return list(pool_labels(data, "test"))


PAIN_SETS = (
    HeadSet("nhs_phase1", "nhs_phase1", "criticality below 0 against above 0", _nhs_phase1),
    HeadSet("nhs_survey", "nhs_survey", "negative against positive answers", _nhs_survey),
    HeadSet(
        "jupyter_2015",
        "jupyter_2015",
        "answers to hinders, difficult, needed and missing against pleasant, needed and met",
        _jupyter,
    ),
    HeadSet("jupyter_2015 4+ words", "jupyter_2015", "the same, answers of four words or more", _jupyter_longer),
    HeadSet("pros_cons", "pros_cons", "cons against pros", _pros_cons),
    HeadSet("huliu", "huliu", "a feature of strength -2 or lower against only positive features", _huliu),
    HeadSet("cfpb + nhs praise", "cfpb", "complaints against positive answers of nhs_survey", _cfpb),
    HeadSet("pool_labels", "pool_labels", "our own labels of review sentences", _own_labels("pain")),
)
REQUEST_SETS = (
    HeadSet(
        "suggestion_a",
        "suggestion_a",
        "suggestions in a developers' forum that it never saw",
        lambda data: (
            (record["text"], field(record, "suggestion", name="suggestion_a") == 1)
            for record in records(data, "problems/suggestion_a", "test")
        ),
    ),
    HeadSet("pool_labels", "pool_labels", "our own labels of review sentences", _own_labels("request")),
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
    chance = _known(answers.of(texts).request, "requests")
    return {
        "rule": one.rule,
        "texts": len(texts),
        "requests": int(truth.sum()),
        "auc": measures.roc_auc(truth, chance),
        **_at_even(truth, chance),
    }


def measure_emotions(answers: Answers, data: Path, *, limit: int | None = None) -> dict[str, dict[str, Any]]:
    """Measure each emotion on GoEmotions' test split; annoyance counts as anger."""
    found = list(records(data, "sentiment/goemotions", "test"))
    chosen = [found[place] for place in spread(len(found), limit)]
    shown = [frozenset(field(record, "emotions", name="goemotions")) for record in chosen]
    chances = _known(answers.of([record["text"] for record in chosen]).emotions, "emotions")
    report = {}
    for column, emotion in enumerate(EMOTIONS):
        truth = np.array([bool(names.intersection(SHOWN_AS.get(emotion, (emotion,)))) for names in shown], dtype=bool)
        report[emotion] = {
            "texts": len(chosen),
            "shown": int(truth.sum()),
            "auc": measures.roc_auc(truth, chances[:, column]),
            **_at_even(truth, chances[:, column]),
        }
    return report


def _read(one: HeadSet, data: Path, limit: int | None) -> tuple[list[str], NDArray[np.bool_]]:
    found = list(one.read(data))
    chosen = [found[place] for place in spread(len(found), limit)]
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
