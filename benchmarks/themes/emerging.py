"""Whether themes that a set has never seen are proposed when they appear, and what else is proposed.

Some labels of a labelled set are withheld; the others, from its training part, become the themes of a set, which leaves
the twelfth of its texts unexplained that lies furthest from every theme. Then the test part comes: its texts that lie
as far off, and those of the withheld labels. A withheld label counts as found if most quotes of a proposal carry it.

    python -m benchmarks.themes.emerging --data DIR

``DIR`` holds ``clusters/banking77.jsonl``. The result goes to ``benchmarks/results/emerging_themes.json``.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.run import MODEL, RESULTS, parser_for, write_result
from textcx.domain.themes.sets import MEMBERS, StrengthCurve, Theme, ThemeSet
from textcx.engines.encoder.load import load_encoder
from textcx.settings.analysis import Settings
from textcx.steps.themes.finding.emerging import find_emerging
from textcx.steps.themes.geometry.lattice import STEPS, cosines, mean_of, on_lattice, relative_to, unit_rows
from textcx.wiring.container import Container

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHHELD = (0, 1, 5, 10)
SEEDS = 5
FURTHEST = 1 / 12


def numbered(groups: Sequence[pl.DataFrame]) -> list[str]:
    """Stand-in names: naming is judged elsewhere."""
    return [f"group {number}" for number in range(len(groups))]


def case(rows: list[dict[str, Any]], vectors: np.ndarray, *, withheld: int, seed: int) -> dict[str, Any]:
    """Withhold some labels, learn the others from the training part, and see what is proposed in the test part."""
    labels = np.array([str(row["label"]) for row in rows])
    known = sorted(set(labels))
    new = set(np.random.default_rng(seed).permutation(known)[:withheld].tolist())
    known = [label for label in known if label not in new]
    is_new, learned = np.isin(labels, list(new)), np.array([row["split"] == "train" for row in rows])
    learned &= ~is_new
    origin = mean_of(on_lattice(vectors[learned]))
    relative = relative_to(origin, on_lattice(vectors))
    sums = np.stack([relative[learned & (labels == label)].astype(np.float64).sum(axis=0) for label in known])
    near = cosines(relative, unit_rows(sums)).max(axis=1)
    apart = near <= np.quantile(near[learned], FURTHEST)
    ids = np.array([f"r{row:05d}" for row in range(len(rows))])
    theme_set = ThemeSet(
        set_id="s",
        version=1,
        encoder_id="e",
        themes=tuple(Theme(theme_id=label, parent_theme_id=None, level=1, name=label) for label in known),
        origin=(origin / STEPS).astype(np.float32),
        prototypes=(unit_rows(sums) / STEPS).astype(np.float32),
        owners=tuple(known),
        curve=StrengthCurve(0.0, 1.0, 1.0, 0.0),
        members=pl.DataFrame(
            {
                "segment_id": ids[learned],
                "record_id": ids[learned],
                "theme_id": np.where(apart, None, labels)[learned].tolist(),
                "strength": 1.0,
            },
            schema=MEMBERS,
        ),
        sample_ids=tuple(ids[learned].tolist()),
        sample=vectors[learned].astype(np.float16),
        exceptions=np.zeros((0, vectors.shape[1]), dtype=np.float32),
    )
    came = np.array([row["split"] == "test" for row in rows])
    left = np.flatnonzero(came & (is_new | apart))
    unexplained = pl.DataFrame(
        {
            "segment_id": ids[left],
            "record_id": ids[left],
            "start": 0,
            "end": [len(rows[row]["text"]) for row in left],
            "text": [rows[row]["text"] for row in left],
            "polarity": 0.0,
            "counted": True,
        }
    ).with_columns(created_at=pl.lit(None, pl.Datetime("us", "UTC")), respondent_id=pl.lit(None, pl.String))
    begin = time.perf_counter()
    found = find_emerging(
        unexplained,
        vectors[left],
        theme_set,
        name=numbered,
        continuing=Container(Settings()).language.pains.statements.continuing,
        received=unexplained,
        segments=int(came.sum()),
    )
    seconds = time.perf_counter() - begin
    label_of = dict(zip(ids.tolist(), labels.tolist(), strict=True))
    about = [Counter(label_of[q["record_id"]] for q in quotes).most_common(1)[0][0] for quotes in found["evidence"]]
    sizes = found["records"].to_list()
    return {
        "unexplained": len(left),
        "withheld": withheld,
        "withheld_found": len(new & set(about)),
        "proposed": len(about),
        "median_records_of_new": [size for size, label in zip(sizes, about, strict=True) if label in new],
        "median_records_of_others": [size for size, label in zip(sizes, about, strict=True) if label not in new],
        "largest_are_new": sum(label in new for label in about[:withheld]),
        "seconds": round(seconds, 2),
    }


def main() -> None:
    """Measure every case and write the result."""
    options = parser_for(__doc__)
    options.add_argument("--data", type=Path, required=True, help="folder with clusters/banking77.jsonl")
    options.add_argument("--encoder", type=Path, default=MODEL)
    options.add_argument("--threads", type=int, default=1)
    chosen = options.parse_args()
    path = chosen.data / "clusters" / "banking77.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    encoder = load_encoder(chosen.encoder, threads=chosen.threads)
    vectors = encoder.encode([row["text"] for row in rows]).matters.astype(np.float16).astype(np.float32)
    result: dict[str, Any] = {
        "encoder": encoder.encoder_id,
        "set": "banking77, train and test",
        "seeds": SEEDS,
        "cases": [],
    }
    for withheld in WITHHELD:
        runs = [case(rows, vectors, withheld=withheld, seed=seed) for seed in range(SEEDS)]
        summary = {
            key: [size for run in runs for size in run[key]] if key.startswith("median") else sum(r[key] for r in runs)
            for key in runs[0]
        }
        shown = {
            key: (float(np.median(value)) if value else None) if key.startswith("median") else round(value / SEEDS, 2)
            for key, value in summary.items()
        }
        result["cases"].append(shown)
        print(json.dumps(shown), flush=True)
    write_result(result, RESULTS / "emerging_themes.json")


if __name__ == "__main__":
    main()
