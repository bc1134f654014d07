"""Pain points have a title, how far it fits, all their stages, and more about how bad they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from textcx.store.sql.schema.columns import JSON

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; they are null for the analyses that are there."""
    op.add_column("pain_points", sa.Column("title", sa.Text(), nullable=True))
    op.add_column("pain_points", sa.Column("stages", JSON, nullable=True))
    op.add_column("pain_points", sa.Column("safety", sa.Boolean(), nullable=True))
    for name in ("fit", "severity_p90", "effect"):
        op.add_column("pain_points", sa.Column(name, sa.Double(), nullable=True))
