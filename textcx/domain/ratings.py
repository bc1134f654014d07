"""What the value of a rating is, in which unit, and between which bounds.

Every value is the mean of one term per respondent, so one formula serves all kinds. A term lies within ``bounds``;
``effect_terms`` is larger the better the answer, also on a reversed scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.errors import BadSetting
from textcx.domain.feedback import RatingKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from textcx.domain.feedback import RatingColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfRating:
    """What everybody needs to know of a kind of rating; ``title`` is its name for people."""

    title: str
    scale: tuple[float, float] | None  # the answers it is asked on; null for any
    only_scale: bool = True  # without exception
    value: tuple[float, float] | None = None  # lowest and highest value; null where that is the scale, as for a mean
    unit: str | None = None  # of the value; null where that is named after the scale
    effect_unit: str | None = None  # of a difference between two values; null where it is the same


KINDS: Mapping[RatingKind, KindOfRating] = {
    RatingKind.NPS: KindOfRating(title="NPS", scale=(0, 10), value=(-100.0, 100.0), unit="points"),
    RatingKind.CSAT: KindOfRating(
        title="CSAT",
        scale=(1, 5),
        only_scale=False,
        value=(0.0, 100.0),
        unit="percent",
        effect_unit="percentage points",
    ),
    RatingKind.STARS: KindOfRating(title="Stars", scale=(1, 5), unit="stars"),
    RatingKind.CES: KindOfRating(title="CES", scale=(1, 7)),
    RatingKind.SCALE: KindOfRating(title="Rating", scale=None, only_scale=False),
}
"""Every kind of rating, those that people steer by first. A new one also needs the words of its columns in
``models/languages``."""
PROMOTER = 9.0
"""Lowest answer of a promoter on 0..10 (Reichheld, "The One Number You Need to Grow", HBR 2003)."""
DETRACTOR = 6.0
"""Highest answer of a detractor on 0..10."""
MOST_CHOICES = 11
"""A scale with more choices than this is no list of answers but a dial; its "top two" is its upper quarter."""


def check_scale(rating: RatingColumn) -> None:
    """Refuse, with a ``BadSetting``, an empty scale, and NPS on another scale than 0..10."""
    if not rating.low < rating.high:
        msg = f"rating {rating.name!r} runs from {rating.low:g} to {rating.high:g}; low must be below high"
        raise BadSetting(msg)
    if rating.kind is RatingKind.NPS and (rating.low, rating.high) != (0.0, 10.0):
        msg = (
            f"rating {rating.name!r} is read as NPS on {rating.low:g}..{rating.high:g}, but NPS is asked on 0..10; "
            f"declare it under another name, such as --rating recommend={rating.column}:{rating.low:g}-{rating.high:g}"
        )
        raise BadSetting(msg)


def turned(values: NDArray[np.float64], rating: RatingColumn) -> NDArray[np.float64]:
    """Return answers with the good end up: unchanged, or ``low + high - value`` on a reversed scale."""
    return rating.low + rating.high - values if rating.reversed else values


def terms(values: NDArray[np.float64], rating: RatingColumn) -> NDArray[np.float64]:
    """Return one term per answer, whose mean is the rating's value. Both of shape ``(answers,)``.

    NPS: 100 for promoters (9, 10), 0 for passives, -100 for detractors (0 to 6). CSAT: 100 for the top two answers,
    else 0; a reversed scale is turned first, and on a scale of more than 11 choices the upper quarter counts.
    Other kinds: the answers as given. Scales are checked by ``check_scale``.
    """
    check_scale(rating)
    if rating.kind is RatingKind.NPS:
        good_up = turned(values, rating)
        return np.where(good_up >= PROMOTER, 100.0, np.where(good_up <= DETRACTOR, -100.0, 0.0))
    if rating.kind is RatingKind.CSAT:
        good_up = turned(values, rating)
        span = rating.high - rating.low
        threshold = rating.high - 1 if span < MOST_CHOICES else rating.low + 0.75 * span
        return np.where((good_up >= threshold) & (good_up > rating.low + span / 2), 100.0, 0.0)
    return values


def effect_terms(values: NDArray[np.float64], rating: RatingColumn) -> NDArray[np.float64]:
    """Return terms whose mean rises when answers get better, also on a reversed scale; units of ``effect_unit``."""
    points = terms(values, rating)
    return turned(points, rating) if KINDS[rating.kind].value is None else points


def bounds(rating: RatingColumn) -> tuple[float, float]:
    """Return the lowest and highest value the rating can have."""
    return KINDS[rating.kind].value or (rating.low, rating.high)


def choices(rating: RatingColumn) -> int:
    """Return how many different ``terms`` the rating has; 0 where it is a dial."""
    if rating.kind in {RatingKind.NPS, RatingKind.CSAT}:
        return 3 if rating.kind is RatingKind.NPS else 2
    span = rating.high - rating.low
    return int(span) + 1 if span < MOST_CHOICES else 0


def unit(rating: RatingColumn) -> str:
    """Return the unit of the rating's value: "points", "percent", "stars", "scale 1..7", "scale 1..5 (1 is best)"."""
    kind = KINDS[rating.kind]
    if kind.unit is not None and kind.value is not None:
        return kind.unit
    return effect_unit(rating) + (f" ({rating.low:g} is best)" if rating.reversed else "")


def effect_unit(rating: RatingColumn) -> str:
    """Return the unit of a difference: "points", "percentage points", "stars", "scale 1..7"; more is always better."""
    kind = KINDS[rating.kind]
    return kind.effect_unit or kind.unit or f"scale {rating.low:g}..{rating.high:g}"
