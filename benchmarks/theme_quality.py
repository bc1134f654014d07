"""Measure themes: names to read, seconds beside stock BERTopic, agreement under another order or seed, known clusters.

Run ``python benchmarks/theme_quality.py --dumps DIR --data DIR`` from the repository root, each part optional; the
result is committed as ``benchmarks/results/theme_quality.json``. The labels of the known clusters are read for
evaluation only. ``--stock`` fits BERTopic with its defaults on the same texts and vectors, in a process of its own,
because our engine imports BERTopic without UMAP.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import adjusted_rand_score, v_measure_score

from textcx.domain.feedback import ColumnWishes
from textcx.engines.bertopic_themes import BertopicThemes
from textcx.engines.encoders import load_encoder
from textcx.engines.spacy_text import SpacyPhraseFinder, SpacySentenceSplitter
from textcx.readers import open_feedback
from textcx.steps.sentiment import sentiment_columns
from textcx.steps.themes import find_themes, is_boilerplate

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "theme_quality.json"
OPEN = ("womens_clothing", "nhs_fft")
"""Files whose words may be passed on; of the others only the number of themes is kept."""
STOCK = """
import json, sys, time
import numpy as np
start = time.perf_counter()
from bertopic import BERTopic
texts = json.loads(open(sys.argv[1] + "/texts.json", encoding="utf-8").read())
vectors = np.load(sys.argv[1] + "/vectors.npy")
imported = time.perf_counter()
seconds = []
for _ in range(2):
    begin = time.perf_counter()
    topics, _ = BERTopic().fit_transform(texts, vectors)
    seconds.append(time.perf_counter() - begin)
print(json.dumps({
    "import_seconds": round(imported - start, 1), "first_fit_seconds": round(seconds[0], 1),
    "second_fit_seconds": round(seconds[1], 1), "topics": len(set(topics) - {-1}),
    "unassigned": round(sum(topic == -1 for topic in topics) / len(topics), 3),
}))
"""


def segments_of(path: Path, *, records: int) -> pl.DataFrame:
    """The first records of a file, split into segments as the pipeline does, without cleaning and redaction."""
    splitter = SpacySentenceSplitter()
    rows = []
    batch = next(open_feedback(path, wishes=ColumnWishes()).batches(rows=records))
    for row, cells in zip(batch.frame["row"], batch.frame["texts"], strict=True):
        for column, cell in enumerate(() if cells is None else cells):
            for start, end in splitter.split([cell or ""])[0]:
                record = f"r{row:06d}"
                rows.append((f"{record}:{column}:{start:06d}", record, start, end, cell[start:end]))
    names = ["segment_id", "record_id", "start", "end", "text"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        counted=pl.lit(value=True),
        respondent_id=pl.lit(None, pl.String),
        created_at=pl.lit(None, pl.Datetime("us", "UTC")),
    )


def stock(texts: list[str], vectors: np.ndarray) -> dict[str, Any]:
    """BERTopic as it comes, twice in a fresh process: the first fit also compiles."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        np.save(Path(folder) / "vectors.npy", vectors)
        finished = subprocess.run([sys.executable, "-c", STOCK, folder], capture_output=True, text=True, check=True)
    return json.loads(finished.stdout.splitlines()[-1])


def agreement(texts: list[str], vectors: np.ndarray, model: BertopicThemes) -> dict[str, float]:
    """Adjusted Rand index of a fit with the same in another order, with another seed, and on 80 % subsamples."""
    random = np.random.default_rng(7)
    base = model.fit(texts, vectors, seed=0).topics
    order = random.permutation(len(texts))
    shuffled = model.fit([texts[i] for i in order], vectors[order], seed=0).topics
    reseeded = model.fit(texts, vectors, seed=1).topics
    part = np.sort(random.permutation(len(texts))[: int(0.8 * len(texts))])
    sampled = model.fit([texts[i] for i in part], vectors[part], seed=0).topics
    return {
        "other_order": round(adjusted_rand_score(base[order], shuffled), 4),
        "other_seed": round(adjusted_rand_score(base, reseeded), 4),
        "subsample_80": round(adjusted_rand_score(base[part], sampled), 4),
    }


