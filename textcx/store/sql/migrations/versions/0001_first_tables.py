"""The first tables: keys, data sets with their records and analyses, jobs, triage, webhooks, receipts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from textcx.store.sql.schema.columns import JSON, NUMBER, Utc

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("last_used_at", Utc, nullable=True),
        sa.Column("revoked_at", Utc, nullable=True),
        sa.Column("expires_at", Utc, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_table(
        "datasets",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("learned", JSON, nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("value_marks", JSON, nullable=True),
        sa.Column("current_analysis", sa.String(length=40), nullable=True),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("updated_at", Utc, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("name", name=op.f("uq_datasets_name")),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("removed", JSON, nullable=False),
        sa.Column("respondents", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
    )
    op.create_table(
        "analyses",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("dataset_id", NUMBER, nullable=True),
        sa.Column("job_id", sa.String(length=40), nullable=True),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("manifest", JSON, nullable=False),
        sa.Column("headline", JSON, nullable=False),
        sa.Column("notes", JSON, nullable=False),
        sa.Column("unprocessable", JSON, nullable=False),
        sa.Column("theme_vectors", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_analyses_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analyses")),
        sa.UniqueConstraint("job_id", name=op.f("uq_analyses_job_id")),
        sa.UniqueConstraint("place", name=op.f("uq_analyses_place")),
    )
    op.create_index(op.f("ix_analyses_dataset_id"), "analyses", ["dataset_id"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("dataset_id", NUMBER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spool", sa.Text(), nullable=True),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("plan", JSON, nullable=True),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("finished_at", Utc, nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_uploads_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("dataset_id", "number", name=op.f("uq_uploads_dataset_id_number")),
    )
    op.create_index(op.f("ix_uploads_dataset_id"), "uploads", ["dataset_id"], unique=False)
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.Column("dataset_id", NUMBER, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_webhooks_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index(op.f("ix_webhooks_dataset_id"), "webhooks", ["dataset_id"], unique=False)
    op.create_table(
        "analysis_tables",
        sa.Column("analysis_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_analysis_tables_analysis_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "name", name=op.f("pk_analysis_tables")),
    )
    op.create_table(
        "drivers",
        sa.Column("analysis_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("subject_kind", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Text(), nullable=True),
        sa.Column("effect", sa.Double(), nullable=True),
        sa.Column("ci_low", sa.Double(), nullable=True),
        sa.Column("ci_high", sa.Double(), nullable=True),
        sa.Column("n_with", NUMBER, nullable=True),
        sa.Column("n_without", NUMBER, nullable=True),
        sa.Column("q_value", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_drivers_analysis_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "place", name=op.f("pk_drivers")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("dataset_id", NUMBER, nullable=False),
        sa.Column("upload_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("dispatched", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("progress", JSON, nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("errors", JSON, nullable=False),
        sa.Column("analysis_id", sa.String(length=40), nullable=True),
        sa.Column("caller", sa.String(length=40), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=True),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("started_at", Utc, nullable=True),
        sa.Column("finished_at", Utc, nullable=True),
        sa.Column("updated_at", Utc, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_jobs_dataset_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_jobs_upload_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("caller", "idempotency_key", name=op.f("uq_jobs_caller_idempotency_key")),
    )
    op.create_index(op.f("ix_jobs_dataset_id"), "jobs", ["dataset_id"], unique=False)
    op.create_index(op.f("ix_jobs_state"), "jobs", ["state"], unique=False)
    op.create_table(
        "journey",
        sa.Column("analysis_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("segments", NUMBER, nullable=True),
        sa.Column("respondents", NUMBER, nullable=True),
        sa.Column("polarity", sa.Double(), nullable=True),
        sa.Column("ci_low", sa.Double(), nullable=True),
        sa.Column("ci_high", sa.Double(), nullable=True),
        sa.Column("negative_share", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_journey_analysis_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "place", name=op.f("pk_journey")),
    )
    op.create_table(
        "pain_points",
        sa.Column("analysis_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("pain_point_id", sa.Text(), nullable=False),
        sa.Column("theme_id", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("aspect", sa.Text(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("severity", sa.Double(), nullable=True),
        sa.Column("records", NUMBER, nullable=True),
        sa.Column("respondents", NUMBER, nullable=True),
        sa.Column("trend", JSON, nullable=True),
        sa.Column("evidence", JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_pain_points_analysis_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "place", name=op.f("pk_pain_points")),
    )
    op.create_table(
        "parts",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("dataset_id", NUMBER, nullable=False),
        sa.Column("upload_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", JSON, nullable=False),
        sa.Column("repeats", JSON, nullable=False),
        sa.Column("unreadable", JSON, nullable=False),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Utc, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_parts_dataset_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_parts_upload_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parts")),
        sa.UniqueConstraint("upload_id", "number", name=op.f("uq_parts_upload_id_number")),
    )
    op.create_index(op.f("ix_parts_dataset_id"), "parts", ["dataset_id"], unique=False)
    op.create_table(
        "ratings",
        sa.Column("analysis_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Text(), nullable=True),
        sa.Column("subject_kind", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Text(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("ci_low", sa.Double(), nullable=True),
        sa.Column("ci_high", sa.Double(), nullable=True),
        sa.Column("n", NUMBER, nullable=True),
        sa.Column("n_commented", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_ratings_analysis_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "place", name=op.f("pk_ratings")),
    )
    op.create_table(
        "themes",
        sa.Column("analysis_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("theme_id", sa.Text(), nullable=False),
        sa.Column("parent_theme_id", sa.Text(), nullable=True),
        sa.Column("level", NUMBER, nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("keywords", JSON, nullable=True),
        sa.Column("records", NUMBER, nullable=True),
        sa.Column("respondents", NUMBER, nullable=True),
        sa.Column("share", sa.Double(), nullable=True),
        sa.Column("polarity", sa.Double(), nullable=True),
        sa.Column("negative_share", sa.Double(), nullable=True),
        sa.Column("stability", sa.Double(), nullable=True),
        sa.Column("first_seen", Utc, nullable=True),
        sa.Column("last_seen", Utc, nullable=True),
        sa.Column("trend", JSON, nullable=True),
        sa.Column("evidence", JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_themes_analysis_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "place", name=op.f("pk_themes")),
    )
    op.create_table(
        "trends",
        sa.Column("analysis_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Text(), nullable=True),
        sa.Column("period", sa.Text(), nullable=True),
        sa.Column("measure", sa.Text(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("ci_low", sa.Double(), nullable=True),
        sa.Column("ci_high", sa.Double(), nullable=True),
        sa.Column("n", NUMBER, nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_trends_analysis_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "place", name=op.f("pk_trends")),
    )
    op.create_table(
        "records",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("dataset_id", NUMBER, nullable=False),
        sa.Column("part_id", NUMBER, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("created_at", Utc, nullable=True),
        sa.Column("received_at", Utc, nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("redactions", JSON, nullable=True),
        sa.Column("respondent_id", sa.String(length=64), nullable=True),
        sa.Column("touchpoint", sa.Text(), nullable=True),
        sa.Column("customer_value", sa.Double(), nullable=True),
        sa.Column("ratings", JSON, nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("label", sa.String(length=16), nullable=True),
        sa.Column("polarity", sa.Double(), nullable=True),
        sa.Column("p_negative", sa.Double(), nullable=True),
        sa.Column("p_neutral", sa.Double(), nullable=True),
        sa.Column("p_positive", sa.Double(), nullable=True),
        sa.Column("mixed", sa.Boolean(), nullable=True),
        sa.Column("confident", sa.Boolean(), nullable=True),
        sa.Column("windows", sa.Integer(), nullable=True),
        sa.Column("n_segments", sa.Integer(), nullable=True),
        sa.Column("primary_theme_id", sa.Text(), nullable=True),
        sa.Column("primary_stage", sa.Text(), nullable=True),
        sa.Column("duplicate_of", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_records_dataset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["part_id"], ["parts.id"], name=op.f("fk_records_part_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_records")),
        sa.UniqueConstraint("dataset_id", "identity", name=op.f("uq_records_dataset_id_identity")),
        sa.UniqueConstraint("dataset_id", "record_id", name=op.f("uq_records_dataset_id_record_id")),
    )
    op.create_index("ix_records_dataset_id_created_at", "records", ["dataset_id", "created_at"], unique=False)
    op.create_index(op.f("ix_records_part_id"), "records", ["part_id"], unique=False)
    op.create_index("ix_records_respondent_id_dataset_id", "records", ["respondent_id", "dataset_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("webhook_id", sa.String(length=40), nullable=False),
        sa.Column("record", NUMBER, nullable=True),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Utc, nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("done_at", Utc, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["record"], ["records.id"], name=op.f("fk_deliveries_record"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_deliveries_webhook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_record"), "deliveries", ["record"], unique=False)
    op.create_index("ix_deliveries_state_next_at", "deliveries", ["state", "next_at"], unique=False)
    op.create_index(op.f("ix_deliveries_webhook_id"), "deliveries", ["webhook_id"], unique=False)
    op.create_table(
        "segments",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("dataset_id", NUMBER, nullable=False),
        sa.Column("record", NUMBER, nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("text_column", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("label", sa.String(length=16), nullable=True),
        sa.Column("polarity", sa.Double(), nullable=True),
        sa.Column("p_negative", sa.Double(), nullable=True),
        sa.Column("p_neutral", sa.Double(), nullable=True),
        sa.Column("p_positive", sa.Double(), nullable=True),
        sa.Column("p_pain", sa.Double(), nullable=True),
        sa.Column("p_request", sa.Double(), nullable=True),
        sa.Column("p_anger", sa.Double(), nullable=True),
        sa.Column("p_disappointment", sa.Double(), nullable=True),
        sa.Column("p_gratitude", sa.Double(), nullable=True),
        sa.Column("p_confusion", sa.Double(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("stage_confidence", sa.Double(), nullable=True),
        sa.Column("theme_id", sa.Text(), nullable=True),
        sa.Column("strength", sa.Double(), nullable=True),
        sa.Column("pain", sa.Boolean(), nullable=True),
        sa.Column("aspect", sa.Text(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("severity", sa.Double(), nullable=True),
        sa.Column("reasons", JSON, nullable=True),
        sa.Column("pain_point_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_segments_dataset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["record"], ["records.id"], name=op.f("fk_segments_record"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("record", "start", "end", name=op.f("uq_segments_record_start_end")),
    )
    op.create_index(op.f("ix_segments_dataset_id"), "segments", ["dataset_id"], unique=False)
    op.create_index(op.f("ix_segments_record"), "segments", ["record"], unique=False)
    op.create_table(
        "triage",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("dataset_id", NUMBER, nullable=False),
        sa.Column("record", NUMBER, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("entered_at", Utc, nullable=False),
        sa.Column("updated_at", Utc, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_triage_dataset_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["record"], ["records.id"], name=op.f("fk_triage_record"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triage")),
        sa.UniqueConstraint("record", name=op.f("uq_triage_record")),
    )
    op.create_index("ix_triage_dataset_id_score_id", "triage", ["dataset_id", "score", "id"], unique=False)
    op.create_table(
        "triage_history",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("entry", NUMBER, nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("changes", JSON, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["triage.id"], name=op.f("fk_triage_history_entry"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triage_history")),
    )
    op.create_index(op.f("ix_triage_history_entry"), "triage_history", ["entry"], unique=False)
