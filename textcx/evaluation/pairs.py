"""Our own sentences, kept out of training: contrast pairs, and bias templates with dialect pairs.

Contrast pairs are two sentences that differ in one thing, written by hand. A pain pair has a pain told calmly and a
sentence without a pain that is negative, or near to it in words. What counts is whether the head puts the right one
higher; ranking by p(negative) alone is measured beside it.

Bias: does the answer depend on who is named or how somebody speaks? A template is filled with every value of every
group (names, pronouns, identities). Its groups' mean polarities are compared: ``largest_change`` is the widest gap
between two groups, ``mean_change`` the mean gap over all pairs of them. A flip is a filled sentence whose label is not
the commonest of its template. ``shift`` of a group is its mean distance from the mean of all groups of its kind: what
is systematic shows there. Dialect pairs say the same twice.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.domain.encoding import LABELS
from textcx.domain.errors import UnreadableInput
from textcx.evaluation.answers import NEGATIVE
from textcx.evaluation.heads import EVEN
from textcx.evaluation.records import MissingSet
from textcx.steps.statistics.intervals import share_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.evaluation.answers import Answers

    Groups = dict[str, dict[str, dict[str, list[str]]]]

CONTRAST_PAIRS, BIAS_TEMPLATES = "contrast_pairs.jsonl", "bias_templates.toml"
WORST = 12
"""Failures listed for each head, the surest first."""


def pairs_directory() -> Path | None:
    """Return where our own sentences are: in the installed package, or among the tests of a checkout."""
    package = Path(str(files("textcx")))
    for directory in (package / "_models" / "pairs", package.parent / "tests" / "quality"):
        if (directory / CONTRAST_PAIRS).is_file():
            return directory
    return None


def read_pairs(directory: Path | None) -> list[dict[str, Any]]:
    """Read the contrast pairs, each with its line: ``MissingSet`` or ``UnreadableInput`` if there are none."""
    pairs = []
    for number, line in enumerate(_own(directory, CONTRAST_PAIRS).splitlines(), start=1):
        pair = json.loads(line)
        if not ({"yes", "no"} <= pair.keys() or {"texts", "labels"} <= pair.keys()):
            message = f"{CONTRAST_PAIRS}, line {number}: expected 'yes' and 'no', or 'texts' and 'labels'"
            raise UnreadableInput(message)
        pairs.append(pair | {"line": number})
    return pairs


def read_templates(directory: Path | None) -> dict[str, Any]:
    """Read templates, groups and dialect pairs for :func:`measure_bias`: ``MissingSet`` if there are none."""
    return tomllib.loads(_own(directory, BIAS_TEMPLATES))


def _own(directory: Path | None, name: str) -> str:
    if directory is None or not (directory / name).is_file():
        message = f"{name} came neither with the package nor with a checkout"
        raise MissingSet(message)
    return (directory / name).read_text(encoding="utf-8")


def measure_pairs(answers: Answers, pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Measure the pairs of each head.

    Returns:
        For ``pain`` and ``request``: ``pairs``, ``ordered`` with an interval, ``ordered_by_p_negative``, ``right`` at a
        probability of 0.5. For ``sentiment``: ``pairs``, ``ordered`` by polarity, ``right``, ``both_right``.
        ``failures`` of each: line, which sentence, and the probability given to the wrong answer, surest first. A head
        that the encoder does not have is left out.
    """
    report: dict[str, Any] = {}
    for head in ("pain", "request"):
        chosen = [pair for pair in pairs if pair["head"] == head]
        if chosen and not np.isnan(getattr(answers.of([chosen[0]["yes"]]), head)).any():
            report[head] = _yes_and_no(answers, chosen, head)
    chosen = [pair for pair in pairs if pair["head"] == "sentiment"]
    if chosen:
        report["sentiment"] = _labelled(answers, chosen)
    return report


def _yes_and_no(answers: Answers, pairs: list[dict[str, Any]], head: str) -> dict[str, Any]:
    yes, no = (answers.of([pair[side] for pair in pairs]) for side in ("yes", "no"))
    high, low = (getattr(found, head).astype(np.float64) for found in (yes, no))
    ordered = high > low
    failures = [
        {"line": pair["line"], "side": side, "wrongly": wrong, "ordered": bool(fine)}
        for pair, up, down, fine in zip(pairs, high, low, ordered, strict=True)
        for side, wrong in (("yes", 1 - float(up)), ("no", float(down)))
        if wrong > EVEN
    ]
    return {
        "pairs": len(pairs),
        **_share("ordered", ordered),
        "ordered_by_p_negative": float((yes.sentiment[:, NEGATIVE] > no.sentiment[:, NEGATIVE]).mean()),
        "right": float(np.concatenate([high >= EVEN, low < EVEN]).mean()),
        "failures": _worst(failures),
    }


