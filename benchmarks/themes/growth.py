"""Measure how learning and assigning themes scale with the number of segments: seconds and peak memory.

    python -m benchmarks.themes.growth --data DIR   # writes benchmarks/results/theme_growth.json

Real review sentences are encoded once; larger bodies are resampled from them with noise on the vectors (a tenth of a
unit vector's length), so that every vector is different. Each size runs in a process of its own. Stock BERTopic is
fitted on the same 20,000 texts and vectors in the same run, and assignment to a finished set is timed in segments per
second.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.run import MODEL, RESULTS, in_own_process, machine, parser_for, write_result

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
BESIDE_STOCK = 20_000
ENCODED = 40_000
NOISE = 0.1


def prepare(data: Path, folder: Path) -> None:
    """Encode real sentences and save texts and vectors."""
    from textcx.engines.encoder.load import load_encoder
    from textcx.settings.analysis import Settings
    from textcx.steps.themes.finding.find import is_boilerplate
    from textcx.wiring.container import Container

    naming = Container(Settings()).language.naming

    lines = (data / "sentiment" / "dynasent_pool.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    texts = [text for text in texts if not is_boilerplate(text, naming)][:ENCODED]
    encoding = load_encoder(MODEL).encode(texts)
    np.save(folder / "vectors.npy", encoding.matters)
    np.save(folder / "polarities.npy", encoding.sentiment[:, 2] - encoding.sentiment[:, 0])
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")


def body(folder: Path, size: int) -> tuple[pl.DataFrame, np.ndarray]:
    """A body of ``size`` segments: the real ones, and beyond them real ones again with noise on the vectors."""
    random = np.random.default_rng(size)
    vectors = np.load(folder / "vectors.npy")
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    polarities = np.load(folder / "polarities.npy")
    place = np.arange(size) % len(vectors)
    made = np.empty((size, vectors.shape[1]), dtype=np.float32)
    for start in range(0, size, 50_000):
        part = vectors[place[start : start + 50_000]]
        if start + len(part) > len(vectors):
            part = part + NOISE / np.sqrt(part.shape[1]) * random.standard_normal(part.shape, dtype=np.float32)
            part /= np.linalg.norm(part, axis=1, keepdims=True)
        made[start : start + 50_000] = part
    frame = pl.DataFrame(
        {
            "segment_id": pl.Series([f"r{number:07d}:0-1" for number in range(size)]),
            "record_id": pl.Series([f"r{number:07d}" for number in range(size)]),
            "text": pl.Series([texts[number] for number in place.tolist()]),
            "polarity": pl.Series(polarities[place].astype(np.float64)),
        }
    )
    return frame, made


def ours(folder: Path, size: int) -> dict[str, Any]:
    """Learn a set from a body of this size, then assign the same number of new segments to it."""
    from textcx.engines.clustering.bertopic import BertopicThemes
    from textcx.settings.analysis import Settings
    from textcx.steps.themes.assignment.assign import assign_themes
    from textcx.steps.themes.finding.learn import learn_themes
    from textcx.steps.themes.naming import naming_with
    from textcx.wiring.container import Container

    frame, vectors = body(folder, size)
    container = Container(Settings())
    model = BertopicThemes(stop_words=container.language.naming.stop_words)
    naming = naming_with(container.language, phrases=container.phrases, encoder=container.encoder)
    model.fit(["a few words"] * 40, vectors[:40], seed=0)  # imports are not timed
    naming.phrases.phrases(["a few words"])
    begin = time.perf_counter()
    model.fit(frame["text"].to_list(), vectors, seed=0)
    fitted = time.perf_counter()
    theme_set, _ = learn_themes(frame, vectors, model=model, naming=naming)
    learned = time.perf_counter()
    assign_themes(theme_set, vectors)
    assigned = time.perf_counter()
    return {
        "segments": size,
        "themes": len(theme_set.themes),
        "leaves": len(theme_set.leaves()),
        "fit_seconds": round(fitted - begin, 1),
        "learn_seconds": round(learned - fitted, 1),
        "assign_seconds": round(assigned - learned, 2),
        "assigned_per_second": round(size / (assigned - learned)),
        "unassigned_share": round(theme_set.members["theme_id"].null_count() / size, 4),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


def stock(folder: Path, size: int) -> dict[str, Any]:
    """Fit BERTopic with its defaults, twice: the first fit also compiles."""
    start = time.perf_counter()
    from bertopic import BERTopic

    frame, vectors = body(folder, size)
    texts = frame["text"].to_list()
    imported = time.perf_counter()
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        topics, _ = BERTopic().fit_transform(texts, vectors)
        seconds.append(round(time.perf_counter() - begin, 1))
    return {
        "segments": size,
        "import_seconds": round(imported - start, 1),
        "first_fit_seconds": seconds[0],
        "second_fit_seconds": seconds[1],
        "topics": len(set(topics) - {-1}),
        "unassigned": round(sum(topic == -1 for topic in topics) / len(topics), 3),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


def apart(what: str, folder: Path, size: int) -> dict[str, Any]:
    """Run one measurement in a process of its own."""
    return in_own_process("benchmarks.themes.growth", "--worker", what, str(folder), str(size))


def main() -> None:
    """Measure every size and write the result."""
    options = parser_for(__doc__)
    options.add_argument("--data", type=Path, help="folder with sentiment/dynasent_pool.jsonl")
    options.add_argument("--most", type=int, default=SIZES[-1], help="largest size")
    options.add_argument("--no-stock", action="store_true", help="leave stock BERTopic out")
    options.add_argument("--worker", nargs=3, metavar=("WHAT", "FOLDER", "SIZE"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.worker:
        what, folder, size = chosen.worker
        print(json.dumps({"ours": ours, "stock": stock}[what](Path(folder), int(size))))
        return
    result: dict[str, Any] = {
        "command": " ".join(["python -m benchmarks.themes.growth", *sys.argv[1:]]).replace(str(chosen.data), "DIR"),
        "machine": machine(),
        "noise": NOISE,
        "growth": [],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(chosen.data, folder)
        result["beside_stock"] = {"textcx": apart("ours", folder, BESIDE_STOCK)}
        print(json.dumps(result["beside_stock"]), flush=True)
        if not chosen.no_stock:
            theirs = result["beside_stock"]["stock_bertopic"] = apart("stock", folder, BESIDE_STOCK)
            fit = result["beside_stock"]["textcx"]["fit_seconds"]
            result["beside_stock"]["ratio_of_first_fit"] = round(fit / theirs["first_fit_seconds"], 3)
            result["beside_stock"]["ratio_of_second_fit"] = round(fit / theirs["second_fit_seconds"], 3)
            print(json.dumps(theirs), flush=True)
        for size in (size for size in SIZES if size <= chosen.most):
            result["growth"].append(apart("ours", folder, size))
            print(json.dumps(result["growth"][-1]), flush=True)
            write_result(result, RESULTS / "theme_growth.json")


if __name__ == "__main__":
    main()
