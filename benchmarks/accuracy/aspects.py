"""Aspects found and judged, on three test sets that people labelled: SemEval-2014 restaurants and laptops, and MAMS.

Measured are the aspects that are found with exactly the labelled words (precision, recall, F1), and how the labelled
aspects are judged (accuracy, and the mean F1 of negative, neutral and positive). Aspects of conflicting polarity are
left out of both. MAMS labels no sentence without aspects of two polarities, so that the polarity of a sentence says
little.

Of the three, the branch learns from the training part of MAMS alone; restaurants and laptops are trades it never saw
labelled in this way. Sets that are not there are left out.

    python -m benchmarks.accuracy.aspects --data DIR [--model DIR]   # writes benchmarks/results/aspects.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.run import MODEL, RESULTS, machine, parser_for, rounded, write_result
from textcx.domain.encoding import LABELS
from textcx.engines.encoder.load import load_encoder
from textcx.engines.language.folder import load_language
from textcx.steps.aspects.find import SegmentText, find_aspects
from textcx.steps.statistics.classification import macro_f1
from textcx.steps.text.clean import clean, polish
from textcx.wiring.sources import models_directory

if TYPE_CHECKING:
    from textcx.domain.encoding import TokenTags
    from textcx.engines.encoder.reader import BatchedEncoder

SETS = ("semeval2014_restaurants", "semeval2014_laptops", "mams_atsa")


def measure(records: list[dict[str, Any]], encoder: BatchedEncoder) -> dict[str, Any]:
    """Compare what is found in texts with their labels."""
    language = load_language(models_directory() / "languages" / "en")
    texts = [record["text"] for record in records]
    cleaned = [clean(text) for text in texts]
    found = encoder.encode([*map(polish, cleaned), *cleaned], vectors=False, tags=True)
    if found.tags is None:
        return {}
    segments = [SegmentText(0, *each, (0.0, 1.0, 0.0)) for each in zip(cleaned, texts, strict=True)]
    named = find_aspects(segments, found.tags[: len(texts)], language=language)
    exact = spans = labelled = 0
    truth: list[int] = []
    judged: list[int] = []
    for record, own, tags in zip(records, named, _each(found.tags, first=len(texts)), strict=True):
        gold = {(each["start"], each["end"]): each["polarity"] for each in record["aspects"]}
        unclear = {span for span, polarity in gold.items() if polarity not in LABELS}
        theirs = {(each.start, each.end) for each in own if each.start is not None} - unclear
        spans, labelled = spans + len(theirs), labelled + len(gold.keys() - unclear)
        exact += len(theirs & (gold.keys() - unclear))
        for start, end in gold.keys() - unclear:
            inside = (tags.spans[:, 0] < end) & (tags.spans[:, 1] > start)
            truth.append(LABELS.index(gold[start, end]))
            judged.append(int(tags.polarity[inside].mean(0).argmax()))
    right = np.array(truth) == np.array(judged)
    return {
        "texts": len(texts),
        "aspects": labelled,
        "precision": exact / max(1, spans),
        "recall": exact / labelled,
        "f1": 2 * exact / (spans + labelled),
        "polarity_accuracy": float(right.mean()),
        "polarity_f1": macro_f1(np.array(truth), np.array(judged)),
        "most_common_polarity": float(np.bincount(truth).max() / len(truth)),
    }


def _each(tags: TokenTags, *, first: int) -> list[TokenTags]:
    return [tags[place : place + 1] for place in range(first, len(tags.bounds) - 1)]


def main() -> int:
    """Measure and write the result."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--out", type=Path, default=RESULTS / "aspects.json")
    options = parser.parse_args()
    encoder = load_encoder(options.model)
    if not encoder.finds_aspects:
        print(f"the model {encoder.encoder_id} finds no aspects")
        return 1
    sets: dict[str, Any] = {}
    for name in SETS:
        path = options.data / "aspects" / f"{name}.jsonl"
        if path.exists():
            with path.open(encoding="utf-8") as lines:
                records = [record for record in map(json.loads, lines) if record["split"] == "test"]
            sets[name] = measure(records, encoder)
            print(name, rounded(sets[name]))
    write_result(rounded({"encoder_id": encoder.encoder_id, "machine": machine(), "sets": sets}), options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
