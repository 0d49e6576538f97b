"""Tables of the alert desk: what is told to whom, silences, who has seen what, cases, duty."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.store.dialect import Instant, Json, Seq, column, partial
from monitor.store.tables import metadata

notify_groups = sa.Table(
    "notify_groups",
    metadata,
    column("key", sa.Text, primary_key=True),
    column("route", sa.Text),
    column("labels", Json),
    column("began_at", Instant),
    column("told_at", Instant, nullable=True),
    column("told", Json),
    column("due_at", Instant),
    sa.Index("ix_notify_groups_due_at", "due_at"),
)

notify_members = sa.Table(
    "notify_members",
    metadata,
    column("group_key", sa.Text, primary_key=True),
    column("fingerprint", sa.Text, primary_key=True),
)

notices = sa.Table(
    "notices",
    metadata,
    column("id", sa.Text, primary_key=True),
    column("group_key", sa.Text),
    column("receiver", sa.Text),
    column("reason", sa.Text),
    column("body", Json),
    column("state", sa.Text),
    column("n_attempts", sa.Integer),
    column("maybe_repeated", sa.Boolean),
    column("created_at", Instant),
    column("next_at", Instant),
    column("sent_at", Instant, nullable=True),
    column("error", sa.Text, nullable=True),
    sa.Index("ix_notices_state_next_at", "state", "next_at"),
    sa.Index("ix_notices_created_at", "created_at"),
)
"""The intent to tell stands here before anything is sent: what a crash cuts off is known to be open."""

silences = sa.Table(
    "silences",
    metadata,
    column("id", sa.Text, primary_key=True),
    column("matchers", Json),
    column("reason", sa.Text),
    column("author", sa.Text),
    column("starts_at", Instant),
    column("ends_at", Instant),
    column("venues", Json, nullable=True),
    column("department", sa.Text, nullable=True),
    sa.Index("ix_silences_ends_at", "ends_at"),
)
"""``venues`` and ``department`` are its author's; None: all."""

acks = sa.Table(
    "acks",
    metadata,
    column("fingerprint", sa.Text, primary_key=True),
    column("by", sa.Text),
    column("at", Instant),
    column("note", sa.Text),
)
"""Who has seen an alert, and when; the first to say so stays."""

cases = sa.Table(
    "cases",
    metadata,
    column("id", sa.Text, primary_key=True),
    column("state", sa.Text),
    column("is_open", sa.Boolean),
    column("level_rank", sa.Integer),
    column("department", sa.Text),
    column("owner", sa.Text, nullable=True),
    column("venue", sa.Text, nullable=True),
    column("drill", sa.Boolean),
    column("opened_at", Instant),
    column("updated_at", Instant),
    column("due_at", Instant, nullable=True),
    column("body", Json),
    column("changed_seq", sa.BigInteger),
    sa.Index("ix_cases_state", "state"),
    sa.Index("ix_cases_updated_at", "updated_at", "id"),
    sa.Index("ix_cases_is_open_due_at", "is_open", "due_at"),
    sa.Index("ix_cases_changed_seq", "changed_seq", unique=True),
    sa.Index("ix_cases_department", "department", "updated_at", "id"),
    sa.Index("ix_cases_owner", "owner", "updated_at", "id"),
    sa.Index("ix_cases_venue", "venue", "updated_at", "id"),
)
partial(
    "ix_cases_open", cases.c.level_rank, cases.c.opened_at, cases.c.id, where=cases.c.is_open == sa.true()
)

case_alerts = sa.Table(
    "case_alerts",
    metadata,
    column("fingerprint", sa.Text, primary_key=True),
    column("case_id", sa.Text),
    sa.Index("ix_case_alerts_case_id", "case_id"),
)
"""An alert is in one case at most."""

case_events = sa.Table(
    "case_events",
    metadata,
    column("seq", Seq, primary_key=True),
    column("case_id", sa.Text),
    column("at", Instant),
    column("actor", sa.Text),
    column("action", sa.Text),
    column("body", Json),
    column("before", Json, nullable=True),
    sa.Index("ix_case_events_case_id_seq", "case_id", "seq"),
)
"""``seq`` is that of the audit entry. ``before`` is the case as it was, for undoing."""

escalations = sa.Table(
    "escalations",
    metadata,
    column("id", sa.Text, primary_key=True),
    column("fingerprint", sa.Text),
    column("started_at", Instant),
    column("steps", Json),
    column("n_done", sa.Integer),
    column("state", sa.Text),
    column("next_at", Instant, nullable=True),
    column("ended_at", Instant, nullable=True),
    column("seen_by", sa.Text, nullable=True),
    sa.Index("ix_escalations_fingerprint", "fingerprint"),
    sa.Index("ix_escalations_state_next_at", "state", "next_at"),
    sa.Index("ix_escalations_started_at", "started_at"),
)
"""What nobody has seen, on its way to the next; ``steps`` are frozen when it starts."""

handovers = sa.Table(
    "handovers",
    metadata,
    column("id", sa.Text, primary_key=True),
    column("at", Instant),
    column("department", sa.Text),
    column("by", sa.Text),
    column("to", sa.Text),
    column("note", sa.Text),
    column("body", Json),
    sa.Index("ix_handovers_at", "at"),
    sa.Index("ix_handovers_department_at", "department", "at"),
)
"""Who gave a department's duty to whom, with what was open then."""
