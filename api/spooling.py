"""Bring an upload into the private spool as it streams in, and ask for the job that reads it.

Files (CSV, JSONL) go to the spool as they are and are read like those of ``textcx analyze``; records sent as one JSON
document are checked first, field by field. What does not become a new job leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request

from textcx.domain.errors import BadSetting, DiskFull, NothingToAnalyze, StoreProblem, UnreadableInput, WrongUse
from textcx.domain.service.datasets import Dataset, Job, JobKind
from textcx.jobs.columns import check_columns, columns_of, line_of
from textcx.readers.columns.ratings import parse_rating
from textcx.readers.opening import column_names
from textcx.settings.service import ServiceSettings
from textcx.store.spool import safe_name
from textcx.store.sql.jobs import NewUpload

from .http.bodies import checked, media_type_of, parsed
from .http.errors import Code, Problem, refused
from .schemas.records import GivenRecord, RecordsRequest
from .scoring.batching import CallerGone
from .stores import MOST_UPLOADS, Stores

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


def column_settings(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Check the settings of columns; raises ``BadSetting`` without their values where something cannot be."""
    checked_columns = check_columns(columns)
    for flag in checked_columns.get("rating", ()):
        try:
            parse_rating(flag)
        except BadSetting:
            msg = "a rating is declared as NAME=COLUMN:LOW-HIGH or NAME=COLUMN:LOW-HIGH:reversed, such as nps=nps:0-10"
            raise BadSetting(msg) from None
    return checked_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload as it was requested: where to, by whom, whether only once, and what its columns are."""

    stores: Stores
    settings: ServiceSettings
    dataset: str
    columns: Mapping[str, Any]
    filename: str | None
    caller: str
    idempotency_key: str | None

    async def receive(self, request: Request) -> Job:
        """Take it into the spool and ask for its job: that of the first request where the key came before.

        Raises:
            Problem: If the upload cannot be taken, or its data set is not there.
            StoreProblem: If the database cannot be reached, or there is no room.
        """
        kind = media_type_of(request)
        if kind != JSON_KIND and kind not in FILES:
            raise Problem(
                Code.UNSUPPORTED_MEDIA_TYPE,
                "The Content-Type is none that records come in.",
                hint=f"send {JSON_KIND}, text/csv, text/tab-separated-values or application/x-ndjson, also gzipped",
            )
        if self.stores.uploading >= MOST_UPLOADS:
            raise Problem(Code.OVERLOADED, "Too many uploads come in at once.", headers={"Retry-After": "5"})
        self.stores.uploading += 1
        loop, threads = asyncio.get_running_loop(), self.stores.uploads
        try:
            dataset = await loop.run_in_executor(threads, lambda: self.stores.context.datasets.get(self.dataset))
            if kind == JSON_KIND:
                records = await self._records(request)
                return await loop.run_in_executor(threads, lambda: self._keep_records(records, dataset))
            name = safe_name(self.filename or "upload").removesuffix(FILES[kind]) + FILES[kind]
            most = max(self.settings.max_file_bytes, self.settings.max_decompressed_file_bytes)
            pieces = _pieces(request, loop)
            return await loop.run_in_executor(threads, lambda: self._keep(pieces, name, self.columns, most_bytes=most))
        except ClientDisconnect:
            raise CallerGone from None
        except WrongUse as error:
            raise refused(error) from None
        finally:
            self.stores.uploading -= 1

    async def _records(self, request: Request) -> list[GivenRecord]:
        """Read records sent as one JSON document; that is held in memory, so it may be no longer than other bodies."""
        if self.columns or self.filename:
            detail = "Records sent as JSON have fields of their own; columns are declared for files only."
            raise Problem(Code.INVALID_REQUEST, detail)
        settings, body = self.settings, bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > settings.max_decompressed_bytes:
                raise Problem(
                    Code.BODY_TOO_LARGE,
                    f"A JSON document may hold {settings.max_decompressed_bytes:,} bytes at most.",
                    hint="send a file of lines, as application/x-ndjson, or text/csv",
                )
        records = (await asyncio.to_thread(lambda: checked(parsed(bytes(body)), RecordsRequest))).records
        if len(records) > settings.max_items:
            raise Problem(
                Code.TOO_MANY_ITEMS,
                f"{len(records):,} records came; at most {settings.max_items:,} are taken.",
                hint="send several requests, or a file, as application/x-ndjson or text/csv",
            )
        if any(len(record.text) > settings.max_text_characters for record in records):
            raise Problem(Code.TEXT_TOO_LONG, f"A text may hold {settings.max_text_characters:,} characters at most.")
        return records

    def _keep_records(self, records: Sequence[GivenRecord], dataset: Dataset) -> Job:
        declared = dataset.columns.get("rating") or ()
        flags = [*(dataset.learned.get("rating") or ()), *([declared] if isinstance(declared, str) else declared)]
        columns = columns_of(map(dict, records), rating_flags=flags)
        _check_ratings(records, columns.get("rating", ()))
        if "date_column" in columns:
            columns["date_format"] = "ISO 8601"
        return self._keep(map(line_of, map(dict, records)), "records.jsonl", columns, most_bytes=LARGEST_LINES)

    def _keep(self, pieces: Iterable[bytes], name: str, columns: Mapping[str, Any], *, most_bytes: int) -> Job:
        """Spool the upload and ask for its job; it leaves the spool again where no new job came of it."""
        context = self.stores.context
        try:
            spooled = context.spool.take(pieces, name=name, most_bytes=most_bytes)
        except DiskFull:
            raise
        except StoreProblem:
            detail = "The upload cannot be kept; the spool cannot be written to."
            raise Problem(Code.STORE_UNAVAILABLE, detail) from None
        taken = False
        try:
            if not spooled.size:
                raise Problem(Code.INVALID_REQUEST, "The body is empty.", hint="send a file with records")
            _look_at(context.spool.path(spooled.name))
            described = ["ingest", self.dataset, spooled.sha256, dict(columns)]
            job, taken = context.jobs.ask(
                JobKind.INGEST,
                self.dataset,
                upload=NewUpload(name=name, spooled=spooled, columns=columns),
                caller=self.caller,
                idempotency_key=self.idempotency_key,
                request_hash=hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest(),
            )
        finally:
            if not taken:
                context.spool.delete(spooled.name)
        self.stores.wake()
        return job


def _pieces(request: Request, loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
    """Give the body to a thread: each piece is asked of the event loop when the one before is written."""
    stream = request.stream().__aiter__()

    async def following() -> bytes | None:
        return await anext(stream, None)

    while (piece := asyncio.run_coroutine_threadsafe(following(), loop).result()) is not None:
        yield piece


def _check_ratings(records: Sequence[GivenRecord], flags: Iterable[str]) -> None:
    """Refuse ratings outside their scale, which a reader would leave out; raises ``Problem`` naming the records."""
    scales = {rating.name: rating for rating in map(parse_rating, flags)}
    wrong = [
        {"name": f"records.{place}.ratings", "reason": "a rating is outside its scale"}
        for place, record in enumerate(records)
        if any(
            value is not None and not scales[name].low <= value <= scales[name].high
            for name, value in record.ratings.items()
        )
    ]
    if wrong:
        raise Problem(Code.INVALID_REQUEST, "Some ratings are outside their scales.", invalid_params=wrong[:20])


def _look_at(path: Path) -> None:
    """Refuse a file of which no job could make anything: unreadable, or with more columns than any feedback has."""
    columns = 0
    if path.suffix != ".jsonl":  # a far too wide file is not worth a reader's time
        with path.open("rb") as file:
            head = file.readline(LONGEST_HEADER)
        columns = 1 + max(head.count(mark) for mark in (b",", b";", b"\t", b"|"))
    try:
        if columns <= MOST_COLUMNS:
            columns = len(column_names(path))
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
