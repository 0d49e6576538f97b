"""The first tables.

A step stands for itself for ever: it repeats the columns instead of importing `tables`,
whose later versions must not change what this step did.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

_json = sa.JSON().with_variant(JSONB(), "postgresql")
_instant = sa.DateTime(timezone=True)
_seq = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )
    op.create_table(
        "events",
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("at", _instant, nullable=False),
        sa.Column("recorded_at", _instant, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("venue", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_events"),
    )
    op.create_index("ix_events_fingerprint_at", "events", ["fingerprint", "at"])
    op.create_index("ix_events_fingerprint_cause", "events", ["fingerprint", "cause"])
    op.create_index("ix_events_at", "events", ["at"])
    op.create_table(
        "alerts",
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("level_rank", sa.Integer, nullable=False),
        sa.Column("labels", _json, nullable=False),
        sa.Column("annotations", _json, nullable=False),
        sa.Column("starts_at", _instant, nullable=False),
        sa.Column("updated_at", _instant, nullable=False),
        sa.Column("ends_at", _instant),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("venue", sa.Text),
        sa.Column("drill", sa.Boolean, nullable=False),
        sa.Column("experimental", sa.Boolean, nullable=False),
        sa.Column("why", _json, nullable=False),
        sa.Column("event", _json, nullable=False),
        sa.Column("evidence", _json, nullable=False),
        sa.Column("newest_event_id", sa.Text, nullable=False),
        sa.Column("changed_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_alerts"),
    )
    op.create_index("ix_alerts_gravest", "alerts", ["level_rank", "updated_at", "fingerprint"])
    op.create_index("ix_alerts_changed_seq", "alerts", ["changed_seq"], unique=True)
    op.create_index("ix_alerts_ends_at", "alerts", ["ends_at"])
    op.create_table(
        "changes",
        sa.Column("seq", _seq, nullable=False, autoincrement=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("at", _instant, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text),
        sa.PrimaryKeyConstraint("seq", name="pk_changes"),
    )
    op.create_index("ix_changes_fingerprint_seq", "changes", ["fingerprint", "seq"])
    op.create_table(
        "audit",
        sa.Column("seq", _seq, nullable=False, autoincrement=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_table(
        "evidence",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("n_bytes", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", _instant, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_evidence"),
    )


def downgrade() -> None:
    for table in ("evidence", "audit", "changes", "alerts", "events", "meta"):
        op.drop_table(table)
