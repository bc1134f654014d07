"""Findings in words: what several sections share, and the few sentences that a reader with three minutes takes away.

A takeaway is written only where its finding stands: an effect that chance could explain is left out, and so is a
stage with few segments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from textcx.reports import formats
from textcx.reports.formats import known
from textcx.reports.lookup import FEWEST_RATINGS, NAME_LENGTH, title_of
from textcx.reports.mix import mix_sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textcx.reports.lookup import Lookup, Row

    Takeaway = tuple[str, str, str]

SURE_AT = 0.05
"""q-value up to which a difference is called one."""
FEWEST_SEGMENTS = 30
POOR_POLARITY = -0.1
COUNTED = {
    "negative_record_share": ("be negative", "negative records"),
    "pain_record_share": ("tell of a pain point", "records with a pain point"),
}
"""Shares of records that the model counts: what is true of such records, and what they are called."""
MOST_RISING = 3


@dataclass(frozen=True, slots=True)
class Trend:
    """A change over time in words: an arrow, what it does, a class for its colour, and by how much."""

    arrow: str
    words: str
    css: str = "flat"
    detail: str = ""


NO_TREND = Trend("", "no dates")
TRENDS = {
    "rising": Trend("↗", "rising", "worse"),
    "falling": Trend("↘", "falling", "better"),
    "new": Trend("↗", "new", "worse"),
    "steady": Trend("→", "no clear change"),
    "unknown": Trend("", "too little to tell"),
}
"""Trends by direction; more of a pain is worse."""
STANDS_OUT = Trend("↗", "stands out", "worse")
"""The last period has more than all before would explain, and the halves tell nothing."""
PERHAPS = Trend("→", "perhaps")
"""A change that would be sure if it were the only one looked at."""
MOVING = frozenset({"rising", "falling", "new"})


def trend_of(trend: Mapping[str, Any] | None, *, bad: bool = True) -> Trend:
    """Put a trend into words; the arrow is never the only sign. ``bad``: more of it is bad, else neither."""
    if not trend or not trend.get("direction"):
        return NO_TREND
    detail, change = "", trend.get("change")
    if known(change):
        ends = formats.in_brackets(formats.interval(trend, formats.points))
        detail = f"{formats.points(change)} points of share{ends}"
    direction = str(trend["direction"])
    found = TRENDS.get(direction, Trend("", formats.clip(direction, 30)))
    if direction == "steady" and trend.get("alarm"):
        found = STANDS_OUT
    elif direction == "steady" and known(change) and known(trend.get("ci_low")):
        found = PERHAPS if trend["ci_low"] > 0 or trend["ci_high"] < 0 else found
    if direction in MOVING and trend.get("aside"):
        detail = f"{detail}; of the records without what moves more clearly"
    if direction in MOVING and trend.get("season"):
        detail = f"{detail}; under two years of data, so the season may be the reason"
    if direction in MOVING and trend.get("alarm"):
        detail = f"{detail}; the last period stands out"
    return replace(found, detail=detail, css=found.css if bad else "flat")


def effect_words(row: Row) -> str:
    """Say how large an effect is, and in what it is counted."""
    return f"{formats.effect(row['effect'], row['unit'])} {formats.unit_words(row['unit'])}"


def effect_interval(row: Row) -> str:
    """Write the interval of an effect."""
    return formats.interval(row, partial(formats.effect, unit=row["unit"]))


def beside(row: Row) -> str:
    """Write the effect that is left beside the other subjects of its kind."""
    left = row.get("effect_beside")
    return formats.effect(left, row["unit"]) if known(left) else formats.UNKNOWN


def beside_between(row: Row) -> str:
    """Write the interval of what is left."""
    ends = {"ci_low": row.get("beside_low"), "ci_high": row.get("beside_high")}
    return formats.interval(ends, partial(formats.effect, unit=row["unit"]))


def polarity_between(row: Row) -> str:
    """Write the interval of a theme's polarity."""
    return formats.interval({"ci_low": row["polarity_low"], "ci_high": row["polarity_high"]}, formats.polarity)


def shares_between(row: Row, name: str) -> str:
    """Write the interval of a share called ``name``."""
    return formats.interval({"ci_low": row.get(f"{name}_low"), "ci_high": row.get(f"{name}_high")}, formats.percent)


def side(row: Row) -> str:
    """Class of the colour of an effect."""
    return "neg" if row["effect"] < 0 else "pos"


def sure(row: Row) -> bool:
    """Tell whether chance hardly explains a difference."""
    return low(row.get("q_value"))


def low(q_value: float | None) -> bool:
    """Tell whether a q-value is low enough to be told."""
    return known(q_value) and q_value <= SURE_AT


def reach_words(row: Row) -> str:
    """Say how far something reaches: people where respondents are known, and records."""
    respondents, records = row.get("respondents"), formats.plural(row.get("records"), "record")
    if respondents is None or respondents == row.get("records"):
        return records
    return f"{formats.plural(respondents, 'person', 'people')} in {records}"


def campaign_words(row: Row) -> str:
    """Say how many sent almost the same text, and when most of them did, where that is known."""
    dates = f", most of them {formats.stretch(row['first'], row['last'])}" if row["first"] else ""
    return f"{reach_words(row)} say almost the same words{dates}"


