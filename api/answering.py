"""What the routes that score now have in common: from a request to texts for the model, and from answers to JSON."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from textcx.domain.items import LINE_ID, GivenText

from .http.errors import Code, Problem
from .scoring.offsets import convert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request

    from textcx.domain.items import SentimentItem

    from .deps import Services
    from .schemas.scoring import GivenItem, TextsRequest

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
    check_version(request.model_version, services)
    items = request.texts()
    check_count(len(items), most=services.settings.max_items)
    longest = services.settings.max_text_characters
    taken = Taken([item.id if item.id is not None else LINE_ID.format(place) for place, item in enumerate(items, 1)])
    seen: set[str] = set()
    for place, (item, name) in enumerate(zip(items, taken.ids, strict=True)):
        if name in seen:
            taken.failed[place] = item_error(name, "duplicate_id", "an item before has the same id")
        elif len(item.text) > longest:
            taken.failed[place] = item_error(name, "text_too_long", f"expected at most {longest:,} characters")
        else:
            taken.texts.append(_given(item, name))
        seen.add(name)
    return taken


def _given(item: GivenItem, name: str) -> GivenText:
    return GivenText(id=name, text=item.text, language=item.language)


def check_version(wanted: str | None, services: Services) -> None:
    """Refuse a model version that is not the one that is loaded; before one is loaded, none is refused.

    Raises:
        Problem: If it is another.
    """
    have = services.scoring.model_version
    if wanted not in {None, LATEST, have} and have:
        raise Problem(Code.MODEL_VERSION_UNAVAILABLE, f"This service answers with {have}.")


def check_count(count: int, *, most: int) -> None:
    """Refuse more items than are taken at once.

    Raises:
        Problem: If there are more.
    """
    if count > most:
        raise Problem(Code.TOO_MANY_ITEMS, f"{count:,} items came; at most {most:,} are taken at once.")


def item_error(name: str, code: str, message: str) -> dict[str, Any]:
    """Return the answer for an item that has none."""
    return {"id": name, "error": {"code": code, "message": message}}


def gone(request: Request) -> Callable[[], Any]:
    """Return a function that waits until the caller of a request goes away; its body must have been read."""

    async def wait() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return wait


async def ask(kind: str, texts: Sequence[GivenText], *, request: Request, services: Services) -> list[Any]:
    """Ask the model about texts, if there are any."""
    if not texts:
        return []
    return await services.batcher.submit(kind, texts, gone=gone(request))


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
    body = _dump(build) if items <= FEW else await asyncio.to_thread(_dump, build)
    return Response(body, media_type="application/json")


def _dump(build: Callable[[], dict[str, Any]]) -> bytes:
    return json.dumps(build(), allow_nan=False, separators=(",", ":")).encode("ascii")
