"""What the service keeps, as it shows it: data sets, jobs, the triage queue, webhooks, receipts, and what it is.

Times are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from textcx_client.answers.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One answer, review or post to send.

    Attributes:
        text: The customer's words.
        id: Makes sending it again harmless; without one its content does.
        created_at: When it was said; UTC unless it has a time zone.
        source: review, survey, social or support.
        respondent: Who said it; kept as a pseudonym only.
        touchpoint: Where the contact was.
        customer_value: Such as revenue a year.
        ratings: nps (0-10), csat, stars (1-5), ces (1-7), or others that the data set declares.
        attributes: What groups customers: plan, region.
    """

    text: str = field(repr=False)
    id: str | None = None
    created_at: datetime | str | None = None
    source: str | None = None
    respondent: str | None = field(default=None, repr=False)
    touchpoint: str | None = None
    customer_value: float | None = None
    ratings: Mapping[str, float | None] = field(default_factory=dict)
    attributes: Mapping[str, str | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A data set."""

    name: str
    title: str | None
    columns: Mapping[str, Any]
    learned: Annotated[Mapping[str, Any], Schema("what the first upload showed; later ones are read so, too")]
    retention_days: int | None
    theme_set: Annotated[str | None, Schema("that it is to be analyzed with; null where it has one of its own")]
    current_analysis: Annotated[str | None, Schema("null before the first one has finished")]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why a job failed."""

    code: str
    message: str
    hint: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgress:
    """How far a stage is; stages of an analysis that handle all at once count no records."""

    done: int
    seconds: float
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The stage a job is at, and each stage that it entered, in order."""

    stage: str | None = None
    stages: Mapping[str, StageProgress] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of work over a data set."""

    id: str
    kind: Annotated[str, Schema(enum=["ingest", "analyze"])]
    dataset: str
    state: Annotated[str, Schema(enum=["queued", "running", "done", "failed", "cancelled"])]
    attempt: Annotated[int, Schema(minimum=1)]
    cancel_requested: bool
    progress: Progress
    counts: Annotated[
        Mapping[str, int],
        Schema("of an upload: read, stored, unchanged (sent before), unprocessable, unreadable, renamed"),
    ]
    warnings: tuple[str, ...]
    errors: tuple[JobError, ...]
    analysis_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime

    @property
    def over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state not in {"queued", "running"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageReason:
    """Why a record needs a person, and how much that weighs."""

    kind: str
    detail: str
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageEntry:
    """A record that needs a person; the score is the sum of the points of its reasons, 0 to 100."""

    dataset: str
    record_id: str
    text: Annotated[str, Schema("masked where it would identify a person")]
    theme_id: Annotated[str | None, Schema("what it is mainly about")]
    theme: Annotated[str | None, Schema("name of that theme")]
    created_at: datetime | None
    score: Annotated[float, Schema(minimum=0, maximum=100)]
    reasons: tuple[TriageReason, ...]
    urgent: bool
    status: Annotated[str, Schema(enum=["open", "in_progress", "done", "dismissed"])]
    assignee: str | None
    note: str | None
    entered_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageStep:
    """One change of an entry: when, by whom (the name of a key), and field to value before and after."""

    at: datetime
    actor: str
    changes: Mapping[str, tuple[str | None, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageDetail(TriageEntry):
    """An entry with its history."""

    history: tuple[TriageStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where to tell about events; its secret is shown once, when it is made. Without a data set: those of all."""

    id: str
    url: str
    events: tuple[str, ...]
    dataset: str | None
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook(Webhook):
    """A webhook that was just made."""

    secret: Annotated[str, Schema("signs its messages; shown this once")] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message to a webhook."""

    event: str
    state: Annotated[str, Schema(enum=["due", "done", "failed"])]
    attempts: int
    next_at: datetime
    last_error: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that something was erased: when, on whose request, and how much of what; not whose it was."""

    id: str
    kind: str
    at: datetime
    requested_by: str
    removed: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether the service takes work, and which of its conditions hold (``ok``)."""

    ready: bool
    checks: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What the service is made of; ``model_version`` is null before a model is loaded."""

    version: str
    model_version: str | None
    models: tuple[Mapping[str, Any], ...]
    calibration: Mapping[str, Any]
    precision: str | None
    theme_sets: tuple[str, ...]
    limits: Mapping[str, int]
