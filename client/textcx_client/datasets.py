"""Data sets, and the records that go into them."""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypedDict, Unpack

from textcx_client.answers.datasets import Dataset, Job, Record
from textcx_client.answers.findings import RecordDetail
from textcx_client.answers.schema import Listing
from textcx_client.connection import TRANSIENT, Call, json_call, path_of
from textcx_client.errors import ServiceError, WrongUse
from textcx_client.rows import check_keywords, params_of
from textcx_client.scoring import Placed, in_chunks, relocated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textcx_client.connection import Connection

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
}
"""Kinds of files that are sent as they are, by suffix; each also with ``.gz`` behind it."""
PIECE_BYTES = 1 << 18


class Columns(TypedDict, total=False):
    """Which columns of a file are what; detected where they are not named.

    Attributes:
        text_column: Columns with the customers' words.
        id_column: Column with an id for each record.
        date_column: Column with the day or moment.
        date_format: Such as ``%d.%m.%Y``.
        source: review, survey, social or support.
        source_column: Column that says so for each record.
        respondent_column: Column that says who answered.
        touchpoint_column: Column that says where the contact was.
        value_column: Column with the value of the customer.
        attribute: Columns that group customers.
        rating: ``NAME=COLUMN:LOW-HIGH``, such as ``nps=likely:0-10``; ``:reversed`` behind it where low is good.
    """

    text_column: Sequence[str]
    id_column: str | None
    date_column: str | None
    date_format: str | None
    source: str | None
    source_column: str | None
    respondent_column: str | None
    touchpoint_column: str | None
    value_column: str | None
    attribute: Sequence[str]
    rating: Sequence[str]


