"""Escalations on their way, and hand-overs of duty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

_instant = sa.DateTime(timezone=True)
_json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "escalations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("started_at", _instant, nullable=False),
        sa.Column("steps", _json, nullable=False),
        sa.Column("n_done", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("next_at", _instant, nullable=True),
        sa.Column("ended_at", _instant, nullable=True),
        sa.Column("seen_by", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_escalations"),
    )
    op.create_index("ix_escalations_fingerprint", "escalations", ["fingerprint"])
    op.create_index("ix_escalations_state_next_at", "escalations", ["state", "next_at"])
    op.create_index("ix_escalations_started_at", "escalations", ["started_at"])
    op.create_table(
        "handovers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", _instant, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("to", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("body", _json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
    )
    op.create_index("ix_handovers_at", "handovers", ["at"])
    op.create_index("ix_handovers_department_at", "handovers", ["department", "at"])


def downgrade() -> None:
    op.drop_table("handovers")
    op.drop_table("escalations")
