"""How good our own labels are, compared with the majority of five people and with a second reading.

``benchmarks/data/second_labels.tsv`` has a code for 500 sentences of dynasent_dev, labelled blind, and a second code
for 500 of the sentences that train the encoder.

    python -m benchmarks.sentiment.label_quality --data DATA   # writes benchmarks/results/label_quality.json
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.run import RESULTS, ROOT, parser_for, write_result
from textcx.domain.encoding import LABELS
from textcx.steps.statistics.classification import macro_f1
from textcx.training.sources import CODES, HARD_LABELS, POOL_LABELS

SECOND = ROOT / "benchmarks" / "data" / "second_labels.tsv"


def codes(path: Path) -> dict[str, str]:
    """Return the code of each sentence, by its id."""
    return dict(line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:])


def beside_people(second: dict[str, str], data: Path) -> dict[str, dict[str, float]]:
    """Compare with the majority of five raters; a mixed sentence counts as wrong."""
    records = [json.loads(line) for line in (data / "sentiment/dynasent_dev.jsonl").open(encoding="utf-8")]
    agreement = {}
    for number in (1, 2):
        pairs = [
            (record["label"], CODES.get(second[record["id"]][0], "mixed"))
            for record in records
            if record["round"] == number and record["id"] in second
        ]
        known = [*LABELS, "mixed"]
        truth, answers = (np.array([known.index(pair[side]) for pair in pairs]) for side in (0, 1))
        agreement[f"round {number}"] = {
            "texts": len(pairs),
            "agreement": round(float((truth == answers).mean()), 3),
            "macro_f1": round(macro_f1(truth, answers), 3),
        }
    return agreement


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


def main() -> None:
    """Compare, print and write."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    second = codes(SECOND)
    report = {
        "command": "python -m benchmarks.sentiment.label_quality --data DATA",
        "beside the majority of five people": beside_people(second, parser.parse_args().data),
        "beside a second reading": beside_ourselves(second),
    }
    write_result(report, RESULTS / "label_quality.json")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
