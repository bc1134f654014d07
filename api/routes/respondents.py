"""``/v1/respondents`` and ``/v1/receipts``: erase a person everywhere, and prove it."""

from __future__ import annotations

from fastapi import Request

from textcx.domain.service.datasets import Receipt
from textcx.jobs.respondents import erase_respondent
from textcx_client.answers import datasets as answers

from ..routing import Routes, Stored
from ..schemas.fields import AnyId

routes = Routes("privacy")


@routes.add("DELETE /v1/respondents/{respondent:path}", "Erase a person everywhere", answers.Receipt)
def erase(request: Request, stores: Stored, respondent: AnyId) -> Receipt:
    """Erase all records, quotes, triage entries and stored batches of a respondent, in every data set.

    Name the respondent by the id that was sent with the records, or by the pseudonym that answers show. The receipt
    says how much was erased, not whose it was; there is one also where there was nothing.
    """
    return erase_respondent(stores.context, respondent, requested_by=request.state.caller)


@routes.add("GET /v1/receipts/{receipt_id}", "Show a receipt", answers.Receipt)
def receipt(stores: Stored, receipt_id: AnyId) -> Receipt:
    """Proof of an erasure: when, on whose request, how much."""
    return stores.context.erasure.receipt(receipt_id)
