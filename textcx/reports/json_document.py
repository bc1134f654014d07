"""Every finding as one JSON document, for programs: ``analysis.json``.

The shape is published as ``analysis.schema.json`` (JSON Schema, draft 2020-12) beside this file. Invariants, all
tested: every document fits that schema, that of an empty analysis too; NaN and infinity never occur, an unknown number
is null; keys are sorted, so that the same analysis gives the same bytes; it holds findings and their quotes, never
the records themselves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from textcx.domain.analysis import SCHEMA_VERSION

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis

TABLES = (
    "pain_points",
    "themes",
    "journey",
    "drivers",
    "ratings",
    "trends",
    "mix",
    "groups",
    "praise",
    "requests",
    "emerging",
    "campaigns",
)
"""Tables of findings, in the document under the same names; absent ones are empty lists."""
DIGITS = 6


def plain(value: object) -> object:
    """Turn numbers, text, dates, enums, null, and lists, tuples and mappings of them, into what JSON can say.

    Dates become ISO 8601 in UTC, numbers are rounded to six digits, and NaN and infinity are null.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0 if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int) else _text(value)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def to_document(analysis: Analysis) -> dict[str, Any]:
    """Put the findings of an analysis into one document.

    Returns:
        ``schema_version``, ``headline``, one list per table of findings, ``unprocessable`` (counts by reason; the
        records themselves stand in ``unprocessable.jsonl``), ``notes`` and ``manifest``; fits ``schema()``.
    """
    reasons = analysis.headline.get("unprocessable") or {}
    tables = {name: analysis.tables[name].to_dicts() if name in analysis.tables else [] for name in TABLES}
    return {
        "schema_version": SCHEMA_VERSION,
        "headline": plain(analysis.headline),
        **{name: plain(rows) for name, rows in tables.items()},
        "unprocessable": {"total": sum(reasons.values()), "by_reason": plain(reasons)},
        "notes": list(analysis.notes),
        "manifest": plain(analysis.manifest),
    }


def to_json(analysis: Analysis) -> str:
    """Write ``to_document`` as JSON: two spaces, sorted keys, UTF-8 characters as they are, a line break at the end."""
    return json.dumps(to_document(analysis), ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"


def schema() -> dict[str, Any]:
    """Return the published JSON Schema of the document."""
    text = files("textcx.reports").joinpath("analysis.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
