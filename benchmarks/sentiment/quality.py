"""Measure the shipped encoder as ``textcx evaluate`` does, and also its arithmetic precision.

    python -m benchmarks.sentiment.quality --data DIR [--model DIR] [--limit N]

Writes ``benchmarks/results/sentiment_quality.json`` and ``.md``. Precision: how far does the arithmetic of this machine
move an answer from fp32?
"""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.run import MODEL, RESULTS, parser_for, rounded
from textcx.commands.evaluate import write_json
from textcx.engines.encoder.load import load_encoder
from textcx.evaluation import as_markdown, evaluate, tables
from textcx.evaluation.pairs import pairs_directory
from textcx.evaluation.sentiment_sets import SENTIMENT_SETS, read_labelled

if TYPE_CHECKING:
    from textcx.ports import Encoder

PACKAGES = ("numpy", "torch", "tokenizers", "safetensors", "vaderSentiment", "textblob", "scikit-learn")
SAMPLE = 400
"""Texts of each set whose precision is measured."""


def measure_precision(encoder: Encoder, model: Path, data: Path, *, limit: int | None) -> dict[str, float]:
    """Compare the answers with those in fp32, over all sentiment sets."""
    most = min(SAMPLE, limit or SAMPLE)
    texts = [text for one in SENTIMENT_SETS for text in read_labelled(one, data, limit=most).texts]
    found, full = encoder.encode(texts), load_encoder(model, precision="fp32").encode(texts)
    moved = np.abs(found.sentiment - full.sentiment).max(1)
    return {
        "texts": len(texts),
        "largest_move": float(moved.max()),
        "mean_move": float(moved.mean()),
        "labels_changed": float((found.sentiment.argmax(1) != full.sentiment.argmax(1)).mean()),
        "largest_pain_move": float(np.abs(found.pain - full.pain).max()),
        "lowest_matter_cosine": float((found.matters * full.matters).sum(1).min()),
    }


def about_the_run() -> dict[str, Any]:
    """Describe the command, the machine and the versions."""
    installed = {one.metadata["Name"]: one.version for one in metadata.distributions()}
    return {
        "command": "python -m benchmarks.sentiment.quality " + " ".join(_public(part) for part in sys.argv[1:]),
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "packages": {name: installed[name] for name in PACKAGES if name in installed},
    }


def _public(part: str) -> str:
    """Keep paths of this machine out of the result."""
    return "DIR" if "/" in part else part


def as_document(report: dict[str, Any]) -> str:
    """Lay the result out as Markdown."""
    parts = [
        f"Encoder `{report['encoder_id']}`, {report['precision']}, confident from {report['confident_at']:.2f}.",
        "",
        as_markdown(tables(report)),
    ]
    moves = report["precision_moves"]
    cells = (f"{value:,}" if isinstance(value, int) else f"{value:.4f}" for value in moves.values())
    parts += ["### Precision", "", f"| | {' | '.join(moves)} |", "|---" * (len(moves) + 1) + "|"]
    parts += [f"| {report['precision']} against fp32 | {' | '.join(cells)} |", ""]
    return "\n".join(parts)


def main() -> None:
    """Measure everything, write the result, and list the goals that were missed."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--out", type=Path, default=RESULTS / "sentiment_quality.json")
    parser.add_argument("--limit", type=int, help="texts of each set at most, for a trial")
    given = parser.parse_args()
    encoder = load_encoder(given.model)
    pairs = pairs_directory()
    report = about_the_run() | evaluate(encoder=encoder, data=given.data, limit=given.limit, pairs=pairs, tell=print)
    report |= rounded({"precision_moves": measure_precision(encoder, given.model, given.data, limit=given.limit)})
    write_json(report, given.out)
    given.out.with_suffix(".md").write_text(as_document(report), encoding="utf-8")
    goals = {name: one["goal"] for name, one in report["sentiment"].items() if "goal" in one}
    print("goals missed:", [name for name, goal in goals.items() if not goal["reached"]] or "none")


if __name__ == "__main__":
    main()
