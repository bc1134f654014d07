"""One evaluation: read each set, ask the encoder once for each text, measure, and say what was left out and why.

The result holds numbers and names of sets, never a text. Nothing in it depends on the clock or on chance that is not
seeded: the same encoder on the same machine and data gives the same result twice.
"""

from __future__ import annotations

import math
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import UnreadableInput
from textcx.domain.version import __version__
from textcx.evaluation import heads
from textcx.evaluation.answers import Answers, load_baselines
from textcx.evaluation.pairs import measure_bias, measure_pairs, read_pairs, read_templates
from textcx.evaluation.records import MissingSet, choose
from textcx.evaluation.sentiment_sets import SENTIMENT_SETS, measure_baselines, measure_sentiment, read_labelled
from textcx.evaluation.slices import measure_slices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from textcx.evaluation.answers import Baseline
    from textcx.evaluation.heads import HeadSet
    from textcx.evaluation.sentiment_sets import LabelledTexts, SentimentSet
    from textcx.ports import Encoder

PAIRS, BIAS, EMOTIONS = "contrast_pairs", "bias_templates", "goemotions"
KNOWN_SETS = tuple(
    dict.fromkeys(
        [one.name for one in SENTIMENT_SETS]
        + [one.needs for one in (*heads.PAIN_SETS, *heads.REQUEST_SETS)]
        + [EMOTIONS, PAIRS, BIAS]
    )
)
"""Names for ``--sets``; a name chooses everything that is measured on the set."""
OF_OUR_OWN = frozenset([PAIRS, BIAS])
DIGITS = 4


class _Evaluation:
    """What is gathered while the sets are gone through."""

    def __init__(
        self,
        answers: Answers,
        data: Path,
        *,
        limit: int | None,
        baselines: Sequence[Baseline],
        tell: Callable[[str], None],
    ) -> None:
        self.answers, self.data, self.limit, self.baselines, self.tell = answers, data, limit, baselines, tell
        self.skipped: dict[str, str] = {}
        self.pooled: list[tuple[LabelledTexts, NDArray[np.float32]]] = []

    def attempt(self, name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Measure a set; write down the reason where it is not there."""
        self.tell(f"{name} ...")
        try:
            return measure()
        except MissingSet as reason:
            self.skipped[name] = str(reason)
            return {}

    def each(
        self, sets: Iterable[SentimentSet] | Iterable[HeadSet], measure: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        """Measure sets, by their names; those that are not there are left out."""
        found = {one.name: self.attempt(one.name, partial(measure, one)) for one in sets}
        return {name: one for name, one in found.items() if one}

    def sentiment(self, one: SentimentSet) -> dict[str, Any]:
        """Measure the sentiment of a set, its parts, and the lexicons."""
        read = read_labelled(one, self.data, limit=self.limit)
        if not read.texts:
            message = "its file holds no labelled text of the split that is measured"
            raise MissingSet(message)
        found = self.answers.of(read.texts).sentiment
        if one.role == "test" and not one.two_way:
            self.pooled.append((read, found))
        polarities = {lexicon.name: lexicon.polarities(read.texts) for lexicon in self.baselines}

        def part(inside: NDArray[np.bool_] | slice) -> dict[str, Any]:
            report = measure_sentiment(
                found[inside], read.truth[inside], confident_at=self.answers.encoder.confident_at, two_way=one.two_way
            )
            numbers = {name: values[inside] for name, values in polarities.items()}
            compared = measure_baselines(self.baselines, numbers, read.truth[inside], two_way=one.two_way)
            return report | {"baselines": compared}

        report: dict[str, Any] = {"role": one.role, "note": one.note, "two_way": one.two_way} | part(slice(None))
        if one.goal is not None:
            reached = report[one.goal_measure] >= one.goal
            report["goal"] = {"measure": one.goal_measure, "value": one.goal, "reached": reached}
        names = sorted(set(read.parts.tolist()))
        if len(names) > 1:
            report["parts"] = {name: part(read.parts == name) for name in names}
        return report


def evaluate(
    *,
    encoder: Encoder,
    data: Path,
    sets: Iterable[str] | None = None,
    limit: int | None = None,
    baselines: bool = True,
    pairs: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Evaluate an encoder on labelled data.

    Args:
        encoder: Any encoder.
        data: Folder of the labelled data; nothing else is read but ``pairs``.
        sets: Names of ``KNOWN_SETS``; None takes all.
        limit: At most so many texts of each set, evenly spread over its file; None takes all. At least 1.
        baselines: Measure VADER and TextBlob, too, where they are installed.
        pairs: Folder of our own contrast pairs and bias templates; None where there is none.
        tell: Called with the name of each set before it is read.

    Returns:
        Numbers, ready for JSON: ``sentiment``, ``pain``, ``request``, ``emotions``, ``pairs``, ``slices``, ``bias``,
        ``skipped`` (name and reason), ``baselines``, and what was measured by what.

    Raises:
        UnreadableInput: If the folder is not there, holds none of the sets, or a file is broken.
        BadSetting: If a name is unknown.
    """
    chosen = check_request(data, sets)
    lexicons, missing = load_baselines() if baselines else ([], dict.fromkeys(("vader", "textblob"), "not asked for"))
    answers = Answers(encoder)
    work = _Evaluation(answers, data, limit=limit, baselines=lexicons, tell=tell)
    report: dict[str, Any] = {
        "textcx_version": __version__,
        "encoder_id": encoder.encoder_id,
        "precision": encoder.precision,
        "confident_at": encoder.confident_at,
        "numpy_version": metadata.version("numpy"),
        "sets": sorted(chosen),
        "limit": limit,
        "baselines": {one.name: {"version": one.version} for one in lexicons}
        | {name: {"missing": reason} for name, reason in missing.items()},
        "sentiment": work.each((one for one in SENTIMENT_SETS if one.name in chosen), work.sentiment),
    }
    for head, head_sets, measure in (
        ("pain", heads.PAIN_SETS, heads.measure_pain),
        ("request", heads.REQUEST_SETS, heads.measure_request),
    ):
        wanted = (one for one in head_sets if one.needs in chosen)
        report[head] = work.each(wanted, partial(measure, answers, data=data, limit=limit))
    for part, name, measure_all in (
        ("emotions", EMOTIONS, partial(heads.measure_emotions, answers, data, limit=limit)),
        ("pairs", PAIRS, lambda: measure_pairs(answers, read_pairs(pairs))),
        ("bias", BIAS, lambda: measure_bias(answers, read_templates(pairs))),
    ):
        report[part] = work.attempt(name, measure_all) if name in chosen else {}
    report["slices"] = measure_slices(work.pooled)
    report["skipped"] = work.skipped
    if chosen - OF_OUR_OWN and not any(report[head] for head in ("sentiment", "pain", "request", "emotions")):
        message = f"{data} holds none of the {len(chosen - OF_OUR_OWN)} sets asked for, such as sentiment/cebab.jsonl"
        raise UnreadableInput(message)
    return {name: _rounded(value) for name, value in report.items()}


def check_request(data: Path, sets: Iterable[str] | None) -> set[str]:
    """Check folder and names, which takes no time; return the names of the sets that are wanted."""
    chosen = choose(sets, KNOWN_SETS)
    if not data.is_dir():
        message = f"there is no data folder {data}; name the folder that holds sentiment/, problems/ and dumps/"
        raise UnreadableInput(message)
    return chosen


def _rounded(value: object) -> object:
    """Round every number; what cannot be known is null."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, DIGITS)
    return value
