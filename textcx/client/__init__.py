"""Call a textcx service from Python: typed answers, pages and chunks by themselves, retries where they are safe.

    from textcx.client import Client

    with Client("http://127.0.0.1:8321", api_key="tcx_...") as client:
        for item in client.sentiment_many(["Great food.", "Slow app."]).items:
            print(item.id, item.label)

Needs httpx (``pip install 'textcx[client]'``) and none of textcx's engines. It is written once, not twice: in an
asynchronous program call it in a thread (``asyncio.to_thread``).
"""

from __future__ import annotations

from importlib.util import find_spec

from textcx.client.errors import (
    BadSignature,
    ClientNotInstalled,
    InvalidParam,
    JobFailed,
    JobStillRuns,
    ServiceError,
    ServiceUnreachable,
)

if find_spec("httpx") is None:
    _MISSING = "textcx.client needs httpx, which is not installed: pip install 'textcx[client]'"
    raise ClientNotInstalled(_MISSING)

from textcx.client.connection import Retries
from textcx.client.documents import (
    Dataset,
    Delivery,
    Info,
    Job,
    NewWebhook,
    Readiness,
    Receipt,
    Record,
    TriageEntry,
    Webhook,
)
from textcx.client.found import Driver, KeptRecord, PainPoint, Quote, Rating, Stage, Theme, Trend
from textcx.client.rows import Rows, Sheet
from textcx.client.scored import AnalyzedItem, Batch, FailedItem, Item, Segment, Text
from textcx.client.service import Client
from textcx.client.signatures import SIGNATURE, verify_signature

__all__ = [
    "SIGNATURE", "AnalyzedItem", "BadSignature", "Batch", "Client", "ClientNotInstalled", "Dataset", "Delivery",
    "Driver", "FailedItem", "Info", "InvalidParam", "Item", "Job", "JobFailed", "JobStillRuns", "KeptRecord",
    "NewWebhook", "PainPoint", "Quote", "Rating", "Readiness", "Receipt", "Record", "Retries", "Rows", "Segment",
    "ServiceError", "ServiceUnreachable", "Sheet", "Stage", "Text", "Theme", "Trend", "TriageEntry", "Webhook",
    "verify_signature",
]  # fmt: skip
