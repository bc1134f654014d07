"""Batches of an upload in SQL: the part as a blob, its records and segments as rows, its urgent cases, in one go.

A batch is in the database whole or not at all, and once: its number within the upload is unique, and so are the
identity and the id of each record in its data set. A process that was thought dead and is not can store nothing twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from textcx.domain.feedback import Unprocessable
from textcx.domain.parts import Part
from textcx.store.files import PartTables, part_bytes, part_tables
from textcx.store.sql.erasure import ErasedMeanwhile, lock_out, pending_erasures
from textcx.store.sql.rows import SqlStore, chunks
from textcx.store.sql.schema.columns import storable
from textcx.store.sql.schema.tables import datasets, parts, records, segments, uploads
from textcx.store.sql.triage import enter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from textcx.domain.service.datasets import Upload, Urgency

_MADE = {"id", "dataset_id", "part_id", "received_at", "row", "record_id", "identity", "reason", "location"}
_RECORD = sorted(set(records.c.keys()) - _MADE - {"ratings", "attributes", "duplicate_of"})
_SEGMENT = sorted(set(segments.c.keys()) - {"id", "dataset_id", "record", "pain_point_id"})
"""Columns that are stored as they were found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch ready to be stored.

    Attributes:
        number: Of the batch in its upload, from 0.
        part: Only the records that are new, ``given_id`` being the id that each is kept under.
        identities: By row, what makes each record the same again.
        incoming: The segments of ``part``, in its order, with what was found out about them.
        main: ``record_id``, ``primary_theme_id`` and ``primary_stage`` of the records that have segments.
        urgencies: By row, of the records that need a person.
        repeats: How often each content without an id came in the batch.
        outcome: Counts.
    """

    number: int
    part: Part
    identities: Mapping[int, str]
    incoming: pl.DataFrame
    main: pl.DataFrame
    urgencies: Mapping[int, Urgency]
    repeats: Mapping[str, int]
    outcome: Mapping[str, int]


_CLEARLY = 0.6
"""Probability from which a segment is clearly of a label."""


class SqlBatches(SqlStore):
    """The stored batches of an installation."""

    def outcome(self, upload_id: str, number: int) -> dict[str, int] | None:
        """Return the counts of a stored batch; null where it was not stored."""
        chosen = sa.select(parts.c.outcome).where(parts.c.upload_id == upload_id, parts.c.number == number)
        return next(iter(self._database.scalars(chosen)), None)

    def progress(self, upload_id: str) -> tuple[int, Counter[str], Counter[str]]:
        """Return how many batches of an upload are stored, their counts and their repeats, summed."""
        chosen = sa.select(parts.c.outcome, parts.c.repeats).where(parts.c.upload_id == upload_id)
        counts: Counter[str] = Counter()
        repeats: Counter[str] = Counter()
        rows = self._database.rows(chosen)
        for row in rows:
            counts.update(row["outcome"])
            repeats.update(row["repeats"])
        return len(rows), counts, repeats

    def known_identities(self, dataset_id: int, identities: Iterable[str]) -> set[str]:
        """Return which of some identities of records a data set has."""
        return self._present(dataset_id, records.c.identity, identities)

    def taken_ids(self, dataset_id: int, record_ids: Iterable[str]) -> set[str]:
        """Return which of some ids of records are taken in a data set."""
        return self._present(dataset_id, records.c.record_id, storable(list(record_ids)))

    def _present(self, dataset_id: int, column: sa.Column[str], values: Iterable[str]) -> set[str]:
        present: set[str] = set()
        for some in chunks(list(values)):
            chosen = sa.select(column).where(records.c.dataset_id == dataset_id, column.in_(some))
            present.update(self._database.scalars(chosen))
        return present

    def earlier_contacts(self, dataset_id: int, respondents: Iterable[str], *, since: datetime) -> Counter[str]:
        """Count the negative records of respondents since a time."""
        counts: Counter[str] = Counter()
        for some in chunks(sorted(set(respondents))):
            chosen = sa.select(records.c.respondent_id).where(
                records.c.dataset_id == dataset_id,
                records.c.respondent_id.in_(some),
                records.c.label == "negative",
                sa.func.coalesce(records.c.created_at, records.c.received_at) >= since,
            )
            counts.update(self._database.scalars(chosen))
        return counts

    def value_marks(self, dataset_id: int) -> list[float]:
        """Return the quantiles of the customer value of a data set; none before its first analysis."""
        found = self._database.scalars(sa.select(datasets.c.value_marks).where(datasets.c.id == dataset_id))
        return list(found[0] or ()) if found else []

    def save(self, upload: Upload, batch: Batch) -> dict[str, int]:
        """Store a batch; it counts when this returns. Returns its counts, as first stored if it was stored before.

        Raises:
            ErasedMeanwhile: If respondents of the batch were erased after the upload came in.
        """
        try:
            with self._database.write() as connection:
                self._insert(connection, upload, batch)
        except IntegrityError:
            stored = self.outcome(upload.id, batch.number)
            if stored is None:
                raise
            return stored
        return dict(batch.outcome)

    def _insert(self, connection: Connection, upload: Upload, batch: Batch) -> None:
        now = datetime.now(tz=UTC)
        part, new = batch.part, batch.part.records.height > 0
        lock_out(connection, alone=False)
        erased = pending_erasures(connection, since=upload.created_at)
        theirs = erased.intersection(part.records["respondent_id"].to_list()) if erased else set()
        if theirs:
            raise ErasedMeanwhile(theirs)
        part_id: int = connection.execute(
            sa.insert(parts)
            .values(
                dataset_id=upload.dataset_id,
                upload_id=upload.id,
                number=batch.number,
                outcome=dict(batch.outcome),
                repeats=dict(batch.repeats),
                warnings=storable(list(part.warnings)),
                unreadable=storable([asdict(broken) for broken in part.unreadable]),
                created_at=now,
                blob=part_bytes(PartTables.of(part)) if new else None,
            )
            .returning(parts.c.id)
        ).scalar_one()
        if not new:
            return
        spread = batch.incoming.group_by("row").agg(
            n_segments=pl.len(),
            mixed=(pl.col("p_negative").max() >= _CLEARLY) & (pl.col("p_positive").max() >= _CLEARLY),
        )
        main = batch.main.rename({"record_id": "given_id"})
        frame = (
            part.records.join(spread, on="row", how="left")
            .join(main, on="given_id", how="left")
            .with_columns(pl.col("n_segments").fill_null(0), pl.col("mixed").fill_null(value=False))
        )
        shared = {"dataset_id": upload.dataset_id, "part_id": part_id, "received_at": now}
        connection.execute(
            sa.insert(records),
            [{**shared, **_record_row(row, batch.identities[row["row"]])} for row in frame.iter_rows(named=True)],
        )
        chosen = sa.select(records.c.row, records.c.id, records.c.record_id).where(records.c.part_id == part_id)
        stored = {row.row: row for row in connection.execute(chosen)}
        rows = [
            {"dataset_id": upload.dataset_id, "record": stored[row["row"]].id}
            | {name: storable(row.get(name)) for name in _SEGMENT}
            for row in batch.incoming.iter_rows(named=True)
        ]
        if rows:
            connection.execute(sa.insert(segments), rows)
        for row, urgency in batch.urgencies.items():
            enter(connection, urgency, dataset_id=upload.dataset_id, record=stored[row], now=now)

    def last(self, dataset_id: int) -> int:
        """Return the number of the last batch of a data set; 0 where there is none."""
        chosen = sa.select(sa.func.coalesce(sa.func.max(parts.c.id), 0)).where(parts.c.dataset_id == dataset_id)
        return int(self._database.scalars(chosen)[0])

    def load(self, dataset_id: int, *, upto: int) -> Part | None:
        """Bring the batches of a data set up to a number together, in the order in which they came; null for none.

        Rows are numbered throughout. A broken line of a file that was sent twice counts once.
        """
        chosen = (
            sa.select(parts, uploads.c.sha256, uploads.c.number.label("upload"))
            .join(uploads, uploads.c.id == parts.c.upload_id)
            .where(parts.c.dataset_id == dataset_id, parts.c.id <= upto)
            .order_by(uploads.c.number, parts.c.number)
        )
        whole: list[Part] = []
        unreadable: tuple[list[Unprocessable], list[Unprocessable]] = ([], [])  # of batches with records, and without
        broken_lines: set[tuple[str, int]] = set()
        first, upload, offset = 0, None, 0
        with self._database.read() as connection:
            # one at a time: PostgreSQL's driver would hold the bytes of all batches beside what is made of them
            for row in connection.execution_options(yield_per=1).execute(chosen).mappings():
                if row["upload"] != upload:
                    upload, offset = row["upload"], first
                for plain in row["unreadable"]:
                    broken = Unprocessable.from_plain(plain)
                    if (row["sha256"], broken.row) not in broken_lines:
                        broken_lines.add((row["sha256"], broken.row))
                        unreadable[row["blob"] is None].append(replace(broken, row=broken.row + offset))
                if row["blob"] is not None:
                    whole.append(_shifted(row["blob"], offset, row["warnings"]))
                first = max(first, offset + row["outcome"]["first"] + row["outcome"]["rows"])
        if not whole:
            return None
        joined, lines = Part.joined(whole), (*unreadable[0], *unreadable[1])
        return replace(joined, unreadable=lines, rows=joined.rows + len(lines))


def _shifted(blob: bytes, offset: int, warnings: Sequence[str]) -> Part:
    kept = part_tables(blob)
    return Part(
        records=kept.records.with_columns(pl.col("row") + offset, input=pl.lit(0, dtype=pl.Int64)),
        segments=kept.segments.with_columns(pl.col("row") + offset),
        matters=kept.matters,
        unreadable=(),
        warnings=tuple(warnings),
        rows=kept.records.height,
        aspects=kept.aspects.with_columns(pl.col("row") + offset),
    )


def _record_row(row: Mapping[str, Any], identity: str) -> dict[str, Any]:
    nothing = {} if row["reason"] is None else {"text": None, "n_segments": 0, "mixed": None}
    return {
        **{name: storable(row.get(name)) for name in _RECORD},
        **nothing,
        "row": row["row"],
        "record_id": storable(row["given_id"]),
        "identity": identity,
        "reason": row["reason"],
        "location": storable(row["where"]),
        "ratings": storable(_named(row, "rating:")),
        "attributes": storable(_named(row, "attribute:")),
    }


def _named(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix) and value is not None
    }
