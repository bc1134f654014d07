"""The erasure of persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx_client.answers.datasets import Receipt
from textcx_client.connection import Call, path_of

if TYPE_CHECKING:
    from textcx_client.connection import Connection


class Respondents:
    """``client.respondents``. Every method raises ``ServiceError`` if the service refuses."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
