"""The triage queue in SQL: negative records that need a person, most urgent first, with the history of each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from textcx.domain.errors import WrongUse
from textcx.domain.service.datasets import TriageChange, TriageEntry, TriageStatus, Urgency, WebhookEvent
from textcx.store.sql.cursors import Order, page_of
from textcx.store.sql.datasets import dataset_of
from textcx.store.sql.rows import SqlStore, made, one_row
from textcx.store.sql.schema.columns import storable
from textcx.store.sql.schema.tables import datasets, records, themes, triage, triage_history
from textcx.store.sql.webhooks import announce

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.engine import Connection

_LONGEST = {"status": 4000, "assignee": 200, "note": 4000}
"""The fields that can be changed, and the most characters of each."""
WAITING = (TriageStatus.OPEN, TriageStatus.IN_PROGRESS)
_NAME = (
    sa.select(themes.c.name)
    .where(themes.c.analysis_id == datasets.c.current_analysis, themes.c.theme_id == records.c.primary_theme_id)
    .correlate(datasets, records)
    .scalar_subquery()
)
_ENTRIES = (
    sa.select(
        triage,
        datasets.c.name.label("dataset"),
        records.c.record_id,
        records.c.text,
        records.c.created_at,
        records.c.received_at,
        records.c.primary_theme_id.label("theme_id"),
        _NAME.label("theme"),
    )
    .join(records, records.c.id == triage.c.record)
    .join(datasets, datasets.c.id == triage.c.dataset_id)
)


class SqlTriage(SqlStore):
    """The triage queues of an installation.

    Methods that take a data set's name raise ``NotFound`` where it is not there, or the record is not in its queue.
    """

    def page(
        self,
        dataset: str,
        *,
        status: TriageStatus | None = TriageStatus.OPEN,
        assignee: str | None = None,
        urgent: bool | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[list[TriageEntry], str | None]:
        """Return entries of a status and a person, or all where null, most urgent first, and the next cursor.

        Raises:
            BadCursor: If the cursor is not from this query.
        """
        with self._database.read() as connection:
            query = _ENTRIES.where(triage.c.dataset_id == dataset_of(connection, dataset).id)
            for column, wanted in ((triage.c.status, status), (triage.c.assignee, assignee), (triage.c.urgent, urgent)):
                if wanted is not None:
                    query = query.where(column == wanted)
            order = [Order(triage.c.score, descending=True), Order(triage.c.id)]
            bound = ["triage", dataset, status, assignee, urgent]
            rows, following = page_of(connection, query, order=order, limit=limit, cursor=cursor, bound=bound)
        return [_entry(row) for row in rows], following

    def get(self, dataset: str, record_id: str) -> TriageEntry:
        """Return the entry of a record."""
        with self._database.read() as connection:
            return _entry(_row(connection, dataset, record_id))

    def change(self, dataset: str, record_id: str, *, actor: str, changes: Mapping[str, str | None]) -> TriageEntry:
        """Change an entry, keep what it was, and return it as it now is.

        Args:
            dataset: Name of the data set.
            record_id: The record.
            actor: Who changes it: the name of a key.
            changes: Some of ``status``, ``assignee`` and ``note``; null takes an assignee or a note away.

        Raises:
            WrongUse: If a field is unknown or a value cannot be.
        """
        wanted = _checked(changes)
        now = datetime.now(tz=UTC)
        with self._database.write() as connection:
            row = _row(connection, dataset, record_id, lock=True)
            before = {name: [row[name], value] for name, value in wanted.items() if row[name] != value}
            if before:
                connection.execute(sa.update(triage).where(triage.c.id == row["id"]).values(**wanted, updated_at=now))
                connection.execute(
                    sa.insert(triage_history).values(entry=row["id"], at=now, actor=storable(actor), changes=before)
                )
            return _entry(_row(connection, dataset, record_id))

    def history(self, dataset: str, record_id: str) -> list[TriageChange]:
        """Return what was changed about an entry, oldest first."""
        with self._database.read() as connection:
            entry = _row(connection, dataset, record_id)["id"]
            chosen = sa.select(triage_history).where(triage_history.c.entry == entry).order_by(triage_history.c.id)
            return [made(TriageChange, row) for row in connection.execute(chosen).mappings()]

    def update_scores(self, score: Callable[[Urgency, datetime], Urgency], *, most: int = 2000) -> int:
        """Score waiting entries anew, ``most`` in one transaction; returns how many were changed.

        ``score`` is given the urgency and when the record was made.
        """
        changed = after = 0
        change = sa.update(triage).where(triage.c.id == sa.bindparam("which"))
        change = change.values(score=sa.bindparam("new"), reasons=sa.bindparam("why"))
        while True:
            chosen = _ENTRIES.where(triage.c.status.in_(WAITING), triage.c.id > after)
            with self._database.write() as connection:
                rows = list(connection.execute(chosen.order_by(triage.c.id).limit(most)).mappings())
                updates = []
                for row in rows:
                    before = Urgency(score=row["score"], reasons=tuple(row["reasons"]))
                    older = score(before, row["created_at"] or row["received_at"])
                    if older.score != before.score:
                        updates.append({"which": row["id"], "new": older.score, "why": list(older.reasons)})
                if updates:
                    connection.execute(change, updates)
            changed += len(updates)
            if len(rows) < most:
                return changed
            after = rows[-1]["id"]


def enter(
    connection: Connection, urgency: Urgency, *, dataset_id: int, record: sa.Row[int, int, str], now: datetime
) -> None:
    """Put a record into the queue, by its ``id`` and ``record_id``; who wants to hear of an urgent one is told."""
    judged = {"score": urgency.score, "reasons": list(urgency.reasons)}
    shared = {"dataset_id": dataset_id, "record": record.id}
    connection.execute(
        sa.insert(triage).values(
            **judged, **shared, urgent=urgency.urgent, status=TriageStatus.OPEN, entered_at=now, updated_at=now
        )
    )
    if urgency.urgent:
        dataset = connection.execute(sa.select(datasets.c.name).where(datasets.c.id == dataset_id)).scalar_one()
        payload = {"dataset": dataset, "record_id": record.record_id, **judged}
        announce(connection, WebhookEvent.RECORD_URGENT, **shared, payload=payload, now=now)


def _checked(changes: Mapping[str, str | None]) -> dict[str, str | None]:
    if not changes or not set(changes) <= set(_LONGEST):
        msg = "an entry has a status, an assignee and a note that can be changed; name at least one, and no other field"
        raise WrongUse(msg)
    for name, value in changes.items():
        if value is not None and len(value) > _LONGEST[name]:
            msg = f"{name} has {len(value)} characters; {_LONGEST[name]} is the most"
            raise WrongUse(msg)
    if "status" in changes and changes["status"] not in set(TriageStatus):
        msg = f"a status is one of {', '.join(TriageStatus)}"
        raise WrongUse(msg)
    kept: dict[str, str | None] = storable({name: value or None for name, value in changes.items()})
    return kept


def _row(connection: Connection, dataset: str, record_id: str, *, lock: bool = False) -> sa.RowMapping:
    query = _ENTRIES.where(triage.c.dataset_id == dataset_of(connection, dataset).id, records.c.record_id == record_id)
    missing = "that record is not in the triage queue of this data set"
    return one_row(connection, query.with_for_update(of=triage) if lock else query, missing=missing)


def _entry(row: sa.RowMapping) -> TriageEntry:
    return made(TriageEntry, row, status=TriageStatus(row["status"]), reasons=tuple(row["reasons"]))
