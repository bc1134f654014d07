"""What customers said, ready for the report's templates: pain points, themes, customer groups, praise.

Every list is capped, and says how many it leaves out; the tables beside the report have them all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from markupsafe import Markup

from textcx.reports import charts, formats
from textcx.reports.lookup import FEWEST_RATINGS, NAME_LENGTH, STATEMENT_LENGTH, Lookup, Row, number, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textcx.reports.quotes import Quote

MOST_PAIN_CARDS = 8
MOST_PAIN_ROWS = 40
MOST_THEMES = 55
MOST_EMERGING = 8
MOST_BUBBLES = 20
MOST_GROUPS = 15
MOST_PRAISE = 8
QUOTES_PER_PAIN = 3
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


def _pain_effect(look: Lookup, row: Row) -> Effect | None:
    if look.leading is None:
        return None
    own = look.effect(look.leading.name, "pain_point", row["pain_point_id"])
    return effect_of(own or look.effect(look.leading.name, "theme", row["theme_id"]))


@dataclass(frozen=True, slots=True)
class Pain:
    """One pain point as a card or a table row."""

    rank: int
    statement: str
    theme: str
    stage: str
    reach: str
    share: str
    share_bar: Markup
    severity: str
    severity_word: str
    severity_bar: Markup
    reasons: tuple[str, ...]
    trend: Trend
    effect: Effect | None
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Pains:
    """The section of pain points: cards, further rows, how many are left out, and whether the model tells any."""

    cards: tuple[Pain, ...]
    rows: tuple[Pain, ...]
    left_out: int
    judged: bool


def reach_words(respondents: int | None, records: int | None) -> str:
    """Say how far something reaches: people where respondents are known, and records."""
    if respondents is None or respondents == records:
        return formats.plural(records, "record")
    return f"{formats.plural(respondents, 'person', 'people')} in {formats.plural(records, 'record')}"


def _reasons(look: Lookup, shown: list[str]) -> dict[str, tuple[str, ...]]:
    pains = look.table("pains").filter(pl.col("pain_point_id").is_in(shown)).select("pain_point_id", "reasons")
    counts: dict[str, Counter[str]] = {}
    for pain_point, reasons in pains.iter_rows():
        counts.setdefault(pain_point, Counter()).update(reasons or ())
    return {
        pain_point: tuple(
            f"{formats.clip(reason.rsplit(': ', 1)[-1].replace('_', ' '), 40)} ({formats.count(n)})"
            for reason, n in sorted(found.items(), key=lambda item: (-item[1], item[0]))[:4]
        )
        for pain_point, found in counts.items()
    }


def pains(look: Lookup) -> Pains:
    """Collect the pain points, heaviest first as the table has them."""
    rows = look.rows("pain_points", most=MOST_PAIN_ROWS)
    reasons = _reasons(look, [row["pain_point_id"] for row in rows])
    found = []
    for rank, row in enumerate(rows, start=1):
        share = look.share(row["records"])
        card = rank <= MOST_PAIN_CARDS
        found.append(
            Pain(
                rank=rank,
                statement=formats.sentence(formats.clip(row["statement"] or row["aspect"] or "", STATEMENT_LENGTH)),
                theme=look.theme(row["theme_id"]),
                stage=look.stage(row["stage"]),
                reach=reach_words(row["respondents"], row["records"]),
                share=formats.percent(share),
                share_bar=charts.bar(share, css="reach"),
                severity=f"{row['severity']:.2f}" if number(row["severity"]) is not None else formats.UNKNOWN,
                severity_word=formats.severity_words(row["severity"]),
                severity_bar=charts.bar(row["severity"], css="severity"),
                reasons=reasons.get(row["pain_point_id"], ()),
                trend=trend_of(row["trend"]),
                effect=_pain_effect(look, row),
                quotes=look.book.quotes(row["evidence"], most=QUOTES_PER_PAIN if card else 0),
            )
        )
    left_out = look.table("pain_points").height - len(rows)
    judged = number((look.headline.get("pain_record_share") or {}).get("value")) is not None
    return Pains(tuple(found[:MOST_PAIN_CARDS]), tuple(found[MOST_PAIN_CARDS:]), left_out, judged)


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme as a table row; ``child`` where it is part of the one above."""

    number: int
    name: str
    keywords: str
    reach: str
    share: str
    share_bar: Markup
    polarity: str
    tone: str
    negative_share: str
    rating: str
    rating_detail: str
    spark: Markup
    trend: Trend
    quotes: tuple[Quote, ...]
    child: bool
    fragile: bool


