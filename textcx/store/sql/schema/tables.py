"""The tables of the service, as the code sees them; ``migrations`` makes them.

Invariants, tested: nothing unredacted has a column; what belongs to a data set goes with it; a record is in a data set
once (``identity``), under an id of its own (``record_id``); a batch of an upload is stored once.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import sqlalchemy as sa

from textcx.domain.tables import SCHEMAS, UTC
from textcx.store.sql.schema.columns import JSON, NUMBER, Utc

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _of(table: str, *, null: bool = False, index: bool = False, name: str | None = None) -> sa.Column[int]:
    """Make a column that refers to a row of another table and goes with it."""
    return sa.Column(
        name or table.rstrip("s") + "_id",
        sa.ForeignKey(f"{table}.id", ondelete="CASCADE"),
        nullable=null,
        index=index,
    )


def _counted() -> sa.Column[int]:
    return sa.Column("id", NUMBER, primary_key=True, autoincrement=True)


def _text(name: str, *, nullable: bool = True, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, unique=unique or None)


def _numbers(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double) for name in names]


api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    _text("name", nullable=False),
    sa.Column("prefix", sa.String(16), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", JSON, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("last_used_at", Utc),
    sa.Column("revoked_at", Utc),
    sa.Column("expires_at", Utc),
)

datasets = sa.Table(
    "datasets",
    metadata,
    _counted(),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    _text("title"),
    sa.Column("columns", JSON, nullable=False),
    sa.Column("learned", JSON, nullable=False),
    sa.Column("retention_days", sa.Integer),
    sa.Column("value_marks", JSON),  # quantiles of the customer value, for the rank of one
    sa.Column("current_analysis", sa.String(40)),
    _text("theme_set"),  # name of the one that it is to be analyzed with
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    _of("datasets", index=True),
    sa.Column("number", sa.Integer, nullable=False),
    _text("name", nullable=False),
    _text("spool"),
    sa.Column("size", NUMBER, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("columns", JSON, nullable=False),
    sa.Column("plan", JSON),
    sa.Column("warnings", JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("finished_at", Utc),
    sa.UniqueConstraint("dataset_id", "number"),
)

parts = sa.Table(
    "parts",
    metadata,
    _counted(),
    _of("datasets", index=True),
    _of("uploads"),
    sa.Column("number", sa.Integer, nullable=False),  # of the batch in its upload, from 0
    sa.Column("outcome", JSON, nullable=False),  # what became of the rows of the batch, as counts
    sa.Column("repeats", JSON, nullable=False),  # how often each content without an id came in the batch
    sa.Column("unreadable", JSON, nullable=False),
    sa.Column("warnings", JSON, nullable=False),
    sa.Column("blob", sa.LargeBinary),  # null where the batch brought nothing new
    sa.Column("created_at", Utc, nullable=False),
    sa.UniqueConstraint("upload_id", "number"),
)

records = sa.Table(
    "records",
    metadata,
    _counted(),
    _of("datasets"),
    _of("parts", index=True),
    sa.Column("row", sa.Integer, nullable=False),  # in its part
    _text("record_id", nullable=False),
    sa.Column("identity", sa.String(64), nullable=False),  # hash of id and content: what makes it the same again
    sa.Column("reason", sa.String(32)),  # why it could not be analyzed; null where it could
    _text("location", nullable=False),  # file name and line
    _text("source"),
    sa.Column("created_at", Utc),
    sa.Column("received_at", Utc, nullable=False),
    _text("language"),
    _text("text"),
    sa.Column("redactions", JSON),
    sa.Column("respondent_id", sa.String(64)),
    _text("touchpoint"),
    *_numbers("customer_value"),
    sa.Column("ratings", JSON, nullable=False),
    sa.Column("attributes", JSON, nullable=False),
    sa.Column("label", sa.String(16)),
    *_numbers("polarity", "p_negative", "p_neutral", "p_positive"),
    sa.Column("mixed", sa.Boolean),
    sa.Column("confident", sa.Boolean),
    sa.Column("windows", sa.Integer),
    sa.Column("n_segments", sa.Integer),
    _text("primary_theme_id"),
    _text("primary_stage"),
    _text("duplicate_of"),
    sa.UniqueConstraint("dataset_id", "record_id"),
    sa.UniqueConstraint("dataset_id", "identity"),
    sa.Index("ix_records_dataset_id_created_at", "dataset_id", "created_at"),
    sa.Index("ix_records_respondent_id_dataset_id", "respondent_id", "dataset_id"),
)

segments = sa.Table(
    "segments",
    metadata,
    _counted(),
    _of("datasets", index=True),
    _of("records", index=True, name="record"),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    _text("text_column"),
    _text("text", nullable=False),
    sa.Column("label", sa.String(16)),
    *_numbers("polarity", "p_negative", "p_neutral", "p_positive", "p_pain", "p_request"),
    *_numbers("p_anger", "p_disappointment", "p_gratitude", "p_confusion"),
    _text("stage"),
    *_numbers("stage_confidence"),
    _text("theme_id"),
    *_numbers("strength"),
    sa.Column("pain", sa.Boolean),
    _text("aspect"),
    _text("statement"),
    *_numbers("severity"),
    sa.Column("reasons", JSON),
    _text("pain_point_id"),
    sa.UniqueConstraint("record", "start", "end"),
)

analyses = sa.Table(
    "analyses",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    _text("place", nullable=False, unique=True),  # the name it is kept under
    _of("datasets", null=True, index=True),
    sa.Column("job_id", sa.String(40), unique=True),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("manifest", JSON, nullable=False),
    sa.Column("headline", JSON, nullable=False),
    sa.Column("notes", JSON, nullable=False),
    sa.Column("unprocessable", JSON, nullable=False),
)

theme_sets = sa.Table(
    "theme_sets",
    metadata,
    sa.Column("dataset_id", sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("stamp", sa.String(40), nullable=False),  # another one whenever the row changes
    _text("name"),  # of the named set that it is a copy of
    sa.Column("learned_from", NUMBER),  # segments of the data set then
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
)

analysis_tables = sa.Table(
    "analysis_tables",
    metadata,
    _of("analyses", name="analysis_id"),
    sa.Column("name", sa.String(32), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("analysis_id", "name"),
)


_TYPES: dict[Any, Any] = {pl.String: sa.Text, pl.Float64: sa.Double, pl.Int64: NUMBER, pl.Boolean: sa.Boolean, UTC: Utc}


def _finding(name: str, *more: sa.Column[Any], key: str | None = None) -> sa.Table:
    """Make a table of findings: the columns of ``SCHEMAS`` and some more, in the order of ``place``."""
    return sa.Table(
        name,
        metadata,
        _of("analyses", name="analysis_id"),
        sa.Column("place", sa.Integer, nullable=False),
        *(sa.Column(each, _TYPES.get(kind, JSON), nullable=each != key) for each, kind in SCHEMAS[name].items()),
        *more,
        sa.PrimaryKeyConstraint("analysis_id", "place"),
    )


themes = _finding("themes", sa.Column("trend", JSON), key="theme_id")
pain_points = _finding("pain_points", key="pain_point_id")
journey = _finding("journey", key="stage")
drivers, ratings = _finding("drivers"), _finding("ratings")
trends = _finding("trends", sa.Column("complete", sa.Boolean))
FINDINGS = {table.name: table for table in (themes, pain_points, journey, drivers, ratings, trends)}

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    _of("datasets", index=True),
    _of("uploads", null=True),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("worker", sa.String(40)),  # who runs it; null while it waits for a worker
    sa.Column("beginnings", sa.Integer, nullable=False, server_default="0"),  # of this attempt
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("progress", JSON, nullable=False),
    sa.Column("counts", JSON, nullable=False),
    sa.Column("warnings", JSON, nullable=False),
    sa.Column("errors", JSON, nullable=False),
    sa.Column("options", JSON),
    sa.Column("analysis_id", sa.String(40)),
    sa.Column("caller", sa.String(40), nullable=False),  # id of the key that asked for it, or ""
    sa.Column("idempotency_key", sa.String(255)),
    sa.Column("request_hash", sa.String(64)),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("started_at", Utc),
    sa.Column("finished_at", Utc),
    sa.Column("updated_at", Utc, nullable=False),
    sa.UniqueConstraint("caller", "idempotency_key"),
)

triage = sa.Table(
    "triage",
    metadata,
    _counted(),
    _of("datasets"),
    sa.Column("record", sa.ForeignKey("records.id", ondelete="CASCADE"), nullable=False, unique=True),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("reasons", JSON, nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    _text("assignee"),
    _text("note"),
    sa.Column("entered_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sa.Index("ix_triage_dataset_id_score_id", "dataset_id", "score", "id"),
)

triage_history = sa.Table(
    "triage_history",
    metadata,
    _counted(),
    sa.Column("entry", sa.ForeignKey("triage.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("at", Utc, nullable=False),
    _text("actor", nullable=False),
    sa.Column("changes", JSON, nullable=False),
)

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    _text("url", nullable=False),
    _text("secret", nullable=False),
    sa.Column("events", JSON, nullable=False),
    _of("datasets", null=True, index=True),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    _counted(),
    _of("webhooks", index=True),
    sa.Column("record", sa.ForeignKey("records.id", ondelete="CASCADE"), nullable=True, index=True),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("payload", JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", Utc, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("done_at", Utc),
    _text("last_error"),
    sa.Index("ix_deliveries_state_next_at", "state", "next_at"),
)

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("at", Utc, nullable=False),
    _text("requested_by", nullable=False),
    sa.Column("removed", JSON, nullable=False),
    sa.Column("respondents", JSON, nullable=False),  # pseudonyms, while work begun before could still bring them back
)
