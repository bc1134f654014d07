"""The shape of text-embeddings-inference: ``POST /predict`` for a sequence classifier.

A string, or a list of lists of one string each; a flat list of two strings is a pair there, and we judge no pairs. Our
probabilities are calibrated; ``raw_scores`` gives their logarithms, which a softmax turns into the same probabilities.
``truncate`` changes nothing: long texts are read in windows and nothing is cut off.
"""

from __future__ import annotations

import math
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, model_validator
from starlette.responses import JSONResponse

from textcx.domain.items import GivenText, SentimentItem
from textcx.domain.service.keys import Scope

from ..http.bodies import read_model
from ..http.errors import PREDICT, Code, Problem
from ..openapi import STRING, body_of, described, object_of
from ..routing import ask, dumped, needs, services_of
from ..scoring.tasks import SENTIMENT

router = APIRouter(tags=["drop-in"], dependencies=[needs(Scope.ANALYZE)])
MOST_INPUTS = 32
LEAST = 1e-7


def _list_of(items: dict[str, Any], most: int = 1) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": most, "items": items}


INPUTS: list[Any] = [STRING, _list_of(STRING), _list_of(_list_of(STRING), MOST_INPUTS)]


class PredictRequest(BaseModel, frozen=True):
    """One text, or several as lists of one."""

    inputs: Any = Field(json_schema_extra={"anyOf": INPUTS})
    truncate: bool | None = False
    raw_scores: bool = False

    @model_validator(mode="after")
    def _check(self) -> PredictRequest:
        given = self.inputs
        if isinstance(given, list) and len(given) > 1 and all(isinstance(each, str) for each in given):
            msg = "inputs is a pair; this model judges single texts: send [[first], [second]]"
            raise ValueError(msg)
        if not all(isinstance(text, str) for text in self.texts()):
            msg = "inputs must be a string, or a list of lists of one string each"
            raise ValueError(msg)
        return self

    @property
    def single(self) -> bool:
        """Whether one text came that is no list of texts."""
        return isinstance(self.inputs, str) or (len(self.inputs) == 1 and isinstance(self.inputs[0], str))

    def texts(self) -> list[str]:
        """Return the texts."""
        rows = self.inputs if isinstance(self.inputs, list) else [self.inputs]
        return [row[0] if isinstance(row, list) and len(row) == 1 else row for row in rows]


ERRORS = described(
    {
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
    },
    {"application/json": {"schema": object_of(error=STRING, error_type=STRING)}},
)
ROW = {"type": "array", "items": object_of(label=STRING, score={"type": "number"})}


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
    wanted = await read_model(request, PredictRequest)
    texts = wanted.texts()
    if not texts:
        return JSONResponse({"error": "`inputs` cannot be empty", "error_type": "empty"}, 400)
    if len(texts) > MOST_INPUTS:
        raise Problem(Code.TOO_MANY_ITEMS, f"batch size {len(texts)} > maximum allowed batch size {MOST_INPUTS}")
    longest = services_of(request).settings.max_text_characters
    if any(len(text) > longest for text in texts):
        raise Problem(Code.TEXT_TOO_LONG, f"A text holds more than {longest:,} characters.")
    given = [GivenText(str(place), text) for place, text in enumerate(texts)]
    items = await ask(SENTIMENT, given, request=request)
    rows = [_row(item, raw=wanted.raw_scores) for item in items]
    return Response(dumped(rows[0] if wanted.single else rows), media_type="application/json")


def _row(item: SentimentItem, *, raw: bool) -> list[dict[str, Any]]:
    shares = item.probabilities or {"neutral": 1.0, "positive": 0.0, "negative": 0.0}
    ordered = sorted(shares.items(), key=lambda pair: -pair[1])
    return [
        {"label": label, "score": round(math.log(max(share, LEAST)), 6) if raw else share} for label, share in ordered
    ]
