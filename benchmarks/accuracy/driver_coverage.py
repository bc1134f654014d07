"""Do the drivers' intervals hold their 95 %, and do q-values keep false discoveries at 5 %?

Simulates respondents from known populations and counts how often the interval of
``textcx.steps.measures.drivers.estimate`` contains the true effect, and how often plain bootstrap percentiles do, to
show what the wider intervals gain. Then ranks themes of which none, or a fifth, have an effect, and counts false
discoveries. Last, times the ranking at full size.

    python -m benchmarks.accuracy.driver_coverage [--runs 1500] [--out benchmarks/results/driver_coverage.json]
"""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.run import RESULTS, parser_for, write_result
from textcx.domain import tables
from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.steps.measures.drivers import MIN_RATINGS, estimate, rank_drivers

NPS = (-100.0, 0.0, 100.0)
STARS = (1.0, 2.0, 3.0, 4.0, 5.0)
RATING = RatingColumn(name="nps", column="nps", kind=RatingKind.NPS, low=0, high=10)
MAX_Q = 0.05
RAISED = 0.08
"""Share of the simulated respondents who raise a theme of ordinary size."""


@dataclass(frozen=True, slots=True)
class Population:
    """Possible answers, their distribution with and without the subject, and the share of respondents who raise it."""

    name: str
    values: tuple[float, ...]
    with_it: tuple[float, ...]
    without: tuple[float, ...]
    raised: float
    respondents: int


POPULATIONS = (
    *(
        Population(f"{what}, {n} respondents, {share:.0%} raise it", NPS, spread, (0.2, 0.3, 0.5), share, n)
        for what, spread in (
            ("detractors raise it", (0.6, 0.2, 0.2)),
            ("almost only detractors raise it", (0.9, 0.07, 0.03)),
            ("no effect", (0.2, 0.3, 0.5)),
        )
        for n, share in ((60, 0.25), (200, 0.08), (500, 0.05), (500, 0.4), (5000, 0.01))
    ),
    Population("stars, few raise it", STARS, (0.4, 0.3, 0.1, 0.1, 0.1), (0.05, 0.05, 0.1, 0.2, 0.6), 0.1, 200),
    Population("stars, nearly all five", STARS, (0.02, 0.02, 0.02, 0.04, 0.9), (0.01, 0.01, 0.02, 0.06, 0.9), 0.1, 400),
)


def coverage(population: Population, *, runs: int, seed: int) -> dict[str, float | int | str]:
    """Return how often two kinds of interval contain the true effect of a population, and how wide they are."""
    rng = np.random.default_rng(seed)
    values = np.array(population.values)
    size = values.size
    with_it, without = np.array(population.with_it), np.array(population.without)
    truth = population.raised * float(with_it @ values - without @ values)
    cells = np.concatenate([population.raised * with_it, (1 - population.raised) * without])
    held = plain = width = plain_width = used = 0.0
    for _ in range(runs):
        drawn = rng.multinomial(population.respondents, cells)
        if min(drawn[:size].sum(), drawn[size:].sum()) < MIN_RATINGS:
            continue
        used += 1
        _, low, high = estimate(drawn[:size], drawn[size:], values, resamples=1000, stream=rng)
        held += low <= truth <= high
        width += high - low
        again = rng.multinomial(population.respondents, drawn / population.respondents, size=1000)
        others = again[:, size:].sum(axis=1)
        effects = (again[:, :size] + again[:, size:]) @ values / population.respondents
        effects -= again[:, size:] @ values / np.maximum(others, 1)
        low, high = np.quantile(effects, [0.025, 0.975])
        plain += low <= truth <= high
        plain_width += high - low
    return {
        "population": population.name,
        "true_effect": round(truth, 3),
        "runs": int(used),
        "coverage": round(held / used, 4),
        "width": round(width / used, 3),
        "percentile_coverage": round(plain / used, 4),
        "percentile_width": round(plain_width / used, 3),
    }


def feedback(rng: np.random.Generator, *, respondents: int, themes: int, true_themes: int) -> tuple[pl.DataFrame, ...]:
    """Return answers and memberships in which the first ``true_themes`` themes go with lower ratings."""
    raised = rng.random((respondents, themes)) < RAISED
    nps = np.clip(np.round(rng.normal(7.5, 2.5, respondents) - 1.5 * raised[:, :true_themes].sum(axis=1)), 0, 10)
    ids = [f"r{i:06d}" for i in range(respondents)]
    answers = pl.DataFrame({"record_id": ids, "nps": nps}).with_columns(
        respondent_id=pl.lit(None, dtype=pl.String),
        created_at=pl.lit(None, dtype=tables.UTC),
        analyzed=pl.lit(value=True),
        counted=pl.lit(value=True),
    )
    rows, columns = np.nonzero(raised)
    memberships = pl.DataFrame(
        {
            "record_id": [ids[i] for i in rows],
            "subject_kind": ["theme"] * rows.size,
            "subject_id": [f"t{j:03d}" for j in columns],
        }
    )
    return answers, memberships


def discoveries(*, true_themes: int, runs: int, seed: int) -> dict[str, float | int]:
    """Return the false discovery rate with 30 themes and 600 respondents, and the share of true ones found."""
    rng = np.random.default_rng(seed)
    false_rates, true_rates = [], []
    for run in range(runs):
        answers, memberships = feedback(rng, respondents=600, themes=30, true_themes=true_themes)
        table = rank_drivers(answers, ratings=[RATING], memberships=memberships, resamples=500, seed=run)
        named = table.filter(pl.col("q_value") <= MAX_Q)["subject_id"]
        false = (named >= f"t{true_themes:03d}").sum()
        false_rates.append(false / max(named.len(), 1))
        if true_themes:
            true_rates.append((named.len() - false) / true_themes)
    result = {
        "themes": 30,
        "with_effect": true_themes,
        "runs": runs,
        "false_discovery_rate": round(float(np.mean(false_rates)), 4),
    }
    return {**result, "found_of_true": round(float(np.mean(true_rates)), 4)} if true_themes else result


def timing(*, seed: int) -> dict[str, float | int]:
    """Return the seconds to rank 60 themes over 20,000 respondents with 1,000 resamples."""
    answers, memberships = feedback(np.random.default_rng(seed), respondents=20_000, themes=60, true_themes=6)
    start, cpu = time.perf_counter(), time.process_time()
    table = rank_drivers(answers, ratings=[RATING], memberships=memberships, resamples=1000)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "respondents": 20_000,
        "themes": table.height,
        "resamples": 1000,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
    }


def main() -> None:
    """Run the simulation and write its results."""
    parser = parser_for(__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=RESULTS / "driver_coverage.json")
    options = parser.parse_args()
    results = {
        "level": 0.95,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "coverage": [coverage(p, runs=options.runs, seed=i) for i, p in enumerate(POPULATIONS)],
        "discoveries": [discoveries(true_themes=n, runs=options.runs // 10, seed=n) for n in (0, 6)],
        "timing": timing(seed=1),
    }
    write_result(results, options.out)
    for row in results["coverage"]:
        print(f"{row['coverage']:.3f} (percentiles {row['percentile_coverage']:.3f})  {row['population']}")
    print(results["discoveries"], results["timing"])


if __name__ == "__main__":
    main()