class Datasets:
    """``client.datasets``.

    Every method raises ``ServiceError`` if the service refuses, with status 404 if there is no data set or record of
    that name.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(
        self,
        name: str,
        *,
        title: str | None = None,
        columns: Mapping[str, Any] | None = None,
        retention_days: int | None = None,
        theme_set: str | None = None,
    ) -> Dataset:
        """Make a data set, or replace all that is said about one; its records stay.

        Args:
            name: 1 to 100 of ``a-z 0-9 . _ -``, beginning and ending with a letter or digit, without ``..``.
            title: Heading for people.
            columns: Which columns of its files are what, as in ``upload``.
            retention_days: Records older than this are deleted.
            theme_set: Analyze it with the theme set of this name; null learns one from its records.
        """
        document = {
            "title": title,
            "columns": dict(columns or {}),
            "retention_days": retention_days,
            "theme_set": theme_set,
        }
        return self._connection.ask(Dataset, json_call(path_of("datasets", name), document, method="PUT"))

    def get(self, name: str) -> Dataset:
        """Return a data set."""
        return self._connection.get(Dataset, path_of("datasets", name))

    def all(self) -> list[Dataset]:
        """Return all data sets, by name."""
        return list(self._connection.get(Listing[Dataset], "/v1/datasets").items)

    def delete(self, name: str) -> None:
        """Delete a data set with everything in it."""
        self._connection.delete(path_of("datasets", name))

    def record(self, name: str, record_id: str) -> RecordDetail:
        """Return a record, masked, with its segments."""
        return self._connection.get(RecordDetail, path_of("datasets", name, "records", record_id))

    def send(
        self, name: str, records: Iterable[Record | Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> list[Job]:
        """Send records, in as many requests as they need; a job stores those of each request.

        Where one request fails, those before it were taken. Sending all of them again is harmless.

        Args:
            name: Of the data set.
            records: ``Record`` or mappings with its fields.
            idempotency_key: Sending the same again with it gives the same jobs; by default one of this call's own.

        Returns:
            The jobs, in order; one for up to 1,000 records.

        Raises:
            ServiceError: If some are refused; ``invalid_params`` counts from the first of all records.
        """
        path, key = path_of("datasets", name, "records"), idempotency_key or secrets.token_hex(16)
        jobs: list[Job] = []
        for chunk in in_chunks(Placed(place, _document(record, place)) for place, record in enumerate(records)):
            document = {"records": [each.document for each in chunk]}
            chunk_key = f"{key}.{chunk[0].place}-{chunk[-1].place}"
            try:
                jobs.append(self._connection.ask(Job, json_call(path, document, idempotency_key=chunk_key)))
            except ServiceError as error:
                raise relocated(error, name="records", chunk=chunk) from None
        return jobs

    def upload(
        self,
        name: str,
        file: str | Path | BinaryIO,
        *,
        media_type: str | None = None,
        compressed: bool | None = None,
        filename: str | None = None,
        idempotency_key: str | None = None,
        **columns: Unpack[Columns],
    ) -> Job:
        """Send a file as it is, piece by piece; it is never held in memory. A job reads and stores its records.

        Args:
            name: Of the data set.
            file: CSV, TSV or JSONL, also with ``.gz``; or an open binary file. One that cannot be rewound is sent once
                and never again.
            media_type: By default that of the suffix; an open file without a name needs it.
            compressed: Whether it is gzipped; by default what the suffix says.
            filename: What it is called in messages; by default its own name.
            idempotency_key: Sending the same again with it gives the same job; by default one of this call's own.
            columns: Which columns are what, see ``Columns``.

        Raises:
            WrongUse: If the file is of a kind that the service does not take.
            OSError: If the file cannot be read.
        """
        own_name = file if isinstance(file, (str, Path)) else str(getattr(file, "name", ""))
        filename = filename or Path(own_name).name
        kind, gzipped = _kind_of(filename, media_type, compressed=compressed)
        headers = {"Content-Type": kind, "Idempotency-Key": idempotency_key or secrets.token_hex(16)}
        if gzipped:
            headers["Content-Encoding"] = "gzip"
        check_keywords("upload", columns, Columns)
        params = params_of(**columns, filename=filename.removesuffix(".gz") or None)
        path = path_of("datasets", name, "records")
        if isinstance(file, (str, Path)):
            with Path(file).open("rb") as opened:
                return self._connection.ask(Job, _upload(path, opened, params, headers))
        return self._connection.ask(Job, _upload(path, file, params, headers))


def _upload(path: str, file: BinaryIO, params: tuple[tuple[str, str], ...], headers: dict[str, str]) -> Call:
    seekable = file.seekable()
    start = file.tell() if seekable else 0
    if seekable:
        headers["Content-Length"] = str(file.seek(0, io.SEEK_END) - start)

    def pieces() -> Iterator[bytes]:
        if seekable:
            file.seek(start)
        while piece := file.read(PIECE_BYTES):
            yield piece

    transient = TRANSIENT if seekable else frozenset[int]()
    return Call(
        method="POST", path=path, params=params, body=pieces, headers=headers, safe=seekable, transient=transient
    )


def _kind_of(name: str, media_type: str | None, *, compressed: bool | None) -> tuple[str, bool]:
    """Return media type, and whether the file is gzipped.

    Raises:
        WrongUse: If there is no type and the suffix implies none.
    """
    lower = name.lower()
    gzipped = lower.endswith(".gz") if compressed is None else compressed
    kind = media_type or MEDIA_TYPES.get(Path(lower.removesuffix(".gz")).suffix)
    if kind is None:
        suffixes = ", ".join(MEDIA_TYPES)
        msg = f"expected a file named {suffixes}, also with .gz, or its media_type; save other kinds as CSV first"
        raise WrongUse(msg)
    return kind, gzipped


def _document(record: object, place: int) -> dict[str, Any]:
    if not isinstance(record, (Record, Mapping)):
        msg = f"expected Record or mappings, got {type(record).__name__} at place {place}"
        raise WrongUse(msg)
    if isinstance(record, Record):
        document: dict[str, Any] = {each.name: getattr(record, each.name) for each in fields(record)}
    else:
        document = dict(record)
    if isinstance(document.get("created_at"), date):
        document["created_at"] = document["created_at"].isoformat()
    return {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in document.items()
        if value is not None
    }
