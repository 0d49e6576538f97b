"""Groups of alerts, the messages about them, and silences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

_instant = sa.DateTime(timezone=True)
_json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "notify_groups",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("labels", _json, nullable=False),
        sa.Column("began_at", _instant, nullable=False),
        sa.Column("told_at", _instant, nullable=True),
        sa.Column("told", _json, nullable=False),
        sa.Column("due_at", _instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_notify_groups"),
    )
    op.create_index("ix_notify_groups_due_at", "notify_groups", ["due_at"])
    op.create_table(
        "notify_members",
        sa.Column("group_key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("group_key", "fingerprint", name="pk_notify_members"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("group_key", sa.Text, nullable=False),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("body", _json, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("n_attempts", sa.Integer, nullable=False),
        sa.Column("maybe_repeated", sa.Boolean, nullable=False),
        sa.Column("created_at", _instant, nullable=False),
        sa.Column("next_at", _instant, nullable=False),
        sa.Column("sent_at", _instant, nullable=True),
        sa.Column("error", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_state_next_at", "notices", ["state", "next_at"])
    op.create_index("ix_notices_created_at", "notices", ["created_at"])
    op.create_table(
        "silences",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("matchers", _json, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("starts_at", _instant, nullable=False),
        sa.Column("ends_at", _instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silences"),
    )
    op.create_index("ix_silences_ends_at", "silences", ["ends_at"])


def downgrade() -> None:
    for table in ("silences", "notices", "notify_members", "notify_groups"):
        op.drop_table(table)
