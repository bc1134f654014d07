"""A cell of the table: what it should be, and what draws it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Draw = Callable[[np.random.Generator], float]

WORKERS = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """A rate: its nominal value, or the power to reach where ``power``; what one run gives, 0..1; runs, if not all."""

    nominal: float
    draw: Draw
    power: bool = False
    runs: int | None = None


def rate(nominal: float, draw: Draw, *, runs: int | None = None) -> Cell:
    """Return a cell whose observed rate should be ``nominal``."""
    return Cell(nominal, draw, runs=runs)


def power(reach: float, draw: Draw, *, runs: int | None = None) -> Cell:
    """Return a cell whose observed rate should be at least ``reach``."""
    return Cell(reach, draw, power=True, runs=runs)


def observe(cells: dict[str, Cell], *, runs: int, seed: int) -> dict[str, dict[str, Any]]:
    """Draw every cell so many times; run ``i`` of every cell has the stream ``[seed, i]``."""
    found: dict[str, dict[str, Any]] = {}
    with ProcessPoolExecutor(WORKERS) as pool:
        for name, cell in cells.items():
            times = min(runs, cell.runs or runs)
            spans = np.array_split(np.arange(times), WORKERS * 2)
            values = [
                each for part in pool.map(_drawn, [cell.draw] * len(spans), [seed] * len(spans), spans) for each in part
            ]
            known = [each for each in values if not np.isnan(each)]
            wanted = {"reach" if cell.power else "nominal": cell.nominal}
            found[name] = {**wanted, "observed": round(float(np.mean(known)), 4) if known else None, "runs": len(known)}
            print(name, found[name], flush=True)
    return found


def _drawn(draw: Draw, seed: int, runs: NDArray[np.int64]) -> list[float]:
    return [float(draw(np.random.default_rng([seed, run]))) for run in runs.tolist()]
