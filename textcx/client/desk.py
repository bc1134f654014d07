"""The triage queue, webhooks, and the erasure of persons."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from textcx.client.connection import Call, as_json, nothing, path_of, posted
from textcx.client.documents import Delivery, NewWebhook, Receipt, TriageEntry, Webhook
from textcx.client.reading import read
from textcx.client.rows import ShortSheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textcx.client.connection import Connection


class Left(Enum):
    """The type of ``UNCHANGED``."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Left.UNCHANGED
"""What is not named in a change stays as it is; null would take it away."""


class Triage:
    """``client.triage``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(
        self, dataset: str, *, status: str = "open", assignee: str | None = None, urgent: bool | None = None
    ) -> ShortSheet[TriageEntry]:
        """Return the records that need a person, most urgent first. A saved sheet holds the first 1,000.

        Args:
            dataset: Name of the data set.
            status: open, in_progress, done, dismissed or all.
            assignee: Only theirs.
            urgent: Only those that are urgent, or only those that are not.
        """
        asked: dict[str, str | list[str]] = {"status": status}
        if assignee is not None:
            asked["assignee"] = assignee
        if urgent is not None:
            asked["urgent"] = str(urgent).lower()
        return ShortSheet(self._connection, path_of("datasets", dataset, "triage"), TriageEntry, asked)

    def get(self, dataset: str, record_id: str) -> TriageEntry:
        """Return an entry with its history.

        Raises:
            ServiceError: With status 404 where the record is not in the queue.
        """
        return read(TriageEntry, self._connection.get(path_of("datasets", dataset, "triage", record_id)))

    def change(
        self,
        dataset: str,
        record_id: str,
        *,
        status: str | Left = UNCHANGED,
        assignee: str | Left | None = UNCHANGED,
        note: str | Left | None = UNCHANGED,
    ) -> TriageEntry:
        """Change an entry; what it was before stays in its history.

        Args:
            dataset: Name of the data set.
            record_id: The record.
            status: open, in_progress, done or dismissed.
            assignee: Who looks after it; null takes them away.
            note: Up to 2,000 characters; null takes it away.

        Returns:
            The entry as it now is, with its history.

        Raises:
            ServiceError: If it is refused, or the record is not in the queue.
        """
        told = {"status": status, "assignee": assignee, "note": note}
        changes = {name: value for name, value in told.items() if value is not UNCHANGED}
        call = posted(path_of("datasets", dataset, "triage", record_id), changes, method="PATCH")
        return read(TriageEntry, self._connection.send(call, take=as_json))


class Webhooks:
    """``client.webhooks``; they need a key with the scope admin."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, url: str, *, events: Iterable[str], dataset: str | None = None) -> NewWebhook:
        """Make a webhook. Its secret is shown this once. Never sent again where it may have been made already.

        Args:
            url: http or https, of no private address unless the service allows these.
            events: Some of ``record.urgent`` and ``job.finished``.
            dataset: Only of this data set; null for all.

        Raises:
            ServiceError: If it is refused.
        """
        document = {"url": url, "events": list(events), "dataset": dataset}
        return read(
            NewWebhook, self._connection.send(posted("/v1/webhooks", document, safe=False), take=as_json)
        )  # fmt: skip

    def all(self) -> list[Webhook]:
        """Return all webhooks, oldest first.

        Raises:
            ServiceError: If they cannot be had.
        """
        return [read(Webhook, each) for each in self._connection.get("/v1/webhooks")["items"]]

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook.

        Raises:
            ServiceError: With status 404 where there is none of that id.
        """
        return read(Webhook, self._connection.get(path_of("webhooks", webhook_id)))

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook and what was still to be told to it.

        Raises:
            ServiceError: With status 404 where there is none of that id.
        """
        self._connection.send(Call(method="DELETE", path=path_of("webhooks", webhook_id), erases=True), take=nothing)

    def deliveries(self, webhook_id: str, *, limit: int = 100) -> list[Delivery]:
        """Return the latest messages to a webhook, latest first, at most ``limit`` (1 to 1,000).

        Raises:
            ServiceError: With status 404 where there is none of that id.
        """
        found = self._connection.get(path_of("webhooks", webhook_id, "deliveries"), limit=str(limit))
        return [read(Delivery, each) for each in found["items"]]


class Respondents:
    """``client.respondents``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def erase(self, respondent: str) -> Receipt:
        """Erase a person everywhere. Figures of stored analyses stay as they were until the next one.

        Never sent again where it may have been done already, since only the first receipt counts what there was;
        calling it again is harmless.

        Args:
            respondent: The id that was sent with the records, or the pseudonym that answers show.

        Raises:
            ServiceError: If it failed.
        """
        call = Call(method="DELETE", path=path_of("respondents", respondent), safe=False)
        return read(Receipt, self._connection.send(call, take=as_json))

    def receipt(self, receipt_id: str) -> Receipt:
        """Return a receipt.

        Raises:
            ServiceError: With status 404 where there is none of that id.
        """
        return read(Receipt, self._connection.get(path_of("receipts", receipt_id)))
