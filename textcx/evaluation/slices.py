"""Quality by kind of text: length, negation, "but", questions, emoji, capitals, hashtags, where the text comes from.

All test sets with three labels are put together and each counts the same, however many texts it has. A slice says what
kind of text is harder, not why: kinds differ in their sets, too, which is why ``sets`` says how many a slice draws on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.steps.statistics import classification as measures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from textcx.evaluation.sentiment_sets import LabelledTexts

LENGTHS = ((1, 5), (6, 15), (16, 30), (31, 60), (61, None))
SMALLEST = 30
"""Fewest texts of a slice that is shown."""

_NEGATION = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|hardly|barely)\b"
    r"|n['\u2019]t\b|\b(?:do|does|did|is|was|are|were|wo|ca|ai|could|would|should|have|has|had)nt\b",
    re.IGNORECASE,
)
_TURN = re.compile(r"\b(?:but|although|though|however)\b", re.IGNORECASE)
_FACE = re.compile(
    r"[\u2600-\u27bf\u2b50-\u2b55\U0001f300-\U0001faff]"
    r"|(?<![\w:;=])(?:[:;=8][-~^']?[)(\]\[DPpOo/\\|*3]|<3|[xX]D|\^_?\^|[)(]['-]?[:;=])(?!\w)"
)


KINDS: dict[str, Callable[[str], object]] = {
    "negation": _NEGATION.search,
    "but, although, however": _TURN.search,
    "question": re.compile(r"\?").search,
    "emoji or emoticon": _FACE.search,
    "word in capitals": re.compile(r"\b[A-Z]{3,}\b").search,
    "hashtag or mention": re.compile(r"(?<!\w)[#@]\w+").search,
}
"""What a text may have. A word in capitals has three letters or more, so that OK and TV are none."""


def measure_slices(sets: Sequence[tuple[LabelledTexts, NDArray[np.float32]]]) -> list[dict[str, Any]]:
    """Measure slices over sets with three labels, each with its answers, shape ``(texts, 3)``, that count the same.

    Returns one entry for each slice of at least ``SMALLEST`` texts; all its figures are weighted.
    """
    sets = [one for one in sets if len(one[0].texts)]
    if not sets:
        return []
    texts = [text for one, _ in sets for text in one.texts]
    truth = np.concatenate([one.truth for one, _ in sets])
    chances = np.concatenate([answers.astype(np.float64) for _, answers in sets])
    weights = np.concatenate([np.full(len(one.texts), 1 / len(one.texts)) for one, _ in sets])
    owners = np.concatenate([np.full(len(one.texts), place) for place, (one, _) in enumerate(sets)])
    guess, sure = chances.argmax(1), chances.max(1)
    right = guess == truth
    report = []
    for kind, value, inside in _slices(texts, np.concatenate([one.sources for one, _ in sets])):
        if inside.sum() >= SMALLEST:
            weight = weights[inside]
            report.append(
                {
                    "kind": kind,
                    "value": value,
                    "texts": int(inside.sum()),
                    "sets": len(np.unique(owners[inside])),
                    "macro_f1": measures.macro_f1(truth[inside], guess[inside], weights=weight),
                    "accuracy": float(np.average(right[inside], weights=weight)),
                    "ece": measures.calibration_error(sure[inside], right[inside], weights=weight),
                }
            )
    return report


def _slices(texts: Sequence[str], sources: NDArray[np.str_]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    yield "all", "all", np.ones(len(texts), dtype=bool)
    words = np.array([len(text.split()) for text in texts])
    for low, high in LENGTHS:
        value = f"{low}-{high} words" if high else f"{low} words or more"
        yield "length", value, (words >= low) & (words <= (high or words.max()))
    for kind, has in KINDS.items():
        found = np.array([bool(has(text)) for text in texts], dtype=bool)
        yield kind, "yes", found
        yield kind, "no", ~found
    for source in sorted(set(sources.tolist())):
        yield "source", source, sources == source
