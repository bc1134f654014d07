"""Say where a change over time comes from: another mix of sources or customer groups, or the change within them.

A sentence is written only for changes in which the mix has a clear part; the table ``mix`` holds no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textcx.reports import formats
from textcx.reports.formats import known

if TYPE_CHECKING:
    from textcx.reports.lookup import Lookup, Row

MOST_SENTENCES = 6
SOURCE, RATING = "source", "rating:"
NEARLY = 0.1
"""A mix part that differs from the change by less than this share of it is called all of it."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One change in words; ``turns``: within the groups it went the other way; ``overall``: it is about everyone."""

    text: str
    turns: bool
    overall: bool


def mix_sentences(look: Lookup) -> list[Moved]:
    """Write a sentence for each leading change that another mix adds to.

    What turns its sign comes first, then what is about everyone, the leading rating first, then themes, the largest
    mix part first. Fragile themes are left out.
    """
    order = {f"rating:{row['rating']}": position for position, row in enumerate(look.overall)}
    themes = {row["theme_id"] for row in look.reported_themes} - look.fragile
    rows = [row for row in look.rows("mix") if row["subject_kind"] == "all" or row["subject_id"] in themes]
    rows.sort(
        key=lambda row: (
            not row["turns"],
            row["subject_kind"] != "all",
            order.get(row["measure"], len(order)),
            -abs(row["mix"]),
            row["subject_id"],
        )
    )
    return [_moved(look, row) for row in rows[:MOST_SENTENCES]]


def within_detail(look: Lookup, theme: str) -> str:
    """Say what is left of a theme's change of share within the groups whose mix adds to it; else empty."""
    rows = (row for row in look.rows("mix") if row["measure"] == "share" and row["subject_id"] == theme)
    return next((f"{_within(row)} {_estimate(look, row, 'within')}" for row in rows), "")


def _moved(look: Lookup, row: Row) -> Moved:
    size = _change(look, row, abs(row["change"])).removeprefix("+")
    ends = f"{_value(look, row, row['earlier'])} to {_value(look, row, row['later'])}"
    lead = f"{_name(look, row)} {'rose' if row['change'] > 0 else 'fell'} by {size}{_points(look, row)} ({ends})."
    mix, within = _mix(row), f"{_within(row)} the change is {_estimate(look, row, 'within')}"
    share = row["mix"] / row["change"] if row["change"] else 0.0
    if row["turns"]:
        rest = f"{formats.sentence(mix)} turns the sign: {within}."
    elif abs(share - 1) <= NEARLY:
        rest = f"All of it comes from {mix}: {within}."
    elif 0 < share < 1:
        rest = f"About {formats.percent(share)} of it comes from {mix}; {within}."
    else:
        rest = f"{formats.sentence(mix)} alone would have changed it by {_estimate(look, row, 'mix')}; {within}."
    return Moved(f"{lead} {rest}", bool(row["turns"]), row["subject_kind"] == "all")


def _mix(row: Row) -> str:
    return "a different mix of sources" if row["by"] == SOURCE else f"a different mix of {_attribute(row)}"


def _within(row: Row) -> str:
    return "within the sources" if row["by"] == SOURCE else f"within the groups of {_attribute(row)}"


def _attribute(row: Row) -> str:
    return f"“{formats.clip(str(row['by']), 40)}”"


def _estimate(look: Lookup, row: Row, part: str) -> str:
    change = partial(_change, look, row)
    return f"{change(row[part])}{formats.in_brackets(formats.interval(row, change, of=part))}"


def _unit(look: Lookup, row: Row) -> str:
    """Unit of a rating's value; empty for polarity, "share" for shares."""
    measure = row["measure"]
    if measure.startswith(RATING):
        return look.units.get(measure.removeprefix(RATING), "")
    return "" if measure == "polarity" else "share"


def _name(look: Lookup, row: Row) -> str:
    if row["subject_kind"] == "theme":
        return f"{look.theme(row['subject_id'])} (share of records)"
    named = {"polarity": "Polarity", "negative_share": "The share of negative records"}
    return named.get(row["measure"]) or formats.rating_name(row["measure"].removeprefix(RATING))


def _value(look: Lookup, row: Row, value: float) -> str:
    if row["measure"] == "polarity":
        return formats.polarity(value)
    unit = _unit(look, row)
    return formats.percent(value) if unit == "share" else formats.rating(value, unit)


def _change(look: Lookup, row: Row, change: float | None) -> str:
    unit = _unit(look, row)
    if unit == "share":
        return formats.points(change * 100 if known(change) else None)
    return formats.effect(change, "percentage points" if unit == "percent" else unit)


def _points(look: Lookup, row: Row) -> str:
    return " points" if _unit(look, row) in {"points", "percent", "share"} else ""
