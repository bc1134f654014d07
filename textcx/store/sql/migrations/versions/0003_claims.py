"""Workers claim jobs by their rows; the tables of the queue beside these are not used any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the table of jobs. Jobs that were running wait for a worker."""
    op.add_column("jobs", sa.Column("worker", sa.String(length=40), nullable=True))
    op.add_column("jobs", sa.Column("beginnings", sa.Integer(), server_default="0", nullable=False))
    op.execute("ALTER TABLE jobs DROP COLUMN dispatched")
