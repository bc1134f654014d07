"""Judge the words of results by fresh eyes: write sheets of what a reader would see, and count what the readers said.

    python -m benchmarks.rubric.sheets draw --files DIR --out DIR    # analyzes every file, writes SHEET.txt for each
    python -m benchmarks.rubric.sheets count --out DIR --name NAME   # writes benchmarks/results/rubric_NAME.json

A sheet has numbered items, drawn with a seed; a reader who sees nothing else answers each with 1 (right) or 0 in
SHEET.tsv, ``item<TAB>answer``, the number of distinct matters with a count. What counts as right stands at the top of a
sheet. The texts of the files stay out of the project: only the counts are written. Answers of a second reader are in
SHEET.second.tsv; the share in which both agree is counted, too.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.run import RESULTS, parser_for, write_result
from textcx.steps.statistics.intervals import share_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20
LISTED, MEMBERS, NAMES, STAGES, SEGMENTS = 10, 10, 20, 30, 40
SHOWN = 420
RULES = """Judge as the manager who must put it on a slide under his own name. When in doubt: 0.
pain: something went wrong for customers, or is missing for them; not a mood, not praise, not "please improve"
title: says, without rewriting, what the group is about, and nothing that most of its members do not say; no slur,
  handle, entity, typo, cut end, other company; understandable without the quotes
member: would be filed under this title by the manager; for a MIXED group: is of the matter that most of the ten share
distinct: number of different matters among the pain points; two with the same fix are one
order: a pain point and the next: 1 unless you would turn their order by severity round
name: would stand on a slide as it is; pure praise or blame, the company itself, dates, debris, typos: 0
main: a main theme that is distinct from the other main ones and could not hold nearly anything
stage: the stage a manager of that trade would say; a stage that the trade does not have: 0
sentiment: the answer of most careful readers for the marked sentence, read in its record
"""
KINDS = ("pain", "title", "member", "order", "name", "main", "stage", "sentiment")


def analyzed(path: Path, out: Path, options: list[str]) -> bool:
    """Analyze a file as a user would; tell whether it was taken."""
    command = [sys.executable, "-m", "textcx", "analyze", str(path), "--out", str(out), "--overwrite", *options]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        print(f"{path.name}: {finished.stderr[-2000:]}", flush=True)
    return finished.returncode == 0


def items(out: Path, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Items of one result: name and what is shown."""
    tables = {name: pl.read_parquet(out / f"{name}.parquet") for name in ("pain_points", "pains", "segments", "themes")}
    records = dict(pl.read_parquet(out / "records.parquet").select("record_id", "text").iter_rows())
    segments = tables["segments"].sort("segment_id")
    words = dict(segments.select("segment_id", "text").iter_rows())
    points = list(tables["pain_points"].head(LISTED).iter_rows(named=True))
    for number, point in enumerate(points, 1):
        mixed = " (MIXED)" if point["fit"] < 0.7 else ""  # noqa: PLR2004 - as reports show it
        yield f"pain {number}", point["title"] + mixed
        yield f"title {number}", point["title"]
        own = tables["pains"].filter(pl.col("pain_point_id") == point["pain_point_id"]).sort("segment_id")["segment_id"]
        for place, one in enumerate(chance.sample(own.to_list(), min(MEMBERS, len(own))), 1):
            yield f"member {number}.{place}", words[one]
        if number < len(points):
            following = points[number]
            yield f"order {number}", f"{point['severity']:.2f} {point['title']} / {following['severity']:.2f} next"
    yield "distinct", "how many different matters are among the pain points above?"
    themes = tables["themes"]
    parents = set(themes["parent_theme_id"].drop_nulls())
    leaves = themes.filter(~pl.col("theme_id").is_in(parents)).sort("records", "name", descending=[True, False])
    for number, name in enumerate(leaves["name"].head(NAMES), 1):
        yield f"name {number}", name
    for number, name in enumerate(themes.filter(pl.col("level") == 1)["name"], 1):
        yield f"main {number}", name
    placed = segments.filter(pl.col("stage").is_not_null() & (pl.col("stage") != "unknown"))
    for kind, column, frame, most in (("stage", "stage", placed, STAGES), ("sentiment", "label", segments, SEGMENTS)):
        rows = sorted(chance.sample(range(frame.height), min(most, frame.height)))
        for number, row in enumerate(frame[rows].iter_rows(named=True), 1):
            record = records[row["record_id"]]
            around = record[max(0, row["start"] - SHOWN) : row["start"]], record[row["end"] : row["end"] + SHOWN]
            marked = f"{around[0]}>>{row['text']}<<{around[1]}"
            yield f"{kind} {number}", f"{row[column]} | {' '.join(marked.split())}"


