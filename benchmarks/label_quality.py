"""How good our own labels are: beside the majority of five people, and beside a second reading of ours.

``benchmarks/data/second_labels.tsv`` has a code for 500 sentences of dynasent_dev, labelled without their labels in
view, and a second code for 500 of the sentences that train the encoder.

    python benchmarks/label_quality.py --data DATA   # writes benchmarks/results/label_quality.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from textcx.domain.encoding import LABELS  # noqa: E402 - found by the line above
from textcx.steps.statistics.classification import macro_f1  # noqa: E402
from textcx.training.sources import CODES, HARD_LABELS, POOL_LABELS  # noqa: E402

SECOND = ROOT / "benchmarks" / "data" / "second_labels.tsv"
RESULT = ROOT / "benchmarks" / "results" / "label_quality.json"


def codes(path: Path) -> dict[str, str]:
    """Return the code of each sentence, by its id."""
    return dict(line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:])


def beside_people(second: dict[str, str], data: Path) -> dict[str, dict[str, float]]:
    """Compare with the majority of five raters; a mixed sentence counts as wrong."""
    records = [json.loads(line) for line in (data / "sentiment/dynasent_dev.jsonl").open(encoding="utf-8")]
    found = {}
    for number in (1, 2):
        pairs = [
            (record["label"], CODES.get(second[record["id"]][0], "mixed"))
            for record in records
            if record["round"] == number and record["id"] in second
        ]
        known = [*LABELS, "mixed"]
        truth, said = (np.array([known.index(pair[side]) for pair in pairs]) for side in (0, 1))
        found[f"round {number}"] = {
            "texts": len(pairs),
            "agreement": round(float((truth == said).mean()), 3),
            "macro_f1": round(macro_f1(truth, said), 3),
        }
    return found


def beside_ourselves(second: dict[str, str]) -> dict[str, float]:
    """Compare two readings of the same sentences: agreement on the sentiment letter, and Cohen's kappa."""
    first = codes(POOL_LABELS) | codes(HARD_LABELS)
    pairs = [(first[name][0], code[0]) for name, code in second.items() if name in first]
    agreement = float(np.mean([one == other for one, other in pairs]))
    left, right = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    by_chance = sum(left[letter] * right[letter] for letter in left) / len(pairs) ** 2
    return {
        "texts": len(pairs),
        "agreement": round(agreement, 3),
        "kappa": round((agreement - by_chance) / (1 - by_chance), 3),
    }


def main() -> int:
    """Compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    second = codes(SECOND)
    report = {
        "command": "python benchmarks/label_quality.py --data DATA",
        "beside the majority of five people": beside_people(second, parser.parse_args().data),
        "beside a second reading": beside_ourselves(second),
    }
    text = json.dumps(report, indent=2)
    RESULT.write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{text}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
