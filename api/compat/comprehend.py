"""The shape of Amazon Comprehend: ``BatchDetectSentiment`` and ``DetectSentiment`` (AWS JSON 1.1).

Clients are pointed here with ``endpoint_url``; our key goes where the access key id goes. The signature is not checked,
since no secret is kept that could check it: use TLS where the way is not your own.

Comprehend has four classes where we have three and a mark for mixed texts. ``Mixed`` is what the weaker of the two
polarities reaches in its strongest segment, for texts that hold both, else 0; the other three share the rest in our
proportions, so that the four sum to 1 and the largest is the verdict. A text that says nothing ("n/a") is neutral.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from textcx.domain.items import GivenText, SentimentItem
from textcx.domain.service.keys import Scope

from ..http.bodies import read_model
from ..http.errors import AWS_JSON, COMPREHEND, REQUEST_ID, Code, Problem
from ..openapi import body_of, parameter_of
from ..routing import ask, check_count, dumped, needs
from ..schemas.scoring import Text
from ..scoring.tasks import SENTIMENT

router = APIRouter(tags=["drop-in"], dependencies=[needs(Scope.ANALYZE)])
MOST_DOCUMENTS = 25
MOST_BYTES = 5000
TARGET = "Comprehend_20171127."
TARGETS = [f"{TARGET}BatchDetectSentiment", f"{TARGET}DetectSentiment"]
LANGUAGES = frozenset({"en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW"})


class ComprehendRequest(BaseModel, strict=True, frozen=True):
    """``Text`` for DetectSentiment, ``TextList`` for BatchDetectSentiment."""

    language: str = Field(alias="LanguageCode", max_length=10, json_schema_extra={"enum": [*sorted(LANGUAGES)]})
    text: Text | None = Field(default=None, alias="Text")
    texts: list[Text] | None = Field(default=None, alias="TextList")


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {
        "description": "InvalidRequestException, TextSizeLimitExceededException, BatchSizeLimitExceededException, "
        "UnsupportedLanguageException, TooManyRequestsException, UnrecognizedClientException ...",
        "content": {AWS_JSON: {"schema": {"type": "object", "properties": {"__type": {"type": "string"}}}}},
    },
    405: {"description": "InvalidRequestException; all is POST here"},
    500: {"description": "InternalServerException"},
    503: {"description": "ServiceUnavailableException"},
}


@router.post(
    COMPREHEND,
    summary="Amazon Comprehend: BatchDetectSentiment, DetectSentiment",
    responses={
        200: {"description": "as Comprehend answers", "content": {AWS_JSON: {"schema": {"type": "object"}}}},
        **ERRORS,
    },
    openapi_extra={
        **body_of(
            ComprehendRequest,
            media_type=AWS_JSON,
            example={"LanguageCode": "en", "TextList": ["Lovely staff.", "The app crashes."]},
        ),
        "parameters": [parameter_of("X-Amz-Target", "header", {"type": "string", "enum": TARGETS}, required=True)],
    },
)
@router.post(f"{COMPREHEND}/", include_in_schema=False)
async def comprehend(request: Request) -> Response:
    """Score texts as Comprehend would; the operation is named by ``X-Amz-Target``."""
    work = OPERATIONS.get(request.headers.get("x-amz-target", "").removeprefix(TARGET))
    if work is None:
        raise Problem(Code.NOT_FOUND, "X-Amz-Target names no operation that is served here.")
    wanted = await read_model(request, ComprehendRequest)
    if wanted.language not in LANGUAGES:
        raise Problem(Code.INVALID_REQUEST, "LanguageCode is none of Comprehend's.")
    headers = {"x-amzn-RequestId": request.scope[REQUEST_ID], "content-type": AWS_JSON}
    if wanted.language != "en":
        kind, message = "UnsupportedLanguageException", "Only LanguageCode en is supported."
        error = {"__type": kind, "Message": message, "message": message}
        return JSONResponse(error, 400, {**headers, "x-amzn-ErrorType": kind})
    return Response(dumped(await work(request, wanted)), headers=headers)


async def _batch(request: Request, wanted: ComprehendRequest) -> dict[str, Any]:
    texts = list(wanted.texts or ())
    if not texts:
        raise Problem(Code.INVALID_REQUEST, "TextList is missing or empty; expected 1 to 25 texts.")
    check_count(len(texts), most=MOST_DOCUMENTS)
    wrong = {place: error for place, text in enumerate(texts) if (error := _wrong(text)) is not None}
    given = [GivenText(str(place), text, "en") for place, text in enumerate(texts) if place not in wrong]
    items = await ask(SENTIMENT, given, request=request)
    return {
        "ResultList": [{"Index": int(item.id), **verdict(item)} for item in items],
        "ErrorList": [
            {"Index": place, "ErrorCode": code, "ErrorMessage": message} for place, (code, message) in wrong.items()
        ],
    }


async def _single(request: Request, wanted: ComprehendRequest) -> dict[str, Any]:
    text = wanted.text or ""
    error = _wrong(text)
    if error is not None:
        raise Problem(Code.TEXT_TOO_LONG if "SIZE" in error[0] else Code.INVALID_REQUEST, error[1])
    [item] = await ask(SENTIMENT, [GivenText("0", text, "en")], request=request)
    return verdict(item)


OPERATIONS = {"BatchDetectSentiment": _batch, "DetectSentiment": _single}


def _wrong(text: str) -> tuple[str, str] | None:
    if not text:
        return "INVALID_REQUEST", "The text is missing or empty."
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        return "TEXT_SIZE_LIMIT_EXCEEDED", f"The text holds more than {MOST_BYTES:,} bytes of UTF-8."
    return None


def verdict(item: SentimentItem) -> dict[str, Any]:
    """Return ``Sentiment`` and ``SentimentScore`` of an item."""
    shares = item.probabilities or {"negative": 0.0, "neutral": 1.0, "positive": 0.0}
    mixed = min(item.strongest.values()) if item.mixed and item.strongest else 0.0
    scores = {"Mixed": mixed, **{label.title(): (1.0 - mixed) * share for label, share in sorted(shares.items())}}
    best = max(scores, key=lambda name: scores[name])
    return {"Sentiment": best.upper(), "SentimentScore": {name: round(score, 6) for name, score in scores.items()}}
