"""Groups of customers and what people praise, ready for the template."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from textcx.reports import charts, formats
from textcx.reports.lookup import NAME_LENGTH, Row, number, whole
from textcx.reports.phrases import SURE_AT, rating_detail, rating_value, reach_words

if TYPE_CHECKING:
    from textcx.reports.lookup import Lookup

MOST_GROUPS = 15
MOST_PRAISE = 8


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


def groups(look: Lookup) -> list[SimpleNamespace]:
    """Collect the customer groups that hurt most, as the table ranks them."""
    groups_shown = []
    for row in look.rows("groups", most=MOST_GROUPS):
        subject = f"{row['attribute']}={row['group']}"
        value = look.value(look.leading.name, "attribute", subject) if look.leading else None
        low, high = number(row.get("pain_share_low")), number(row.get("pain_share_high"))
        compared, detail, sure = _compared(row)
        groups_shown.append(
            SimpleNamespace(
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
    return groups_shown


def praise(look: Lookup) -> list[SimpleNamespace]:
    """Collect what people praise most, as the table ranks it."""
    return [
        SimpleNamespace(
            name=formats.sentence(formats.clip(str(row["name"]), NAME_LENGTH)),
            reach=reach_words(whole(row.get("respondents")), whole(row.get("records"))),
            share_positive=formats.percent(number(row.get("share_positive"))),
            polarity=formats.polarity(number(row.get("polarity"))),
            quotes=look.book.quotes(row.get("evidence"), most=2),
        )
        for row in look.praised[:MOST_PRAISE]
    ]
