"""How often a segment's stage is right and how often it is "unknown": `python benchmarks/journey_placement.py`.

Reads the sentences of `data/journey_sentences.toml`, places them with the shipped taxonomy and encoder, and writes
`results/journey_placement.json`.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path

import polars as pl

from textcx.domain.journey import UNKNOWN
from textcx.engines.taxonomy_toml import load_journey
from textcx.engines.torch_encoder import load_encoder
from textcx.steps.journey import place_segments_on_journey, stage_vectors

HERE = Path(__file__).parent
MODELS = HERE.parent / "models"


def main() -> None:
    """Place the sentences and write the figures."""
    labelled = tomllib.loads((HERE / "data" / "journey_sentences.toml").read_text(encoding="utf-8"))
    rows = [(text, stage) for stage, texts in labelled.items() for text in texts]
    encoder = load_encoder(MODELS / "sentiment")
    taxonomy = load_journey(MODELS / "taxonomies" / "journey.toml")
    texts = [text for text, _ in rows]
    segments = pl.DataFrame({"segment_id": [f"s{number:04d}" for number in range(len(rows))], "text": texts})
    found = place_segments_on_journey(
        segments,
        encoder.encode(texts).vectors,
        taxonomy=taxonomy,
        stage_vectors=stage_vectors(taxonomy, encoder),
    )["stage"].to_list()
    answers = [(stage, given) for (_, stage), given in zip(rows, found, strict=True)]
    staged = [pair for pair in answers if pair[0] != UNKNOWN]
    placed = [pair for pair in answers if pair[1] != UNKNOWN]
    unknown = [pair for pair in answers if pair[0] == UNKNOWN]
    figures = {
        "encoder_id": encoder.encoder_id,
        "sentences": len(rows),
        "accuracy_among_placed": round(sum(a == b for a, b in placed) / len(placed), 3),
        "placed_share_of_staged": round(sum(given != UNKNOWN for _, given in staged) / len(staged), 3),
        "unknown_kept": round(sum(given == UNKNOWN for _, given in unknown) / len(unknown), 3),
        "placed_right_by_stage": {
            stage: f"{sum(pair == (stage, stage) for pair in staged)} of {n}"
            for stage, n in Counter(stage for stage, _ in staged).items()
        },
    }
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "journey_placement.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
