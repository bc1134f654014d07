"""``POST /v1/sentiment`` and ``POST /v1/analyze``: score texts now; nothing is kept."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from textcx.domain.items import TextPain
from textcx.domain.service.keys import Scope

from ..answering import ask, merge, plain, respond, take
from ..deps import needs, services_of
from ..http.bodies import read_model
from ..http.errors import Code, Problem
from ..openapi import body_of, problems
from ..schemas.scoring import AnalyzeAnswer, AnalyzeRequest, SentimentAnswer, SentimentRequest
from ..scoring.offsets import convert
from ..scoring.tasks import FINDINGS, SENTIMENT, Findings

router = APIRouter(tags=["scoring"], dependencies=[Depends(needs(Scope.ANALYZE))])
SCORING = problems(400, 401, 403, 409, 413, 415, 422, 429, 500, 503)


@router.post(
    "/v1/sentiment",
    summary="Score one text, or up to 1,000",
    responses={200: {"model": SentimentAnswer}, **SCORING},
    openapi_extra=body_of(SentimentRequest),
)
async def sentiment(request: Request) -> Response:
    """Label, polarity and probabilities of each text, in order; an item that cannot be scored has an error instead."""
    services = services_of(request)
    wanted = await read_model(request, SentimentRequest)
    taken = take(wanted, services)
    items = await ask(SENTIMENT, taken.texts, request=request)

    def build() -> dict[str, Any]:
        answers = [
            plain(item, given.text, unit=wanted.offset_encoding, segments=wanted.segments)
            for item, given in zip(items, taken.texts, strict=True)
        ]
        return {"model_version": services.scoring.model_version, "items": merge(taken, answers)}

    return await respond(build, items=len(items))


@router.post(
    "/v1/analyze",
    summary="Sentiment, pain points, journey stage and themes of texts",
    responses={200: {"model": AnalyzeAnswer}, **SCORING, **problems(404)},
    openapi_extra=body_of(AnalyzeRequest),
)
async def analyze(request: Request) -> Response:
    """Segments with sentiment and stage, pain points with evidence, and the themes of a set where one is named.

    Quotes and statements are masked where they would identify a person.
    """
    services = services_of(request)
    wanted = await read_model(request, AnalyzeRequest)
    if wanted.theme_set is not None and wanted.theme_set not in services.scoring.theme_sets.names():
        raise Problem(Code.THEME_SET_UNKNOWN, "No theme set of that name is loaded.")
    taken = take(wanted, services)
    kind = FINDINGS if wanted.theme_set is None else f"{FINDINGS}:{wanted.theme_set}"
    found = await ask(kind, taken.texts, request=request)

    def build() -> dict[str, Any]:
        answers = [
            _analyzed(each, given.text, unit=wanted.offset_encoding)
            for each, given in zip(found, taken.texts, strict=True)
        ]
        return {
            "model_version": services.scoring.model_version,
            "theme_set": wanted.theme_set,
            "items": merge(taken, answers),
        }

    return await respond(build, items=8 * len(found))


def _analyzed(findings: Findings, text: str, *, unit: str) -> dict[str, Any]:
    found = findings.found
    segments = found.item.segments
    spans = [(each.start, each.end) for each in segments] + [(each.start, each.end) for each in found.redactions]
    moved = convert(text, (edge for span in spans for edge in span), unit)
    item = found.item.plain(segments=True)
    hurt = {pain.segment for pain in found.pains}
    for place, segment in enumerate(item["segments"]):
        segment["start"], segment["end"] = moved[segment["start"]], moved[segment["end"]]
        segment["stage"], segment["stage_confidence"] = found.stages[place]
        segment["pain"] = None if segment["p_pain"] is None else place in hurt
        segment["themes"] = (
            None
            if findings.themes is None
            else [
                {"theme_id": match.theme_id, "name": match.name, "strength": match.strength}
                for match in findings.themes[place]
            ]
        )
    item["pain_points"] = [_pain(pain, findings, moved) for pain in found.pains]
    item["redactions"] = [
        {"start": moved[span.start], "end": moved[span.end], "kind": span.kind} for span in found.redactions
    ]
    return item


def _pain(pain: TextPain, findings: Findings, moved: dict[int, int]) -> dict[str, Any]:
    found = findings.found
    segment = found.item.segments[pain.segment]
    quote = {"start": moved[segment.start], "end": moved[segment.end], "quote": found.texts[pain.segment]}
    return {
        "aspect": pain.aspect,
        "statement": pain.statement,
        "severity": pain.severity,
        "reasons": list(pain.reasons),
        "stage": found.stages[pain.segment][0],
        "evidence": [quote],
    }
