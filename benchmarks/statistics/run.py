"""How often the numbers of textcx are right: every interval, arrow, driver and alarm against known populations.

    python -m benchmarks.statistics.run [--runs 500] [--seed 2026] [--only PART] [--out FILE]

Parts that are not run again keep their earlier cells.
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.run import RESULTS, machine, parser_for, read_result, write_result
from benchmarks.statistics import alarms, drivers, means, mix, noise, trends
from benchmarks.statistics.cells import observe

PARTS = {"means": means, "drivers": drivers, "trends": trends}
WHOLE = {"mix": mix, "noise": noise, "alarms": alarms}
"""Parts that draw for themselves."""
FEWER = {"alarms": 100}
"""Runs of slow parts."""


def main() -> None:
    """Run the simulations and write their table."""
    parser = parser_for(__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--only", choices=[*PARTS, *WHOLE], action="append")
    parser.add_argument("--out", type=Path, default=RESULTS / "statistics.json")
    options = parser.parse_args()
    result = read_result(options.out)
    parts = result.get("parts", {})
    for name in options.only or [*PARTS, *WHOLE]:
        begun = time.perf_counter()
        if name in PARTS:
            cells = observe(PARTS[name].cells(), runs=options.runs, seed=options.seed)
        else:
            cells = WHOLE[name].cells(min(options.runs, FEWER.get(name, options.runs)), options.seed)
        parts[name] = {"seed": options.seed, "seconds": round(time.perf_counter() - begun, 1), "cells": cells}
        result = {"command": "python -m benchmarks.statistics.run", "machine": machine(), "parts": parts}
        write_result(result, options.out)


if __name__ == "__main__":
    main()
