"""What was found in a data set, by period, source, stage, theme, label and attributes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, TypedDict, Unpack

from textcx_client.answers.findings import Driver, KeptRecord, PainPoint, Rating, Stage, Theme, Trend
from textcx_client.answers.schema import Page
from textcx_client.rows import Params, Sheet, check_keywords, params_of

if TYPE_CHECKING:
    from textcx_client.connection import Connection

Moment = str | date | datetime
"""A day or a moment; UTC unless it has a time zone. A text is ISO 8601."""


class Subject(TypedDict, total=False):
    """What the rows are about: a stage of the journey, a theme (its id), attributes such as ``{"plan": "pro"}``."""

    stage: str | None
    theme: str | None
    attributes: Mapping[str, str] | None


class Period(TypedDict, total=False):
    """When it was said: at ``since`` or later, before ``until``."""

    since: Moment | None
    until: Moment | None


class Filters(Subject, Period, total=False):
    """All must fit; ``source`` is review, survey, social or support, ``label`` negative, neutral or positive."""

    source: str | None
    label: str | None


class RatingFilters(Subject, total=False):
    """``rating`` names one, such as nps."""

    rating: str | None


class TrendFilters(Subject, Period, total=False):
    """``measure`` names one, such as share."""

    measure: str | None


class Findings:
    """``client.findings``: all of them are asked for when they are iterated, page by page, or saved as a sheet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def themes(self, dataset: str, **filters: Unpack[Filters]) -> Sheet[Theme]:
        """What customers talk about, widest reach first."""
        return Sheet(self._connection, "/v1/themes", Page[Theme], _params(dataset, filters, Filters))

    def pain_points(self, dataset: str, **filters: Unpack[Filters]) -> Sheet[PainPoint]:
        """What goes wrong for customers, highest reach x severity first."""
        return Sheet(self._connection, "/v1/pain-points", Page[PainPoint], _params(dataset, filters, Filters))

    def journey(self, dataset: str, **filters: Unpack[Filters]) -> Sheet[Stage]:
        """How each stage of the journey is felt, in their order."""
        return Sheet(self._connection, "/v1/journey", Page[Stage], _params(dataset, filters, Filters))

    def records(self, dataset: str, **filters: Unpack[Filters]) -> Sheet[KeptRecord]:
        """The records themselves, masked, in the order in which they came."""
        return Sheet(self._connection, "/v1/records", Page[KeptRecord], _params(dataset, filters, Filters))

    def drivers(self, dataset: str, **filters: Unpack[RatingFilters]) -> Sheet[Driver]:
        """What goes with high and low ratings, strongest first."""
        return Sheet(self._connection, "/v1/drivers", Page[Driver], _params(dataset, filters, RatingFilters))

    def ratings(self, dataset: str, **filters: Unpack[RatingFilters]) -> Sheet[Rating]:
        """Values of ratings, of all and by theme, stage, attribute and period."""
        return Sheet(self._connection, "/v1/ratings", Page[Rating], _params(dataset, filters, RatingFilters))

    def trends(self, dataset: str, **filters: Unpack[TrendFilters]) -> Sheet[Trend]:
        """What changes over time."""
        return Sheet(self._connection, "/v1/trends", Page[Trend], _params(dataset, filters, TrendFilters))


def _params(dataset: str, filters: Filters | RatingFilters | TrendFilters, known: type) -> Params:
    check_keywords("findings", filters, known)
    values: dict[str, str | list[str]] = {"dataset": dataset}
    for name, value in filters.items():
        if isinstance(value, Mapping):
            values["attribute"] = [f"{attribute}={wanted}" for attribute, wanted in value.items()]
        elif value is not None:
            values[name] = value.isoformat() if isinstance(value, date) else str(value)
    return params_of(**values)
