"""Measure themes: names, seconds beside stock BERTopic, agreement under another order or seed, known clusters.

    python -m benchmarks.themes.quality --dumps DIR --data DIR   # writes benchmarks/results/theme_quality.json

Each part is optional. The labels of the known clusters are read for evaluation only. ``--stock`` fits BERTopic with its
defaults on the same texts and vectors, in a process of its own, because our engine imports BERTopic without UMAP.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, v_measure_score

from benchmarks.run import MODEL, RESULTS, parser_for, read_result, write_result
from textcx.domain.feedback import ColumnOverrides
from textcx.domain.themes.sets import FRAGILE
from textcx.engines.clustering.bertopic import BertopicThemes
from textcx.engines.encoder.load import load_encoder
from textcx.readers import open_feedback
from textcx.settings.analysis import Settings
from textcx.steps.sentiment.encode import sentiment_columns
from textcx.steps.themes.finding.find import find_themes, is_boilerplate
from textcx.steps.themes.naming import naming_with
from textcx.wiring.container import Container

if TYPE_CHECKING:
    from textcx.ports import Encoder
    from textcx.steps.themes.naming import Naming

RESULT = RESULTS / "theme_quality.json"
TOOLS = Container(Settings())
OPEN = ("womens_clothing", "nhs_fft")
"""Files whose licences allow publishing names; of the others only the number of themes is kept."""
SUBSAMPLES = 3
FEWEST_ANSWERS = 20
STOCK = """
import json, sys, time
import numpy as np
start = time.perf_counter()
from bertopic import BERTopic
texts = json.loads(open(sys.argv[1] + "/texts.json", encoding="utf-8").read())
vectors = np.load(sys.argv[1] + "/vectors.npy")
imported = time.perf_counter()
truth = json.loads(open(sys.argv[1] + "/truth.json", encoding="utf-8").read())
seconds, fits = [], []
for _ in range(2):
    begin = time.perf_counter()
    topics, _ = BERTopic().fit_transform(texts, vectors)
    seconds.append(time.perf_counter() - begin)
    fits.append(topics)
from sklearn.metrics import adjusted_rand_score, v_measure_score
known = {} if not truth else {
    "v_measure": round(v_measure_score(truth, topics), 3), "ari": round(adjusted_rand_score(truth, topics), 3)
}
print(json.dumps({
    **known, "other_seed": round(adjusted_rand_score(*fits), 3),
    "import_seconds": round(imported - start, 1), "first_fit_seconds": round(seconds[0], 1),
    "second_fit_seconds": round(seconds[1], 1), "topics": len(set(topics) - {-1}),
    "unassigned": round(sum(topic == -1 for topic in topics) / len(topics), 3),
}))
"""


def theme_model() -> BertopicThemes:
    """Return the shipped theme model."""
    return BertopicThemes(stop_words=TOOLS.language.naming.stop_words)


def naming_by(encoder: Encoder) -> Naming:
    """Return what themes are named with."""
    return naming_with(TOOLS.language, phrases=TOOLS.phrases, encoder=encoder)


def segments_of(path: Path, *, records: int) -> pl.DataFrame:
    """The first records of a file, split into segments as the pipeline does, without cleaning and redaction."""
    splitter = TOOLS.splitter
    rows = []
    batch = next(open_feedback(path, overrides=ColumnOverrides()).batches(rows=records))
    for row, cells in zip(batch.frame["row"], batch.frame["texts"], strict=True):
        for column, cell in enumerate(() if cells is None else cells):
            for start, end in splitter.split([cell or ""])[0]:
                record = f"r{row:06d}"
                rows.append((f"{record}:{column}:{start:06d}", record, start, end, cell[start:end]))
    return with_context(rows)


def with_context(rows: list[tuple[str, str, int, int, str]]) -> pl.DataFrame:
    """Segments as a frame, without respondents and dates."""
    names = ["segment_id", "record_id", "start", "end", "text"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        counted=pl.lit(value=True),
        respondent_id=pl.lit(None, pl.String),
        created_at=pl.lit(None, pl.Datetime("us", "UTC")),
    )


def stock(texts: list[str], vectors: np.ndarray, *, truth: list[str] | None = None) -> dict[str, Any]:
    """Fit BERTopic with its defaults, twice in a fresh process: the first fit also compiles."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        (Path(folder) / "truth.json").write_text(json.dumps(truth or []), encoding="utf-8")
        np.save(Path(folder) / "vectors.npy", vectors)
        finished = subprocess.run([sys.executable, "-c", STOCK, folder], capture_output=True, text=True, check=True)
    return json.loads(finished.stdout.splitlines()[-1])


