"""Fit the curve that turns nearness to a given theme into the probability that it covers a segment.

    python -m benchmarks.themes.taxonomy_curve [--model FOLDER]   # writes benchmarks/results/taxonomy_curve.json

The labels are our own: ``textcx/training/labels/matters`` (docs/labelling-matters.md). Each trade is a taxonomy: its
matters are themes, with name, description and up to five remarks as examples; the other remarks are segments. Only the
trades that the encoder is not trained on are read (``held_out``). A draw gives five themes or more of a trade, so
that some remarks belong to none, as those under ``## none`` do. Where examples are taken out, the remarks left in their
theme count for them, so that the share of segments that belong to a theme is the same with and without examples.

The curve is logistic in the nearness to the nearest theme (Platt, 1999). ``least`` is the probability from which on
``COVERED`` of the segments that belong to a given theme are matched to one; a post has two segments or so, which makes
three quarters of the posts and more (two thirds were chosen after a look at how many posts of
``benchmarks.themes.taxonomy`` have a theme; the curve itself saw none of them). Both go, rounded, into
``textcx.steps.themes.assignment.seed_topics``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.run import MODEL, RESULTS, parser_for, rounded, write_result
from textcx.engines.encoder.load import load_encoder
from textcx.steps.themes.assignment.seed_topics import CURVE, LEAST, nearness, seed_topics_from
from textcx.steps.themes.geometry.lattice import mean_of, off_lattice, on_lattice
from textcx.training.branch.labels import LABELS, read_trades

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.ports import Encoder
    from textcx.training.branch.labels import Trade

HELD_OUT = 8
"""One trade in so many is kept out of the encoder's training, chosen by the hash of its file's name."""
EXAMPLES, DRAWS, FEWEST = (0, 1, 3, 5), 4, 5
COVERED = 0.66
AT = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5)


@dataclass(frozen=True)
class Told:
    """Matters of the names, descriptions and remarks of a trade, and of each remark the number of what it is about.

    A remark that is about none has the number -1.
    """

    names: np.ndarray
    descriptions: np.ndarray
    remarks: np.ndarray
    truth: np.ndarray

    @classmethod
    def of(cls, trade: Trade, encoder: Encoder) -> Told:
        """Encode a trade."""
        remarks = [remark.text for matter in trade.matters for remark in matter.remarks]
        remarks += [remark.text for remark in trade.others]
        truth = [number for number, matter in enumerate(trade.matters) for _ in matter.remarks]
        return cls(
            encoder.encode([matter.name for matter in trade.matters]).matters,
            encoder.encode([matter.description for matter in trade.matters]).matters,
            encoder.encode(remarks).matters,
            np.array(truth + [-1] * len(trade.others)),
        )


def held_out(path: Path) -> bool:
    """Whether the encoder is not trained on a trade."""
    return int(hashlib.sha256(path.stem.encode()).hexdigest(), 16) % HELD_OUT == 0


@dataclass(frozen=True)
class Points:
    """Of segments: nearness to the nearest theme, whether it is right, whether any is theirs, and their weight."""

    near: np.ndarray
    right: np.ndarray
    belongs: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, parts: Sequence[Points]) -> Points:
        """Join the points of several draws."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__annotations__))


def draw(trade: Told, *, examples: int, random: np.random.Generator) -> Points:
    """Give some themes of a trade, with so many examples where there are more remarks than that, and match the rest."""
    themes = random.permutation(len(trade.names))[: random.integers(FEWEST, len(trade.names) + 1)]
    truth, weight = trade.truth, np.ones(len(trade.truth))
    left, texts, owners = np.ones(len(truth), dtype=bool), [], []
    for number, theme in enumerate(themes):
        theirs = random.permutation(np.flatnonzero(truth == theme))
        taken = theirs[: min(examples, len(theirs) - 1)]
        left[taken] = False
        weight[theirs] = len(theirs) / (len(theirs) - len(taken))
        told = [trade.names[theme], trade.descriptions[theme], *trade.remarks[taken]]
        texts += told
        owners += [number] * len(told)
    segments = trade.remarks[left]
    given = seed_topics_from(
        [str(theme) for theme in themes],
        np.array(owners),
        np.array(texts, dtype=np.float32),
        origin=off_lattice(mean_of(on_lattice(segments))),
    )
    near = nearness(given, segments)
    right = themes[near.argmax(axis=1)] == truth[left]
    return Points(near.max(axis=1), right, np.isin(truth[left], themes), weight[left])


