"""How the shapes are declared.

Frozen dataclasses. A field without a default is always there; one that a service may leave out, or that came after the
first version, has a default. What a newer service says besides is ignored. Words that may grow (states, kinds, labels)
are plain strings: their known values, ranges and descriptions are for the OpenAPI document only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

Row = TypeVar("Row")


class Schema:
    """Keywords that a JSON schema adds to a type; the client itself checks none of them."""

    def __init__(self, description: str | None = None, **keywords: object) -> None:
        self.keywords = keywords if description is None else {"description": description, **keywords}

    def __get_pydantic_json_schema__(self, core: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:  # noqa: ANN401 - pydantic's protocol
        """Return the schema of the type with these keywords."""
        return {**handler(core), **self.keywords}


Share = Annotated[float, Schema(minimum=0, maximum=1)]
Polarity = Annotated[float, Schema(minimum=-1, maximum=1)]
Count = Annotated[int, Schema(minimum=0)]
Label = Annotated[str, Schema(enum=["negative", "neutral", "positive"])]


def _shares(description: str, *names: str) -> Schema:
    properties = {name: {"type": "number", "minimum": 0, "maximum": 1} for name in names}
    return Schema(description, properties=properties, required=list(names), additionalProperties=True)


Probabilities = Annotated[Mapping[str, float], _shares("Sum to 1.", "negative", "neutral", "positive")]
Strongest = Annotated[
    Mapping[str, float], _shares("The highest probability in any one segment.", "negative", "positive")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Row]):
    """All there are."""

    items: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Listing[Row]):
    """Some of them, in order."""

    next_cursor: Annotated[str | None, Schema("null at the end")]