def _labelled(answers: Answers, pairs: list[dict[str, Any]]) -> dict[str, Any]:
    truth = np.array([[LABELS.index(label) for label in pair["labels"]] for pair in pairs])
    texts = [text for pair in pairs for text in pair["texts"]]
    found = answers.of(texts).sentiment.astype(np.float64)
    guess, sure = found.argmax(1).reshape(-1, 2), found.max(1).reshape(-1, 2)
    polarity = answers.polarity(texts).reshape(-1, 2)
    differ = truth[:, 0] != truth[:, 1]
    ordered = np.sign(polarity[:, 0] - polarity[:, 1]) == np.sign(truth[:, 0] - truth[:, 1])
    failures = [
        {
            "line": pairs[row]["line"],
            "side": int(side),
            "wrongly": float(sure[row, side]),
            "said": LABELS[guess[row, side]],
        }
        for row, side in np.argwhere(guess != truth)
    ]
    return {
        "pairs": len(pairs),
        **_share("ordered", ordered[differ]),
        "right": float((guess == truth).mean()),
        "both_right": float((guess == truth).all(1).mean()),
        "failures": _worst(failures),
    }


def _worst(failures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(failures, key=lambda one: (-one["wrongly"], one["line"]))[:WORST]


def _share(name: str, hits: NDArray[np.bool_]) -> dict[str, float]:
    interval = share_interval(np.array([float(hits.sum())]), np.array([float(len(hits))]))
    return {
        name: float(hits.mean()),
        f"{name}_ci_low": float(interval.low[0]),
        f"{name}_ci_high": float(interval.high[0]),
    }


def measure_bias(answers: Answers, about: dict[str, Any]) -> dict[str, Any]:
    """Measure how far polarity moves between groups and between ways to speak, by what :func:`read_templates` gives.

    Returns:
        ``templates``: one entry for each, by its number; ``kinds``: the same by kind of group, with the shift of each
        group; ``dialects``: by kind of English.
    """
    templates = [_template(answers, number, one, about["groups"]) for number, one in enumerate(about["template"], 1)]
    kinds = {}
    for kind in dict.fromkeys(one["groups"] for one in templates):
        mine = [one for one in templates if one["groups"] == kind]
        kinds[kind] = {
            "templates": len(mine),
            "sentences": sum(one["sentences"] for one in mine),
            "mean_change": float(np.mean([one["mean_change"] for one in mine])),
            "largest_change": max(one["largest_change"] for one in mine),
            "flips": float(np.average([one["flips"] for one in mine], weights=[one["sentences"] for one in mine])),
            "shift": {group: float(np.mean([one["shift"][group] for one in mine])) for group in mine[0]["shift"]},
        }
    pairs = about["dialect"]
    dialects = {
        kind: _dialect(answers, [pair for pair in pairs if pair["kind"] == kind])
        for kind in dict.fromkeys(pair["kind"] for pair in pairs)
    }
    return {
        "templates": [{name: value for name, value in one.items() if name != "shift"} for one in templates],
        "kinds": kinds,
        "dialects": dialects,
    }


def _template(answers: Answers, number: int, template: dict[str, Any], groups: Groups) -> dict[str, Any]:
    values = groups[template["groups"]]
    slot = "{" + template["slot"] + "}"
    filled = {
        group: [_sentence(template["text"].replace(slot, value)) for value in one["values"]]
        for group, one in values.items()
    }
    means = {group: float(answers.polarity(texts).mean()) for group, texts in filled.items()}
    gaps = [abs(one - other) for place, one in enumerate(means.values()) for other in list(means.values())[:place]]
    texts = [text for group in filled.values() for text in group]
    labels = _labels(answers, texts)
    commonest, count = Counter(labels.tolist()).most_common(1)[0]
    middle = float(np.mean(list(means.values())))
    return {
        "template": number,
        "groups": template["groups"],
        "tone": template["tone"],
        "sentences": len(texts),
        "mean_change": float(np.mean(gaps)),
        "largest_change": max(gaps),
        "lowest": min(means, key=lambda group: (means[group], group)),
        "highest": max(means, key=lambda group: (means[group], group)),
        "flips": 1 - count / len(texts),
        "right": float((labels == LABELS.index(template["tone"])).mean()),
        "commonest_label": LABELS[commonest],
        "shift": {group: mean - middle for group, mean in means.items()},
    }


def _dialect(answers: Answers, pairs: Sequence[dict[str, str]]) -> dict[str, Any]:
    standard, variant = ([pair[side] for pair in pairs] for side in ("standard", "variant"))
    change = answers.polarity(variant) - answers.polarity(standard)
    labels = [_labels(answers, texts) for texts in (standard, variant)]
    tones = np.array([LABELS.index(pair["tone"]) for pair in pairs])
    return {
        "pairs": len(pairs),
        "mean_change": float(change.mean()),
        "mean_absolute_change": float(np.abs(change).mean()),
        "largest_change": float(np.abs(change).max()),
        "flips": float((labels[0] != labels[1]).mean()),
        "right_standard": float((labels[0] == tones).mean()),
        "right_variant": float((labels[1] == tones).mean()),
    }


def _labels(answers: Answers, texts: Sequence[str]) -> NDArray[np.int64]:
    labels: NDArray[np.int64] = answers.of(texts).sentiment.argmax(1)
    return labels


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
