"""What was found in a data set, by period, source, stage, theme, label and attributes."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from textcx.client.found import Driver, KeptRecord, PainPoint, Rating, Stage, Theme, Trend
from textcx.client.rows import Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textcx.client.connection import Connection

Moment = str | date | datetime
"""A day or a moment; UTC unless it has a time zone. A text is ISO 8601."""


class Findings:
    """``client.findings``. All of them are asked for when they are gone through, page by page, or saved as a sheet.

    The filters: ``since`` (said then or later), ``until`` (said before); ``source`` (review, survey, social, support);
    ``label`` (negative, neutral, positive); ``stage`` of the journey; ``theme`` (an id); ``attributes``, which must all
    fit, such as ``{"plan": "pro"}``.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def themes(
        self,
        dataset: str,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        source: str | None = None,
        label: str | None = None,
        stage: str | None = None,
        theme: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Sheet[Theme]:
        """What customers talk about, widest reach first."""
        asked = _asked(
            dataset, attributes, since=since, until=until, source=source, label=label, stage=stage, theme=theme
        )  # fmt: skip
        return Sheet(self._connection, "/v1/themes", Theme, asked)

    def pain_points(
        self,
        dataset: str,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        source: str | None = None,
        label: str | None = None,
        stage: str | None = None,
        theme: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Sheet[PainPoint]:
        """What goes wrong for customers, highest reach x severity first."""
        asked = _asked(
            dataset, attributes, since=since, until=until, source=source, label=label, stage=stage, theme=theme
        )  # fmt: skip
        return Sheet(self._connection, "/v1/pain-points", PainPoint, asked)

    def journey(
        self,
        dataset: str,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        source: str | None = None,
        label: str | None = None,
        stage: str | None = None,
        theme: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Sheet[Stage]:
        """How each stage of the journey is felt, in their order."""
        asked = _asked(
            dataset, attributes, since=since, until=until, source=source, label=label, stage=stage, theme=theme
        )  # fmt: skip
        return Sheet(self._connection, "/v1/journey", Stage, asked)

    def records(
        self,
        dataset: str,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        source: str | None = None,
        label: str | None = None,
        stage: str | None = None,
        theme: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Sheet[KeptRecord]:
        """The records themselves, masked, in the order in which they came."""
        asked = _asked(
            dataset, attributes, since=since, until=until, source=source, label=label, stage=stage, theme=theme
        )  # fmt: skip
        return Sheet(self._connection, "/v1/records", KeptRecord, asked)

    def drivers(
        self,
        dataset: str,
        *,
        rating: str | None = None,
        stage: str | None = None,
        theme: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Sheet[Driver]:
        """What goes with high and low ratings, strongest first; ``rating`` names one, such as nps."""
        asked = _asked(dataset, attributes, rating=rating, stage=stage, theme=theme)
        return Sheet(self._connection, "/v1/drivers", Driver, asked)

    def ratings(
        self,
        dataset: str,
        *,
        rating: str | None = None,
        stage: str | None = None,
        theme: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Sheet[Rating]:
        """Values of ratings, of all and by theme, stage, attribute and period; ``rating`` names one."""
        asked = _asked(dataset, attributes, rating=rating, stage=stage, theme=theme)
        return Sheet(self._connection, "/v1/ratings", Rating, asked)

    def trends(
        self,
        dataset: str,
        *,
        measure: str | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        stage: str | None = None,
        theme: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Sheet[Trend]:
        """What changes over time; ``measure`` names one, such as share."""
        asked = _asked(
            dataset, attributes, measure=measure, since=since, until=until, stage=stage, theme=theme
        )  # fmt: skip
        return Sheet(self._connection, "/v1/trends", Trend, asked)


def _asked(
    dataset: str, attributes: Mapping[str, str] | None, **told: Moment | None
) -> dict[str, str | list[str]]:  # fmt: skip
    asked: dict[str, str | list[str]] = {"dataset": dataset}
    for name, value in told.items():
        if value is not None:
            asked[name] = value.isoformat() if isinstance(value, (date, datetime)) else value
    if attributes:
        asked["attribute"] = [f"{name}={value}" for name, value in attributes.items()]
    return asked
