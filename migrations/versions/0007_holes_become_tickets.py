"""Holes become tickets.

It runs while the previous version of Meshdesk is still up.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the schema one step forward."""
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "adopts",
                sa.String(length=253),
                nullable=True,
                comment="keep or close: what it asks for was in the cluster before it and is taken over; "
                "null: it is written",
            )
        )


def downgrade() -> None:
    """Take that step back."""
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_column("adopts")
