"""Call a textcx service from Python: typed answers, automatic paging and batching, retries where they are safe.

    from textcx_client import Client

    with Client("http://127.0.0.1:8321", api_key="tcx_...") as client:
        for item in client.sentiment_many(["Great food.", "Slow app."]).items:
            print(item.id, item.label)

There is no asynchronous twin: in an asynchronous program call it in a thread (``asyncio.to_thread``).
"""

from textcx_client.answers.datasets import (
    Dataset,
    Delivery,
    Info,
    Job,
    NewWebhook,
    Readiness,
    Receipt,
    Record,
    TriageDetail,
    TriageEntry,
    Webhook,
)
from textcx_client.answers.findings import (
    Driver,
    KeptRecord,
    PainPoint,
    Quote,
    Rating,
    RecordDetail,
    Stage,
    Theme,
    Trend,
)
from textcx_client.answers.scoring import AnalyzedItem, Batch, FailedItem, Item, Segment, Text
from textcx_client.client import Client
from textcx_client.connection import Retries
from textcx_client.errors import (
    BadSetting,
    BadSignature,
    InvalidParam,
    JobFailed,
    JobStillRuns,
    ServiceError,
    ServiceUnreachable,
    TextcxError,
    WrongUse,
)
from textcx_client.rows import Rows, Sheet
from textcx_client.version import __version__
from textcx_client.webhooks import SIGNATURE, verify_signature

__all__ = [
    "SIGNATURE",
    "AnalyzedItem",
    "BadSetting",
    "BadSignature",
    "Batch",
    "Client",
    "Dataset",
    "Delivery",
    "Driver",
    "FailedItem",
    "Info",
    "InvalidParam",
    "Item",
    "Job",
    "JobFailed",
    "JobStillRuns",
    "KeptRecord",
    "NewWebhook",
    "PainPoint",
    "Quote",
    "Rating",
    "Readiness",
    "Receipt",
    "Record",
    "RecordDetail",
    "Retries",
    "Rows",
    "Segment",
    "ServiceError",
    "ServiceUnreachable",
    "Sheet",
    "Stage",
    "Text",
    "TextcxError",
    "Theme",
    "Trend",
    "TriageDetail",
    "TriageEntry",
    "Webhook",
    "WrongUse",
    "__version__",
    "verify_signature",
]
