"""Pain points, ready for the template: cards with quotes, further rows, and how many are left out."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import polars as pl

from textcx.reports import charts, formats
from textcx.reports.lookup import STATEMENT_LENGTH, Lookup, Row, number
from textcx.reports.phrases import Effect, effect_of, reach_words, trend_of

MOST_CARDS = 8
MOST_ROWS = 40
QUOTES_PER_CARD = 3


def pains(look: Lookup) -> SimpleNamespace:
    """Collect the pain points, heaviest first; ``judged`` is false if the model predicts none."""
    rows = look.rows("pain_points", most=MOST_ROWS)
    reasons = _reasons(look, [row["pain_point_id"] for row in rows])
    points = [
        SimpleNamespace(
            rank=rank,
            statement=formats.sentence(formats.clip(row["statement"] or row["aspect"] or "", STATEMENT_LENGTH)),
            theme=look.theme(row["theme_id"]),
            stage=look.stage(row["stage"]),
            reach=reach_words(row["respondents"], row["records"]),
            share=formats.percent(look.share(row["records"])),
            share_bar=charts.bar(look.share(row["records"]), css="reach"),
            severity=f"{row['severity']:.2f}" if number(row["severity"]) is not None else formats.UNKNOWN,
            severity_word=formats.severity_words(row["severity"]),
            severity_bar=charts.bar(row["severity"], css="severity"),
            reasons=reasons.get(row["pain_point_id"], ()),
            trend=trend_of(row["trend"]),
            effect=_effect(look, row),
            quotes=look.book.quotes(row["evidence"], most=QUOTES_PER_CARD if rank <= MOST_CARDS else 0),
        )
        for rank, row in enumerate(rows, start=1)
    ]
    left_out = look.table("pain_points").height - len(rows)
    judged = number((look.headline.get("pain_record_share") or {}).get("value")) is not None
    return SimpleNamespace(cards=points[:MOST_CARDS], rows=points[MOST_CARDS:], left_out=left_out, judged=judged)


def _effect(look: Lookup, row: Row) -> Effect | None:
    """The effect of a pain point, or else of its theme, on the leading rating."""
    if look.leading is None:
        return None
    own = look.effect(look.leading.name, "pain_point", row["pain_point_id"])
    return effect_of(own or look.effect(look.leading.name, "theme", row["theme_id"]))


def _reasons(look: Lookup, shown: list[str]) -> dict[str, tuple[str, ...]]:
    pains = look.table("pains").filter(pl.col("pain_point_id").is_in(shown)).select("pain_point_id", "reasons")
    counts: dict[str, Counter[str]] = {}
    for pain_point, reasons in pains.iter_rows():
        counts.setdefault(pain_point, Counter()).update(reasons or ())
    return {
        pain_point: tuple(
            f"{formats.clip(reason.rsplit(': ', 1)[-1].replace('_', ' '), 40)} ({formats.count(n)})"
            for reason, n in sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:4]
        )
        for pain_point, counter in counts.items()
    }
