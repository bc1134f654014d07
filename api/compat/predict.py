"""The shape of text-embeddings-inference: ``POST /predict`` for a sequence classifier.

A string, or a list of lists of one string each; a flat list of two strings is a pair there, and we judge no pairs. Our
probabilities are calibrated; ``raw_scores`` gives their logarithms, which a softmax turns into the same probabilities.
``truncate`` changes nothing: long texts are read in windows and nothing is cut off.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import JSONResponse

from textcx.domain.items import GivenText

from ..answering import ask, respond
from ..deps import needs_analyze, services_of
from ..http.bodies import read_model
from ..http.dialects import PREDICT
from ..http.errors import Code, Problem
from ..openapi import body_of
from ..scoring.tasks import SENTIMENT

if TYPE_CHECKING:
    from textcx.domain.items import SentimentItem

router = APIRouter(tags=["drop-in"], dependencies=[Depends(needs_analyze)])
MOST_INPUTS = 32
LEAST = 1e-7


class PredictRequest(BaseModel):
    """One text, or several as lists of one."""

    model_config = ConfigDict(frozen=True)

    inputs: Any = Field(
        json_schema_extra={
            "anyOf": [
                {"type": "string"},
                {"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": "string"}},
                {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MOST_INPUTS,
                    "items": {"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": "string"}},
                },
            ]
        }
    )
    truncate: bool | None = False
    raw_scores: bool = False

    @model_validator(mode="after")
    def _texts(self) -> PredictRequest:
        if self.is_pair:
            msg = "inputs is a pair; this model judges single texts: send [[first], [second]]"
            raise ValueError(msg)
        given = self.inputs
        rows = given if isinstance(given, list) else [given]
        flat = [row[0] if isinstance(row, list) and len(row) == 1 else row for row in rows]
        if not all(isinstance(text, str) for text in flat):
            msg = "inputs must be a string, or a list of lists of one string each"
            raise ValueError(msg)
        return self

    @property
    def is_pair(self) -> bool:
        """Whether two strings came that are to be judged together."""
        given = self.inputs
        return isinstance(given, list) and len(given) > 1 and all(isinstance(each, str) for each in given)

    @property
    def single(self) -> bool:
        """Whether one text came that is no list of texts."""
        return isinstance(self.inputs, str) or (len(self.inputs) == 1 and isinstance(self.inputs[0], str))

    def texts(self) -> list[str]:
        """Return the texts."""
        if isinstance(self.inputs, str):
            return [self.inputs]
        return [each if isinstance(each, str) else each[0] for each in self.inputs]


ERROR = {
    "schema": {
        "type": "object",
        "properties": {"error": {"type": "string"}, "error_type": {"type": "string"}},
        "required": ["error", "error_type"],
    }
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {"application/json": ERROR}}
    for status, description in {
        400: "empty, or no JSON",
        401: "no valid key",
        403: "the key may not do this",
        405: "all is POST here",
        413: "too many inputs, or too long",
        415: "no JSON",
        422: "not as expected",
        424: "the model failed",
        429: "overloaded",
        503: "not ready",
    }.items()
}
ROW = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"label": {"type": "string"}, "score": {"type": "number"}},
        "required": ["label", "score"],
    },
}


@router.post(
    PREDICT,
    summary="text-embeddings-inference: predict",
    responses={
        200: {
            "description": "labels with scores, best first; a list of these for a list of texts",
            "content": {"application/json": {"schema": {"anyOf": [ROW, {"type": "array", "items": ROW}]}}},
        },
        **ERRORS,
    },
    openapi_extra=body_of(PredictRequest, example={"inputs": "Lovely staff, but the app crashes."}),
)
async def predict(request: Request) -> Response:
    """Score texts as text-embeddings-inference would."""
    services = services_of(request)
    wanted = await read_model(request, PredictRequest)
    texts = wanted.texts()
    if not texts:
        return JSONResponse({"error": "`inputs` cannot be empty", "error_type": "empty"}, 400)
    if len(texts) > MOST_INPUTS:
        raise Problem(Code.TOO_MANY_ITEMS, f"batch size {len(texts)} > maximum allowed batch size {MOST_INPUTS}")
    longest = services.settings.max_text_characters
    if any(len(text) > longest for text in texts):
        raise Problem(Code.TEXT_TOO_LONG, f"A text holds more than {longest:,} characters.")
    given = [GivenText(str(place), text) for place, text in enumerate(texts)]
    items = await ask(SENTIMENT, given, request=request, services=services)
    rows = [_row(item, raw=wanted.raw_scores) for item in items]
    document: Any = rows[0] if wanted.single else rows
    return await respond(lambda: document, items=1)


def _row(item: SentimentItem, *, raw: bool) -> list[dict[str, Any]]:
    shares = item.probabilities or {"neutral": 1.0, "positive": 0.0, "negative": 0.0}
    ordered = sorted(shares.items(), key=lambda pair: -pair[1])
    return [
        {"label": label, "score": round(math.log(max(share, LEAST)), 6) if raw else share} for label, share in ordered
    ]