def draw(files: Path, out: Path, options: list[str]) -> None:
    """Analyze all files of a folder, or one, and write a sheet for each; those that have one keep it."""
    for path in sorted(files.iterdir()) if files.is_dir() else [files]:
        found = out / path.stem
        if found.with_suffix(".txt").exists() or not analyzed(path, found, options):
            continue
        about = json.loads((found / "analysis.json").read_text(encoding="utf-8"))
        pains = pl.read_parquet(found / "pains.parquet")
        mentions = pl.read_parquet(found / "mentions.parquet")
        segments = pl.read_parquet(found / "segments.parquet")
        facts = {
            "pains": pains.height,
            "pains_under_a_title": pains["pain_point_id"].drop_nulls().len(),
            "segments": segments.height,
            "segments_with_a_theme": mentions["segment_id"].n_unique(),
            "segments_with_a_stage": segments.filter(pl.col("stage").fill_null("unknown") != "unknown").height,
            "notes": len(about["notes"]),
        }
        (out / f"{path.stem}.facts.json").write_text(json.dumps(facts), encoding="utf-8")
        shown = "\n".join(f"{name}\t{' '.join(text.split())}" for name, text in items(found, random.Random(SEED)))
        (out / f"{path.stem}.txt").write_text(f"{RULES}\n{shown}\n", encoding="utf-8")
        print(path.stem, json.dumps(facts), flush=True)


def answers(path: Path) -> dict[str, int]:
    """What a reader said, by item."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {item: int(said) for item, _, said in (line.partition("\t") for line in lines if line.strip())}


def count(out: Path) -> dict[str, Any]:
    """Right and judged of each kind, by file and in all, with 95 % Wilson intervals, and the agreement of readers."""
    result: dict[str, Any] = {"seed": SEED, "files": {}}
    total: dict[str, list[int]] = defaultdict(list)
    both: list[bool] = []
    for path in sorted(out.glob("*.txt")):
        said = answers(path.with_suffix(".tsv"))
        by_kind = {kind: [right for item, right in said.items() if item.split()[0] == kind] for kind in KINDS}
        facts = json.loads((out / f"{path.stem}.facts.json").read_text(encoding="utf-8"))
        counts: dict[str, Any] = {kind: f"{sum(own)} / {len(own)}" for kind, own in by_kind.items()}
        result["files"][path.stem] = counts | {"distinct": f"{said['distinct']} / {len(by_kind['pain'])}"} | facts
        for kind, own in by_kind.items():
            total[kind] += own
        second = path.with_suffix(".second.tsv")
        if second.exists():
            theirs = answers(second)
            both += [said[item] == right for item, right in theirs.items() if item in said and item != "distinct"]
    result["total"] = {}
    for kind, own in total.items():
        found = share_interval(np.array([float(sum(own))]), np.array([float(len(own))]))
        result["total"][kind] = {
            "right": sum(own),
            "judged": len(own),
            "share": round(sum(own) / max(1, len(own)), 3),
            "interval": [round(float(found.low[0]), 3), round(float(found.high[0]), 3)],
        }
    if both:
        result["agreement"] = {"items": len(both), "share": round(sum(both) / len(both), 3)}
    return result


def main() -> None:
    """Write sheets, or count answers."""
    parser = parser_for(__doc__)
    parser.add_argument("what", choices=("draw", "count"))
    parser.add_argument(
        "--files", type=Path, help="folder of files to analyze, or one file; other options are those of analyze"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of sheets and answers")
    parser.add_argument("--name", default="tune", help="name of the result")
    options, more = parser.parse_known_args()
    if options.what == "draw":
        options.out.mkdir(parents=True, exist_ok=True)
        draw(options.files, options.out, more)
    else:
        result = count(options.out)
        write_result(result, RESULTS / f"rubric_{options.name}.json")
        print(json.dumps(result["total"], indent=1))


if __name__ == "__main__":
    main()
