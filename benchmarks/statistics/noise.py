"""Do the intervals of true shares hold the truth, where the model reads texts on which it was never measured?

    python -m benchmarks.statistics.noise [--runs 8000] [--seed 0] [--out benchmarks/results/noise.json]

Each set of labelled texts in turn is a stranger's data: it has a true share drawn from 5 to 50 %, its records are
counted with the sensitivity and specificity that were measured on it, and the interval is made from all other sets that
ship. Needs no data: the counts are those of ``benchmarks/results/label_errors.json``. Sets that do not ship are
strangers only. The errors of the model are taken to be the same at any true share, which is what the method assumes.

The intervals of sampling alone, Wilson's, stand beside them, to show what is gained; so does the hull of the intervals
that single sets would give (Lang and Reiczigel 2014).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.run import MODEL, RESULTS, parser_for, read_result, rounded, write_result
from textcx.domain.encoding import MeasuredErrors
from textcx.engines.encoder.model_folder import measured_errors
from textcx.steps.statistics.intervals import Interval, Z, share_interval, share_moments
from textcx.steps.statistics.misclassification import nearest, true_share_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.steps.statistics.intervals import Floats

RECORDS = (10, 50, 300, 1000, 5000)
SHARES = (0.05, 0.5)
DECISIONS = {"negative": "negative records", "positive": "positive records", "pain": "records with a pain"}
NOMINAL = 0.95


def strangers(decision: str) -> list[MeasuredErrors]:
    """Return what was measured of a decision on every set, those among them that do not ship."""
    measured = read_result(RESULTS / "label_errors.json")["measured"][decision]
    return [MeasuredErrors(decision=decision, texts=texts, **figures) for texts, figures in measured.items()]


def shipped() -> tuple[MeasuredErrors, ...]:
    """Return what ships with the model."""
    result = read_result(RESULTS / "label_errors.json")
    return measured_errors(MODEL, encoder_id=result["encoder_id"], pain_threshold=result["pain_threshold"])


def hull(hits: Floats, n: Floats, errors: Sequence[MeasuredErrors]) -> Interval:
    """Return from where the lowest to where the highest interval of a single set reaches (Lang and Reiczigel 2014)."""
    ends = [_of_one_set(hits, n, one) for one in errors]
    low, high = np.min([one.low for one in ends], axis=0), np.max([one.high for one in ends], axis=0)
    return Interval(np.clip(low, 0, 1), np.clip(high, 0, 1))


def _of_one_set(hits: Floats, n: Floats, one: MeasuredErrors) -> Interval:
    n_with, n_without, size = one.n_with + 2, one.n_without + 2, n + Z**2
    shown, found, cleared = (hits + Z**2 / 2) / size, (one.found + 1) / n_with, (one.cleared + 1) / n_without
    better = found + cleared - 1
    share = (shown + cleared - 1) / better
    missed, wrong = found * (1 - found) / n_with, cleared * (1 - cleared) / n_without
    middle = share + 2 * Z**2 * (share * missed - (1 - share) * wrong)
    half = Z / better * np.sqrt(shown * (1 - shown) / size + share**2 * missed + (1 - share) ** 2 * wrong)
    return Interval(middle - half, middle + half)


def simulate(decision: str, n: int, *, runs: int, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """Return, by stranger, how often three kinds of interval hold the true share, and how wide they are."""
    every = strangers(decision)
    report = {}
    for one in every:
        share = rng.uniform(*SHARES, size=-(-runs // len(every)))
        found, wrong = one.found / one.n_with, 1 - one.cleared / one.n_without
        hits = rng.binomial(n, share * found + (1 - share) * wrong).astype(np.float64)
        size = np.full(hits.shape, float(n))
        others = nearest([each for each in shipped() if each.texts != one.texts], decision, sources={one.source})
        figures: dict[str, float] = {"runs": hits.size}
        for name, ends in (
            ("true", true_share_interval(share_moments(hits, size), others)),
            ("hull", hull(hits, size, others)),
            ("sampling", share_interval(hits, size)),
        ):
            figures[name] = float(((ends.low <= share) & (share <= ends.high)).mean())
            figures[f"{name}_width"] = float((ends.high - ends.low).mean())
        report[one.texts] = figures
    return report


def _every(runs: int, seed: int) -> dict[tuple[str, int], dict[str, dict[str, float]]]:
    rng = np.random.default_rng(seed)
    return {(decision, n): simulate(decision, n, runs=runs, rng=rng) for decision in sorted(DECISIONS) for n in RECORDS}


def _mean(by_set: dict[str, dict[str, float]], name: str) -> float:
    return float(np.mean([figures[name] for figures in by_set.values()]))


def cells(runs: int, seed: int) -> dict[str, dict[str, Any]]:
    """Return, by what was simulated, how often intervals hold the truth; ``runs``: intervals of each, about."""
    return {
        f"true share of {DECISIONS[decision]}, n = {n:,}, on texts never measured": {
            "nominal": NOMINAL,
            "observed": _mean(by_set, "true"),
            "runs": int(sum(figures["runs"] for figures in by_set.values())),
        }
        for (decision, n), by_set in _every(runs, seed).items()
    }


def main() -> None:
    """Simulate and write the result."""
    parser = parser_for(__doc__)
    parser.add_argument("--runs", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS / "noise.json")
    given = parser.parse_args()
    kinds = ("true", "hull", "sampling")
    rows = [
        {"decision": decision, "n": n, "nominal": NOMINAL}
        | {name: _mean(by_set, name) for kind in kinds for name in (kind, f"{kind}_width")}
        | {"lowest": min((figures["true"], texts) for texts, figures in by_set.items())}
        for (decision, n), by_set in _every(given.runs, given.seed).items()
    ]
    result = rounded({"runs": given.runs, "seed": given.seed, "shares": SHARES, "coverage": rows})
    write_result(result, given.out)
    for row in result["coverage"]:
        found = ", ".join(f"{kind} {row[kind]:.3f} (width {row[f'{kind}_width']:.2f})" for kind in kinds)
        print(f"{row['decision']:<9} n = {row['n']:<5} {found}; lowest {row['lowest']}")


if __name__ == "__main__":
    main()
