"""The main job on whole files as users bring them, with no flag but ``--out``: what it found, and whether it adds up.

    python benchmarks/dumps.py --data DATA

Runs ``textcx analyze`` and ``textcx verify`` as processes on every CSV file of ``DATA/dumps``. Writes
``benchmarks/results/dumps.json``: exit codes, counts, columns, checks, seconds and peak memory; no text.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from speed import TEXTCX, environment, run_textcx

RESULTS = Path(__file__).parent / "results" / "dumps.json"


def main() -> None:
    """Run over all files and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    result: dict[str, Any] = {"command": "python benchmarks/dumps.py --data DATA"}
    for source in sorted((parser.parse_args().data / "dumps").glob("*.csv")):
        with tempfile.TemporaryDirectory() as folder:
            figures = run_textcx(source, Path(folder))
            manifest = json.loads((Path(folder) / "out" / "manifest.json").read_text(encoding="utf-8"))
            checked = subprocess.run(
                [*TEXTCX, "verify", str(Path(folder) / "out"), str(source)],
                check=False, capture_output=True, text=True, env=environment(),
            )  # fmt: skip
            size = (Path(folder) / "out" / "report.html").stat().st_size
        told, plan = manifest["headline"], manifest["columns"][0]
        result[source.stem] = {
            **figures,
            "records_in": told["records_in"],
            "analyzed": told["analyzed"],
            "unprocessable": told["unprocessable"],
            "adds_up": told["records_in"] == told["analyzed"] + sum(told["unprocessable"].values()),
            "verify_exit_code": checked.returncode,
            "verify": checked.stdout.splitlines(),
            "text": [column["column"] for column in plan["text"]],
            "date": plan["date"],
            "ratings": {rating["name"]: rating["column"] for rating in plan["ratings"]},
            "warnings": len(manifest["warnings"]),
            "themes": told["themes"],
            "unassigned_share": told["unassigned_share"],
            "boilerplate_share": manifest["boilerplate_share"],
            "pain_points": told["pain_points"],
            "report_kib": round(size / 1024),
        }
        print(source.stem, figures["wall_s"], "s", figures["peak_rss_mib"], "MiB, verify", checked.returncode)
        RESULTS.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
