"""``/v1/respondents`` and ``/v1/receipts``: erase a person everywhere, and prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request, Response

from textcx.jobs.respondents import erase_respondent

from ..deps import Writer, ask, needs_read
from ..openapi import problems
from ..schemas.documents import ReceiptDocument, answer
from ..schemas.fields import AnyId
from ..stores import Stores
from .triage import LOCAL

if TYPE_CHECKING:
    from textcx.domain.service.datasets import Receipt

router = APIRouter(tags=["privacy"])


@router.delete(
    "/v1/respondents/{respondent:path}",
    summary="Erase a person everywhere",
    responses={200: {"model": ReceiptDocument}, **problems(401, 403, 404, 405, 422, 429, 500, 503)},
)
async def erase(request: Request, respondent: AnyId, caller: Writer) -> Response:
    """Erase all records, quotes, triage entries and stored batches of a respondent, in every data set.

    Name the respondent by the id that was sent with the records, or by the pseudonym that answers show. The receipt
    says how much was erased, not whose it was; there is one also where there was nothing.
    """
    by = caller.key.name if caller.key is not None else LOCAL

    def work(stores: Stores) -> Receipt:
        return erase_respondent(stores.context, respondent, requested_by=by)

    return answer(ReceiptDocument, await ask(request, work))


@router.get(
    "/v1/receipts/{receipt_id}",
    summary="Show a receipt",
    dependencies=[Depends(needs_read)],
    responses={200: {"model": ReceiptDocument}, **problems(401, 403, 404, 405, 422, 429, 500, 503)},
)
async def receipt(request: Request, receipt_id: AnyId) -> Response:
    """Proof of an erasure: when, on whose request, how much."""
    return answer(ReceiptDocument, await ask(request, lambda stores: stores.context.erasure.receipt(receipt_id)))
