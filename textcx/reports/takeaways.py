"""The few sentences a reader with three minutes should take away, each from one finding, with its numbers.

A sentence is written only where its finding stands: an effect that chance could explain is left out, and so is a
stage with few segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.reports import formats
from textcx.reports.lookup import STATEMENT_LENGTH, number
from textcx.reports.phrases import SURE_AT, effect_of, reach_words, trend_of

if TYPE_CHECKING:
    from textcx.reports.lookup import Lookup

FEWEST_SEGMENTS = 30
POOR_POLARITY = -0.1
MOST_RISING = 3


@dataclass(frozen=True, slots=True)
class Takeaway:
    """One sentence in two parts: what it is about, and what was found; ``target`` is the section with the details."""

    lead: str
    text: str
    target: str


def takeaways(look: Lookup) -> tuple[Takeaway, ...]:
    """Write the sentences, pain points first."""
    found = [_top_pain(look), _rising(look), _driver(look), _stage(look), _praise(look)]
    return tuple(sentence for sentence in found if sentence)


def _quoted(statement: str | None) -> str:
    return f"“{formats.clip((statement or '').strip().rstrip('.'), STATEMENT_LENGTH)}”"


def _top_pain(look: Lookup) -> Takeaway | None:
    rows = look.rows("pain_points", most=1)
    if not rows:
        return None
    row = rows[0]
    text = (
        f"{_quoted(row['statement'])}: {reach_words(row['respondents'], row['records'])}, "
        f"{formats.percent(look.share(row['records']))} of records, severity {formats.severity_words(row['severity'])}."
    )
    return Takeaway("Biggest pain point", text, "pain-points")


def _rising(look: Lookup) -> Takeaway | None:
    rows = look.rows("pain_points", most=40)
    rising = [row for row in rows if trend_of(row["trend"]).words == "rising"][:MOST_RISING]
    if not rising:
        return None
    return Takeaway("Getting worse", "; ".join(_quoted(row["statement"]) for row in rising) + ".", "pain-points")


def _driver(look: Lookup) -> Takeaway | None:
    if look.leading is None:
        return None
    rows = [
        row
        for row in look.rows("drivers")
        if row["rating"] == look.leading.name
        and row["subject_kind"] == "theme"
        and row["subject_id"] not in look.fragile
        and (number(row["effect"]) or 0.0) < 0
        and row["q_value"] is not None
        and row["q_value"] <= SURE_AT
    ]
    if not rows:
        return None
    row = min(rows, key=lambda found: (found["effect"], found["subject_id"]))
    effect = effect_of(row)
    words = f"{effect.words} (95{formats.SPACE}%: {effect.interval})" if effect else ""
    text = (
        f"{look.theme(row['subject_id'])}: {words} between the {look.leading.title} of everyone and of those who "
        "never raise it. An association, not a cause."
    )
    return Takeaway(f"Weighs most on {look.leading.title}", text, "drivers")


def _stage(look: Lookup) -> Takeaway | None:
    rows = [
        row
        for row in look.rows("journey")
        if row["stage"] != "unknown"
        and (row["segments"] or 0) >= FEWEST_SEGMENTS
        and number(row["polarity"]) is not None
    ]
    if not rows:
        return None
    row = min(rows, key=lambda found: (found["polarity"], found["stage"]))
    if row["polarity"] > POOR_POLARITY:
        return None
    text = (
        f"{look.stage(row['stage'])}, polarity {formats.polarity(row['polarity'])} over "
        f"{formats.plural(row['segments'], 'segment')}, {formats.percent(row['negative_share'])} of them negative."
    )
    return Takeaway("Weakest part of the journey", text, "journey")


def _praise(look: Lookup) -> Takeaway | None:
    if not look.praised:
        return None
    row = look.praised[0]
    text = (
        f"{formats.sentence(formats.clip(str(row['name']), 70))}: {formats.plural(row['records'], 'record')} clearly "
        f"positive, {formats.percent(number(row['share_positive']))} of what is said about it."
    )
    return Takeaway("Praised most", text, "praise")
