"""The tables of what was raised and proven, for SQLite and PostgreSQL alike.

    event_ids ──at──> events ──fingerprint──> alerts   every id for ever / bodies by month / one row a case
       │                                        ^
       └──────────────── changes ───────────────┘      seq grows with each commit: the live stream's number
                           │ seq
                         audit                         append-only chain, one entry a change, same transaction

``body`` holds an alert as `monitor.alert.wire` writes it, and its digest stands in the
audit entry: a changed event no longer fits the chain. In PostgreSQL ``events`` is one table a
month (`monitor.store.partitions`); that an id is stored once is held by ``event_ids``, which is not.
Those of the desk, of people and of the fleet stand in files of their own.
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