def agreement(texts: list[str], vectors: np.ndarray, model: BertopicThemes) -> dict[str, Any]:
    """Adjusted Rand index of a fit with one in another order, one with another seed, and fits on 80 % subsamples.

    Subsamples are compared on the segments that both fits have; -1, no theme, counts as a label of its own.
    """
    random = np.random.default_rng(7)
    base = model.fit(texts, vectors, seed=0).topics
    order = random.permutation(len(texts))
    shuffled = model.fit([texts[i] for i in order], vectors[order], seed=0).topics
    reseeded = model.fit(texts, vectors, seed=1).topics
    samples = []
    for _ in range(SUBSAMPLES):
        part = np.sort(random.permutation(len(texts))[: int(0.8 * len(texts))])
        sampled = model.fit([texts[i] for i in part], vectors[part], seed=0).topics
        samples.append(round(adjusted_rand_score(base[part], sampled), 4))
    return {
        "other_order": round(adjusted_rand_score(base[order], shuffled), 4),
        "other_order_same_bytes": shuffled.tobytes() == base[order].tobytes(),
        "other_seed": round(adjusted_rand_score(base, reseeded), 4),
        "subsample_80": round(float(np.mean(samples)), 4),
        "subsamples": samples,
    }


def dump(path: Path, *, encoder: Encoder, records: int, with_stock: bool) -> dict[str, Any]:
    """Themes of a file: names, shares, seconds, agreement."""
    frame = segments_of(path, records=records)
    encoding = encoder.encode(frame["text"].to_list())
    frame = frame.with_columns(**sentiment_columns(encoding.sentiment))
    model, naming = theme_model(), naming_by(encoder)
    model.fit(frame["text"].to_list()[:40], encoding.matters[:40], seed=0)  # imports are not timed
    begin = time.perf_counter()
    finding = find_themes(frame, encoding.matters, model=model, naming=naming, language=TOOLS.language)
    seconds = time.perf_counter() - begin
    substantive = np.array([not is_boilerplate(text, TOOLS.language.naming) for text in frame["text"]])
    texts, vectors = frame.filter(pl.Series(substantive))["text"].to_list(), encoding.matters[substantive]
    begin = time.perf_counter()
    model.fit(texts, vectors, seed=0)
    levels = finding.themes["level"].unique().sort().to_list()
    result = {
        "encoder": encoder.encoder_id,
        "segments": frame.height,
        "seconds_find_themes": round(seconds, 2),
        "seconds_fit_only": round(time.perf_counter() - begin, 2),
        "short_share": finding.short_share,
        "boilerplate_share": finding.boilerplate_share,
        "unassigned_share": finding.unassigned_share,
        "shown_on_level": {str(level): finding.themes_at(level).height for level in levels},
        "fragile_share": round(float((finding.themes["stability"] < FRAGILE).mean()), 3),
        "agreement": agreement(texts, vectors, model),
        "themes": finding.themes.select("level", "name", "records", "polarity", "stability").rows()
        if path.stem in OPEN
        else finding.themes.height,
    }
    if with_stock:
        result["stock_bertopic"] = stock(texts, vectors)
    return result


