"""Data sets, the records that go into them, and the erasure of persons."""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypedDict, Unpack

from textcx_client.answers.datasets import Dataset, Job, Receipt, Record
from textcx_client.answers.findings import RecordDetail
from textcx_client.answers.schema import Listing
from textcx_client.connection import Call, Part, json_call, path_of
from textcx_client.errors import ServiceError, WrongUse
from textcx_client.rows import check_keywords, params_of
from textcx_client.scoring import Placed, document_of, in_chunks, relocated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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

    ``text_column``: with the customers' words. ``date_format``: such as ``%d.%m.%Y``. ``source``: review, survey,
    social or support; ``source_column`` says so for each record. ``respondent_column``: who answered.
    ``touchpoint_column``: where the contact was. ``value_column``: the value of the customer. ``attribute``: what
    groups customers. ``rating``: ``NAME=COLUMN:LOW-HIGH``, such as ``nps=likely:0-10``; ``:reversed`` behind it where
    low is good.
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


class Datasets(Part):
    """``client.datasets``.

    Every method raises ``ServiceError`` if the service refuses, with status 404 if there is no data set or record of
    that name.
    """

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
        """Send records, in as many requests as they need; a job stores those of each request, up to 1,000.

        Where one request fails, those before it were taken; its ``invalid_params`` count from the first of all records.
        Sending all of them again is harmless.

        Args:
            name: Of the data set.
            records: ``Record`` or mappings with its fields.
            idempotency_key: Sending the same again with it gives the same jobs; by default one of this call's own.
        """
        path, key = path_of("datasets", name, "records"), idempotency_key or secrets.token_hex(16)
        jobs: list[Job] = []
        for chunk in in_chunks(Placed(place, _record(record, place)) for place, record in enumerate(records)):
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
        with Path(file).open("rb") if isinstance(file, (str, Path)) else nullcontext(file) as opened:
            return self._connection.ask(Job, _upload(path, opened, params, headers))


class Respondents(Part):
    """``client.respondents``. Every method raises ``ServiceError`` if the service refuses."""

    def erase(self, respondent: str) -> Receipt:
        """Erase a person everywhere. Figures of stored analyses stay as they were until the next one.

        Never sent again where it may have been done already, since only the first receipt counts what there was;
        calling it again is harmless.

        Args:
            respondent: The id that was sent with the records, or the pseudonym that answers show.
        """
        call = Call(method="DELETE", path=path_of("respondents", respondent), safe=False)
        return self._connection.ask(Receipt, call)

    def receipt(self, receipt_id: str) -> Receipt:
        """Return a receipt; status 404 where there is none of that id."""
        return self._connection.get(Receipt, path_of("receipts", receipt_id))


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

    call = Call(method="POST", path=path, params=params, body=pieces, headers=headers)
    return call if seekable else replace(call, safe=False, transient=frozenset())


def _kind_of(name: str, media_type: str | None, *, compressed: bool | None) -> tuple[str, bool]:
    """Return media type, and whether the file is gzipped; ``WrongUse`` if there is no type and the suffix has none."""
    lower = name.lower()
    gzipped = lower.endswith(".gz") if compressed is None else compressed
    kind = media_type or MEDIA_TYPES.get(Path(lower.removesuffix(".gz")).suffix)
    if kind is None:
        suffixes = ", ".join(MEDIA_TYPES)
        msg = f"expected a file named {suffixes}, also with .gz, or its media_type; save other kinds as CSV first"
        raise WrongUse(msg)
    return kind, gzipped


def _record(record: object, place: int) -> dict[str, Any]:
    document = document_of(record, Record, place=place)
    if isinstance(document.get("created_at"), date):
        document["created_at"] = document["created_at"].isoformat()
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in document.items()}
