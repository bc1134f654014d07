"""What was found, as documents: the rows of the tables of ``docs/tables.md``, a page at a time."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

from textcx_client.answers import findings as answers
from textcx_client.answers.schema import Page

ThemePage = Page[answers.Theme]
PainPointPage = Page[answers.PainPoint]
JourneyPage = Page[answers.Stage]
DriverPage = Page[answers.Driver]
RatingPage = Page[answers.Rating]
TrendPage = Page[answers.Trend]
RecordPage = Page[answers.KeptRecord]
RecordDetail = answers.RecordDetail


def columns_of(page: type[Page[Any]]) -> list[str]:
    """Return the names of the columns of a kind of page."""
    (row,) = get_args(page)
    return [each.name for each in fields(row)]
