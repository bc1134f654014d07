"""Which columns the uploads of a data set have: what was said, what earlier uploads showed, and records sent as JSON.

The first upload of a data set is understood by its content; what was found is kept, so that a later upload - perhaps a
single record - is read in the same way, as far as it has these columns. What an upload itself says comes first, then
what was said about the data set, then what was learned.
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
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from textcx.domain.feedback import ColumnOverrides

SINGLE = (
    "id_column", "date_column", "source_column", "respondent_column", "touchpoint_column", "value_column",
)  # fmt: skip
LISTS = ("text_column", "attribute")
NAMES = (*SINGLE, *LISTS, "date_format", "source", "rating", "questions")
"""What may be said about columns, by the names of ``textcx.settings.analysis.Settings``."""
FIELDS = {
    "id": "id_column", "created_at": "date_column", "source": "source_column", "respondent": "respondent_column",
    "touchpoint": "touchpoint_column", "customer_value": "value_column",
}  # fmt: skip
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
        msg = f"what is said about columns cannot be used: {wrong}"
        raise BadSetting(msg) from None
    return {name: value for name, value in settings.model_dump(mode="json").items() if name in columns}


def overrides_for(
    header: Collection[str], *, upload: Mapping[str, Any], dataset: Mapping[str, Any], learned: Mapping[str, Any]
) -> ColumnOverrides:
    """Say how an upload is to be read.

    Args:
        header: Its columns.
        upload: What was said about it; a column that it does not have is an error of the reader.
        dataset: What was said about its data set; counts as far as the columns are there.
        learned: What earlier uploads showed; the same.
    """
    merged: dict[str, Any] = {}
    for said in (_present(learned, header), _present(dataset, header), upload):
        merged |= {name: value for name, value in said.items() if value not in (None, [], (), {})}
    return Settings(**merged).overrides()


def _present(said: Mapping[str, Any], header: Collection[str]) -> dict[str, Any]:
    kept = {name: value for name, value in said.items() if name in {"source", "date_format"}}
    kept |= {name: said[name] for name in SINGLE if said.get(name) in header}
    for name in LISTS:
        kept[name] = [column for column in _listed(said.get(name)) if column in header]
    kept["rating"] = [flag for flag in _listed(said.get("rating")) if _rated_column(flag) in header]
    kept["questions"] = {column: asked for column, asked in (said.get("questions") or {}).items() if column in header}
    if kept.get("date_format") and "date_column" not in kept:
        del kept["date_format"]
    return kept


def _listed(value: Any) -> list[str]:  # noqa: ANN401 - one, many or none
    return [value] if isinstance(value, str) else list(value or ())


def _rated_column(flag: str) -> str:
    return flag.partition("=")[2].removesuffix(":reversed").rpartition(":")[0]


def learned_from(plan: ColumnPlan) -> dict[str, Any]:
    """Return what later uploads of the data set should be read by."""
    return {
        "text_column": [text.column for text in plan.text], "id_column": plan.id, "date_column": plan.date,
        "date_format": plan.date_format, "source_column": plan.source_column, "respondent_column": plan.respondent,
        "touchpoint_column": plan.touchpoint, "value_column": plan.customer_value, "source": plan.source,
        "attribute": list(plan.attributes), "rating": [flag_of(rating) for rating in plan.ratings],
        "questions": {text.column: text.question for text in plan.text if text.question},
    }  # fmt: skip


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


def lines_of(records: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Write records that were sent as JSON as lines for the spool.

    Args:
        records: Each with ``text``, and any of the ``FIELDS``, ``ratings`` and ``attributes`` (name to value).
    """
    for record in records:
        plain = {name: record.get(name) for name in ("text", *FIELDS)}
        plain |= {f"rating_{name}": value for name, value in (record.get("ratings") or {}).items()}
        plain |= {_attribute(name): value for name, value in (record.get("attributes") or {}).items()}
        yield json.dumps(plain, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"


def _attribute(name: str) -> str:
    """Name the column of an attribute: as it is called, unless that is the name of another field."""
    return f"attribute_{name}" if name == "text" or name in FIELDS or name.startswith("rating_") else name


def columns_of(records: Iterable[Mapping[str, Any]], *, dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Say what the columns of ``lines_of`` are.

    Args:
        records: The records.
        dataset: What was said about their data set: scales of ratings, as ``NAME=COLUMN:LOW-HIGH``.

    Returns:
        What is said about the upload.

    Raises:
        WrongUse: If a rating has no scale.
    """
    ratings: dict[str, None] = {}
    attributes: dict[str, None] = {}
    used: set[str] = set()
    for record in records:
        ratings |= dict.fromkeys(record.get("ratings") or ())
        attributes |= dict.fromkeys(record.get("attributes") or ())
        used |= {field for field in FIELDS if record.get(field) is not None}
    declared = {flag.partition("=")[0]: flag.rpartition("=")[2] for flag in _listed(dataset.get("rating"))}
    flags = []
    for name in ratings:
        scale = declared[name].partition(":")[2] if name in declared else SCALES.get(name.casefold())
        if scale is None:
            msg = (
                "a rating of these records has no known scale; declare it with the data set, as "
                f"NAME=NAME:LOW-HIGH, or send one of {', '.join(SCALES)}"
            )
            raise WrongUse(msg)
        flags.append(f"{name}=rating_{name}:{scale}")
    said: dict[str, Any] = {FIELDS[field]: field for field in FIELDS if field in used}
    said |= {"text_column": ["text"], "attribute": [_attribute(name) for name in attributes], "rating": flags}
    return {name: value for name, value in said.items() if value}
