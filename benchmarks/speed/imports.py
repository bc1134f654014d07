"""Processor time and memory of imports: what must stay light, and what BERTopic costs.

    python -m benchmarks.speed.imports   # writes benchmarks/results/imports.json

Each line is the median of five fresh processes with cached files, one thread. ``bertopic_without_umap`` hides the
libraries that we never use (umap, hdbscan, plotly, transformers) from BERTopic, which breaks its maps: decision 0013.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys

from benchmarks.run import RESULTS, machine, parser_for, write_result

RESULT = RESULTS / "imports.json"
PROCESSES = 5
LOADED = "import numpy, sklearn, polars"
"""What every analysis has loaded before it learns themes."""
PROGRAMS = {
    "python": "",
    "import_textcx": "import textcx",
    "help": "import sys; sys.argv = ['textcx', '--help']; from textcx.cli.app import main; main()",
    "numpy_sklearn_polars": LOADED,
    "bertopic": f"{LOADED}; import bertopic",
    "bertopic_without_umap": (
        f"{LOADED}; import sys; sys.modules.update(dict.fromkeys(['umap', 'hdbscan', 'plotly', 'transformers'])); "
        "import bertopic"
    ),
}
REPORT = """
import atexit, json, resource, sys
def report():
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]), file=sys.stderr)
atexit.register(report)
"""


def measured(program: str) -> list[float]:
    """Seconds of processor time and peak MiB of a fresh process."""
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", REPORT + program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100"},
    )
    figures: list[float] = json.loads(finished.stderr.splitlines()[-1])
    return figures


def main() -> None:
    """Measure every program."""
    parser_for(__doc__).parse_args()
    result: dict[str, object] = {"machine": machine()}
    for name, program in PROGRAMS.items():
        runs = [measured(program) for _ in range(PROCESSES + 1)][1:]
        seconds, memory = (statistics.median(values) for values in zip(*runs, strict=True))
        result[name] = {"seconds": round(seconds, 2), "peak_mib": round(memory)}
        print(name, result[name], flush=True)
    write_result(result, RESULT)


if __name__ == "__main__":
    main()
