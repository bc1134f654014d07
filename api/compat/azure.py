"""The shape of Azure AI Language: ``POST /language/:analyze-text`` with kind ``SentimentAnalysis``.

Clients are pointed at ``.../compat/azure`` as their endpoint, with our key as their subscription key. ``sentences`` are
our segments. Offsets and lengths are in the unit that ``stringIndexType`` names, from the beginning of the document,
also those of targets and assessments. Scores are rounded to two digits, as theirs are.

Targets are aspects with an opinion, assessments the opinions on them; both carry the verdict on the aspect. As there,
that is positive, negative or mixed; mixed is what leans to neither side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from textcx.domain.aspects import Aspect
from textcx.domain.items import GivenText, SegmentItem, SentimentItem
from textcx.domain.service.keys import Scope

from ..http.bodies import read_model
from ..http.errors import AZURE, REQUEST_ID, Code, Problem
from ..openapi import body_of, described, object_of, parameter_of
from ..routing import ask, check_count, needs, services_of
from ..schemas.scoring import LATEST, Text
from ..scoring.offsets import convert, count_elements
from ..scoring.tasks import OPINIONS, SENTIMENT

router = APIRouter(tags=["drop-in"], dependencies=[needs(Scope.ANALYZE)])
PATH = f"{AZURE}/language/:analyze-text"
MOST_DOCUMENTS = 10
MOST_ELEMENTS = 5120
UNITS = {
    "TextElements_v8": "element",
    "TextElement_v8": "element",
    "UnicodeCodePoint": "codepoint",
    "Utf16CodeUnit": "utf16",
}
NEUTRAL = {"positive": 0.0, "neutral": 1.0, "negative": 0.0}


class AzureDocument(BaseModel, strict=True, frozen=True):
    """A text."""

    id: str = Field(min_length=1, max_length=512)
    text: Text
    language: str | None = Field(default=None, max_length=35)


class AzureInput(BaseModel, strict=True, frozen=True):
    """The texts."""

    documents: list[AzureDocument]


class AzureParameters(BaseModel, frozen=True):
    """How the texts are read."""

    model_version: str = Field(default=LATEST, max_length=200, alias="modelVersion")
    opinion_mining: bool = Field(default=False, alias="opinionMining")
    string_index_type: Literal["TextElements_v8", "TextElement_v8", "UnicodeCodePoint", "Utf16CodeUnit"] = Field(
        default="TextElements_v8", alias="stringIndexType"
    )
    logging_opt_out: bool = Field(default=True, alias="loggingOptOut", description="nothing is logged in any case")


class AzureRequest(BaseModel, frozen=True):
    """A task of kind SentimentAnalysis."""

    kind: str = Field(max_length=100, json_schema_extra={"enum": ["SentimentAnalysis"]})
    analysis_input: AzureInput = Field(alias="analysisInput")
    parameters: AzureParameters = AzureParameters()


ERRORS = described(
    {
        400: "InvalidRequest, with the particular code inside",
        401: "Unauthorized",
        403: "Forbidden",
        **dict.fromkeys((405, 413, 415), "InvalidRequest"),
        429: "TooManyRequests",
        500: "InternalServerError",
        503: "ServiceUnavailable",
    },
    {"application/json": {"schema": object_of(error={"type": "object"})}},
)


@router.post(
    PATH,
    summary="Azure AI Language: SentimentAnalysis",
    responses={
        200: {"description": "as Azure answers", "content": {"application/json": {"schema": {"type": "object"}}}},
        **ERRORS,
    },
    openapi_extra={
        **body_of(
            AzureRequest,
            example={
                "kind": "SentimentAnalysis",
                "parameters": {"modelVersion": "latest", "opinionMining": True},
                "analysisInput": {"documents": [{"id": "1", "language": "en", "text": "Lovely staff, slow app."}]},
            },
        ),
        "parameters": [
            parameter_of("api-version", "query", {"type": "string"}),
            parameter_of("showStats", "query", {"type": "boolean"}),
        ],
    },
)
async def analyze_text(request: Request) -> Response:
    """Score documents as Azure would."""
    services = services_of(request)
    wanted = await read_model(request, AzureRequest)
    if wanted.kind != "SentimentAnalysis":
        raise Problem(Code.INVALID_REQUEST, "kind must be SentimentAnalysis; no other is served here.")
    version = services.scoring.model_version
    if version and wanted.parameters.model_version not in {LATEST, version}:
        raise Problem(Code.MODEL_VERSION_UNAVAILABLE, f"modelVersion must be latest or {version}.")
    documents = wanted.analysis_input.documents
    if not documents:
        raise Problem(Code.INVALID_REQUEST, "documents is empty; expected 1 to 10.")
    check_count(len(documents), most=MOST_DOCUMENTS)
    errors = _errors(documents)
    scored = [(place, each) for place, each in enumerate(documents) if place not in errors]
    given = [GivenText(each.id, each.text, each.language or None) for _, each in scored]
    mined = wanted.parameters.opinion_mining
    answers = await ask(OPINIONS if mined else SENTIMENT, given, request=request)
    unit = UNITS[wanted.parameters.string_index_type]
    show_stats = request.query_params.get("showStats", "").casefold() == "true"
    done = list[dict[str, Any]]()
    for (place, each), item in zip(scored, answers, strict=True):
        if item.reason is not None and not item.language_supported:
            message = f"Supported languages: {services.scoring.language.code}."
            errors[place] = _error(each.id, "UnsupportedLanguageCode", message)
            continue
        document = document_of(item, each.text, number=len(done), unit=unit, mined=mined)
        if show_stats:
            document["statistics"] = {"charactersCount": count_elements(each.text), "transactionsCount": 1}
        done.append(document)
    failed = [errors[place] for place in sorted(errors)]
    results: dict[str, Any] = {"documents": done, "errors": failed, "modelVersion": version}
    if show_stats:
        results["statistics"] = {
            "documentsCount": len(documents),
            "validDocumentsCount": len(done),
            "erroneousDocumentsCount": len(errors),
            "transactionsCount": len(done),
        }
    headers = {"apim-request-id": request.scope[REQUEST_ID]}
    return JSONResponse({"kind": "SentimentAnalysisResults", "results": results}, headers=headers)


def _errors(documents: list[AzureDocument]) -> dict[int, dict[str, Any]]:
    """Find the documents that cannot be scored; the others are, all the same."""
    found: dict[int, dict[str, Any]] = {}
    seen: set[str] = set()
    for place, each in enumerate(documents):
        if each.id in seen:
            raise Problem(Code.INVALID_REQUEST, "Two documents have the same id.")
        seen.add(each.id)
        if not each.text.strip():
            found[place] = _error(each.id, "InvalidDocument", "Document text is empty.")
        elif count_elements(each.text) > MOST_ELEMENTS:
            message = f"A document holds more than {MOST_ELEMENTS:,} text elements."
            found[place] = _error(each.id, "InvalidDocument", message)
    return found


def _error(name: str, code: str, message: str) -> dict[str, Any]:
    inner = {"code": code, "message": message}
    error = {"code": "InvalidArgument", "message": "Invalid document in request.", "innererror": inner}
    return {"id": name, "error": error}


def document_of(item: SentimentItem, text: str, *, number: int, unit: str, mined: bool) -> dict[str, Any]:
    """Return an item as one of ``results.documents``.

    Args:
        item: With its segments, and its aspects where opinions are wanted.
        text: The text that it was made of.
        number: Place among the documents, for references.
        unit: Of all offsets and lengths; see ``offsets.convert``.
        mined: Whether opinions are wanted.
    """
    edges = [edge for span in item.segments for edge in (span.start, span.end)]
    edges += [edge for aspect in item.aspects for edge in aspect.edges]
    moved = convert(text, edges, unit)
    sentences = []
    for place, segment in enumerate(item.segments):
        sentence = {
            "sentiment": segment.label,
            "confidenceScores": _rounded(segment.probabilities),
            **_span(segment.start, segment.end, text, moved),
        }
        if mined:
            reference = f"#/documents/{number}/sentences/{place}/assessments"
            sentence |= _opinions(segment, item.aspects, text, moved=moved, reference=reference)
        sentences.append(sentence)
    return {
        "id": item.id,
        "sentiment": "mixed" if item.mixed else item.label or "neutral",
        "confidenceScores": _rounded(item.probabilities or NEUTRAL),
        "sentences": sentences,
        "warnings": [],
    }


def _rounded(shares: Mapping[str, float]) -> dict[str, float]:
    return {label: round(shares[label], 2) for label in ("positive", "neutral", "negative")}


def _span(start: int, end: int, text: str, moved: Mapping[int, int]) -> dict[str, Any]:
    return {"offset": moved[start], "length": moved[end] - moved[start], "text": text[start:end]}


def _opinions(
    segment: SegmentItem, aspects: Iterable[Aspect], text: str, *, moved: Mapping[int, int], reference: str
) -> dict[str, Any]:
    """Return targets and assessments of a segment: its aspects with an opinion, and these opinions."""
    targets: dict[int, dict[str, Any]] = {}
    assessments: list[dict[str, Any]] = []
    for each in aspects:
        start, end, first, last = each.start, each.end, each.opinion_start, each.opinion_end
        if start is None or end is None or first is None or last is None:
            continue
        if not segment.start <= start < segment.end:
            continue
        shares = _of_two(each.probabilities)
        likeliest = max(each.probabilities, key=lambda label: each.probabilities[label])
        common = {"sentiment": "mixed" if likeliest == "neutral" else likeliest, "confidenceScores": shares}
        target = targets.setdefault(start, {**common, **_span(start, end, text, moved), "relations": []})
        target["relations"].append({"relationType": "assessment", "ref": f"{reference}/{len(assessments)}"})
        assessments.append({**common, **_span(first, last, text, moved), "isNegated": each.negated})
    return {"targets": list(targets.values()), "assessments": assessments}


def _of_two(shares: Mapping[str, float]) -> dict[str, float]:
    total = shares["positive"] + shares["negative"]
    positive = round(shares["positive"] / total, 2) if total else 0.5
    return {"positive": positive, "negative": round(1.0 - positive, 2)}
