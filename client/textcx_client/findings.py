"""What was found in a data set, by period, source, stage, theme, label and attributes; and what needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypedDict, Unpack

from textcx_client.answers.datasets import TriageDetail, TriageEntry
from textcx_client.answers.findings import Driver, KeptRecord, PainPoint, Rating, Stage, Theme, Trend
from textcx_client.answers.schema import Page
from textcx_client.connection import Part, json_call, path_of
from textcx_client.rows import PAGE_ROWS, Params, Sheet, check_keywords, params_of

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


class Changes(TypedDict, total=False):
    """What to change of an entry; what is not named stays as it is.

    ``status``: open, in_progress, done or dismissed. ``assignee``: who looks after it. ``note``: up to 2,000
    characters. Null takes an assignee or a note away.
    """

    status: str
    assignee: str | None
    note: str | None


class Findings(Part):
    """``client.findings``: all of them are asked for when they are iterated, page by page, or saved as a sheet."""

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


class Triage(Part):
    """``client.triage``.

    Every method raises ``ServiceError`` if the service refuses, with status 404 if the record is not in the queue.
    """

    def all(
        self, dataset: str, *, status: str = "open", assignee: str | None = None, urgent: bool | None = None
    ) -> Sheet[TriageEntry]:
        """Return the records that need a person, most urgent first. A saved sheet holds the first 1,000.

        ``status``: open, in_progress, done, dismissed or all. ``assignee``: only theirs. ``urgent``: only those that
        are, or that are not.
        """
        flag = None if urgent is None else str(urgent).lower()
        params = params_of(status=status, assignee=assignee, urgent=flag)
        return Sheet(
            self._connection, path_of("datasets", dataset, "triage"), Page[TriageEntry], params, most=PAGE_ROWS
        )

    def get(self, dataset: str, record_id: str) -> TriageDetail:
        """Return an entry with its history."""
        return self._connection.get(TriageDetail, path_of("datasets", dataset, "triage", record_id))

    def change(self, dataset: str, record_id: str, **changes: Unpack[Changes]) -> TriageDetail:
        """Change an entry and return it as it now is; what it was before stays in its history."""
        check_keywords("change", changes, Changes)
        path = path_of("datasets", dataset, "triage", record_id)
        return self._connection.ask(TriageDetail, json_call(path, changes, method="PATCH"))


def _params(dataset: str, filters: Filters | RatingFilters | TrendFilters, known: type) -> Params:
    check_keywords("findings", filters, known)
    values: dict[str, str | list[str]] = {"dataset": dataset}
    for name, value in filters.items():
        if isinstance(value, Mapping):
            values["attribute"] = [f"{attribute}={wanted}" for attribute, wanted in value.items()]
        elif value is not None:
            values[name] = value.isoformat() if isinstance(value, date) else str(value)
    return params_of(**values)
