"""Webhooks in SQL, and an outbox of their messages that is filled in the transaction of the event itself.

So each event has its message, and each message its event. A delivery holds ids and numbers, never text, and goes with
its record when that is erased.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from textcx.domain.service.datasets import Delivery, Webhook, WebhookEvent, new_id
from textcx.store.sql.datasets import dataset_of
from textcx.store.sql.rows import SqlStore, made, one_row
from textcx.store.sql.schema.columns import storable
from textcx.store.sql.schema.tables import datasets, deliveries, webhooks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection

DUE, DONE, FAILED = "due", "done", "failed"
LEASE = timedelta(minutes=2)
"""So long a delivery belongs to the process that took it; after that, that process is taken to be dead."""
_SELECTED = sa.select(webhooks, datasets.c.name.label("dataset")).join(
    datasets, datasets.c.id == webhooks.c.dataset_id, isouter=True
)


class SqlWebhooks(SqlStore):
    """The webhooks of an installation and their deliveries."""

    def create(self, url: str, *, events: Iterable[WebhookEvent], dataset: str | None = None) -> Webhook:
        """Make a webhook with a secret of its own, with which its messages are signed.

        Args:
            url: Where to; checked by the caller.
            events: Those it is told of.
            dataset: Only of this data set; null for all.

        Raises:
            NotFound: If there is no such data set.
        """
        hook_id = new_id("whk")
        with self._database.write() as connection:
            dataset_id = None if dataset is None else dataset_of(connection, dataset).id
            connection.execute(
                sa.insert(webhooks).values(
                    id=hook_id,
                    url=url,
                    secret=f"whsec_{secrets.token_urlsafe(32)}",
                    dataset_id=dataset_id,
                    events=sorted({WebhookEvent(event) for event in events}),
                    active=True,
                    created_at=datetime.now(tz=UTC),
                )
            )
        return self.get(hook_id)

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook, or raise ``NotFound``."""
        with self._database.read() as connection:
            chosen = _SELECTED.where(webhooks.c.id == webhook_id)
            return _webhook(one_row(connection, chosen, missing="there is no webhook with that id"))

    def all(self) -> list[Webhook]:
        """Return all webhooks, oldest first."""
        rows = self._database.rows(_SELECTED.order_by(webhooks.c.created_at, webhooks.c.id))
        return [_webhook(row) for row in rows]

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook and what was still to be told to it, or raise ``NotFound``."""
        self.get(webhook_id)
        self._database.change(sa.delete(webhooks).where(webhooks.c.id == webhook_id))

    def take(self, *, now: datetime) -> tuple[Delivery, Webhook] | None:
        """Take the next delivery that is due; no other process gets it before the lease is over. Null if none is."""
        due = (
            sa.select(deliveries.c.id)
            .where(deliveries.c.state == DUE, deliveries.c.next_at <= now)
            .order_by(deliveries.c.next_at, deliveries.c.id)
            .limit(1)
        )
        if not self._database.is_sqlite:
            due = due.with_for_update(skip_locked=True)
        with self._database.write() as connection:
            chosen = connection.execute(due).scalar()
            if chosen is None:
                return None
            row = connection.execute(sa.select(deliveries).where(deliveries.c.id == chosen)).mappings().one()
            connection.execute(
                sa.update(deliveries)
                .where(deliveries.c.id == chosen)
                .values(next_at=now + LEASE, attempts=deliveries.c.attempts + 1)
            )
            hook = connection.execute(_SELECTED.where(webhooks.c.id == row["webhook_id"])).mappings().one()
        return _delivery(row), _webhook(hook)

    def settle(self, delivery_id: int, *, state: str, next_at: datetime, error: str | None) -> None:
        """Note what became of a delivery: ``state`` is due (tried again at ``next_at``), done or failed."""
        over = datetime.now(tz=UTC) if state != DUE else None
        change = sa.update(deliveries).where(deliveries.c.id == delivery_id)
        self._database.change(change.values(state=state, next_at=next_at, last_error=storable(error), done_at=over))

    def deliveries(self, webhook_id: str, *, limit: int = 100) -> list[Delivery]:
        """Return the latest deliveries of a webhook, latest first."""
        chosen = sa.select(deliveries).where(deliveries.c.webhook_id == webhook_id)
        rows = self._database.rows(chosen.order_by(deliveries.c.id.desc()).limit(limit))
        return [_delivery(row) for row in rows]

    def forget(self, *, older_than: timedelta) -> int:
        """Delete deliveries that ended so long ago; returns how many."""
        before = datetime.now(tz=UTC) - older_than
        return self._database.change(sa.delete(deliveries).where(deliveries.c.done_at < before))


def announce(
    connection: Connection,
    event: WebhookEvent,
    *,
    dataset_id: int,
    payload: Mapping[str, Any],
    now: datetime,
    record: int | None = None,
) -> None:
    """Put an event into the outbox of every webhook that wants it, in the transaction of the event itself.

    ``payload`` holds ids and numbers only; ``record`` is the number of the record that the event is about.
    """
    wanted = sa.select(webhooks).where(
        webhooks.c.active, sa.or_(webhooks.c.dataset_id.is_(None), webhooks.c.dataset_id == dataset_id)
    )
    message = {"type": event, "created_at": now.isoformat(), "data": dict(payload)}
    rows = [
        {
            "webhook_id": hook["id"],
            "record": record,
            "event": event,
            "state": DUE,
            "attempts": 0,
            "next_at": now,
            "created_at": now,
            "payload": storable({"id": new_id("evt"), **message}),
        }
        for hook in connection.execute(wanted).mappings()
        if event in hook["events"]
    ]
    if rows:
        connection.execute(sa.insert(deliveries), rows)


def _webhook(row: sa.RowMapping) -> Webhook:
    return made(Webhook, row, events=frozenset(WebhookEvent(event) for event in row["events"]))


def _delivery(row: sa.RowMapping) -> Delivery:
    return made(Delivery, row, event=WebhookEvent(row["event"]))