def known(path: Path, *, encoder: Encoder, most: int, with_stock: bool) -> dict[str, Any]:
    """V-measure and ARI against known clusters at the finest level; -1, no theme, counts as a label of its own."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["split"] == "test"]
    rows = [rows[i] for i in sorted(np.random.default_rng(0).permutation(len(rows))[:most])]
    texts, truth = [row["text"] for row in rows], np.array([str(row["label"]) for row in rows])
    vectors = encoder.encode(texts).matters
    model = theme_model()
    fit = model.fit(texts, vectors, seed=0)
    plain = model.fit(texts, vectors, seed=0, max_unassigned=0.0)
    right = np.zeros(len(texts), dtype=bool)
    for topic in range(len(fit.centroids)):
        labels, counts = np.unique(truth[fit.topics == topic], return_counts=True)
        right |= (fit.topics == topic) & (truth == (labels[counts.argmax()] if len(labels) else ""))
    assigned = fit.topics >= 0
    result: dict[str, Any] = {
        "encoder": encoder.encoder_id,
        "texts": len(texts),
        "true_clusters": len(set(truth.tolist())),
        "themes": len(fit.centroids),
        **scores(truth, fit.topics),
        "nothing_unassigned": scores(truth, plain.topics),
        "agreement": agreement(texts, vectors, model),
        "strength": [
            {
                "from": low,
                "segments": int(
                    (chosen := assigned & (np.minimum(fit.strengths // 0.2 * 0.2, 0.8).round(1) == low)).sum()
                ),
                "mean_strength": round(float(fit.strengths[chosen].mean()), 3) if chosen.any() else None,
                "in_the_majority": round(float(right[chosen].mean()), 3) if chosen.any() else None,
            }
            for low in (0.0, 0.2, 0.4, 0.6, 0.8)
        ],
        "k_means_true_k": scores(
            truth, KMeans(len(set(truth.tolist())), n_init=3, random_state=0).fit_predict(vectors)
        ),
    }
    if with_stock:
        result["stock_bertopic"] = stock(texts, vectors, truth=truth.tolist())
    return result


def scores(truth: np.ndarray, topics: np.ndarray) -> dict[str, float]:
    """V-measure, ARI and the share in no theme."""
    return {
        "v_measure": round(v_measure_score(truth, topics), 3),
        "ari": round(adjusted_rand_score(truth, topics), 3),
        "unassigned": round(float((topics < 0).mean()), 3),
    }


def nhs(data: Path, *, encoder: Encoder) -> dict[str, Any]:
    """Precision and recall of our themes against the themes that people gave to NHS answers.

    An answer may have several of either. Each of their themes with 20 answers or more is matched with our theme, on any
    level, that has the best F1.
    """
    rows = [json.loads(line) for line in (data / "sentiment" / "nhs_survey.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["themes"]]
    splitter = TOOLS.splitter
    parts = [
        (f"r{number:05d}:{start:06d}", f"r{number:05d}", start, end, row["text"][start:end])
        for number, row in enumerate(rows)
        for start, end in splitter.split([row["text"]])[0]
    ]
    frame = with_context(parts)
    encoding = encoder.encode(frame["text"].to_list())
    frame = frame.with_columns(**sentiment_columns(encoding.sentiment))
    finding = find_themes(
        frame,
        encoding.matters,
        model=theme_model(),
        naming=naming_by(encoder),
        language=TOOLS.language,
    )
    ours: dict[str, set[str]] = {}
    for level in (1, 2, 3):
        for record, theme in finding.mentions_at(level).select("record_id", "theme_id").iter_rows():
            ours.setdefault(theme, set()).add(record)
    names = dict(finding.themes.select("theme_id", "name").iter_rows())
    theirs: dict[str, set[str]] = {}
    for number, row in enumerate(rows):
        for theme in row["themes"]:
            theirs.setdefault(theme, set()).add(f"r{number:05d}")
    matches = []
    for theme, records in sorted(theirs.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(records) >= FEWEST_ANSWERS:
            f1, best = max((2 * len(records & mine) / (len(records) + len(mine)), one) for one, mine in ours.items())
            shared = len(records & ours[best])
            matches.append(
                {
                    "theirs": theme,
                    "answers": len(records),
                    "ours": names[best],
                    "precision": round(shared / len(ours[best]), 3),
                    "recall": round(shared / len(records), 3),
                    "f1": round(f1, 3),
                }
            )
    weights = np.array([match["answers"] for match in matches], dtype=float)
    return {
        "answers": len(rows),
        "our_themes": finding.themes.height,
        **{
            f"mean_{name}": round(float(np.average([match[name] for match in matches], weights=weights)), 3)
            for name in ("precision", "recall", "f1")
        },
        "matches": matches,
    }


def write(result: dict[str, Any]) -> None:
    """Write what was measured so far and keep the parts of earlier runs."""
    kept = read_result(RESULT)
    for part in ("dumps", "known_clusters", "nhs_themes"):
        result[part] = kept.get(part, {}) | result.get(part, {})
    write_result(result, RESULT)


def main() -> None:
    """Measure the selected parts and write the result."""
    options = parser_for(__doc__)
    options.add_argument("--dumps", type=Path, help="folder of CSV files as users have them")
    options.add_argument(
        "--data", type=Path, help="folder with clusters/banking77.jsonl and stackoverflow_titles.jsonl"
    )
    options.add_argument("--only", default="", help="only files whose name contains this")
    options.add_argument("--records", type=int, default=1500, help="records of each file")
    options.add_argument("--stock", action="store_true", help="also fit BERTopic with its defaults")
    options.add_argument("--encoder", type=Path, default=MODEL)
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
            result["known_clusters"][name] = known(path, encoder=encoder, most=most, with_stock=chosen.stock)
            print(name, json.dumps(result["known_clusters"][name]))
            write(result)
        result["nhs_themes"] = nhs(chosen.data, encoder=encoder)
        print("nhs", json.dumps(result["nhs_themes"], ensure_ascii=False))
        write(result)


if __name__ == "__main__":
    main()
