"""``POST /v1/sentiment`` and ``POST /v1/analyze``: score texts now; nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from textcx.domain.feedback import Redaction
from textcx.domain.items import LINE_ID, GivenText, SegmentItem, SentimentItem, TextFindings, TextPain
from textcx.domain.service.keys import Scope

from ..http.bodies import read_model
from ..http.errors import Code, Problem
from ..openapi import body_of, problems
from ..routing import Services, ask, check_count, dumped, needs, services_of
from ..schemas.scoring import LATEST, AnalyzeAnswer, AnalyzeRequest, SentimentAnswer, SentimentRequest, TextsRequest
from ..scoring.offsets import convert
from ..scoring.tasks import FINDINGS, SENTIMENT, Findings

router = APIRouter(tags=["scoring"], dependencies=[needs(Scope.ANALYZE)])
SCORING = problems(400, 401, 403, 409, 413, 415, 422, 429, 500, 503)
PLACES = frozenset({"start", "end", "opinion_start", "opinion_end"})
FEW = 32
"""So many items are written to JSON on the event loop; more of them in a thread, so that others are not held up."""


@router.post(
    "/v1/sentiment",
    summary="Score one text, or up to 1,000",
    responses={200: {"model": SentimentAnswer}, **SCORING},
    openapi_extra=body_of(SentimentRequest),
)
async def sentiment(request: Request) -> Response:
    """Label, polarity and probabilities of each text, in order; an item that cannot be scored has an error instead."""
    wanted = await read_model(request, SentimentRequest)

    def plain(item: SentimentItem, text: str) -> dict[str, Any]:
        found = item.plain(segments=wanted.segments)
        if wanted.segments:
            _move(found["segments"], _moved(item, text, wanted))
        return found

    return await _answer(request, wanted, SENTIMENT, plain)


@router.post(
    "/v1/analyze",
    summary="Sentiment, pain points, journey stage and themes of texts",
    responses={200: {"model": AnalyzeAnswer}, **SCORING, **problems(404)},
    openapi_extra=body_of(AnalyzeRequest),
)
async def analyze(request: Request) -> Response:
    """Segments with sentiment and stage, aspects, pain points with evidence, and the themes of a set if one is named.

    Quotes and statements are masked where they would identify a person.
    """
    wanted = await read_model(request, AnalyzeRequest)
    name = wanted.theme_set
    if name is not None and name not in services_of(request).scoring.theme_sets.names():
        raise Problem(Code.THEME_SET_UNKNOWN, "No theme set of that name is loaded.")
    kind = FINDINGS if name is None else f"{FINDINGS}:{name}"
    return await _answer(request, wanted, kind, partial(_analyzed, wanted=wanted), weight=8, theme_set=name)


async def _answer(
    request: Request,
    wanted: TextsRequest,
    kind: str,
    plain: Callable[[Any, str], dict[str, Any]],
    *,
    weight: int = 1,
    **document: object,
) -> Response:
    """Ask the model about the items that can be scored, and answer for all of them in their order.

    ``plain`` turns what the model says of a text, and the text, into plain values; ``weight`` says as how many items of
    sentiment that is as large; ``document`` are further fields of the answer.
    """
    services = services_of(request)
    taken = _take(wanted, services)
    texts = [each for each in taken if isinstance(each, GivenText)]
    found = await ask(kind, texts, request=request)

    def body() -> bytes:
        answers = map(plain, found, (each.text for each in texts))
        items = [next(answers) if isinstance(each, GivenText) else each for each in taken]
        return dumped({"model_version": services.scoring.model_version, **document, "items": items})

    return Response(
        body() if weight * len(found) <= FEW else await asyncio.to_thread(body), media_type="application/json"
    )


def _take(request: TextsRequest, services: Services) -> list[GivenText | dict[str, Any]]:
    """Return a text, or an error, for each item; raises ``Problem`` for too many, or another model version."""
    version = services.scoring.model_version  # before one is loaded, none is refused
    if version and request.model_version not in {None, LATEST, version}:
        raise Problem(Code.MODEL_VERSION_UNAVAILABLE, f"This service answers with {version}.")
    items = request.texts()
    check_count(len(items), most=services.settings.max_items)
    longest = services.settings.max_text_characters
    taken: list[GivenText | dict[str, Any]] = []
    seen: set[str] = set()
    for place, item in enumerate(items, 1):
        name = LINE_ID.format(place) if item.id is None else item.id
        if name in seen:
            taken.append(_error(name, "duplicate_id", "an item before has the same id"))
        elif len(item.text) > longest:
            taken.append(_error(name, "text_too_long", f"expected at most {longest:,} characters"))
        else:
            taken.append(GivenText(id=name, text=item.text, language=item.language))
        seen.add(name)
    return taken


def _error(name: str, code: str, message: str) -> dict[str, Any]:
    return {"id": name, "error": {"code": code, "message": message}}


def _moved(
    item: SentimentItem, text: str, wanted: TextsRequest, *, redactions: Iterable[Redaction] = ()
) -> dict[int, int]:
    """Return the edges of all that stands in a text, as they are and in the caller's unit."""
    spans: list[SegmentItem | Redaction] = [*item.segments, *redactions]
    edges = [edge for span in spans for edge in (span.start, span.end)]
    edges += [edge for aspect in item.aspects for edge in aspect.edges]
    return convert(text, edges, wanted.offset_encoding)


def _move(spans: Iterable[dict[str, Any]], moved: Mapping[int, int]) -> None:
    for span in spans:
        for edge in PLACES.intersection(span):
            span[edge] = None if span[edge] is None else moved[span[edge]]


def _analyzed(findings: Findings, text: str, *, wanted: TextsRequest) -> dict[str, Any]:
    found, themes = findings
    moved = _moved(found.item, text, wanted, redactions=found.redactions)
    item = found.item.plain(segments=True, aspects=True)
    _move((*item["segments"], *item["aspects"]), moved)
    hurt = {pain.segment for pain in found.pains}
    for place, segment in enumerate(item["segments"]):
        segment["stage"], segment["stage_confidence"] = found.stages[place]
        segment["pain"] = None if segment["p_pain"] is None else place in hurt
        segment["themes"] = None if themes is None else [asdict(match) for match in themes[place]]
    item["pain_points"] = [_pain(pain, found, moved) for pain in found.pains]
    item["redactions"] = [
        {"start": moved[span.start], "end": moved[span.end], "kind": span.kind} for span in found.redactions
    ]
    return item


def _pain(pain: TextPain, found: TextFindings, moved: Mapping[int, int]) -> dict[str, Any]:
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
