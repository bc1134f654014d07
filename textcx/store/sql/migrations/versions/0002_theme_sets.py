"""The current theme set of each data set takes the place of the centres of its last analysis."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from textcx.store.sql.schema.columns import JSON, NUMBER, Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make and change tables. Before the next analysis, new records of a data set have no theme."""
    op.create_table(
        "theme_sets",
        sa.Column("dataset_id", NUMBER, nullable=False),
        sa.Column("stamp", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("learned_from", NUMBER, nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", Utc, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_theme_sets_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_theme_sets")),
    )
    op.add_column("datasets", sa.Column("theme_set", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("options", JSON, nullable=True))
    op.execute("ALTER TABLE analyses DROP COLUMN theme_vectors")
