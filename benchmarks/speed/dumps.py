"""``textcx analyze`` on whole files as users have them, with no flag but ``--out``: findings, and whether they add up.

    python -m benchmarks.speed.dumps --data DATA

Runs ``textcx analyze`` and ``textcx verify`` as processes on every CSV file of ``DATA/dumps``. Writes
``benchmarks/results/dumps.json``: exit codes, counts, columns, checks, seconds and peak memory; no text.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.run import RESULTS, parser_for, write_result
from benchmarks.speed.analyze import TEXTCX, environment, run_textcx


def main() -> None:
    """Analyze and verify every file and write the figures."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    result: dict[str, Any] = {"command": "python -m benchmarks.speed.dumps --data DATA"}
    for source in sorted((parser.parse_args().data / "dumps").glob("*.csv")):
        with tempfile.TemporaryDirectory() as folder:
            figures = run_textcx(source, Path(folder))
            manifest = json.loads((Path(folder) / "out" / "manifest.json").read_text(encoding="utf-8"))
            checked = subprocess.run(
                [*TEXTCX, "verify", str(Path(folder) / "out"), str(source)],
                check=False,
                capture_output=True,
                text=True,
                env=environment(),
            )
            size = (Path(folder) / "out" / "report.html").stat().st_size
        headline, plan = manifest["headline"], manifest["columns"][0]
        result[source.stem] = {
            **figures,
            "records_in": headline["records_in"],
            "analyzed": headline["analyzed"],
            "unprocessable": headline["unprocessable"],
            "adds_up": headline["records_in"] == headline["analyzed"] + sum(headline["unprocessable"].values()),
            "verify_exit_code": checked.returncode,
            "verify": checked.stdout.splitlines(),
            "text": [column["column"] for column in plan["text"]],
            "date": plan["date"],
            "ratings": {rating["name"]: rating["column"] for rating in plan["ratings"]},
            "warnings": len(manifest["warnings"]),
            "themes": headline["themes"],
            "unassigned_share": headline["unassigned_share"],
            "boilerplate_share": manifest["boilerplate_share"],
            "pain_points": headline["pain_points"],
            "report_kib": round(size / 1024),
        }
        print(source.stem, figures["wall_s"], "s", figures["peak_rss_mib"], "MiB, verify", checked.returncode)
        write_result(result, RESULTS / "dumps.json")


if __name__ == "__main__":
    main()