@dataclass(frozen=True, slots=True)
class Emerging:
    """A group that the theme set does not explain: its name, reach, and how much more often it is said than before."""

    name: str
    reach: str
    growth: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Themes:
    """The section of themes: rows, the picture in two widths, and how many are left out."""

    rows: tuple[Theme, ...]
    wide: Markup
    narrow: Markup
    left_out: int
    dated: bool
    emerging: tuple[Emerging, ...] = ()


def _in_families(rows: list[Row]) -> list[tuple[Row, bool]]:
    """Put themes that are part of another right after it, both by reach."""
    by_reach = sorted(rows, key=lambda row: (-(row["records"] or 0), row["theme_id"]))
    ids = {row["theme_id"] for row in rows}
    ordered: list[tuple[Row, bool]] = []
    for row in by_reach:
        if row["parent_theme_id"] in ids and row["parent_theme_id"] != row["theme_id"]:
            continue
        ordered.append((row, False))
        ordered += [(part, True) for part in by_reach if part["parent_theme_id"] == row["theme_id"] and part is not row]
    return ordered


def _shares(look: Lookup) -> dict[str, list[float | None]]:
    """Share of the records per period of each theme, all over the same periods."""
    trends = look.table("trends").filter((pl.col("measure") == "share") & (pl.col("subject_kind") == "theme"))
    periods = trends["period"].unique().sort().to_list()
    rows = trends.select("subject_id", "period", "value").iter_rows()
    found: dict[str, dict[str, float]] = {}
    for subject, period, value in rows:
        found.setdefault(subject, {})[period] = value
    return {subject: [values.get(period, 0.0) for period in periods] for subject, values in found.items()}


def themes(look: Lookup) -> Themes:
    """Collect the themes, widest reach first, parts of a theme below it."""
    every = look.reported_themes
    ordered = _in_families(every)[:MOST_THEMES]
    shares = _shares(look)
    rows, points = [], []
    for position, (row, child) in enumerate(ordered, start=1):
        value = look.value(look.leading.name, "theme", row["theme_id"]) if look.leading else None
        share = number(row["share"])
        name = look.theme(row["theme_id"])
        rows.append(
            Theme(
                number=position,
                name=name,
                keywords=", ".join(formats.clip(word, 30) for word in (row["keywords"] or [])[:6]),
                reach=reach_words(row["respondents"], row["records"]),
                share=formats.percent(share),
                share_bar=charts.bar(share, css="reach"),
                polarity=formats.polarity(row["polarity"]),
                tone=charts.tone(row["polarity"]),
                negative_share=formats.percent(row["negative_share"]),
                rating=rating_value(value),
                rating_detail=rating_detail(value),
                spark=charts.spark(shares.get(row["theme_id"], [])),
                trend=trend_of(row.get("trend"), good=None),
                quotes=look.book.quotes(row["evidence"], most=2) if position <= MOST_BUBBLES else (),
                child=child,
                fragile=row["theme_id"] in look.fragile,
            )
        )
        if not child and share is not None and number(row["polarity"]) is not None:
            points.append(charts.Bubble(position, name, share, row["polarity"]))
    title = "Themes by share of records and polarity; the numbers are those of the table below"
    shown = sorted(points, key=lambda point: (-point.share, point.number))[:MOST_BUBBLES]
    return Themes(
        rows=tuple(rows),
        wide=charts.bubbles(shown, width=960, height=460, name="bubbles-wide", title=title, labels=20)
        if shown
        else Markup(""),
        narrow=charts.bubbles(shown, width=360, height=420, name="bubbles-narrow", title=title, labels=7)
        if shown
        else Markup(""),
        left_out=look.table("themes").height - len(ordered),
        dated=bool(shares) or any(row.trend is not NO_TREND for row in rows),
        emerging=tuple(
            Emerging(
                name=formats.sentence(formats.clip(formats.unmask(row["name"]), NAME_LENGTH)),
                reach=reach_words(row["respondents"], row["records"]),
                growth=_growth(row),
                quotes=look.book.quotes(row["first_quotes"], most=2),
            )
            for row in look.rows("emerging", most=MOST_EMERGING)
        ),
    )


