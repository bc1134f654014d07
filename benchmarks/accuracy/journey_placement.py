"""How often a segment's stage is right and how often it is "unknown".

    python -m benchmarks.accuracy.journey_placement

Places two sets with the shipped taxonomy and encoder and writes ``benchmarks/results/journey_placement.json``. "fresh"
was written after every setting was fixed: quote it. "development" helped to choose settings, cues and examples, so its
figures are flattering.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
from textcx.engines.taxonomy_toml import load_journey

from benchmarks.run import MODEL, RESULTS, ROOT, write_result
from textcx.domain.lexicons.journey import UNKNOWN
from textcx.engines.encoder.load import load_encoder
from textcx.steps.journey import place_segments_on_journey, stage_vectors

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.domain.lexicons.journey import JourneyTaxonomy
    from textcx.engines.encoder.reader import BatchedEncoder

SETS = {"fresh": "journey_sentences_fresh.toml", "development": "journey_sentences.toml"}


def measure(path: Path, *, encoder: BatchedEncoder, taxonomy: JourneyTaxonomy) -> dict[str, object]:
    """Place the sentences of one file and compare the answers with their labels."""
    labelled = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = [(text, stage) for stage, texts in labelled.items() for text in texts]
    texts = [text for text, _ in rows]
    segments = pl.DataFrame({"segment_id": [f"s{number:04d}" for number in range(len(rows))], "text": texts})
    stages = place_segments_on_journey(
        segments,
        encoder.encode(texts).vectors,
        taxonomy=taxonomy,
        stage_vectors=stage_vectors(taxonomy, encoder),
    )["stage"].to_list()
    answers = [(stage, given) for (_, stage), given in zip(rows, stages, strict=True)]
    staged = [pair for pair in answers if pair[0] != UNKNOWN]
    placed = [pair for pair in answers if pair[1] != UNKNOWN]
    unknown = [pair for pair in answers if pair[0] == UNKNOWN]
    return {
        "sentences": len(rows),
        "right_of_placed": f"{sum(a == b for a, b in placed)} of {len(placed)}",
        "placed_of_staged": f"{sum(given != UNKNOWN for _, given in staged)} of {len(staged)}",
        "unknown_kept": f"{sum(given == UNKNOWN for _, given in unknown)} of {len(unknown)}",
        "placed_right_by_stage": {
            stage: f"{sum(pair == (stage, stage) for pair in staged)} of {n}"
            for stage, n in Counter(stage for stage, _ in staged).items()
        },
    }


def main() -> None:
    """Measure both sets and write the figures."""
    encoder = load_encoder(MODEL)
    taxonomy = load_journey(ROOT / "models" / "taxonomies" / "journey.toml")
    figures = {"encoder_id": encoder.encoder_id} | {
        name: measure(ROOT / "benchmarks" / "data" / file, encoder=encoder, taxonomy=taxonomy)
        for name, file in SETS.items()
    }
    write_result(figures, RESULTS / "journey_placement.json")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
