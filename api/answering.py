"""What the routes that score now have in common: from a request to texts for the model, and from answers to JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from textcx.domain.items import LINE_ID, GivenText, SentimentItem

from .deps import Services, services_of
from .http.errors import Code, Problem
from .schemas.scoring import TextsRequest
from .scoring.offsets import convert

LATEST = "latest"
FEW = 32
"""So many items are written to JSON on the event loop; more of them in a thread, so that others are not held up."""


@dataclass(slots=True)
class Taken:
    """What came of a request's items: texts to score, and errors by place."""

    ids: list[str]
    texts: list[GivenText] = field(default_factory=list)
    failed: dict[int, dict[str, Any]] = field(default_factory=dict)


def take(request: TextsRequest, services: Services) -> Taken:
    """Check a request against the limits and turn its items into texts.

    Raises:
        Problem: If there are too many items or another model version is wanted.
    """
    version = services.scoring.model_version  # before one is loaded, none is refused
    if version and request.model_version not in {None, LATEST, version}:
        raise Problem(Code.MODEL_VERSION_UNAVAILABLE, f"This service answers with {version}.")
    items = request.texts()
    check_count(len(items), most=services.settings.max_items)
    longest = services.settings.max_text_characters
    taken = Taken([item.id if item.id is not None else LINE_ID.format(place) for place, item in enumerate(items, 1)])
    seen: set[str] = set()
    for place, (item, name) in enumerate(zip(items, taken.ids, strict=True)):
        if name in seen:
            taken.failed[place] = _item_error(name, "duplicate_id", "an item before has the same id")
        elif len(item.text) > longest:
            taken.failed[place] = _item_error(name, "text_too_long", f"expected at most {longest:,} characters")
        else:
            taken.texts.append(GivenText(id=name, text=item.text, language=item.language))
        seen.add(name)
    return taken


def check_count(count: int, *, most: int) -> None:
    """Refuse more items than are taken at once.

    Raises:
        Problem: If there are more.
    """
    if count > most:
        raise Problem(Code.TOO_MANY_ITEMS, f"{count:,} items came; at most {most:,} are taken at once.")


def _item_error(name: str, code: str, message: str) -> dict[str, Any]:
    return {"id": name, "error": {"code": code, "message": message}}


async def ask(kind: str, texts: Sequence[GivenText], *, request: Request) -> list[Any]:
    """Ask the model about texts, if there are any, until the caller goes away; the body must have been read."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return await services_of(request).batcher.submit(kind, texts, gone=gone) if texts else []


def merge(taken: Taken, answers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put answers and errors together in the order of the items."""
    rest = iter(answers)
    return [taken.failed.get(place) or next(rest) for place in range(len(taken.ids))]


def plain(item: SentimentItem, text: str, *, unit: str, segments: bool) -> dict[str, Any]:
    """Return an item as plain values, its offsets in the caller's unit."""
    found = item.plain(segments=segments)
    if segments and unit != "codepoint" and item.segments:
        moved = convert(text, (edge for segment in item.segments for edge in (segment.start, segment.end)), unit)
        for segment in found["segments"]:
            segment["start"], segment["end"] = moved[segment["start"]], moved[segment["end"]]
    return found


async def respond(build: Callable[[], dict[str, Any]], *, items: int) -> Response:
    """Build a document and answer with it as JSON, in a thread where it is a large one."""
    body = dumped(build()) if items <= FEW else await asyncio.to_thread(lambda: dumped(build()))
    return Response(body, media_type="application/json")


def dumped(document: object) -> bytes:
    """Return a document as JSON in ASCII, so that cut emoji can be written too."""
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")