def growth_words(row: Row) -> str:
    """Say how a group grew, where that can be told apart from chance, and since when there is one that is new."""
    if row["direction"] == "new":
        first = next((each["period"] for each in row["periods"] or [] if each["records"]), None)
        return f"new: none before {formats.period(first)}"
    if not known(row["growth"]) or row["direction"] not in {"rising", "falling"}:
        return "too few to tell whether it grows" if row["direction"] == "unknown" else "no clear change"
    ends = formats.in_brackets(formats.interval(row, "{:.1f}".format))
    return f"{row['growth']:.1f} times as often as before{ends}"


def few(row: Row | None) -> bool:
    """Tell whether too few rated for their value to be shown."""
    return row is None or not known(row["value"]) or (row["n"] or 0) < FEWEST_RATINGS


def rating_value(row: Row | None) -> str:
    """Write a rating's value for a part of the customers, a dash where too few rated."""
    return formats.UNKNOWN if row is None or few(row) else formats.rating(row["value"], row["unit"])


def rating_detail(row: Row | None) -> str:
    """Say the interval and n of a rating's value."""
    if row is None:
        return ""
    n = f"n{formats.SPACE}{formats.count(row['n'])}"
    if few(row):
        return f"too few: {n}"
    ends = formats.interval(row, partial(formats.rating, unit=row["unit"]))
    return f"{ends}, {n}" if ends else n


def doubts(look: Lookup) -> SimpleNamespace:
    """Say how far people differ, and how unsure the model is: two sentences, for two reasons to doubt a share.

    ``sets`` are, for each share, the texts on which the errors of the model were measured; what is unknown is empty.
    """
    shares = [(*words, row) for key, words in COUNTED.items() if (row := look.headline.get(key))]
    people, model = (_might([(words, row) for words, _, row in shares], of=ends) for ends in ("ci", "true"))
    why = "so much do the errors of the model differ between the texts on which they were measured, listed under Method"
    return SimpleNamespace(
        people=f"Had others of the same customers answered, {people}." if people else "",
        model=f"Had people judged every record, {model}: {why}." if model else "",
        sets=[(name, ", ".join(row["measured_on"])) for _, name, row in shares if row.get("measured_on")],
    )


def _might(shares: list[tuple[str, Row]], *, of: str) -> str:
    ends = [(words, formats.interval(row, formats.percent, of=of)) for words, row in shares]
    return " and ".join(f"{low_to_high} of records might {words}" for words, low_to_high in ends if low_to_high)


def takeaways(look: Lookup) -> list[Takeaway]:
    """Write the sentences, pain points first: what each is about, what was found, and the section with the details."""
    found = [_top_pain(look), _rising(look), _leaving(look), _mix(look), _driver(look), _stage(look), _praise(look)]
    return [sentence for sentence in found if sentence]


def _top_pain(look: Lookup) -> Takeaway | None:
    row = next(iter(look.clear_pain_points), None)
    if row is None:
        return None
    share, severity = formats.percent(look.share(row["records"])), formats.severity_words(row["severity"])
    text = f"{title_of(row)}: {reach_words(row)}, {share} of records, severity {severity}."
    return "Biggest pain point", text, "pain-points"


def _rising(look: Lookup) -> Takeaway | None:
    rows = look.clear_pain_points[:40]
    rising = [title_of(row) for row in rows if trend_of(row["trend"]).words == "rising"][:MOST_RISING]
    return ("Getting worse", "; ".join(rising) + ".", "pain-points") if rising else None


def _leaving(look: Lookup) -> Takeaway | None:
    many = look.headline.get("leaving") or 0
    share = formats.percent(look.share(many))
    verb = "says" if many == 1 else "say"
    text = f"{formats.plural(many, 'record')}, {share} of all, {verb} that the customer has left, will leave or may."
    return ("Leaving", text, "pain-points") if many else None


def _mix(look: Lookup) -> Takeaway | None:
    moved = next(iter(mix_sentences(look)), None)
    if moved is None or not (moved.turns or moved.overall):
        return None
    return ("Mind the sign" if moved.turns else "A different mix"), moved.text, "trends"


def _driver(look: Lookup) -> Takeaway | None:
    if look.leading is None:
        return None
    rows = [
        row
        for row in look.rows("drivers")
        if row["rating"] == look.leading
        and row["subject_kind"] == "theme"
        and row["subject_id"] not in look.fragile
        and known(row["effect"])
        and row["effect"] < 0
        and sure(row)
    ]
    if not rows:
        return None
    row = min(rows, key=lambda found: (found["effect"], found["subject_id"]))
    leading = formats.rating_name(look.leading)
    effect = f"{effect_words(row)}{formats.in_brackets(effect_interval(row))}"
    text = (
        f"{look.theme(row['subject_id'])}: {effect} of the {leading} of everyone, by those who raise it against "
        "others who wrote about as much. An association, not a cause."
    )
    return f"Weighs most on {leading}", text, "drivers"


def _stage(look: Lookup) -> Takeaway | None:
    rows = [
        row
        for row in look.rows("journey")
        if row["stage"] != "unknown" and (row["segments"] or 0) >= FEWEST_SEGMENTS and known(row["polarity"])
    ]
    row = min(rows, key=lambda found: (found["polarity"], found["stage"]), default=None)
    if look.too_few_placed or row is None or row["polarity"] > POOR_POLARITY:
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