def fit(points: Points) -> dict[str, float]:
    """Fit the curve to points."""
    model = LogisticRegression(C=1e6).fit(points.near[:, None], points.right, sample_weight=points.weight)
    chance = model.predict_proba(points.near[:, None])[:, 1]
    return {
        "slope": float(model.coef_[0, 0]),
        "shift": float(model.intercept_[0]),
        "nearest_right": float(np.average(points.right[points.belongs], weights=points.weight[points.belongs])),
        "auc": float(roc_auc_score(points.right, points.near, sample_weight=points.weight)),
        "log_loss": float(log_loss(points.right, chance, sample_weight=points.weight)),
    }


def matched_at(points: Points, least: float, *, slope: float, shift: float) -> dict[str, float]:
    """What is matched from a probability on, and how much of it is right."""
    matched = chance_of(points, slope=slope, shift=shift) >= least
    belongs = points.belongs
    return {
        "covered": float(np.average(matched[belongs], weights=points.weight[belongs])),
        "matched_of_none": float(np.average(matched[~belongs], weights=points.weight[~belongs])),
        "right": float(np.average(points.right[matched], weights=points.weight[matched])),
    }


def chance_of(points: Points, *, slope: float, shift: float) -> np.ndarray:
    """Probabilities by a curve."""
    return np.asarray(1.0 / (1.0 + np.exp(-(slope * points.near + shift))))


def calibration(points: Points, *, slope: float, shift: float) -> list[dict[str, float]]:
    """Mean probability and share right, by fifths of the points."""
    chance = chance_of(points, slope=slope, shift=shift)
    parts = np.array_split(np.argsort(chance, kind="stable"), 5)
    return [
        {
            "said": float(np.average(chance[part], weights=points.weight[part])),
            "right": float(np.average(points.right[part], weights=points.weight[part])),
        }
        for part in parts
    ]


def main() -> None:
    """Fit the curve and write it down."""
    parser = parser_for(__doc__)
    parser.add_argument("--model", type=Path, default=MODEL, help="folder of the encoder (default: the shipped one)")
    options = parser.parse_args()
    encoder = load_encoder(options.model)
    paths = sorted((LABELS / "matters").glob("*.txt"))
    trades = [Told.of(trade, encoder) for path, trade in zip(paths, read_trades(), strict=True) if held_out(path)]
    found = {}
    for examples in EXAMPLES:
        random = np.random.default_rng(examples)
        found[examples] = Points.of(
            [draw(trade, examples=examples, random=random) for trade in trades for _ in range(DRAWS)]
        )
    every = Points.of(list(found.values()))
    curve = fit(every)
    shape = {"slope": curve["slope"], "shift": curve["shift"]}
    least = np.quantile(chance_of(every, **shape)[every.belongs], 1.0 - COVERED)
    result: dict[str, Any] = {
        "encoder": encoder.encoder_id,
        "trades": len(trades),
        "remarks": sum(len(trade.remarks) for trade in trades),
        "curve": curve,
        "least": float(least),
        "shipped": {"slope": CURVE.slope, "shift": CURVE.shift, "least": LEAST},
        "by_examples": {
            str(number): fit(points)
            | {
                "at_least": {str(at): matched_at(points, at, **shape) for at in AT},
                "calibration": calibration(points, **shape),
            }
            for number, points in found.items()
        },
    }
    write_result(rounded(result), RESULTS / "taxonomy_curve.json")
    print(curve, least, {number: fit(points) for number, points in found.items()}, sep="\n")


if __name__ == "__main__":
    main()
