"""What the service keeps, as plain values: data sets, uploads, jobs, the triage queue, webhooks and receipts.

Nothing holds unredacted text; a respondent is only ever a pseudonym. Times are UTC.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ID_BYTES = 12
URGENT = 36.0
"""Score from which a record is urgent."""


def new_id(kind: str) -> str:
    """Return an opaque id that begins with what it stands for: ``job_...``, ``upl_...``."""
    return f"{kind}_{secrets.token_hex(ID_BYTES)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Feedback that belongs together and is analyzed together."""

    id: int  # number in the store; never shown
    name: str  # unique, used in addresses
    title: str | None  # for people; null where the name serves
    columns: Mapping[str, Any]  # column settings for its uploads, by the names of the settings of an analysis
    learned: Mapping[str, Any]  # ratings and attributes of the first upload, to which later ones must agree
    retention_days: int | None  # records older than this are deleted; null keeps them
    current_analysis: str | None  # id of the latest finished analysis; null before the first
    theme_set: str | None  # name of the theme set that it is analyzed with; null learns one from its records
    created_at: datetime
    updated_at: datetime


class UploadState(StrEnum):
    """How far an upload is."""

    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that came in. ``spool`` names its private copy, null once that was deleted."""

    id: str
    dataset_id: int
    number: int
    name: str
    spool: str | None
    size: int
    sha256: str
    columns: Mapping[str, Any]
    plan: Mapping[str, Any] | None
    warnings: tuple[str, ...]
    state: UploadState
    created_at: datetime
    finished_at: datetime | None


class JobKind(StrEnum):
    """What a job does."""

    INGEST = "ingest"
    ANALYZE = "analyze"


class JobState(StrEnum):
    """Where a job stands. The last three are final, except that a failed or cancelled job can be started again."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more happens by itself."""
        return self not in {JobState.QUEUED, JobState.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why a job failed, for programs (``code``, ``retryable``) and people; never a verbatim."""

    code: str
    message: str
    hint: str
    retryable: bool

    def plain(self) -> dict[str, Any]:
        """Return the error as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of work over a data set."""

    id: str
    kind: JobKind
    dataset_id: int
    dataset: str
    upload_id: str | None  # of an ingest job
    state: JobState
    attempt: int  # 1 at first; one more for each time it was started again
    beginnings: int  # how often a worker began this attempt
    cancel_requested: bool
    progress: Mapping[str, Any]  # {"stage": the current one, NAME: {"done": n, "seconds": s}, ...}, in order
    counts: Mapping[str, int]  # records read, stored, unchanged, unprocessable, unreadable; themes and pain points
    warnings: tuple[str, ...]
    errors: tuple[JobError, ...]
    options: Mapping[str, Any]  # {"relearn": whether an analysis learns the themes again}
    analysis_id: str | None  # of the analysis it made
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime


class TriageStatus(StrEnum):
    """What became of a record that needs a person."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """How urgently a record needs a person: 0..100, the sum of the points of its reasons."""

    score: float
    reasons: tuple[Mapping[str, Any], ...] = ()
    """Each ``{"kind", "detail", "points"}``; kinds as in ``textcx.steps.pains.urgency``."""

    @property
    def urgent(self) -> bool:
        """Whether people are told at once."""
        return self.score >= URGENT


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageEntry:
    """A negative record that needs a person; ``theme_id`` is what it is mainly about, ``theme`` its name."""

    id: int
    dataset: str
    record_id: str
    text: str
    theme_id: str | None
    theme: str | None
    created_at: datetime | None
    score: float
    reasons: tuple[Mapping[str, Any], ...]
    urgent: bool
    status: TriageStatus
    assignee: str | None
    note: str | None
    entered_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageChange:
    """One change of a triage entry: who (a key's name), when, and field to ``[before, after]``."""

    at: datetime
    actor: str
    changes: Mapping[str, Any]


class WebhookEvent(StrEnum):
    """What a webhook can be told."""

    RECORD_URGENT = "record.urgent"
    JOB_FINISHED = "job.finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where to tell about events. ``dataset`` null means every data set."""

    id: str
    url: str
    secret: str = field(repr=False)
    events: frozenset[WebhookEvent]
    dataset: str | None
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one webhook, and what became of it. ``state`` is due, done or failed."""

    id: int
    webhook_id: str
    event: WebhookEvent
    payload: Mapping[str, Any]
    state: str
    attempts: int
    next_at: datetime
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that something was erased: when, on whose request, and how much of what; not whose it was."""

    id: str
    kind: str
    at: datetime
    requested_by: str
    removed: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows of an answer, and the cursor for the next ones, null at the end."""

    rows: tuple[Mapping[str, Any], ...]
    next_cursor: str | None
