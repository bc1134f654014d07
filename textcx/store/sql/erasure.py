"""Erase records everywhere: rows, stored batches, stored analyses with their evidence, theme sets, triage, deliveries.

A receipt says what was removed, not whose it was. Pseudonyms of erased respondents are kept only while an upload or a
job that began before the erasure could still bring something of them back. Figures of a stored analysis stay.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import sqlalchemy as sa

from textcx.domain.service.datasets import JobState, Receipt, new_id
from textcx.steps.records.forget import BY_RECORD, WITH_QUOTES, count_quotes, forget_records
from textcx.store.files import PartTables, part_bytes, part_tables, table_bytes, table_of
from textcx.store.sql.rows import SqlStore, chunks, made, one_row
from textcx.store.sql.schema.columns import storable
from textcx.store.sql.schema.tables import (
    FINDINGS,
    analyses,
    analysis_tables,
    datasets,
    jobs,
    parts,
    receipts,
    records,
    segments,
    triage,
)
from textcx.store.sql.theme_sets import forget_in_theme_set

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray
    from sqlalchemy.engine import Connection

    from textcx.domain.analysis import Analysis

_LOCK = 8_317_254_402


class ErasedMeanwhile(Exception):
    """Respondents of a batch were erased while it was made; it must be stored without them."""

    def __init__(self, respondents: set[str]) -> None:
        super().__init__("respondents were erased meanwhile")
        self.respondents = respondents


class SqlErasure(SqlStore):
    """Erases respondents and what is too old, and keeps the receipts."""

    def respondents(self, pseudonyms: Collection[str], *, requested_by: str) -> Receipt:
        """Erase everything of some respondents, in every data set; a receipt also where there was nothing to erase.

        Args:
            pseudonyms: Theirs, under the installation's key.
            requested_by: Name of the key that asked for it.
        """
        with self._database.write() as connection:
            lock_out(connection, alone=True)
            chosen = sa.select(records.c.id).where(records.c.respondent_id.in_(sorted(pseudonyms)))
            removed = _erase(connection, list(connection.execute(chosen).scalars()))
            return _receipt(connection, "erasure", removed, requested_by=requested_by, respondents=sorted(pseudonyms))

    def too_old(self, *, now: datetime) -> list[Receipt]:
        """Erase what is older than its data set keeps records; a receipt for each data set that lost some."""
        receipts_made: list[Receipt] = []
        limited = sa.select(datasets.c.id, datasets.c.retention_days).where(datasets.c.retention_days.is_not(None))
        at = sa.func.coalesce(records.c.created_at, records.c.received_at)
        for found in self._database.rows(limited):
            before = now - timedelta(days=found["retention_days"])
            chosen = sa.select(records.c.id).where(records.c.dataset_id == found["id"], at < before)
            with self._database.write() as connection:
                numbers = list(connection.execute(chosen).scalars())
                if numbers:
                    removed = _erase(connection, numbers)
                    receipts_made.append(_receipt(connection, "retention", removed, requested_by="retention"))
        return receipts_made

    def receipt(self, receipt_id: str) -> Receipt:
        """Return a receipt, or raise ``NotFound``."""
        with self._database.read() as connection:
            chosen = sa.select(receipts).where(receipts.c.id == receipt_id)
            return made(Receipt, one_row(connection, chosen, missing="there is no receipt with that id"))

    def forget_names(self) -> int:
        """Forget the pseudonyms of receipts that no unfinished work is older than; returns how many were changed."""
        active = [JobState.QUEUED, JobState.RUNNING, JobState.FAILED, JobState.CANCELLED]
        oldest = sa.select(sa.func.min(jobs.c.created_at)).where(jobs.c.state.in_(active))
        with self._database.write() as connection:
            limit = connection.execute(oldest).scalar() or datetime.now(tz=UTC)
            older = sa.select(receipts.c.id, receipts.c.respondents).where(receipts.c.at < limit)
            named = [receipt_id for receipt_id, respondents in connection.execute(older) if respondents]
            for some in chunks(named):
                connection.execute(sa.update(receipts).where(receipts.c.id.in_(some)).values(respondents=[]))
        return len(named)


def lock_out(connection: Connection, *, alone: bool) -> None:
    """Let erasing (``alone``) wait for what is being stored, and the other way round; SQLite has one writer anyhow.

    The lock ends with the transaction. Those that store do not wait for each other.
    """
    if connection.dialect.name == "postgresql":
        function = sa.func.pg_advisory_xact_lock if alone else sa.func.pg_advisory_xact_lock_shared
        connection.execute(sa.select(function(_LOCK)))


def pending_erasures(connection: Connection, *, since: datetime) -> set[str]:
    """Return the pseudonyms of respondents who were erased since a time."""
    chosen = sa.select(receipts.c.respondents).where(receipts.c.at >= since)
    return {name for names in connection.execute(chosen).scalars() for name in names}


def forget_in_analysis(analysis: Analysis, *, respondents: Collection[str], there: Collection[str]) -> Analysis:
    """Return an analysis without what is of some respondents, or of records that are not ``there`` any more."""
    kept = set(there)
    gone = {one for one in analysis.records["record_id"] if storable(one) not in kept}
    if respondents and "respondent_id" in analysis.records.columns:
        theirs = analysis.records.filter(pl.col("respondent_id").is_in(list(respondents)))
        gone.update(theirs["record_id"])
    unprocessable = tuple(
        broken
        for broken in analysis.unprocessable
        if broken.record_id is None or storable(broken.record_id) in kept - gone
    )
    tables = forget_records(analysis.tables, gone) if gone else analysis.tables
    return replace(analysis, tables=tables, unprocessable=unprocessable)


def _erase(connection: Connection, numbers: list[int]) -> dict[str, int]:
    removed: Counter[str] = Counter(records=0, segments=0, triage=0, evidence=0)
    by_dataset: defaultdict[int, set[str]] = defaultdict(set)
    by_part: defaultdict[int, set[int]] = defaultdict(set)
    for some in chunks(numbers):
        chosen = sa.select(records.c.dataset_id, records.c.record_id, records.c.part_id, records.c.row)
        for dataset_id, record_id, part_id, row in connection.execute(chosen.where(records.c.id.in_(some))):
            by_dataset[dataset_id].add(record_id)
            by_part[part_id].add(row)
    vectors: defaultdict[int, list[NDArray[np.float16]]] = defaultdict(list)
    for part_id, rows in by_part.items():
        dataset_id, theirs = _erase_in_part(connection, part_id, rows)
        if len(theirs):
            vectors[dataset_id].append(theirs)
    for dataset_id, record_ids in by_dataset.items():
        removed["evidence"] += _erase_in_analyses(connection, dataset_id, record_ids)
        known = vectors[dataset_id] or [np.zeros((0, 0), dtype=np.float16)]
        forget_in_theme_set(connection, dataset_id, record_ids, vectors=np.concatenate(known))
    for some in chunks(numbers):
        for table in (triage, segments):
            removed[table.name] += connection.execute(sa.delete(table).where(table.c.record.in_(some))).rowcount
        removed["records"] += connection.execute(sa.delete(records).where(records.c.id.in_(some))).rowcount
    removed["datasets"] = len(by_dataset)
    return dict(removed)


def _erase_in_part(connection: Connection, part_id: int, rows: set[int]) -> tuple[int, NDArray[np.float16]]:
    """Take rows out of a stored batch; returns its data set and the matters that went."""
    chosen = sa.select(parts.c.dataset_id, parts.c.blob).where(parts.c.id == part_id)
    dataset_id, content = connection.execute(chosen).one()
    if content is None:
        return dataset_id, np.zeros((0, 0), dtype=np.float16)
    kept = part_tables(content)
    stays = ~pl.col("row").is_in(list(rows))
    left = kept.records.filter(stays)
    keep = kept.segments.select(stays).to_series().to_numpy()
    aspects = kept.aspects.filter(pl.col("row").is_in(left["row"].implode()))
    rest = PartTables(left, kept.segments.filter(stays), kept.matters[keep], aspects)
    blob = part_bytes(rest) if left.height else None
    connection.execute(sa.update(parts).where(parts.c.id == part_id).values(blob=blob))
    return dataset_id, kept.matters[~keep]


def _erase_in_analyses(connection: Connection, dataset_id: int, record_ids: set[str]) -> int:
    """Take records out of every stored analysis of a data set; returns how many quotes went with them."""
    quotes = 0
    kept = sa.select(analyses.c.id, analyses.c.unprocessable).where(analyses.c.dataset_id == dataset_id)
    for analysis_id, unprocessable in connection.execute(kept).all():
        stored = sa.select(analysis_tables.c.name, analysis_tables.c.content).where(
            analysis_tables.c.analysis_id == analysis_id, analysis_tables.c.name.in_([*BY_RECORD, *WITH_QUOTES])
        )
        before = {name: table_of(content) for name, content in connection.execute(stored).all()}
        after = forget_records(before, record_ids)
        quotes += count_quotes(before) - count_quotes(after)
        for name, frame in after.items():
            if not frame.equals(before[name]):
                connection.execute(
                    sa.update(analysis_tables)
                    .where(analysis_tables.c.analysis_id == analysis_id, analysis_tables.c.name == name)
                    .values(content=table_bytes(frame))
                )
        for name in ("themes", "pain_points"):
            if name in after:
                _follow(connection, FINDINGS[name], analysis_id, after[name])
        left = [broken for broken in unprocessable if broken.get("record_id") not in record_ids]
        connection.execute(sa.update(analyses).where(analyses.c.id == analysis_id).values(unprocessable=left))
    return quotes


def _follow(connection: Connection, table: sa.Table, analysis_id: str, frame: pl.DataFrame) -> None:
    """Bring the rows of a finding to what is left in its table: quotes, statements and titles, or the row itself."""
    key = table.c[f"{table.name.removesuffix('s')}_id"]
    quoting = [name for name in ("evidence", "statement", "title") if name in table.c and name in frame.columns]
    kept = {row.pop(key.name): storable(row) for row in frame.select(key.name, *quoting).to_dicts()}
    own = sa.select(key, table.c.place, *(table.c[name] for name in quoting)).where(table.c.analysis_id == analysis_id)
    for row in connection.execute(own).mappings().all():
        here = sa.and_(table.c.analysis_id == analysis_id, table.c.place == row["place"])
        left = kept.get(row[key.name])
        if left is None:
            connection.execute(sa.delete(table).where(here))
        elif any(left[name] != row[name] for name in quoting):
            connection.execute(sa.update(table).where(here).values(**left))


def _receipt(
    connection: Connection, kind: str, removed: dict[str, int], *, requested_by: str, respondents: Sequence[str] = ()
) -> Receipt:
    receipt = Receipt(id=new_id("rcp"), kind=kind, at=datetime.now(tz=UTC), requested_by=requested_by, removed=removed)
    connection.execute(sa.insert(receipts).values(**asdict(receipt), respondents=list(respondents)))
    return receipt