def dump(path: Path, *, encoder: Any, records: int, with_stock: bool) -> dict[str, Any]:  # noqa: ANN401 - one of ours
    """Themes of a file: names, shares, seconds, agreement."""
    frame = segments_of(path, records=records)
    encoding = encoder.encode(frame["text"].to_list())
    frame = frame.with_columns(**sentiment_columns(encoding.sentiment))
    model, phrases = BertopicThemes(), SpacyPhraseFinder()
    model.fit(frame["text"].to_list()[:40], encoding.vectors[:40], seed=0)  # imports are counted nowhere
    begin = time.perf_counter()
    finding = find_themes(frame, encoding.vectors, model=model, phrases=phrases)
    seconds = time.perf_counter() - begin
    substantive = np.array([not is_boilerplate(text) for text in frame["text"]])
    texts, vectors = frame.filter(pl.Series(substantive))["text"].to_list(), encoding.vectors[substantive]
    begin = time.perf_counter()
    model.fit(texts, vectors, seed=0)
    result = {
        "encoder": encoder.encoder_id,
        "segments": frame.height,
        "seconds_find_themes": round(seconds, 2),
        "seconds_fit_only": round(time.perf_counter() - begin, 2),
        "boilerplate_share": finding.boilerplate_share,
        "unassigned_share": finding.unassigned_share,
        "agreement": agreement(texts, vectors, model),
        "themes": finding.themes.select("name", "records", "polarity").rows()
        if path.stem in OPEN
        else finding.themes.height,
    }
    if with_stock:
        result["stock_bertopic"] = stock(texts, vectors)
    return result


def known(path: Path, *, encoder: Any, most: int) -> dict[str, Any]:  # noqa: ANN401 - one of ours
    """V-measure and ARI against known clusters, at the report's number of themes and at the finest."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["split"] == "test"]
    rows = [rows[i] for i in sorted(np.random.default_rng(0).permutation(len(rows))[:most])]
    texts, truth = [row["text"] for row in rows], [str(row["label"]) for row in rows]
    vectors = encoder.encode(texts).vectors
    levels = {
        "report": BertopicThemes(),
        "true_number": BertopicThemes(max_topics=len(set(truth)), segments_per_topic=10),
    }
    result: dict[str, Any] = {
        "encoder": encoder.encoder_id,
        "texts": len(texts),
        "true_clusters": len(set(truth)),
    }
    for level, model in levels.items():
        topics = model.fit(texts, vectors, seed=0).topics
        result[level] = {
            "topics": len(set(topics.tolist()) - {-1}),
            "v_measure": round(v_measure_score(truth, topics), 3),
            "ari": round(adjusted_rand_score(truth, topics), 3),
            "unassigned": round(float((topics < 0).mean()), 3),
            "agreement": agreement(texts, vectors, model),
        }
    return result


def write(result: dict[str, Any]) -> None:
    """Keep what was measured so far, beside what earlier runs measured."""
    kept = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    for part in ("dumps", "known_clusters"):
        result[part] = kept.get(part, {}) | result[part]
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Measure what was asked for, print it and write it down."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--dumps", type=Path, help="folder of CSV files as users bring them")
    options.add_argument(
        "--data", type=Path, help="folder with clusters/banking77.jsonl and stackoverflow_titles.jsonl"
    )
    options.add_argument("--only", default="", help="only files whose name holds this")
    options.add_argument("--records", type=int, default=1500, help="records of each file")
    options.add_argument("--stock", action="store_true", help="also time BERTopic with its defaults")
    options.add_argument("--encoder", type=Path, default=ROOT / "models" / "sentiment")
    chosen = options.parse_args()
    encoder = load_encoder(chosen.encoder)
    result: dict[str, Any] = {"dumps": {}, "known_clusters": {}}
    files = sorted(chosen.dumps.glob("*.csv")) if chosen.dumps else []
    for path in (file for file in files if chosen.only in file.stem):
        result["dumps"][path.stem] = dump(path, encoder=encoder, records=chosen.records, with_stock=chosen.stock)
        print(path.stem, json.dumps(result["dumps"][path.stem], ensure_ascii=False))
        write(result)
    if chosen.data:
        for name, most in (("banking77", 4000), ("stackoverflow_titles", 5000)):
            path = chosen.data / "clusters" / f"{name}.jsonl"
            result["known_clusters"][name] = known(path, encoder=encoder, most=most)
            print(name, json.dumps(result["known_clusters"][name]))
            write(result)


if __name__ == "__main__":
    main()
