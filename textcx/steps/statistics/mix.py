"""Split the change of a mean in two: another mix of groups, and something else within the groups.

The decomposition is Kitagawa's (JASA 50, 1955), in its symmetric form. With shares p and means m of the groups, earlier
and later, the part within is the sum of (p_earlier + p_later) / 2 * (m_later - m_earlier); the mix part is the rest,
the sum of (p_later - p_earlier) * (m_earlier + m_later) / 2.

A group can be compared with itself only if at least two respondents stand in it on either side. Any other, such as a
new source, is mix altogether: its part within is 0, and ``compared`` says how much is left to judge by.

Intervals are cluster-robust, with respondents as clusters: the variance is the sum of the squared influences of the
respondents, each with the bias of its own leverage removed (HC2, MacKinnon & White 1985; for clusters Bell & McCaffrey
2002), and Student's t has the degrees of freedom that Welch and Satterthwaite give for the cells of side and group.

Invariants, tested: mix and within add up to the change; the order of the records never matters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy  # its subpackages load when they are first used

from textcx.steps.statistics.intervals import FEWEST, LEVEL, moments, tally

if TYPE_CHECKING:
    from textcx.steps.statistics.intervals import Codes, Floats

NOISE = 1e-12
"""An error this small beside the range of the values is rounding, so nothing is known of the spread."""


class Part(NamedTuple):
    """A change or a part of one, with its 95 % interval and the p-value of no change; NaN where unknown."""

    value: float
    low: float
    high: float
    p_value: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out no change."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """The change of a mean, later minus earlier, and its two parts, in the unit of the values.

    ``compared``: share of records in groups found on both sides, 0..1, of the side where it is smaller.
    """

    earlier: float
    later: float
    change: Part
    mix: Part
    within: Part
    compared: float

    @property
    def turns(self) -> bool:
        """Whether all together moved one way and the groups the other, both clearly (Simpson 1951)."""
        return self.change.clear and self.within.clear and self.change.value * self.within.value < 0


def decompose(values: Floats, groups: Codes, *, later: Codes, respondents: Codes) -> Decomposition:
    """Decompose the change of the mean of ``values`` from the earlier to the later records.

    Args:
        values: One per record, in any unit. Shape ``(records,)``.
        groups: Group of each record, ``0 .. groups - 1``. Shape ``(records,)``.
        later: 1 for later records, 0 for earlier ones, at least one of each. Shape ``(records,)``.
        respondents: Who wrote each, ``0 .. respondents - 1``; one person may stand on both sides.
            Shape ``(records,)``.
    """
    many = int(groups.max()) + 1
    cells = later * many + groups
    sides, of_cells = moments(later, values, 2), moments(cells, values, 2 * many)
    pairs, pair, in_cell = np.unique(respondents * 2 * many + cells, return_inverse=True, return_counts=True)
    _, half, on_side = np.unique(respondents * 2 + later, return_inverse=True, return_counts=True)
    cell_of_pair = pairs % (2 * many)
    people = tally(cell_of_pair, 2 * many)
    common = np.minimum(people[:many], people[many:]) >= FEWEST
    shares = of_cells.n.reshape(2, many) / sides.n[:, None]
    weights = shares.mean(axis=0) * common
    gaps = np.where(common, of_cells.mean[many:] - of_cells.mean[:many], 0.0)
    change, within = float(sides.mean[1] - sides.mean[0]), float(weights @ gaps)

    sign, n, own = 2 * later - 1, sides.n[later], on_side[half]
    moved = sign * _influence(values - sides.mean[later], n, own)
    inside = sign * _influence(values - of_cells.mean[cells], of_cells.n[cells], in_cell[pair])
    inside = np.where(common[groups], weights[groups] * inside, 0.0)
    inside += _influence(gaps[groups] - (shares @ gaps)[later], n, own) / 2
    degrees, scale = np.maximum(people - 1, 1), float(np.ptp(values))

    def part(value: float, influence: Floats) -> Part:
        """Sum influences by respondent for the error, and by respondent and cell for its degrees of freedom."""
        unit = float(np.abs(influence).max()) or 1.0  # squares of very small numbers would vanish
        influence = influence / unit
        each = np.bincount(respondents, weights=influence) ** 2
        error = unit * math.sqrt(each.sum())
        if not error > NOISE * scale:
            return Part(value, math.nan, math.nan, math.nan)
        by_cell = np.bincount(cell_of_pair, weights=np.bincount(pair, weights=influence) ** 2, minlength=2 * many)
        freedom = float(by_cell.sum() ** 2 / (by_cell**2 / degrees).sum())
        freedom = max(min(freedom, float(np.count_nonzero(each) - 1)), 1.0)
        margin = float(scipy.special.stdtrit(freedom, 0.5 + LEVEL / 2)) * error
        p_value = 2 * float(scipy.special.stdtr(freedom, -abs(value) / error))
        return Part(value, value - margin, value + margin, p_value)

    return Decomposition(
        earlier=float(sides.mean[0]),
        later=float(sides.mean[1]),
        change=part(change, moved),
        mix=part(change - within, moved - inside),
        within=part(within, inside),
        compared=float((shares * common).sum(axis=1).min()),
    )


def _influence(distance: Floats, n: Floats, own: Codes) -> Floats:
    """Return what a record adds to a mean of ``n``, ``own`` of which are its respondent's; NaN where all are."""
    rest = n - own
    return np.where(rest > 0, distance / np.sqrt(n * np.maximum(rest, 1)), np.nan)
