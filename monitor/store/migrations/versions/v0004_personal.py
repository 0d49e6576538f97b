"""Names and seats that were read off pictures, apart from all else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "personal",
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("attachment", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=True),
        sa.Column("seat", sa.Text, nullable=True),
        sa.Column("number", sa.Text, nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("document", "attachment", "place", name="pk_personal"),
    )
    op.create_index("ix_personal_seen_at", "personal", ["seen_at"])


def downgrade() -> None:
    op.drop_table("personal")
