"""Which columns the uploads of a data set have: declared ones, those of earlier uploads, and records sent as JSON.

The first upload of a data set is understood by its content; what was found is kept, so that a later upload - perhaps a
single record - is read in the same way, as far as it has these columns. Settings of the upload itself come first, then
those of the data set, then what was learned.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from textcx.domain.errors import BadSetting, WrongUse
from textcx.domain.feedback import ColumnPlan, RatingColumn, RatingKind, TextColumn
from textcx.domain.ratings import KINDS
from textcx.settings.analysis import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from textcx.domain.feedback import ColumnOverrides

SINGLE = ("id_column", "date_column", "source_column", "respondent_column", "touchpoint_column", "value_column")
LISTS = ("text_column", "attribute")
NAMES = (*SINGLE, *LISTS, "date_format", "source", "rating", "questions")
"""What may be said about columns, by the names of ``textcx.settings.analysis.Settings``."""
FIELDS = dict(zip(("id", "created_at", "source", "respondent", "touchpoint", "customer_value"), SINGLE, strict=True))
"""Fields of a record sent as JSON, and what column each becomes."""
SCALES = {kind.value: f"{facts.scale[0]:g}-{facts.scale[1]:g}" for kind, facts in KINDS.items() if facts.scale}
"""Scales of ratings that need no declaration."""


def check_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said about columns, with one value or many as the settings want it.

    Raises:
        BadSetting: Naming what is unknown or cannot be; values are not repeated.
    """
    unknown = sorted(set(columns) - set(NAMES))
    if unknown:
        msg = f"{len(unknown)} names say nothing about columns; known are {', '.join(NAMES)}"
        raise BadSetting(msg)
    try:
        settings = Settings(**columns)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors()}))
        msg = f"these settings of columns cannot be used: {wrong}"
        raise BadSetting(msg) from None
    return {name: value for name, value in settings.model_dump(mode="json").items() if name in columns}


def overrides_for(
    header: Collection[str], *, upload: Mapping[str, Any], dataset: Mapping[str, Any], learned: Mapping[str, Any]
) -> ColumnOverrides:
    """Say how an upload with these columns is to be read.

    A column that its own settings name and it does not have is an error of the reader; settings of its data set, and
    what earlier uploads showed, count as far as the columns are there.
    """
    merged: dict[str, Any] = {}
    for settings in (_present(learned, header), _present(dataset, header), upload):
        merged |= {name: value for name, value in settings.items() if value not in (None, [], (), {})}
    return Settings(**merged).overrides()


def _present(settings: Mapping[str, Any], header: Collection[str]) -> dict[str, Any]:
    kept = {name: value for name, value in settings.items() if name in {"source", "date_format"}}
    kept |= {name: settings[name] for name in SINGLE if settings.get(name) in header}
    for name in LISTS:
        kept[name] = [column for column in _listed(settings.get(name)) if column in header]
    kept["rating"] = [flag for flag in _listed(settings.get("rating")) if _rated_column(flag) in header]
    questions = settings.get("questions") or {}
    kept["questions"] = {column: question for column, question in questions.items() if column in header}
    if kept.get("date_format") and "date_column" not in kept:
        del kept["date_format"]
    return kept


def _listed(value: str | Sequence[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _rated_column(flag: str) -> str:
    return flag.partition("=")[2].removesuffix(":reversed").rpartition(":")[0]


def learned_from(plan: ColumnPlan) -> dict[str, Any]:
    """Return what later uploads of the data set should be read by."""
    return {
        "text_column": [text.column for text in plan.text],
        "id_column": plan.id,
        "date_column": plan.date,
        "date_format": plan.date_format,
        "source_column": plan.source_column,
        "respondent_column": plan.respondent,
        "touchpoint_column": plan.touchpoint,
        "value_column": plan.customer_value,
        "source": plan.source,
        "attribute": list(plan.attributes),
        "rating": [flag_of(rating) for rating in plan.ratings],
        "questions": {text.column: text.question for text in plan.text if text.question},
    }


def flag_of(rating: RatingColumn) -> str:
    """Write a rating as the flag that declares it."""
    turned = ":reversed" if rating.reversed else ""
    return f"{rating.name}={rating.column}:{rating.low:g}-{rating.high:g}{turned}"


def plan_of(plain: Mapping[str, Any]) -> ColumnPlan:
    """Build a column plan from the plain values that ``plan_for_manifest`` made."""
    values = dict(plain)
    values["text"] = tuple(TextColumn(**text) for text in values["text"])
    values["ratings"] = tuple(
        RatingColumn(**{**rating, "kind": RatingKind(rating["kind"]), "missing": tuple(rating["missing"])})
        for rating in values["ratings"]
    )
    for name in ("attributes", "ignored", "warnings"):
        values[name] = tuple(values[name])
    return ColumnPlan(**values)


def line_of(record: Mapping[str, Any]) -> bytes:
    """Write a record that was sent as JSON (``text``, ``FIELDS``, ``ratings``, ``attributes``) for the spool."""
    columns = {name: record[name] for name in ("text", *FIELDS)}
    columns |= {f"rating_{name}": value for name, value in record["ratings"].items()}
    columns |= {_attribute(name): value for name, value in record["attributes"].items()}
    return json.dumps(columns, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"


def _attribute(name: str) -> str:
    """Name the column of an attribute: as it is called, unless that is the name of another field."""
    return f"attribute_{name}" if name == "text" or name in FIELDS or name.startswith("rating_") else name


def columns_of(records: Iterable[Mapping[str, Any]], *, rating_flags: Iterable[str]) -> dict[str, Any]:
    """Say what the columns of ``line_of`` are, as settings; their data set has scales as ``NAME=COLUMN:LOW-HIGH``.

    Raises:
        WrongUse: If a rating has no scale.
    """
    ratings: dict[str, None] = {}
    attributes: dict[str, None] = {}
    used: set[str] = set()
    for record in records:
        ratings |= dict.fromkeys(record["ratings"])
        attributes |= dict.fromkeys(record["attributes"])
        used |= {field for field in FIELDS if record[field] is not None}
    declared = {flag.partition("=")[0]: flag.rpartition("=")[2].partition(":")[2] for flag in rating_flags}
    scales = {name: declared.get(name) or SCALES.get(name.casefold()) for name in ratings}
    if None in scales.values():
        msg = (
            "a rating of these records has no known scale; declare it with the data set, as "
            f"NAME=NAME:LOW-HIGH, or send one of {', '.join(SCALES)}"
        )
        raise WrongUse(msg)
    columns: dict[str, Any] = {FIELDS[field]: field for field in FIELDS if field in used}
    columns |= {
        "text_column": ["text"],
        "attribute": [_attribute(name) for name in attributes],
        "rating": [f"{name}=rating_{name}:{scale}" for name, scale in scales.items()],
    }
    return {name: value for name, value in columns.items() if value}
