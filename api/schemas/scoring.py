"""What goes in and out of the scoring routes; the domain's types know nothing of these.

Requests are strict pydantic models. Answers are written by hand for speed; their models, made of the client's
dataclasses, are for the OpenAPI document and the tests, which check that answers fit them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from textcx_client.answers.scoring import AnalyzedItem, FailedItem, Item

LONGEST_ID = 1000
LATEST = "latest"
"""The model version that is always there."""
EXAMPLE_TEXT = "Great food, but we waited an hour."


def _text(value: object) -> str:
    """Take any string, lone surrogates too: cut emoji are common in feedback. Null is an empty text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        msg = "expected a string"
        raise ValueError(msg)
    return value


def _id(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        msg = "expected a string or a whole number"
    elif isinstance(value, int) and abs(value) >= 1 << 63:
        msg = "expected a whole number of 64 bits"
    elif not 1 <= len(str(value)) <= LONGEST_ID:
        msg = f"expected 1 to {LONGEST_ID} characters"
    else:
        return str(value)
    raise ValueError(msg)


Text = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": ["string", "null"]})]
Id = Annotated[
    str | None,
    PlainValidator(_id),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": LONGEST_ID},
                {"type": "integer", "minimum": -(2**63) + 1, "maximum": 2**63 - 1},
                {"type": "null"},
            ]
        }
    ),
]


class Strict(BaseModel):
    """A document in which a wrong name or type is an error, not a guess."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class GivenItem(Strict):
    """A text to score."""

    id: Id = Field(default=None, description="given back; by default line-1, line-2, ... after its place")
    text: Text = Field(description="one piece of feedback, in English", examples=[EXAMPLE_TEXT])
    language: str | None = Field(
        default=None, max_length=35, description="code such as en or en-GB; found out where it is not said"
    )


class TextsRequest(Strict):
    """One text, or several as items."""

    text: Text | None = Field(default=None, description="one text; then no items")
    id: Id = Field(default=None, description="id of the one text")
    language: str | None = Field(default=None, max_length=35, description="language of the one text")
    items: list[GivenItem] | None = Field(default=None, description="several texts; /info says how many at most")
    model_version: str | None = Field(
        default=None, max_length=200, description="the version that must answer, or latest; another is refused with 409"
    )
    offset_encoding: Literal["codepoint", "utf16", "utf8"] = Field(
        default="codepoint", description="unit of all offsets: Python codepoint, JavaScript utf16, Go utf8"
    )

    @model_validator(mode="after")
    def _one_or_several(self) -> TextsRequest:
        if ("text" in self.model_fields_set) == (self.items is not None):
            msg = "give either text or items"
            raise ValueError(msg)
        if self.items is not None and self.model_fields_set & {"id", "language"}:
            msg = "id and language belong to a single text; items have their own"
            raise ValueError(msg)
        return self

    def texts(self) -> list[GivenItem]:
        """Return the items, the single text as one of them."""
        if self.items is not None:
            return self.items
        return [GivenItem.model_construct(id=self.id, text=self.text or "", language=self.language)]


ONE_OR_SEVERAL: dict[str, Any] = {"oneOf": [{"required": ["text"]}, {"required": ["items"]}]}


class SentimentRequest(TextsRequest):
    """Texts to score."""

    segments: bool = Field(default=False, description="list the segments of each text")
    model_config = ConfigDict(
        json_schema_extra={
            **ONE_OR_SEVERAL,
            "examples": [
                {"text": EXAMPLE_TEXT},
                {"items": [{"id": "r-1", "text": EXAMPLE_TEXT, "language": "en"}], "segments": True},
            ],
        }
    )


class AnalyzeRequest(TextsRequest):
    """Texts to analyze."""

    theme_set: str | None = Field(default=None, max_length=200, description="assign the themes of this set")
    model_config = ConfigDict(
        json_schema_extra={**ONE_OR_SEVERAL, "examples": [{"items": [{"id": "r-1", "text": EXAMPLE_TEXT}]}]}
    )


class SentimentAnswer(BaseModel):
    """Answers in the order of the items."""

    model_version: str
    items: list[Item | FailedItem]


class AnalyzeAnswer(BaseModel):
    """Answers in the order of the items."""

    model_version: str
    theme_set: str | None
    items: list[AnalyzedItem | FailedItem]


class InvalidParam(BaseModel):
    """A field that is missing or wrong; its value is not repeated."""

    name: str
    reason: str


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str = Field(description="for programs")
    hint: str = Field(description="what to do")
    retryable: bool = Field(description="whether the same request can succeed later")
    request_id: str
    invalid_params: list[InvalidParam] | None = None
