"""Cases and their history, acknowledgements, keys for programs, scopes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

_instant = sa.DateTime(timezone=True)
_json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
_seq = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("people", sa.Column("department", sa.Text, nullable=True))
    op.add_column("people", sa.Column("venues", _json, nullable=True))
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("key_digest", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("permissions", _json, nullable=False),
        sa.Column("created_at", _instant, nullable=False),
        sa.Column("expires_at", _instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
    )
    op.create_index("ix_tokens_key_digest", "tokens", ["key_digest"], unique=True)
    op.create_index("ix_tokens_name", "tokens", ["name"])
    op.create_table(
        "requests",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("at", _instant, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_requests"),
    )
    op.create_index("ix_requests_at", "requests", ["at"])
    op.create_table(
        "acks",
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", _instant, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_acks"),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("level_rank", sa.Integer, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=True),
        sa.Column("venue", sa.Text, nullable=True),
        sa.Column("drill", sa.Boolean, nullable=False),
        sa.Column("opened_at", _instant, nullable=False),
        sa.Column("updated_at", _instant, nullable=False),
        sa.Column("due_at", _instant, nullable=True),
        sa.Column("body", _json, nullable=False),
        sa.Column("changed_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_index("ix_cases_changed_seq", "cases", ["changed_seq"], unique=True)
    op.create_index("ix_cases_is_open_due_at", "cases", ["is_open", "due_at"])
    op.create_index("ix_cases_updated_at", "cases", ["updated_at", "id"])
    op.create_table(
        "case_alerts",
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_case_alerts"),
    )
    op.create_index("ix_case_alerts_case_id", "case_alerts", ["case_id"])
    op.create_table(
        "case_events",
        sa.Column("seq", _seq, nullable=False, autoincrement=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("at", _instant, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("body", _json, nullable=False),
        sa.Column("before", _json, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_case_events"),
    )
    op.create_index("ix_case_events_case_id_seq", "case_events", ["case_id", "seq"])


def downgrade() -> None:
    for table in (
        "case_events",
        "case_alerts",
        "cases",
        "acks",
        "requests",
        "tokens",
    ):
        op.drop_table(table)
    for column in ("venues", "department"):
        op.drop_column("people", column)
