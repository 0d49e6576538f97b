"""The tables, for SQLite and PostgreSQL alike.

    event_ids ──at──> events ──fingerprint──> alerts   every id for ever / bodies by month / one row a case
       │                                        ^
       └──────────────── changes ───────────────┘      seq grows with each commit: the live stream's number
                           │ seq
                         audit                         append-only chain, one entry a change, same transaction

``body`` holds an alert as `monitor.alert.wire` writes it, and its digest stands in the
audit entry: a changed event no longer fits the chain. In PostgreSQL ``events`` is one table a
month (`monitor.store.partitions`); that an id is stored once is held by ``event_ids``, which is not.
"""

from __future__ import annotations

import sqlalchemy as sa

from monitor.store.dialect import Instant, Json, Said, SaidNumber, Seq, column, partial

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

meta = sa.Table("meta", metadata, column("name", sa.Text, primary_key=True), column("value", sa.Text))

event_ids = sa.Table(
    "event_ids",
    metadata,
    column("event_id", sa.Text, primary_key=True),
    column("fingerprint", sa.Text),
    column("cause", sa.Text),
    column("at", Instant),
    sa.Index("ix_event_ids_fingerprint_cause", "fingerprint", "cause"),
)
"""What was ever stored. Retention lets an event go, and its id stays: what comes again is known."""

events = sa.Table(
    "events",
    metadata,
    column("event_id", sa.Text),
    column("fingerprint", sa.Text),
    column("cause", sa.Text),
    column("at", Instant),
    column("recorded_at", Instant),
    column("kind", sa.Text),
    column("level", sa.Text),
    column("venue", sa.Text, nullable=True),
    column("body", sa.Text),
    sa.PrimaryKeyConstraint("at", "event_id"),
    sa.Index("ix_events_fingerprint_at", "fingerprint", "at"),
    postgresql_partition_by="RANGE (at)",
)

