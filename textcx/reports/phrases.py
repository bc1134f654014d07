"""Findings in the words that several sections share: reach, trends, effects and the value of a rating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textcx.reports import formats
from textcx.reports.lookup import FEWEST_RATINGS, Row, number, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

SURE_AT = 0.05
"""q-value up to which a difference is called one."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A change over time in words: an arrow, what it does, by how much, and a class for its colour."""

    arrow: str
    words: str
    detail: str
    css: str


NO_TREND = Trend("", "no dates", "", "flat")
DIRECTIONS = {
    "rising": ("↗", "rising", "worse"),
    "falling": ("↘", "falling", "better"),
    "steady": ("→", "no clear change", "flat"),
    "unknown": ("", "too little to tell", "flat"),
}
"""Arrow, words and colour by direction; more of a pain is worse."""


def trend_of(trend: Mapping[str, Any] | None, *, good: bool | None = False) -> Trend:
    """Put a trend into words; the arrow is never the only sign.

    Args:
        trend: Direction, and the change of its share of all records in percentage points with interval.
        good: Whether more of it is good; null where it is neither.
    """
    if not trend or not trend.get("direction"):
        return NO_TREND
    change, low, high = (number(trend.get(name)) for name in ("change", "ci_low", "ci_high"))
    ends = formats.interval(low, high, lambda value: formats.signed(value, digits=1))
    detail = "" if change is None else f"{formats.signed(change, digits=1)} points of share"
    detail += f" (95{formats.SPACE}%: {ends})" if detail and ends else ""
    direction = str(trend["direction"])
    arrow, words, css = DIRECTIONS.get(direction, ("", formats.clip(direction, 30), "flat"))
    turned = {True: {"worse": "better", "better": "worse"}, None: {"worse": "flat", "better": "flat"}}
    return Trend(arrow, words, detail, turned.get(good, {}).get(css, css))


@dataclass(frozen=True, slots=True)
class Effect:
    """What a pain point, or else its theme, goes along with on the leading rating."""

    words: str
    interval: str
    sure: bool
    css: str
    whose: str


def effect_of(row: Row | None) -> Effect | None:
    """Put a driver into words, or null where there was too little to tell."""
    if row is None or number(row["effect"]) is None:
        return None
    unit = row["unit"]
    ends = formats.interval(row["ci_low"], row["ci_high"], lambda value: formats.effect(value, unit))
    q_value = number(row["q_value"])
    return Effect(
        words=f"{formats.effect(row['effect'], unit)} {formats.unit_words(unit)}",
        interval=ends,
        sure=q_value is not None and q_value <= SURE_AT,
        css="neg" if row["effect"] < 0 else "pos",
        whose="its theme" if row["subject_kind"] == "theme" else "",
    )


def reach_words(respondents: int | None, records: int | None) -> str:
    """Say how far something reaches: people where respondents are known, and records."""
    if respondents is None or respondents == records:
        return formats.plural(records, "record")
    return f"{formats.plural(respondents, 'person', 'people')} in {formats.plural(records, 'record')}"


def few(row: Row | None) -> bool:
    """Tell whether too few rated for their value to be shown."""
    return row is None or number(row["value"]) is None or (whole(row["n"]) or 0) < FEWEST_RATINGS


def rating_value(row: Row | None) -> str:
    """Write a rating's value for a part of the customers, a dash where too few rated."""
    return formats.UNKNOWN if row is None or few(row) else formats.rating(row["value"], row["unit"])


def rating_detail(row: Row | None) -> str:
    """Say the interval and n of a rating's value."""
    if row is None or few(row):
        return "" if row is None else f"too few: n{formats.SPACE}{formats.count(row['n'])}"
    ends = formats.interval(row["ci_low"], row["ci_high"], lambda value: formats.rating(value, row["unit"]))
    return f"{ends + ', ' if ends else ''}n{formats.SPACE}{formats.count(row['n'])}"
