"""The few sentences a reader with three minutes should take away, each from one finding, with its numbers.

A sentence is written only where its finding stands: an effect that chance could explain is left out, and so is a
stage with few segments.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textcx.reports import formats
from textcx.reports.formats import known
from textcx.reports.lookup import NAME_LENGTH
from textcx.reports.phrases import quoted, reach_words, sure, trend_of

if TYPE_CHECKING:
    from textcx.reports.lookup import Lookup

    Takeaway = tuple[str, str, str]

FEWEST_SEGMENTS = 30
POOR_POLARITY = -0.1
MOST_RISING = 3


def takeaways(look: Lookup) -> list[Takeaway]:
    """Write the sentences, pain points first: what each is about, what was found, and the section with the details."""
    found = [_top_pain(look), _rising(look), _driver(look), _stage(look), _praise(look)]
    return [sentence for sentence in found if sentence]


def _top_pain(look: Lookup) -> Takeaway | None:
    rows = look.rows("pain_points", most=1)
    if not rows:
        return None
    share, severity = formats.percent(look.share(rows[0]["records"])), formats.severity_words(rows[0]["severity"])
    text = f"{quoted(rows[0]['statement'])}: {reach_words(rows[0])}, {share} of records, severity {severity}."
    return "Biggest pain point", text, "pain-points"


def _rising(look: Lookup) -> Takeaway | None:
    rows = look.rows("pain_points", most=40)
    rising = [quoted(row["statement"]) for row in rows if trend_of(row["trend"]).words == "rising"][:MOST_RISING]
    return ("Getting worse", "; ".join(rising) + ".", "pain-points") if rising else None


def _driver(look: Lookup) -> Takeaway | None:
    if look.leading is None:
        return None
    rows = [
        row
        for row in look.rows("drivers")
        if row["rating"] == look.leading.name
        and row["subject_kind"] == "theme"
        and row["subject_id"] not in look.fragile
        and known(row["effect"])
        and row["effect"] < 0
        and sure(row)
    ]
    if not rows:
        return None
    row = min(rows, key=lambda found: (found["effect"], found["subject_id"]))
    words = f"{formats.effect(row['effect'], row['unit'])} {formats.unit_words(row['unit'])}"
    ends = formats.in_brackets(formats.interval(row, partial(formats.effect, unit=row["unit"])))
    text = (
        f"{look.theme(row['subject_id'])}: {words}{ends} between the {look.leading.title} of everyone and of those who "
        "never raise it. An association, not a cause."
    )
    return f"Weighs most on {look.leading.title}", text, "drivers"


def _stage(look: Lookup) -> Takeaway | None:
    rows = [
        row
        for row in look.rows("journey")
        if row["stage"] != "unknown" and (row["segments"] or 0) >= FEWEST_SEGMENTS and known(row["polarity"])
    ]
    row = min(rows, key=lambda found: (found["polarity"], found["stage"]), default=None)
    if row is None or row["polarity"] > POOR_POLARITY:
        return None
    text = (
        f"{look.stage(row['stage'])}, polarity {formats.polarity(row['polarity'])} over "
        f"{formats.plural(row['segments'], 'segment')}, {formats.percent(row['negative_share'])} of them negative."
    )
    return "Weakest part of the journey", text, "journey"


def _praise(look: Lookup) -> Takeaway | None:
    if not look.praised:
        return None
    row = look.praised[0]
    name, share = formats.sentence(formats.clip(str(row["name"]), NAME_LENGTH)), formats.percent(row["share_positive"])
    text = f"{name}: {formats.plural(row['records'], 'record')} clearly positive, {share} of what is said about it."
    return "Praised most", text, "praise"
