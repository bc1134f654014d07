"""Does the answer depend on who is named or how somebody speaks? The same sentence, one thing changed.

A template is filled with every value of every group (names, pronouns, identities). Its groups' mean polarities are
compared: ``largest_change`` is the widest gap between two groups, ``mean_change`` the mean gap over all pairs of them.
A flip is a filled sentence whose label is not the commonest of its template. ``shift`` of a group is its mean distance
from the mean of all groups of its kind: what is systematic shows there. Dialect pairs say the same twice.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.domain.encoding import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.evaluation.answers import Answers

    Groups = dict[str, dict[str, dict[str, list[str]]]]


def measure_bias(answers: Answers, about: dict[str, Any]) -> dict[str, Any]:
    """Measure how far polarity moves between groups and between ways to speak.

    Args:
        answers: Of the encoder.
        about: Templates, groups and dialect pairs, as ``bias_templates.toml`` has them.

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
