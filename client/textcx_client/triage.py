"""The triage queue: records that need a person."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from textcx_client.answers.datasets import TriageDetail, TriageEntry
from textcx_client.answers.schema import Page
from textcx_client.connection import json_call, path_of
from textcx_client.rows import PAGE_ROWS, Sheet, params_of

if TYPE_CHECKING:
    from textcx_client.connection import Connection


class Unset(Enum):
    """The type of ``UNCHANGED``."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unset.UNCHANGED
"""What is not named in a change stays as it is; null would take it away."""


class Triage:
    """``client.triage``.

    Every method raises ``ServiceError`` if the service refuses, with status 404 if the record is not in the queue.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(
        self, dataset: str, *, status: str = "open", assignee: str | None = None, urgent: bool | None = None
    ) -> Sheet[TriageEntry]:
        """Return the records that need a person, most urgent first. A saved sheet holds the first 1,000.

        Args:
            dataset: Name of the data set.
            status: open, in_progress, done, dismissed or all.
            assignee: Only theirs.
            urgent: Only those that are urgent, or only those that are not.
        """
        flag = None if urgent is None else str(urgent).lower()
        params = params_of(status=status, assignee=assignee, urgent=flag)
        return Sheet(
            self._connection, path_of("datasets", dataset, "triage"), Page[TriageEntry], params, most=PAGE_ROWS
        )

    def get(self, dataset: str, record_id: str) -> TriageDetail:
        """Return an entry with its history."""
        return self._connection.get(TriageDetail, path_of("datasets", dataset, "triage", record_id))

    def change(
        self,
        dataset: str,
        record_id: str,
        *,
        status: str | Unset = UNCHANGED,
        assignee: str | Unset | None = UNCHANGED,
        note: str | Unset | None = UNCHANGED,
    ) -> TriageDetail:
        """Change an entry; what it was before stays in its history.

        Args:
            dataset: Name of the data set.
            record_id: The record.
            status: open, in_progress, done or dismissed.
            assignee: Who looks after it; null takes them away.
            note: Up to 2,000 characters; null takes it away.

        Returns:
            The entry as it now is, with its history.
        """
        values = {"status": status, "assignee": assignee, "note": note}
        changes = {name: value for name, value in values.items() if value is not UNCHANGED}
        path = path_of("datasets", dataset, "triage", record_id)
        return self._connection.ask(TriageDetail, json_call(path, changes, method="PATCH"))
