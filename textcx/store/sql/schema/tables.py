"""The tables of the service, as the code sees them; ``migrations`` makes them.

What an analysis finds has the columns that ``textcx.domain.tables`` declares: a new one there needs a migration.

Invariants, tested: nothing unredacted has a column; what belongs to a data set goes with it; a record is in a data set
once (``identity``), under an id of its own (``record_id``); a batch of an upload is stored once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from textcx.domain.tables import MENTIONS, PAINS, RECORDS, SCHEMAS, SEGMENTS, UTC
from textcx.store.sql.schema.columns import JSON, NUMBER, Utc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.types import TypeEngine

    Kind = TypeEngine[Any] | type[TypeEngine[Any]]

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_WORD, _ID, _HASH = sa.String(16), sa.String(40), sa.String(64)
_TYPES: dict[Any, Any] = {pl.String: sa.Text, pl.Float64: sa.Double, pl.Int64: NUMBER, pl.Boolean: sa.Boolean, UTC: Utc}
"""How a column of a declared table is kept; all other types are JSON."""


def _table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *parts)


def _of(
    table: str,
    *,
    name: str | None = None,
    null: bool = False,
    index: bool = False,
    unique: bool = False,
    primary_key: bool = False,
) -> sa.Column[Any]:
    """Make a column that refers to a row of another table and goes with it."""
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    name = name or table.rstrip("s") + "_id"
    return sa.Column(name, key, nullable=null, index=index, unique=unique, primary_key=primary_key)


def _counted() -> sa.Column[int]:
    return sa.Column("id", NUMBER, primary_key=True, autoincrement=True)


def _named() -> sa.Column[str]:
    return sa.Column("id", _ID, primary_key=True)


def _columns(kind: Kind, names: str, *, null: bool = False) -> list[sa.Column[Any]]:
    """Make columns of one type from their names, separated by blanks."""
    return [sa.Column(name, kind, nullable=null) for name in names.split()]


def _declared(schema: Mapping[str, Any], *, required: str = "", **kept_as: Kind) -> list[sa.Column[Any]]:
    """Make the columns of a table of ``textcx.domain.tables``, some as another type than theirs."""
    return [
        sa.Column(name, kept_as.get(name, _TYPES.get(kind, JSON)), nullable=name not in required.split())
        for name, kind in schema.items()
    ]


api_keys = _table(
    "api_keys",
    _named(),
    *_columns(sa.Text, "name"),
    *_columns(_WORD, "prefix"),
    sa.Column("digest", _HASH, nullable=False, unique=True),
    *_columns(JSON, "scopes"),
    *_columns(Utc, "created_at"),
    *_columns(Utc, "last_used_at revoked_at expires_at", null=True),
)

datasets = _table(
    "datasets",
    _counted(),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    *_columns(sa.Text, "title", null=True),
    *_columns(JSON, "columns learned"),
    *_columns(sa.Integer, "retention_days", null=True),
    *_columns(JSON, "value_marks", null=True),  # quantiles of the customer value, for the rank of one
    *_columns(_ID, "current_analysis", null=True),
    *_columns(sa.Text, "theme_set", null=True),  # name of the one that it is to be analyzed with
    *_columns(Utc, "created_at updated_at"),
)

uploads = _table(
    "uploads",
    _named(),
    _of("datasets", index=True),
    *_columns(sa.Integer, "number"),
    *_columns(sa.Text, "name"),
    *_columns(sa.Text, "spool", null=True),
    *_columns(NUMBER, "size"),
    *_columns(_HASH, "sha256"),
    *_columns(JSON, "columns warnings"),
    *_columns(JSON, "plan", null=True),
    *_columns(_WORD, "state"),
    *_columns(Utc, "created_at"),
    *_columns(Utc, "finished_at", null=True),
    sa.UniqueConstraint("dataset_id", "number"),
)

parts = _table(
    "parts",
    _counted(),
    _of("datasets", index=True),
    _of("uploads"),
    *_columns(sa.Integer, "number"),  # of the batch in its upload, from 0
    *_columns(JSON, "outcome"),  # what became of the rows of the batch, as counts
    *_columns(JSON, "repeats"),  # how often each content without an id came in the batch
    *_columns(JSON, "unreadable warnings"),
    *_columns(sa.LargeBinary, "blob", null=True),  # null where the batch brought nothing new
    *_columns(Utc, "created_at"),
    sa.UniqueConstraint("upload_id", "number"),
)

records = _table(
    "records",
    _counted(),
    _of("datasets"),
    _of("parts", index=True),
    *_columns(sa.Integer, "row"),  # in its part
    *_columns(_HASH, "identity"),  # hash of id and content: what makes it the same again
    sa.Column("reason", sa.String(32)),  # why it could not be analyzed; null where it could
    *_columns(sa.Text, "location"),  # file name and line
    *_columns(Utc, "received_at"),
    *_columns(JSON, "ratings attributes"),
    *_declared(
        RECORDS, required="record_id", respondent_id=_HASH, label=_WORD, windows=sa.Integer, n_segments=sa.Integer
    ),
    sa.UniqueConstraint("dataset_id", "record_id"),
    sa.UniqueConstraint("dataset_id", "identity"),
    sa.Index("ix_records_dataset_id_created_at", "dataset_id", "created_at"),
    sa.Index("ix_records_respondent_id_dataset_id", "respondent_id", "dataset_id"),
)

SEGMENT = {
    name: kind
    for name, kind in {**SEGMENTS, **MENTIONS, **PAINS}.items()
    if name not in {"segment_id", "record_id"}  # told by record, start and end
}
"""What is kept of a segment: its own columns, its theme and its pain."""

segments = _table(
    "segments",
    _counted(),
    _of("datasets", index=True),
    _of("records", index=True, name="record"),
    *_declared(SEGMENT, required="start end text", start=sa.Integer, end=sa.Integer, label=_WORD),
    sa.UniqueConstraint("record", "start", "end"),
)

analyses = _table(
    "analyses",
    _named(),
    sa.Column("place", sa.Text, nullable=False, unique=True),  # the name it is kept under
    _of("datasets", null=True, index=True),
    sa.Column("job_id", _ID, unique=True),
    *_columns(Utc, "created_at"),
    *_columns(JSON, "manifest headline notes unprocessable"),
)

theme_sets = _table(
    "theme_sets",
    _of("datasets", primary_key=True),
    *_columns(_ID, "stamp"),  # another one whenever the row changes
    *_columns(sa.Text, "name", null=True),  # of the named set that it is a copy of
    *_columns(NUMBER, "learned_from", null=True),  # segments of the data set then
    *_columns(sa.LargeBinary, "content"),
    *_columns(Utc, "updated_at"),
)

analysis_tables = _table(
    "analysis_tables",
    _of("analyses", name="analysis_id", primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
    *_columns(sa.LargeBinary, "content"),
)


def _finding(name: str, *more: sa.Column[Any], key: str = "") -> sa.Table:
    """Make a table of findings: the declared columns and some more, in the order of ``place``."""
    return _table(
        name,
        _of("analyses", name="analysis_id", primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        *_declared(SCHEMAS[name], required=key),
        *more,
    )


themes = _finding("themes", sa.Column("trend", JSON), key="theme_id")
pain_points = _finding("pain_points", key="pain_point_id")
journey = _finding("journey", key="stage")
drivers, ratings = _finding("drivers"), _finding("ratings")
trends = _finding("trends", sa.Column("complete", sa.Boolean))
FINDINGS = {table.name: table for table in (themes, pain_points, journey, drivers, ratings, trends)}

jobs = _table(
    "jobs",
    _named(),
    *_columns(_WORD, "kind"),
    _of("datasets", index=True),
    _of("uploads", null=True),
    sa.Column("state", _WORD, nullable=False, index=True),
    *_columns(sa.Integer, "attempt"),
    sa.Column("worker", _ID),  # who runs it; null while it waits for a worker
    sa.Column("beginnings", sa.Integer, nullable=False, server_default="0"),  # of this attempt
    *_columns(sa.Boolean, "cancel_requested"),
    *_columns(JSON, "progress counts warnings errors"),
    *_columns(JSON, "options", null=True),
    *_columns(_ID, "analysis_id", null=True),
    *_columns(_ID, "caller"),  # id of the key that asked for it, or ""
    sa.Column("idempotency_key", sa.String(255)),
    *_columns(_HASH, "request_hash", null=True),
    *_columns(Utc, "created_at updated_at"),
    *_columns(Utc, "started_at finished_at", null=True),
    sa.UniqueConstraint("caller", "idempotency_key"),
)

triage = _table(
    "triage",
    _counted(),
    _of("datasets"),
    _of("records", name="record", unique=True),
    *_columns(sa.Double, "score"),
    *_columns(JSON, "reasons"),
    *_columns(sa.Boolean, "urgent"),
    *_columns(_WORD, "status"),
    *_columns(sa.Text, "assignee note", null=True),
    *_columns(Utc, "entered_at updated_at"),
    sa.Index("ix_triage_dataset_id_score_id", "dataset_id", "score", "id"),
)

triage_history = _table(
    "triage_history",
    _counted(),
    _of("triage", name="entry", index=True),
    *_columns(Utc, "at"),
    *_columns(sa.Text, "actor"),
    *_columns(JSON, "changes"),
)

webhooks = _table(
    "webhooks",
    _named(),
    *_columns(sa.Text, "url secret"),
    *_columns(JSON, "events"),
    _of("datasets", null=True, index=True),
    *_columns(sa.Boolean, "active"),
    *_columns(Utc, "created_at"),
)

deliveries = _table(
    "deliveries",
    _counted(),
    _of("webhooks", index=True),
    _of("records", name="record", null=True, index=True),
    sa.Column("event", sa.String(32), nullable=False),
    *_columns(JSON, "payload"),
    *_columns(_WORD, "state"),
    *_columns(sa.Integer, "attempts"),
    *_columns(Utc, "next_at created_at"),
    *_columns(Utc, "done_at", null=True),
    *_columns(sa.Text, "last_error", null=True),
    sa.Index("ix_deliveries_state_next_at", "state", "next_at"),
)

receipts = _table(
    "receipts",
    _named(),
    *_columns(_WORD, "kind"),
    *_columns(Utc, "at"),
    *_columns(sa.Text, "requested_by"),
    *_columns(JSON, "removed"),
    *_columns(JSON, "respondents"),  # pseudonyms, while work begun before could still bring them back
)
