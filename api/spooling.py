"""Bring an upload into the private spool as it streams in, and ask for the job that reads it.

Files (CSV, JSONL) go to the spool as they are and are read like those of ``textcx analyze``; records sent as one JSON
document are checked first, field by field. What does not become a new job leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect

from textcx.domain.errors import BadSetting, DiskFull, NothingToAnalyze, StoreProblem, UnreadableInput, WrongUse
from textcx.domain.service.datasets import JobKind
from textcx.jobs.columns import check_columns, columns_of, line_of
from textcx.readers.columns.ratings import parse_rating
from textcx.readers.opening import column_names
from textcx.store.spool import safe_name
from textcx.store.sql.jobs import NewUpload

from .deps import refused
from .http.bodies import checked
from .http.errors import Code, Problem
from .schemas.documents import GivenRecord, RecordsRequest
from .scoring.batching import CallerGone
from .stores import MOST_UPLOADS, Stores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from starlette.requests import Request

    from textcx.domain.service.datasets import Dataset, Job
    from textcx.settings.service import ServiceSettings

JSON_KIND = "application/json"
FILES = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/jsonlines": ".jsonl",
}
"""Kinds of files that are taken, and the suffix by which readers know them."""
MOST_COLUMNS = 1000
LONGEST_HEADER = 1 << 20
LARGEST_LINES = 1 << 32
"""Bytes of records that came as one JSON document, which is limited itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    """An upload as it was requested: where to, by whom, whether only once, and what its columns are."""

    dataset: str
    columns: Mapping[str, Any]
    filename: str | None
    caller: str
    idempotency_key: str | None


