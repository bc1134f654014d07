"""What the benchmarks share: paths, the machine, processes of their own, and how a result is written."""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "models" / "sentiment"
RESULTS = ROOT / "benchmarks" / "results"
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
REVIEWS = {"womens_clothing": "Review Text", "netflix_reviews": "content"}
"""Text columns of the dumps that are read as plain lists of texts."""


def parser_for(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows a module's docstring as it is written."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def machine() -> str:
    """Return the number of cores, the architecture and the Python version, for the result file."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def rounded(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result with every float rounded to four digits."""
    copy: dict[str, Any] = json.loads(json.dumps(result), parse_float=lambda number: round(float(number), 4))
    return copy


def read_result(path: Path) -> dict[str, Any]:
    """Return an earlier result, so that parts that are not measured again are kept; empty where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_result(result: dict[str, Any], path: Path) -> None:
    """Write a result as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def distinct_reviews(data: Path, dump: str, limit: int) -> list[str]:
    """Return the first ``limit`` distinct non-empty reviews of a dump."""
    column = REVIEWS[dump]
    with (data / "dumps" / f"{dump}.csv").open(encoding="utf-8", newline="") as lines:
        texts = dict.fromkeys(row[column] for row in csv.DictReader(lines) if row[column].strip())
    return list(texts)[:limit]


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def in_own_process(module: str, *arguments: str, core: int | None = None) -> dict[str, Any]:
    """Run a module in a process of its own and return the JSON object on its last line of output.

    Args:
        module: Its dotted name.
        arguments: Its command line.
        core: The one core it may use; all by default.
    """
    pinned = [] if core is None else ["taskset", "-c", str(core)]
    environment = {**os.environ, **OFFLINE, **({} if core is None else {"OMP_NUM_THREADS": "1"})}
    command = [*pinned, sys.executable, "-W", "ignore", "-m", module, *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
    if finished.returncode:
        sys.exit(f"{module} {' '.join(arguments)} failed:\n{finished.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return result