def _growth(row: Row) -> str:
    """Say how a group grew, where that can be told apart from chance."""
    growth = number(row["growth"])
    if growth is None or row["direction"] not in {"rising", "falling"}:
        return "too few to tell whether it grows" if row["direction"] == "unknown" else "as often as before"
    low, high = number(row["ci_low"]), number(row["ci_high"])
    interval = f" (95{formats.SPACE}%: {low:.1f} to {high:.1f})" if low is not None and high is not None else ""
    return f"{growth:.1f} times as often as before{interval}"


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


@dataclass(frozen=True, slots=True)
class Group:
    """One customer group as a table row."""

    name: str
    attribute: str
    records: str
    polarity: str
    tone: str
    negative_share: str
    pain_share: str
    pain_interval: str
    pain_bar: Markup
    compared: str
    compared_detail: str
    sure: bool
    rating: str
    rating_detail: str


def _compared(row: Row) -> tuple[str, str, bool]:
    """Say whether a group tells of pains more often than everyone else, by how much, and whether that is sure."""
    difference, q_value = number(row.get("pain_difference")), number(row.get("q_value"))
    if difference is None or q_value is None:
        return "nobody to compare with", "", False
    low, high = number(row.get("pain_difference_low")), number(row.get("pain_difference_high"))
    ends = formats.interval(low, high, lambda value: formats.signed(value, digits=0))
    detail = f"{formats.signed(difference, digits=0)} points"
    detail += f" (95{formats.SPACE}%: {ends}), q{formats.SPACE}{formats.q_value(q_value)}" if ends else ""
    if q_value > SURE_AT:
        return "no clear difference", detail, False
    return ("clearly more" if difference > 0 else "clearly less"), detail, True


def groups(look: Lookup) -> tuple[Group, ...]:
    """Collect the customer groups that hurt most, as the table ranks them."""
    found = []
    for row in look.rows("groups", most=MOST_GROUPS):
        subject = f"{row['attribute']}={row['group']}"
        value = look.value(look.leading.name, "attribute", subject) if look.leading else None
        low, high = number(row.get("pain_share_low")), number(row.get("pain_share_high"))
        compared, detail, sure = _compared(row)
        found.append(
            Group(
                name=formats.clip(str(row["group"]), NAME_LENGTH),
                attribute=formats.clip(str(row["attribute"]), 40),
                records=formats.count(whole(row.get("records"))),
                polarity=formats.polarity(number(row.get("polarity"))),
                tone=charts.tone(number(row.get("polarity"))),
                negative_share=formats.percent(number(row.get("negative_share"))),
                pain_share=formats.percent(number(row.get("pain_share"))),
                pain_interval=formats.interval(low, high, formats.percent),
                pain_bar=charts.bar(number(row.get("pain_share")), css="severity"),
                rating=rating_value(value),
                rating_detail=rating_detail(value),
                compared=compared,
                compared_detail=detail,
                sure=sure,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Praise:
    """One thing people praise, as a card."""

    name: str
    reach: str
    share_positive: str
    polarity: str
    quotes: tuple[Quote, ...]


def praise(look: Lookup) -> tuple[Praise, ...]:
    """Collect what people praise most, as the table ranks it."""
    return tuple(
        Praise(
            name=formats.sentence(formats.clip(str(row["name"]), NAME_LENGTH)),
            reach=reach_words(whole(row.get("respondents")), whole(row.get("records"))),
            share_positive=formats.percent(number(row.get("share_positive"))),
            polarity=formats.polarity(number(row.get("polarity"))),
            quotes=look.book.quotes(row.get("evidence"), most=2),
        )
        for row in look.praised[:MOST_PRAISE]
    )
