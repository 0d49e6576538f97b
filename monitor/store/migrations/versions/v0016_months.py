"""Events by month in PostgreSQL, and the ids of all of them in a table of their own.

What was emptied is an id without an event from now on.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

# ruff: noqa: S608 - our own columns

revision = "0016"
down_revision = "0015"

_instant = sa.DateTime(timezone=True)
_COLUMNS = "event_id, fingerprint, cause, at, recorded_at, kind, level, venue, body"
_N_AHEAD, _BEHIND = 2, timedelta(days=400)


def upgrade() -> None:
    is_parted = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "event_ids",
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("at", _instant, nullable=False),
    )
    op.execute("INSERT INTO event_ids SELECT event_id, fingerprint, cause, at FROM events")
    with op.batch_alter_table("event_ids") as table:
        table.create_primary_key("pk_event_ids", ["event_id"])
    op.create_index("ix_event_ids_fingerprint_cause", "event_ids", ["fingerprint", "cause"])
    for index in ("ix_events_fingerprint_at", "ix_events_fingerprint_cause", "ix_events_at"):
        op.drop_index(index, "events")
    op.rename_table("events", "events_before")
    if is_parted:
        op.execute("ALTER TABLE events_before RENAME CONSTRAINT pk_events TO pk_events_before")
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
        sa.PrimaryKeyConstraint("at", "event_id", name="pk_events"),
        postgresql_partition_by="RANGE (at)",
    )
    if is_parted:
        _make_months()
    op.execute(f"INSERT INTO events ({_COLUMNS}) SELECT {_COLUMNS} FROM events_before WHERE body <> ''")
    op.drop_table("events_before")
    op.create_index("ix_events_fingerprint_at", "events", ["fingerprint", "at"])


def _make_months() -> None:
    op.execute("CREATE TABLE events_stray PARTITION OF events DEFAULT")
    now = datetime.now(UTC)
    newest = _after(now, _N_AHEAD)
    wanted = {_after(now, n) for n in range(-1, _N_AHEAD + 1)}
    held = sa.text(
        "SELECT DISTINCT date_trunc('month', at, 'UTC') FROM event_ids WHERE at >= :first AND at < :end"
    )
    span = {"first": _after(now - _BEHIND, 0), "end": _after(newest, 1)}
    wanted |= {_after(at.astimezone(UTC), 0) for at in op.get_bind().execute(held, span).scalars()}
    for month in sorted(wanted):
        first, end = month.isoformat(), _after(month, 1).isoformat()
        op.execute(
            f"CREATE TABLE events_{month:%Y_%m} PARTITION OF events FOR VALUES FROM ('{first}') TO ('{end}')"
        )


def _after(at: datetime, n: int) -> datetime:
    whole = at.year * 12 + at.month - 1 + n
    return datetime(whole // 12, whole % 12 + 1, 1, tzinfo=UTC)


def downgrade() -> None:
    """What was let go of is empty again, as it was."""
    op.drop_index("ix_events_fingerprint_at", "events")
    op.rename_table("events", "events_by_month")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE events_by_month RENAME CONSTRAINT pk_events TO pk_events_by_month")
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
    op.execute(f"INSERT INTO events ({_COLUMNS}) SELECT {_COLUMNS} FROM events_by_month")
    op.execute(
        f"INSERT INTO events ({_COLUMNS}) SELECT i.event_id, i.fingerprint, i.cause, i.at, i.at, "
        "'radio', 'low', NULL, '' FROM event_ids i WHERE NOT EXISTS "
        "(SELECT 1 FROM events_by_month e WHERE e.at = i.at AND e.event_id = i.event_id)"
    )
    op.drop_table("events_by_month")
    op.drop_table("event_ids")
    op.create_index("ix_events_fingerprint_at", "events", ["fingerprint", "at"])
    op.create_index("ix_events_fingerprint_cause", "events", ["fingerprint", "cause"])
    op.create_index("ix_events_at", "events", ["at"])