def column_settings(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Check the settings of columns.

    Raises:
        BadSetting: If something is unknown or cannot be; values are not repeated.
    """
    checked_columns = check_columns(columns)
    for flag in checked_columns.get("rating", ()):
        try:
            parse_rating(flag)
        except BadSetting:
            msg = "a rating is declared as NAME=COLUMN:LOW-HIGH or NAME=COLUMN:LOW-HIGH:reversed, such as nps=nps:0-10"
            raise BadSetting(msg) from None
    return checked_columns


async def receive(request: Request, upload: UploadRequest, *, stores: Stores, settings: ServiceSettings) -> Job:
    """Take an upload into the spool and ask for its job.

    Returns:
        The job; that of the first request where the idempotency key came before.

    Raises:
        Problem: If the upload cannot be taken, or its data set is not there.
        StoreProblem: If the database cannot be reached.
        DiskFull: If there is no room for it.
    """
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if kind != JSON_KIND and kind not in FILES:
        raise Problem(
            Code.UNSUPPORTED_MEDIA_TYPE,
            "The Content-Type is none that records come in.",
            hint=f"send {JSON_KIND}, text/csv, text/tab-separated-values or application/x-ndjson, also gzipped",
        )
    if stores.uploading >= MOST_UPLOADS:
        raise Problem(Code.OVERLOADED, "Too many uploads come in at once.", headers={"Retry-After": "5"})
    stores.uploading += 1
    try:
        loop = asyncio.get_running_loop()
        dataset = await loop.run_in_executor(stores.uploads, lambda: stores.context.datasets.get(upload.dataset))
        if kind == JSON_KIND:
            records = await _records(request, upload, settings=settings)
            return await loop.run_in_executor(stores.uploads, lambda: _keep_records(records, dataset, upload, stores))
        name = safe_name(upload.filename or "upload").removesuffix(FILES[kind]) + FILES[kind]
        pieces, most = _Pieces(request, loop), max(settings.max_file_bytes, settings.max_decompressed_file_bytes)
        return await loop.run_in_executor(
            stores.uploads,
            lambda: _keep(pieces, name, upload.columns, most_bytes=most, upload=upload, stores=stores),
        )
    except ClientDisconnect:
        raise CallerGone from None
    except WrongUse as error:
        raise refused(error) from None
    finally:
        stores.uploading -= 1


async def _records(request: Request, upload: UploadRequest, *, settings: ServiceSettings) -> list[GivenRecord]:
    """Read records sent as one JSON document; that is held in memory, so it may be no longer than other bodies."""
    if upload.columns or upload.filename:
        raise Problem(
            Code.INVALID_REQUEST, "Records sent as JSON have fields of their own; columns are declared for files only."
        )
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > settings.max_decompressed_bytes:
            raise Problem(
                Code.BODY_TOO_LARGE,
                f"A JSON document may hold {settings.max_decompressed_bytes:,} bytes at most.",
                hint="send a file of lines, as application/x-ndjson, or text/csv",
            )
    records = (await asyncio.to_thread(_parse, bytes(body))).records
    if len(records) > settings.max_items:
        raise Problem(
            Code.TOO_MANY_ITEMS,
            f"{len(records):,} records came; at most {settings.max_items:,} are taken.",
            hint="send several requests, or a file, as application/x-ndjson or text/csv",
        )
    if any(len(record.text) > settings.max_text_characters for record in records):
        raise Problem(Code.TEXT_TOO_LONG, f"A text may hold {settings.max_text_characters:,} characters at most.")
    return records


def _parse(body: bytes) -> RecordsRequest:
    try:
        document = json.loads(body)  # pydantic's own parser refuses cut emoji
    except (ValueError, RecursionError):
        raise Problem(Code.NOT_JSON, "The body could not be read as JSON.") from None
    return checked(document, RecordsRequest)


def _keep_records(records: Sequence[GivenRecord], dataset: Dataset, upload: UploadRequest, stores: Stores) -> Job:
    declared = dataset.columns.get("rating") or ()
    flags = [*(dataset.learned.get("rating") or ()), *([declared] if isinstance(declared, str) else declared)]
    columns = columns_of(map(dict, records), rating_flags=flags)
    _check_ratings(records, columns.get("rating", ()))
    if "date_column" in columns:
        columns["date_format"] = "ISO 8601"
    return _keep(
        map(line_of, map(dict, records)),
        "records.jsonl",
        columns,
        most_bytes=LARGEST_LINES,
        upload=upload,
        stores=stores,
    )


def _check_ratings(records: Sequence[GivenRecord], flags: Iterable[str]) -> None:
    """Refuse ratings outside their scale, which a reader would leave out.

    Raises:
        Problem: Naming the records.
    """
    scales = {rating.name: (rating.low, rating.high) for rating in map(parse_rating, flags)}
    wrong = [
        {"name": f"records.{place}.ratings", "reason": "a rating is outside its scale"}
        for place, record in enumerate(records)
        if any(
            value is not None and not scales[name][0] <= value <= scales[name][1]
            for name, value in record.ratings.items()
        )
    ]
    if wrong:
        raise Problem(Code.INVALID_REQUEST, "Some ratings are outside their scales.", invalid_params=wrong[:20])


def _keep(
    pieces: Iterable[bytes],
    name: str,
    columns: Mapping[str, Any],
    *,
    most_bytes: int,
    upload: UploadRequest,
    stores: Stores,
) -> Job:
    """Spool an upload and ask for its job; it leaves the spool again where no new job came of it."""
    context = stores.context
    try:
        spooled = context.spool.take(pieces, name=name, most_bytes=most_bytes)
    except DiskFull:
        raise
    except StoreProblem:
        raise Problem(Code.STORE_UNAVAILABLE, "The upload cannot be kept; the spool cannot be written to.") from None
    taken = False
    try:
        if not spooled.size:
            raise Problem(Code.INVALID_REQUEST, "The body is empty.", hint="send a file with records")
        _look_at(context.spool.path(spooled.name))
        described = ["ingest", upload.dataset, spooled.sha256, dict(columns)]
        job, taken = context.jobs.ask(
            JobKind.INGEST,
            upload.dataset,
            upload=NewUpload(name=name, spooled=spooled, columns=columns),
            caller=upload.caller,
            idempotency_key=upload.idempotency_key,
            request_hash=hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest(),
        )
    finally:
        if not taken:
            context.spool.delete(spooled.name)
    stores.wake()
    return job


def _look_at(path: Path) -> None:
    """Refuse a file at once of which no job could make anything.

    Raises:
        Problem: If it cannot be read, or has more columns than any file of feedback.
    """
    try:
        columns = _columns(path) or len(column_names(path))
    except (UnreadableInput, NothingToAnalyze):
        raise Problem(
            Code.INVALID_REQUEST,
            "The file cannot be read: it is damaged, has no records or is of another kind.",
            hint="send it with the Content-Type that it is, in UTF-8, with a line of column names if it is CSV",
        ) from None
    if columns > MOST_COLUMNS:
        raise Problem(
            Code.INVALID_REQUEST,
            f"The file has {columns:,} columns; at most {MOST_COLUMNS:,} are taken.",
            hint="leave out the columns that are not needed",
        )


def _columns(path: Path) -> int:
    """Count the columns of a far too wide CSV file cheaply; 0 where a reader should look."""
    if path.suffix == ".jsonl":
        return 0
    with path.open("rb") as file:
        head = file.readline(LONGEST_HEADER)
    widest = 1 + max(head.count(mark) for mark in (b",", b";", b"\t", b"|"))
    return widest if widest > MOST_COLUMNS else 0


class _Pieces:
    """The body of a request for a thread: each piece is asked of the event loop when the one before is written."""

    def __init__(self, request: Request, loop: asyncio.AbstractEventLoop) -> None:
        self._stream: AsyncIterator[bytes] = request.stream().__aiter__()
        self._loop = loop

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        if piece is None:
            raise StopIteration
        return piece

    async def _next(self) -> bytes | None:
        return await anext(self._stream, None)
