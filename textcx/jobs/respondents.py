"""Erase a respondent by the id that the customer's own systems know, or by the pseudonym that answers show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textcx.domain.errors import WrongUse
from textcx.steps.records.assemble import pseudonym
from textcx.wiring.sources import respondent_key

if TYPE_CHECKING:
    from textcx.domain.service.datasets import Receipt
    from textcx.wiring.job_context import JobContext

_PSEUDONYM = re.compile(r"[0-9a-f]{16}")


def erase_respondent(context: JobContext, respondent: str, *, requested_by: str) -> Receipt:
    """Erase everything of a respondent: records, segments, stored batches, quotes, triage, deliveries.

    What an upload that waits in the spool holds of them is left out when it is read. There is a receipt also where
    there was nothing to erase. ``requested_by`` is the name of the key that asks for it.

    Raises:
        WrongUse: If the id is blank.
    """
    given = pseudonym(respondent, key=respondent_key())
    if given is None:
        msg = "name a respondent: the id as it was sent with the records, or the pseudonym that answers show"
        raise WrongUse(msg)
    also = {respondent} if _PSEUDONYM.fullmatch(respondent) else set()
    return context.erasure.respondents({given} | also, requested_by=requested_by)
