"""Pain points, themes, customer groups and praise, ready for the template: chosen, ordered, counted."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING

import polars as pl
from markupsafe import Markup

from textcx.domain.lexicons.pains import ELSEWHERE
from textcx.reports import charts, formats
from textcx.reports.aspects import aspects_by_theme
from textcx.reports.formats import known
from textcx.reports.lookup import NAME_LENGTH, mixed, title_of
from textcx.reports.phrases import NO_TREND, sure, trend_of
from textcx.steps.pains.rank import LEAST_EFFECT

if TYPE_CHECKING:
    from textcx.reports.lookup import Lookup, Quote, Row

MOST_CARDS = 8
MOST_ROWS = 40
QUOTES_PER_CARD = 3
MOST_THEMES = 55
MOST_EMERGING = 8
MOST_REQUESTS = 8
MOST_BUBBLES = 20
MOST_GROUPS = 15
MOST_PRAISE = 8
FEW_STAGES, ALSO = 3, 0.2
"""Most further stages that a pain point names, and the least share of its records on each."""
ABOUT_EQUAL = 0.05
"""Difference of reach x severity, as a share, below which the order of two pain points means nothing."""
PICTURE = "Themes by share of records and polarity; the numbers are those of the table below"


def pains(look: Lookup) -> SimpleNamespace:
    """Collect the pain points as the table ranks them, mixed groups last; ``judged``: the model predicts pains."""
    rows = look.pain_points[:MOST_ROWS]
    reasons = _reasons(look, [row["pain_point_id"] for row in rows])
    points = [
        SimpleNamespace(
            rank=rank,
            row=row,
            title=title_of(row),
            mixed=mixed(row),
            tied=rank > 1 and _about_equal(rows[rank - 2], row),
            also=_also(look, row),
            share=look.share(row["records"]),
            severity=f"{row['severity']:.2f}" if known(row["severity"]) else formats.UNKNOWN,
            worst=f"worst tenth {row['severity_p90']:.2f}" if known(row["severity_p90"]) else "",
            reasons=reasons.get(row["pain_point_id"], ()),
            trend=trend_of(row["trend"]),
            effect=_effect(look, row),
            quotes=look.book.quotes(row["evidence"], most=QUOTES_PER_CARD if rank <= MOST_CARDS else 0),
        )
        for rank, row in enumerate(rows, start=1)
    ]
    left_out = len(look.pain_points) - len(rows)
    judged = known((look.headline.get("pain_record_share") or {}).get("value"))
    return SimpleNamespace(cards=points[:MOST_CARDS], rows=points[MOST_CARDS:], left_out=left_out, judged=judged)


def _about_equal(*rows: Row) -> bool:
    """Tell whether two pain points in a row weigh nearly the same."""
    low, high = sorted(
        (row["respondents"] or row["records"] or 0) * (row["severity"] or 0.0) * max(row["effect"] or 0.0, LEAST_EFFECT)
        for row in rows
    )
    return high > 0 and high - low < ABOUT_EQUAL * high and len({mixed(row) for row in rows}) == 1


def _also(look: Lookup, row: Row) -> str:
    """Name the further stages that many of the records of a pain point are about."""
    stages = row["stages"] or []
    least = ALSO * sum(each["records"] for each in stages)
    others = [each for each in stages if each["stage"] not in {row["stage"], "unknown"} and each["records"] >= least]
    return ", ".join(look.stage(each["stage"]) for each in others[:FEW_STAGES])


def _effect(look: Lookup, row: Row) -> Row | None:
    """The effect of a pain point, or else of its theme, on the leading rating; null where too little is known."""
    own = look.leading_effect("pain_point", row["pain_point_id"]) or look.leading_effect("theme", row["theme_id"])
    return own if own and known(own["effect"]) else None


def _reasons(look: Lookup, shown: list[str]) -> dict[str, tuple[str, ...]]:
    pains = look.table("pains").filter(pl.col("pain_point_id").is_in(shown)).select("pain_point_id", "reasons")
    counts: dict[str, Counter[str]] = {}
    for pain_point, reasons in pains.iter_rows():
        own = (reason for reason in reasons or () if not reason.startswith(ELSEWHERE))
        counts.setdefault(pain_point, Counter()).update(own)
    return {
        pain_point: tuple(
            f"{formats.clip(reason.rsplit(': ', 1)[-1].replace('_', ' '), 40)} ({formats.count(n)})"
            for reason, n in sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:4]
        )
        for pain_point, counter in counts.items()
    }


def themes(look: Lookup) -> SimpleNamespace:
    """Collect the themes, widest reach first, parts of a theme (``child``) below it."""
    ordered = _in_families(look.reported_themes)[:MOST_THEMES]
    shares, named = _shares(look), aspects_by_theme(look)
    rows = [
        SimpleNamespace(
            number=position,
            row=row,
            child=child,
            keywords=", ".join(formats.clip(word, 30) for word in (row["keywords"] or [])[:6]),
            aspects={side: named.get((row["theme_id"], side)) for side in ("praised", "criticised")},
            rating=look.leading_value("theme", row["theme_id"]),
            spark=charts.spark(shares.get(row["theme_id"], [])),
            trend=trend_of(row.get("trend"), bad=False),
            quotes=look.book.quotes(row["evidence"], most=2) if position <= MOST_BUBBLES else (),
        )
        for position, (row, child) in enumerate(ordered, start=1)
    ]
    bubbles = [
        charts.Bubble(position, look.theme(row["theme_id"]), row["share"], row["polarity"])
        for position, (row, child) in enumerate(ordered, start=1)
        if not child and known(row["share"]) and known(row["polarity"])
    ]
    shown = sorted(bubbles, key=lambda bubble: (-bubble.share, bubble.number))[:MOST_BUBBLES]
    wide = charts.bubbles(shown, width=960, height=460, name="bubbles-wide", title=PICTURE, labels=20)
    narrow = charts.bubbles(shown, width=360, height=420, name="bubbles-narrow", title=PICTURE, labels=7)
    emerging = [
        (row, _named(formats.unmask(row["name"])), look.book.quotes(row["first_quotes"], most=2))
        for row in look.rows("emerging", most=MOST_EMERGING)
    ]
    return SimpleNamespace(
        rows=rows,
        wide=wide if shown else Markup(""),
        narrow=narrow if shown else Markup(""),
        left_out=look.table("themes").height - len(ordered),
        dated=bool(shares) or any(row.trend is not NO_TREND for row in rows),
        emerging=emerging,
    )


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
    by_theme: dict[str, dict[str, float]] = {}
    for theme, period, value in trends.select("subject_id", "period", "value").iter_rows():
        by_theme.setdefault(theme, {})[period] = value
    return {theme: [values.get(period, 0.0) for period in periods] for theme, values in by_theme.items()}


def groups(look: Lookup) -> list[SimpleNamespace]:
    """Collect the customer groups that hurt most, as the table ranks them."""
    shown = []
    for row in look.rows("groups", most=MOST_GROUPS):
        compared, detail = _compared(row)
        shown.append(
            SimpleNamespace(
                row=row,
                name=formats.clip(str(row["group"]), NAME_LENGTH),
                attribute=formats.clip(str(row["attribute"]), 40),
                rating=look.leading_value("attribute", f"{row['attribute']}={row['group']}"),
                compared=compared,
                compared_detail=detail,
                sure=detail != "" and sure(row),
            )
        )
    return shown


def _compared(row: Row) -> tuple[str, str]:
    """Say whether a group tells of pains more often than everyone else, and by how much."""
    difference, q_value = row.get("pain_difference"), row.get("q_value")
    if not known(difference) or not known(q_value):
        return "nobody to compare with", ""
    ends = formats.interval(row, lambda value: formats.signed(value, digits=0), of="pain_difference")
    chance = f", q{formats.SPACE}{formats.q_value(q_value)}"
    detail = f"{formats.signed(difference, digits=0)} points{formats.in_brackets(ends, chance)}"
    if not sure(row):
        return "no clear difference", detail
    return "clearly more" if difference > 0 else "clearly less", detail


def praise(look: Lookup) -> list[tuple[Row, str, tuple[Quote, ...]]]:
    """Collect what people praise most, as the table ranks it: rows with name and quotes."""
    return [
        (row, _named(str(row["name"])), look.book.quotes(row["evidence"], most=2)) for row in look.praised[:MOST_PRAISE]
    ]


def requests(look: Lookup) -> list[tuple[Row, str, tuple[Quote, ...]]]:
    """Collect what people ask for, as the table ranks it: rows with name and quotes."""
    rows = look.rows("requests", most=MOST_REQUESTS)
    return [(row, _named(str(row["name"])), look.book.quotes(row["evidence"], most=2)) for row in rows]


def _named(name: str) -> str:
    return formats.sentence(formats.clip(name, NAME_LENGTH))
