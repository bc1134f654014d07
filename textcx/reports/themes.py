"""Themes, ready for the template: rows, the picture in two widths, groups that are not themes yet."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
from markupsafe import Markup

from textcx.reports import charts, formats
from textcx.reports.lookup import NAME_LENGTH, Lookup, Row, number
from textcx.reports.phrases import NO_TREND, rating_detail, rating_value, reach_words, trend_of

MOST_THEMES = 55
MOST_EMERGING = 8
MOST_BUBBLES = 20
PICTURE = "Themes by share of records and polarity; the numbers are those of the table below"


def themes(look: Lookup) -> SimpleNamespace:
    """Collect the themes, widest reach first, parts of a theme (``child``) below it."""
    ordered = _in_families(look.reported_themes)[:MOST_THEMES]
    shares = _shares(look)
    rows = [
        _theme(look, position, row, child=child, shares=shares.get(row["theme_id"], []))
        for position, (row, child) in enumerate(ordered, start=1)
    ]
    bubbles = [
        charts.Bubble(position, look.theme(row["theme_id"]), share, row["polarity"])
        for position, (row, child) in enumerate(ordered, start=1)
        if not child and (share := number(row["share"])) is not None and number(row["polarity"]) is not None
    ]
    shown = sorted(bubbles, key=lambda bubble: (-bubble.share, bubble.number))[:MOST_BUBBLES]
    wide = charts.bubbles(shown, width=960, height=460, name="bubbles-wide", title=PICTURE, labels=20)
    narrow = charts.bubbles(shown, width=360, height=420, name="bubbles-narrow", title=PICTURE, labels=7)
    return SimpleNamespace(
        rows=rows,
        wide=wide if shown else Markup(""),
        narrow=narrow if shown else Markup(""),
        left_out=look.table("themes").height - len(ordered),
        dated=bool(shares) or any(row.trend is not NO_TREND for row in rows),
        emerging=[
            SimpleNamespace(
                name=formats.sentence(formats.clip(formats.unmask(row["name"]), NAME_LENGTH)),
                reach=reach_words(row["respondents"], row["records"]),
                growth=_growth(row),
                quotes=look.book.quotes(row["first_quotes"], most=2),
            )
            for row in look.rows("emerging", most=MOST_EMERGING)
        ],
    )


def _theme(look: Lookup, position: int, row: Row, *, child: bool, shares: list[float | None]) -> SimpleNamespace:
    value = look.value(look.leading.name, "theme", row["theme_id"]) if look.leading else None
    return SimpleNamespace(
        number=position,
        name=look.theme(row["theme_id"]),
        keywords=", ".join(formats.clip(word, 30) for word in (row["keywords"] or [])[:6]),
        reach=reach_words(row["respondents"], row["records"]),
        share=formats.percent(number(row["share"])),
        share_bar=charts.bar(number(row["share"]), css="reach"),
        polarity=formats.polarity(row["polarity"]),
        tone=charts.tone(row["polarity"]),
        negative_share=formats.percent(row["negative_share"]),
        rating=rating_value(value),
        rating_detail=rating_detail(value),
        spark=charts.spark(shares),
        trend=trend_of(row.get("trend"), good=None),
        quotes=look.book.quotes(row["evidence"], most=2) if position <= MOST_BUBBLES else (),
        child=child,
        fragile=row["theme_id"] in look.fragile,
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


def _growth(row: Row) -> str:
    """Say how a group grew, where that can be told apart from chance."""
    growth = number(row["growth"])
    if growth is None or row["direction"] not in {"rising", "falling"}:
        return "too few to tell whether it grows" if row["direction"] == "unknown" else "as often as before"
    low, high = number(row["ci_low"]), number(row["ci_high"])
    interval = f" (95{formats.SPACE}%: {low:.1f} to {high:.1f})" if low is not None and high is not None else ""
    return f"{growth:.1f} times as often as before{interval}"
