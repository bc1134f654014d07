"""Data sets, and the records that go into them."""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from textcx.client.connection import Call, as_json, nothing, path_of, posted
from textcx.client.documents import Dataset, Job, Record
from textcx.client.errors import ServiceError
from textcx.client.found import KeptRecord
from textcx.client.reading import read
from textcx.client.texts import Placed, in_chunks, relocated
from textcx.domain.errors import WrongUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from textcx.client.connection import Connection

KINDS = {
    ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
}  # fmt: skip
"""Kinds of files that are sent as they are, by suffix; each also with ``.gz`` behind it."""
PIECE = 1 << 18


class Datasets:
    """``client.datasets``."""

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

        Raises:
            ServiceError: If it is refused.
        """
        document: dict[str, Any] = {"columns": dict(columns or {})}
        told = {"title": title, "retention_days": retention_days, "theme_set": theme_set}
        document |= {key: value for key, value in told.items() if value is not None}
        call = posted(path_of("datasets", name), document, method="PUT")
        return read(Dataset, self._connection.send(call, take=as_json))

    def get(self, name: str) -> Dataset:
        """Return a data set.

        Raises:
            ServiceError: With status 404 where there is none of that name.
        """
        return read(Dataset, self._connection.get(path_of("datasets", name)))

    def all(self) -> list[Dataset]:
        """Return all data sets, by name.

        Raises:
            ServiceError: If they cannot be had.
        """
        return [read(Dataset, each) for each in self._connection.get("/v1/datasets")["items"]]

    def delete(self, name: str) -> None:
        """Delete a data set with everything in it.

        Raises:
            ServiceError: With status 404 where there is none of that name.
        """
        self._connection.send(Call(method="DELETE", path=path_of("datasets", name), erases=True), take=nothing)

    def record(self, name: str, record_id: str) -> KeptRecord:
        """Return a record, masked, with its segments.

        Raises:
            ServiceError: With status 404 where there is none of that id.
        """
        return read(KeptRecord, self._connection.get(path_of("datasets", name, "records", record_id)))

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
        key, jobs = idempotency_key or secrets.token_hex(16), list[Job]()
        path = path_of("datasets", name, "records")
        placed = (Placed(place, _document(record, place)) for place, record in enumerate(records))
        for chunk in in_chunks(placed):
            document = {"records": [each.document for each in chunk]}
            once = f"{key}.{chunk[0].place}-{chunk[-1].place}"
            try:
                told = self._connection.send(posted(path, document, Idempotency_Key=once), take=as_json)
            except ServiceError as error:
                raise relocated(error, name="records", chunk=chunk) from None
            jobs.append(read(Job, told))
        return jobs

    def upload(
        self,
        name: str,
        file: str | Path | BinaryIO,
        *,
        media_type: str | None = None,
        compressed: bool | None = None,
        filename: str | None = None,
        text_column: Sequence[str] = (),
        id_column: str | None = None,
        date_column: str | None = None,
        date_format: str | None = None,
        source: str | None = None,
        source_column: str | None = None,
        respondent_column: str | None = None,
        touchpoint_column: str | None = None,
        value_column: str | None = None,
        attribute: Sequence[str] = (),
        rating: Sequence[str] = (),
        idempotency_key: str | None = None,
    ) -> Job:
        """Send a file as it is, piece by piece; it is never held in memory. A job reads and stores its records.

        Args:
            name: Of the data set.
            file: CSV, TSV or JSONL, also with ``.gz``; or an open binary file. One that cannot be rewound is sent once
                and never again.
            media_type: By default that of the suffix; an open file without a name needs it.
            compressed: Whether it is gzipped; by default what the suffix says.
            filename: What it is called in messages; by default its own name.
            text_column: Columns with the customers' words. This and the others are found by themselves where they are
                not said.
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
            idempotency_key: Sending the same again with it gives the same job; by default one of this call's own.

        Raises:
            WrongUse: If the file is of a kind that the service does not take.
            OSError: If the file cannot be read.
            ServiceError: If it is refused.
        """
        told = Path(file).name if isinstance(file, (str, Path)) else Path(str(getattr(file, "name", ""))).name
        called = filename or told
        kind, zipped = _kind_of(called, media_type, compressed=compressed)
        columns: dict[str, str | Sequence[str] | None] = {
            "text_column": text_column, "id_column": id_column, "date_column": date_column, "date_format": date_format,
            "source": source, "source_column": source_column, "respondent_column": respondent_column,
            "touchpoint_column": touchpoint_column, "value_column": value_column, "attribute": attribute,
            "rating": rating, "filename": called.removesuffix(".gz") or None,
        }  # fmt: skip
        headers = {"Content-Type": kind, "Idempotency-Key": idempotency_key or secrets.token_hex(16)}
        if zipped:
            headers["Content-Encoding"] = "gzip"
        params = tuple((key, each) for key, value in columns.items() for each in _listed(value))
        path = path_of("datasets", name, "records")
        if isinstance(file, (str, Path)):
            with Path(file).open("rb") as opened:
                return self._upload(path, opened, params, headers)
        return self._upload(path, file, params, headers)

    def _upload(
        self, path: str, file: BinaryIO, params: tuple[tuple[str, str], ...], headers: dict[str, str]
    ) -> Job:  # fmt: skip
        again = file.seekable()
        start = file.tell() if again else 0
        if again:
            headers["Content-Length"] = str(file.seek(0, io.SEEK_END) - start)

        def pieces() -> Iterator[bytes]:
            if again:
                file.seek(start)
            while piece := file.read(PIECE):
                yield piece

        passing = Call(method="POST", path=path).passing if again else frozenset[int]()
        call = Call(
            method="POST", path=path, params=params, body=pieces, headers=headers, safe=again, passing=passing
        )  # fmt: skip
        return read(Job, self._connection.send(call, take=as_json))


def _kind_of(name: str, media_type: str | None, *, compressed: bool | None) -> tuple[str, bool]:
    """Return media type, and whether the file is gzipped.

    Raises:
        WrongUse: If the type is not told and the suffix tells none.
    """
    lower = name.lower()
    zipped = lower.endswith(".gz") if compressed is None else compressed
    kind = media_type or KINDS.get(Path(lower.removesuffix(".gz")).suffix)
    if kind is None:
        suffixes = ", ".join(KINDS)
        msg = f"expected a file named {suffixes}, also with .gz, or its media_type; save other kinds as CSV first"
        raise WrongUse(msg)
    return kind, zipped


def _listed(value: str | Sequence[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _document(record: object, place: int) -> dict[str, Any]:
    if isinstance(record, Record):
        given: dict[str, Any] = {each.name: getattr(record, each.name) for each in fields(record)}
    elif isinstance(record, Mapping):
        given = dict(record)
    else:
        msg = f"expected Record or mappings, got {type(record).__name__} at place {place}"
        raise WrongUse(msg)
    if isinstance(given.get("created_at"), (date, datetime)):
        given["created_at"] = given["created_at"].isoformat()
    return {
        name: dict(value) if isinstance(value, Mapping) else value for name, value in given.items() if value is not None
    }
