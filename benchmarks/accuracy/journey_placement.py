"""How often a segment's stage is right and how often it is "unknown".

    python -m benchmarks.accuracy.journey_placement --results DIR

``DIR`` holds the results of seven files that ``benchmarks/data/journey_stages.tsv`` labels, each in a folder called
as the file (``benchmarks.rubric.sheets draw`` makes them): seventy segments of each, labelled by an AI reader that saw
nothing of ours, on the generic journey and on that of the sector. Thresholds of placing were chosen on them. Two sets
of sentences that we wrote are placed on the generic journey, "fresh" and "development". Writes
``benchmarks/results/journey_placement.json``.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.run import MODEL, RESULTS, ROOT, machine, parser_for, write_result
from textcx.domain.lexicons.journey import UNKNOWN
from textcx.engines.encoder.load import load_encoder
from textcx.engines.language.folder import load_language
from textcx.steps.journey import FIT_SAMPLE, fit_journey, place_segments_on_journey, stage_vectors
from textcx.steps.matters import matters_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.lexicons.journey import JourneyTaxonomy
    from textcx.domain.matters import KnownMatters
    from textcx.engines.encoder.reader import BatchedEncoder

DATA = ROOT / "benchmarks" / "data"
LANGUAGE = MODEL.parent / "languages" / "en"
SETS = {"fresh": "journey_sentences_fresh.toml", "development": "journey_sentences.toml"}


class Placing:
    """Places texts on journeys and counts what is right."""

    def __init__(self, encoder: BatchedEncoder, known: KnownMatters) -> None:
        self.encoder, self.known = encoder, known
        self.vectors: dict[str, Any] = {}

    def answers(self, texts: Sequence[str], taxonomy: JourneyTaxonomy) -> list[str]:
        """Stage of each text."""
        if taxonomy.name not in self.vectors:
            self.vectors[taxonomy.name] = stage_vectors(taxonomy, self.encoder, self.known)
        segments = pl.DataFrame({"segment_id": [f"s{number:05d}" for number in range(len(texts))], "text": texts})
        found = place_segments_on_journey(
            segments,
            self.encoder.encode(texts).matters,
            taxonomy=taxonomy,
            stage_vectors=self.vectors[taxonomy.name],
        )
        return found["stage"].to_list()

    def counts(self, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Compare labels with answers."""
        staged = [pair for pair in pairs if pair[0] != UNKNOWN]
        placed = [pair for pair in pairs if pair[1] != UNKNOWN]
        unknown = [pair for pair in pairs if pair[0] == UNKNOWN]
        right = sum(label == given for label, given in placed)
        return {
            "segments": len(pairs),
            "placed": f"{len(placed)} of {len(pairs)}",
            "right_of_placed": f"{right} of {len(placed)}",
            "placed_right_of_staged": f"{right} of {len(staged)}",
            "unknown_kept": f"{sum(given == UNKNOWN for _, given in unknown)} of {len(unknown)}",
            "placed_right_by_stage": {
                stage: f"{sum(pair == (stage, stage) for pair in staged)} of {n}"
                for stage, n in sorted(Counter(stage for stage, _ in staged).items())
            },
        }


def files(results: Path, placing: Placing, journeys: dict[str, JourneyTaxonomy]) -> dict[str, Any]:
    """Place the labelled segments of the files, and let each file choose its journey."""
    with (DATA / "journey_stages.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, dialect="excel-tab", quoting=csv.QUOTE_NONE))
    by_file: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_file[row["file"]].append(row)
    pairs: dict[str, list[tuple[str, str]]] = {"generic": [], "sector": []}
    found: dict[str, Any] = {"files": {}}
    for name, own in by_file.items():
        segments = pl.read_parquet(results / name / "segments.parquet").drop("touchpoint", strict=False)
        text_of = dict(segments.select("segment_id", "text").iter_rows())
        texts = [text_of[row["segment_id"]] for row in own]
        sector = own[0]["sector"]
        generic = list(zip([row["generic"] for row in own], placing.answers(texts, journeys["generic"]), strict=True))
        inside = list(zip([row["in_sector"] for row in own], placing.answers(texts, journeys[sector]), strict=True))
        pairs["generic"] += generic
        pairs["sector"] += inside
        sample = segments.select("segment_id", "text", counted=True)
        sample = sample.gather_every(max(1, sample.height // FIT_SAMPLE))
        vectors = placing.encoder.encode(sample["text"].to_list()).matters
        fit = fit_journey(
            sample, vectors, candidates=list(journeys.values()), encoder=placing.encoder, known=placing.known
        )
        found["files"][name] = {
            "generic": placing.counts(generic)["right_of_placed"],
            "sector": placing.counts(inside)["right_of_placed"],
            "labelled_in": journeys[sector].name,
            "auto_takes": fit.taxonomy.name,
            "shares": fit.shares,
        }
    return found | {kind: placing.counts(own) for kind, own in pairs.items()}


def main() -> None:
    """Measure all sets and write the figures."""
    parser = parser_for(__doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder with the results of the labelled files")
    options = parser.parse_args()
    encoder, language = load_encoder(MODEL), load_language(LANGUAGE, journey="auto")
    placing = Placing(encoder, matters_of(language, encoder))
    names = ("generic", *sorted(path.stem for path in LANGUAGE.glob("journeys/*.toml")))
    journeys = dict(zip(names, (language.journey, *language.other_journeys), strict=True))
    figures = {"machine": machine(), "encoder_id": encoder.encoder_id} | files(options.results, placing, journeys)
    for name, file in SETS.items():
        labelled = tomllib.loads((DATA / file).read_text(encoding="utf-8"))
        rows = [(text, stage) for stage, texts in labelled.items() for text in texts]
        given = placing.answers([text for text, _ in rows], journeys["generic"])
        figures[name] = placing.counts(list(zip([stage for _, stage in rows], given, strict=True)))
    write_result(figures, RESULTS / "journey_placement.json")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
