"""Drivers are told beside each other, and themes and stages have intervals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ADDED = {
    "drivers": ("gap", "gap_low", "gap_high", "effect_beside", "beside_low", "beside_high"),
    "themes": ("polarity_low", "polarity_high", "negative_low", "negative_high"),
    "journey": ("polarity_q", "negative_low", "negative_high", "negative_q"),
}


def upgrade() -> None:
    """Add the columns; they are null for the analyses that are there."""
    for table, names in ADDED.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Double(), nullable=True))
