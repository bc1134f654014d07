"""Order pain points by what they do: reach x severity x effect on the leading rating, where that is known.

The effect is how much worse those who raise a pain point rate than comparable others, as a share of the scale: an
association, not a cause. Invariant, tested: without ratings the order is that of reach x severity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.ratings import KINDS, effect_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.feedback import RatingColumn

WIDTHS = {"points": 200.0, "percentage points": 100.0}
"""Width of the scales of effects that are none of the rating's own."""
LEAST_EFFECT = 0.05
"""An effect counts as so much at least: a pain is no less one because few who tell it rate at all."""


def rank_pain_points(points: pl.DataFrame, drivers: pl.DataFrame, *, ratings: Sequence[RatingColumn]) -> pl.DataFrame:
    """Set ``effect`` of pain points from the drivers of the leading rating, and order them, the weightiest first.

    The leading rating is the first kind of ``KINDS`` that has drivers among pain points. Where a pain point has none,
    for too few who raise it rated, the median of the others stands for it in the order.
    """
    kinds, columns = list(KINDS), points.columns
    known = drivers.filter(pl.col("subject_kind") == "pain_point")
    rated = [one for one in ratings if one.name in set(known["rating"])]
    leading = min(rated, key=lambda one: kinds.index(one.kind), default=None)
    weight = pl.col("respondents") * pl.col("severity")
    if leading is not None:
        width = WIDTHS.get(effect_unit(leading), leading.high - leading.low)
        own = known.filter(pl.col("rating") == leading.name).select(
            pain_point_id="subject_id", effect=(-pl.col("gap") / width).clip(-1.0, 1.0).round(4)
        )
        points = points.drop("effect").join(own, on="pain_point_id", how="left", maintain_order="left")
        effect = pl.col("effect").clip(lower_bound=LEAST_EFFECT)
        weight *= effect.fill_null(effect.median())
    ranked = points.with_columns(weight=weight.round(6))
    ranked = ranked.sort("weight", "pain_point_id", descending=[True, False], maintain_order=True)
    return ranked.select(columns)
