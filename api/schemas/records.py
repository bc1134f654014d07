"""Records as callers send them, in one JSON document, and the keywords of their JSON schema."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema

from .fields import Moment, Words
from .scoring import EXAMPLE_TEXT, Id, Strict, Text

MOST_NAMES = 50
LONGEST_NAME, LONGEST_VALUE = 100, 500
LARGEST_NUMBER = 1e300
"""Far beyond any rating."""


def _named(value: object, expected: str, fits: Callable[[object], bool]) -> dict[str, Any]:
    """Check names that a caller chose, and their values; neither is ever repeated in an error."""
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MOST_NAMES or not all(_is_name(name) for name in value):
        msg = f"expected an object with at most {MOST_NAMES} names, of 1 to 100 letters, digits, '_', '-' and spaces"
        raise ValueError(msg)
    if not all(each is None or fits(each) for each in value.values()):
        msg = f"expected {expected}"
        raise ValueError(msg)
    return value


def _is_name(name: str) -> bool:
    return 1 <= len(name) <= LONGEST_NAME and name.strip() == name and all(c.isalnum() or c in "_- " for c in name)


def _ratings(value: object) -> dict[str, Any]:
    return _named(value, "numbers, or null where there is no rating", _is_number)


def _attributes(value: object) -> dict[str, Any]:
    expected = f"texts of at most {LONGEST_VALUE} characters, numbers, booleans or null"
    return _named(value, expected, lambda each: isinstance(each, bool) or _is_number(each) or _is_short(each))


def _is_short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_VALUE


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < LARGEST_NUMBER and math.isfinite(value)


_OBJECT = {"type": ["object", "null"], "maxProperties": MOST_NAMES}


class GivenRecord(Strict):
    """One answer, review or post."""

    id: Id = Field(default=None, description="makes sending it again harmless; without one its content does")
    text: Text = Field(description="the customer's words, in English", examples=[EXAMPLE_TEXT])
    created_at: Moment | None = Field(default=None, description="when it was said")
    source: Literal["review", "survey", "social", "support"] | None = None
    respondent: Id = Field(default=None, description="who said it; kept as a pseudonym only")
    touchpoint: Words | None = Field(default=None, description="where the contact was")
    customer_value: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        default=None, description="such as revenue a year"
    )
    ratings: Annotated[
        dict[str, Any],
        PlainValidator(_ratings),
        WithJsonSchema({**_OBJECT, "additionalProperties": {"type": ["number", "null"]}}),
    ] = Field(default_factory=dict, description="nps, csat, ces, stars, or others that the data set declares")
    attributes: Annotated[
        dict[str, Any],
        PlainValidator(_attributes),
        WithJsonSchema({**_OBJECT, "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}),
    ] = Field(default_factory=dict, description="what groups customers: plan, region")


EXAMPLE: dict[str, Any] = {
    "id": "r-1",
    "text": EXAMPLE_TEXT,
    "created_at": "2026-03-31T12:00:00Z",
    "ratings": {"nps": 6},
    "attributes": {"plan": "pro"},
}


class RecordsRequest(Strict):
    """Records to keep in a data set."""

    records: list[GivenRecord] = Field(min_length=1, description="/info says how many at most")
    model_config = ConfigDict(json_schema_extra={"examples": [{"records": [EXAMPLE]}]})