alerts = sa.Table(
    "alerts",
    metadata,
    column("fingerprint", sa.Text, primary_key=True),
    column("kind", sa.Text),
    column("level", sa.Text),
    column("level_rank", sa.Integer),
    column("labels", Json),
    column("annotations", Json),
    column("starts_at", Instant),
    column("updated_at", Instant),
    column("ends_at", Instant, nullable=True),
    column("count", sa.Integer),
    column("venue", sa.Text, nullable=True),
    column("drill", sa.Boolean),
    column("experimental", sa.Boolean),
    column("why", Json),
    column("event", Json),
    column("evidence", Json),
    column("newest_event_id", sa.Text),
    column("rules", Json),
    column("changed_seq", sa.BigInteger),
    sa.Column("judged", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("has_case", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_alerts_gravest", "level_rank", "updated_at", "fingerprint"),
    sa.Index("ix_alerts_changed_seq", "changed_seq", unique=True),
    sa.Index("ix_alerts_ends_at", "ends_at"),
    sa.Index("ix_alerts_updated_at", "updated_at", "fingerprint"),
    sa.Index("ix_alerts_has_case", "has_case", "level_rank", "starts_at", "fingerprint"),
    sa.Index("ix_alerts_venue_starts_at", "venue", "starts_at"),
    sa.Index("ix_alerts_kind", "kind", "level_rank", "updated_at", "fingerprint"),
    sa.Index("ix_alerts_venue", "venue", "level_rank", "updated_at", "fingerprint"),
    sa.Index("ix_alerts_kind_venue", "kind", "venue", "level_rank", "updated_at", "fingerprint"),
)
"""``judged`` follows from the state of the alert's case, ``has_case`` is whether ``case_alerts`` names it:
`monitor.case.journal` keeps both so, and what nobody has claimed or judged is found at once."""
partial(
    "ix_alerts_open",
    alerts.c.level_rank,
    alerts.c.updated_at,
    alerts.c.fingerprint,
    alerts.c.kind,
    alerts.c.drill,
    alerts.c.venue,
    alerts.c.starts_at,
    where=sa.not_(alerts.c.judged),
)
partial(
    "ix_alerts_drill",
    alerts.c.level_rank,
    alerts.c.updated_at,
    alerts.c.fingerprint,
    where=alerts.c.drill == sa.true(),
)
DOCUMENT = Said(alerts.c.event, "document")
REPOST_OF = Said(alerts.c.event, "repost_of")
CENTER_HZ = SaidNumber(alerts.c.event, "center_hz")
partial("ix_alerts_document", DOCUMENT, where=alerts.c.kind == "web")
partial("ix_alerts_repost_of", REPOST_OF, where=alerts.c.kind == "web")
partial("ix_alerts_center_hz", CENTER_HZ, where=alerts.c.kind == "radio")

changes = sa.Table(
    "changes",
    metadata,
    column("seq", Seq, primary_key=True),
    column("fingerprint", sa.Text),
    column("at", Instant),
    column("action", sa.Text),
    column("event_id", sa.Text, nullable=True),
    sa.Index("ix_changes_fingerprint_seq", "fingerprint", "seq"),
)

audit = sa.Table(
    "audit",
    metadata,
    column("seq", Seq, primary_key=True),
    column("entry", sa.Text),
    column("hash", sa.Text),
)
ACTOR, ACTION, SUBJECT = (Said(audit.c.entry, name) for name in ("actor", "action", "subject"))
DAEMON = "examwatch"
"""The actor of what no person did."""
BY_PEOPLE = ACTOR != sa.literal_column(f"'{DAEMON}'")  # noqa: SIM300 - a column, no constant
RAISED = ("alert.raised", "alert.repeated", "alert.updated")
NOT_RAISED = ACTION.not_in([sa.literal_column(f"'{action}'") for action in RAISED])
"""Nearly all entries are of these three; whoever asks for one of them finds it at once."""
partial("ix_audit_actor", ACTOR, audit.c.seq, where=BY_PEOPLE)
partial("ix_audit_action", ACTION, audit.c.seq, where=NOT_RAISED)
sa.Index("ix_audit_subject", SUBJECT, audit.c.seq)

evidence = sa.Table(
    "evidence",
    metadata,
    column("digest", sa.Text, primary_key=True),
    column("media_type", sa.Text),
    column("role", sa.Text),
    column("path", sa.Text),
    column("n_bytes", sa.BigInteger),
    column("recorded_at", Instant),
    sa.Index("ix_evidence_path", "path"),
)

evidence_alerts = sa.Table(
    "evidence_alerts",
    metadata,
    column("digest", sa.Text, primary_key=True),
    column("fingerprint", sa.Text, primary_key=True),
    sa.Index("ix_evidence_alerts_fingerprint", "fingerprint"),
)
"""Which alerts carry a file: who may see one of them may see it."""

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

personal = sa.Table(
    "personal",
    metadata,
    column("document", sa.Text, primary_key=True),
    column("attachment", sa.Text, primary_key=True),
    column("place", sa.Integer, primary_key=True),
    column("name", sa.Text, nullable=True),
    column("seat", sa.Text, nullable=True),
    column("number", sa.Text, nullable=True),
    column("seen_at", Instant),
    sa.Index("ix_personal_seen_at", "seen_at"),
)
"""Whom a picture names. In no body, no label and no event: whoever reads it stands in the audit."""

people = sa.Table(
    "people",
    metadata,
    column("name", sa.Text, primary_key=True),
    column("role", sa.Text),
    column("disabled", sa.Boolean),
    column("must_change", sa.Boolean),
    column("created_at", Instant),
    column("password_hash", sa.Text, nullable=True),
    column("department", sa.Text, nullable=True),
    column("venues", Json, nullable=True),
    column("issuer", sa.Text, nullable=True),
    column("subject", sa.Text, nullable=True),
    sa.Index("ix_people_issuer_subject", "issuer", "subject", unique=True),
)
"""``venues`` None: all of them. ``department`` None: the cases of all.

Whom a provider of logins vouches for has ``issuer`` and ``subject``, and no password.
"""

logins = sa.Table(
    "logins",
    metadata,
    column("key_digest", sa.Text, primary_key=True),
    column("name", sa.Text),
    column("began_at", Instant),
    column("expires_at", Instant),
    column("id_token", sa.Text, nullable=True),
    sa.Index("ix_logins_name", "name"),
)
"""``id_token`` is the provider's word with which it began, for logging out there; it opens nothing here."""

tokens = sa.Table(
    "tokens",
    metadata,
    column("id", sa.Text, primary_key=True),
    column("key_digest", sa.Text),
    column("name", sa.Text),
    column("note", sa.Text),
    column("permissions", Json),
    column("created_at", Instant),
    column("expires_at", Instant),
    sa.Index("ix_tokens_key_digest", "key_digest", unique=True),
    sa.Index("ix_tokens_name", "name"),
)
"""Keys for programs: of a person, for some of what the person may, until then."""

requests = sa.Table(
    "requests",
    metadata,
    column("key", sa.Text, primary_key=True),
    column("asked", sa.Text),
    column("at", Instant),
    column("status", sa.Integer),
    column("body", sa.Text),
    sa.Index("ix_requests_at", "at"),
)
"""Answers to writes that named an Idempotency-Key: sent again for the same key."""

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

nodes = sa.Table(
    "nodes",
    metadata,
    column("node", sa.Text, primary_key=True),
    column("seen_at", Instant),
    column("body", sa.Text),
)
"""The newest report of each edge, as JSON: so that a hub that starts knows who is missing."""

leaders = sa.Table(
    "leaders",
    metadata,
    column("name", sa.Text, primary_key=True),
    column("holder", sa.Text),
    column("epoch", sa.BigInteger),
    column("expires_at", Instant),
)
"""Which of several hubs leads, and until when; ``epoch`` grows with each new leader."""

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

saved_views = sa.Table(
    "saved_views",
    metadata,
    column("id", sa.Text, primary_key=True),
    column("person", sa.Text),
    column("page", sa.Text),
    column("name", sa.Text),
    column("query", sa.Text),
    column("shared", sa.Boolean),
    column("place", sa.Integer),
    sa.Index("ix_saved_views_person", "person", "page", "name", unique=True),
)
"""Lists that a person narrowed and named; ``query`` is that of the page's address."""

default_views = sa.Table(
    "default_views",
    metadata,
    column("person", sa.Text, primary_key=True),
    column("page", sa.Text, primary_key=True),
    column("view", sa.Text),
    sa.Index("ix_default_views_view", "view"),
)
"""Which view a page opens with for a person: an own one, or one that is shared."""
