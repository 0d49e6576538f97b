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

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite keeps it as text that sorts as the instants do."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

_Seq = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""SQLite's own row number is only spelt INTEGER."""


class Said(FunctionElement[str]):
    """The text under a name of a JSON column, or of a text that holds JSON.

    Spelt out, because an index on it is not found by a query that binds the name.
    """

    inherit_cache = True
    name = "said"
    type = sa.Text()

    def __init__(self, column: sa.ColumnElement[Any], name: str) -> None:
        super().__init__(column, sa.literal_column(f"'{name}'"))


@compiles(Said, "sqlite")
def _said_in_sqlite(element: Said, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(part, **options) for part in element.clauses)
    return f"json_extract({column}, '$.{name[1:-1]}')"


@compiles(Said, "postgresql")
def _said_in_postgresql(element: Said, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(part, **options) for part in element.clauses)
    if isinstance(next(iter(element.clauses)).type, sa.Text):
        # Names of ours, in the order of their bytes: what begins alike lies side by side.
        return f'((CAST({column} AS jsonb) ->> {name}) COLLATE "C")'
    return f"({column} ->> {name})"


class CaseText(FunctionElement[str]):
    """What a case is found by: its id and its titles, in small letters. Of the columns id and body."""

    inherit_cache = True
    name = "case_text"
    type = sa.Text()


@compiles(CaseText, "sqlite")
def _case_text_in_sqlite(element: CaseText, compiler: SQLCompiler, **options: Any) -> str:
    name, body = (compiler.process(part, **options) for part in element.clauses)
    titles = (f"json_extract({body}, '$.title.{language}')" for language in ("en", "zh"))
    return f"lower({' || char(10) || '.join((name, *titles))})"


@compiles(CaseText, "postgresql")
def _case_text_in_postgresql(element: CaseText, compiler: SQLCompiler, **options: Any) -> str:
    name, body = (compiler.process(part, **options) for part in element.clauses)
    titles = (f"({body} -> 'title' ->> '{language}')" for language in ("en", "zh"))
    return f"lower({' || chr(10) || '.join((name, *titles))})"


class SaidNumber(Said):
    """A number there."""

    inherit_cache = True
    name = "said_number"
    type = sa.Float()


@compiles(SaidNumber, "sqlite")
def _number_in_sqlite(element: SaidNumber, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({_said_in_sqlite(element, compiler, **options)} AS FLOAT)"


@compiles(SaidNumber, "postgresql")
def _number_in_postgresql(element: SaidNumber, compiler: SQLCompiler, **options: Any) -> str:
    return f"({_said_in_postgresql(element, compiler, **options)}::float8)"


def _partial(name: str, *columns: Any, where: sa.ColumnElement[bool]) -> sa.Index:
    return sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


def _column(
    name: str, kind: Any, *, nullable: bool = False, primary_key: bool = False, autoincrement: bool = False
) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, primary_key=primary_key, autoincrement=autoincrement)


meta = sa.Table("meta", metadata, _column("name", sa.Text, primary_key=True), _column("value", sa.Text))

event_ids = sa.Table(
    "event_ids",
    metadata,
    _column("event_id", sa.Text, primary_key=True),
    _column("fingerprint", sa.Text),
    _column("cause", sa.Text),
    _column("at", Instant),
    sa.Index("ix_event_ids_fingerprint_cause", "fingerprint", "cause"),
)
"""What was ever stored. Retention lets an event go, and its id stays: what comes again is known."""

events = sa.Table(
    "events",
    metadata,
    _column("event_id", sa.Text),
    _column("fingerprint", sa.Text),
    _column("cause", sa.Text),
    _column("at", Instant),
    _column("recorded_at", Instant),
    _column("kind", sa.Text),
    _column("level", sa.Text),
    _column("venue", sa.Text, nullable=True),
    _column("body", sa.Text),
    sa.PrimaryKeyConstraint("at", "event_id"),
    sa.Index("ix_events_fingerprint_at", "fingerprint", "at"),
    postgresql_partition_by="RANGE (at)",
)

alerts = sa.Table(
    "alerts",
    metadata,
    _column("fingerprint", sa.Text, primary_key=True),
    _column("kind", sa.Text),
    _column("level", sa.Text),
    _column("level_rank", sa.Integer),
    _column("labels", Json),
    _column("annotations", Json),
    _column("starts_at", Instant),
    _column("updated_at", Instant),
    _column("ends_at", Instant, nullable=True),
    _column("count", sa.Integer),
    _column("venue", sa.Text, nullable=True),
    _column("drill", sa.Boolean),
    _column("experimental", sa.Boolean),
    _column("why", Json),
    _column("event", Json),
    _column("evidence", Json),
    _column("newest_event_id", sa.Text),
    _column("rules", Json),
    _column("changed_seq", sa.BigInteger),
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
_partial(
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
_partial(
    "ix_alerts_drill",
    alerts.c.level_rank,
    alerts.c.updated_at,
    alerts.c.fingerprint,
    where=alerts.c.drill == sa.true(),
)
DOCUMENT = Said(alerts.c.event, "document")
REPOST_OF = Said(alerts.c.event, "repost_of")
CENTER_HZ = SaidNumber(alerts.c.event, "center_hz")
_partial("ix_alerts_document", DOCUMENT, where=alerts.c.kind == "web")
_partial("ix_alerts_repost_of", REPOST_OF, where=alerts.c.kind == "web")
_partial("ix_alerts_center_hz", CENTER_HZ, where=alerts.c.kind == "radio")

changes = sa.Table(
    "changes",
    metadata,
    _column("seq", _Seq, primary_key=True),
    _column("fingerprint", sa.Text),
    _column("at", Instant),
    _column("action", sa.Text),
    _column("event_id", sa.Text, nullable=True),
    sa.Index("ix_changes_fingerprint_seq", "fingerprint", "seq"),
)

audit = sa.Table(
    "audit",
    metadata,
    _column("seq", _Seq, primary_key=True),
    _column("entry", sa.Text),
    _column("hash", sa.Text),
)
ACTOR, ACTION, SUBJECT = (Said(audit.c.entry, name) for name in ("actor", "action", "subject"))
DAEMON = "examwatch"
"""The actor of what no person did."""
BY_PEOPLE = ACTOR != sa.literal_column(f"'{DAEMON}'")  # noqa: SIM300 - a column, no constant
RAISED = ("alert.raised", "alert.repeated", "alert.updated")
NOT_RAISED = ACTION.not_in([sa.literal_column(f"'{action}'") for action in RAISED])
"""Nearly all entries are of these three; whoever asks for one of them finds it at once."""
_partial("ix_audit_actor", ACTOR, audit.c.seq, where=BY_PEOPLE)
_partial("ix_audit_action", ACTION, audit.c.seq, where=NOT_RAISED)
sa.Index("ix_audit_subject", SUBJECT, audit.c.seq)

evidence = sa.Table(
    "evidence",
    metadata,
    _column("digest", sa.Text, primary_key=True),
    _column("media_type", sa.Text),
    _column("role", sa.Text),
    _column("path", sa.Text),
    _column("n_bytes", sa.BigInteger),
    _column("recorded_at", Instant),
    sa.Index("ix_evidence_path", "path"),
)

evidence_alerts = sa.Table(
    "evidence_alerts",
    metadata,
    _column("digest", sa.Text, primary_key=True),
    _column("fingerprint", sa.Text, primary_key=True),
    sa.Index("ix_evidence_alerts_fingerprint", "fingerprint"),
)
"""Which alerts carry a file: who may see one of them may see it."""

notify_groups = sa.Table(
    "notify_groups",
    metadata,
    _column("key", sa.Text, primary_key=True),
    _column("route", sa.Text),
    _column("labels", Json),
    _column("began_at", Instant),
    _column("told_at", Instant, nullable=True),
    _column("told", Json),
    _column("due_at", Instant),
    sa.Index("ix_notify_groups_due_at", "due_at"),
)

notify_members = sa.Table(
    "notify_members",
    metadata,
    _column("group_key", sa.Text, primary_key=True),
    _column("fingerprint", sa.Text, primary_key=True),
)

notices = sa.Table(
    "notices",
    metadata,
    _column("id", sa.Text, primary_key=True),
    _column("group_key", sa.Text),
    _column("receiver", sa.Text),
    _column("reason", sa.Text),
    _column("body", Json),
    _column("state", sa.Text),
    _column("n_attempts", sa.Integer),
    _column("maybe_repeated", sa.Boolean),
    _column("created_at", Instant),
    _column("next_at", Instant),
    _column("sent_at", Instant, nullable=True),
    _column("error", sa.Text, nullable=True),
    sa.Index("ix_notices_state_next_at", "state", "next_at"),
    sa.Index("ix_notices_created_at", "created_at"),
)
"""The intent to tell stands here before anything is sent: what a crash cuts off is known to be open."""

silences = sa.Table(
    "silences",
    metadata,
    _column("id", sa.Text, primary_key=True),
    _column("matchers", Json),
    _column("reason", sa.Text),
    _column("author", sa.Text),
    _column("starts_at", Instant),
    _column("ends_at", Instant),
    _column("venues", Json, nullable=True),
    _column("department", sa.Text, nullable=True),
    sa.Index("ix_silences_ends_at", "ends_at"),
)
"""``venues`` and ``department`` are its author's; None: all."""

personal = sa.Table(
    "personal",
    metadata,
    _column("document", sa.Text, primary_key=True),
    _column("attachment", sa.Text, primary_key=True),
    _column("place", sa.Integer, primary_key=True),
    _column("name", sa.Text, nullable=True),
    _column("seat", sa.Text, nullable=True),
    _column("number", sa.Text, nullable=True),
    _column("seen_at", Instant),
    sa.Index("ix_personal_seen_at", "seen_at"),
)
"""Whom a picture names. In no body, no label and no event: whoever reads it stands in the audit."""

people = sa.Table(
    "people",
    metadata,
    _column("name", sa.Text, primary_key=True),
    _column("role", sa.Text),
    _column("disabled", sa.Boolean),
    _column("must_change", sa.Boolean),
    _column("created_at", Instant),
    _column("password_hash", sa.Text, nullable=True),
    _column("department", sa.Text, nullable=True),
    _column("venues", Json, nullable=True),
    _column("issuer", sa.Text, nullable=True),
    _column("subject", sa.Text, nullable=True),
    sa.Index("ix_people_issuer_subject", "issuer", "subject", unique=True),
)
"""``venues`` None: all of them. ``department`` None: the cases of all.

Whom a provider of logins vouches for has ``issuer`` and ``subject``, and no password.
"""

logins = sa.Table(
    "logins",
    metadata,
    _column("key_digest", sa.Text, primary_key=True),
    _column("name", sa.Text),
    _column("began_at", Instant),
    _column("expires_at", Instant),
    _column("id_token", sa.Text, nullable=True),
    sa.Index("ix_logins_name", "name"),
)
"""``id_token`` is the provider's word with which it began, for logging out there; it opens nothing here."""

tokens = sa.Table(
    "tokens",
    metadata,
    _column("id", sa.Text, primary_key=True),
    _column("key_digest", sa.Text),
    _column("name", sa.Text),
    _column("note", sa.Text),
    _column("permissions", Json),
    _column("created_at", Instant),
    _column("expires_at", Instant),
    sa.Index("ix_tokens_key_digest", "key_digest", unique=True),
    sa.Index("ix_tokens_name", "name"),
)
"""Keys for programs: of a person, for some of what the person may, until then."""

requests = sa.Table(
    "requests",
    metadata,
    _column("key", sa.Text, primary_key=True),
    _column("asked", sa.Text),
    _column("at", Instant),
    _column("status", sa.Integer),
    _column("body", sa.Text),
    sa.Index("ix_requests_at", "at"),
)
"""Answers to writes that named an Idempotency-Key: sent again for the same key."""

acks = sa.Table(
    "acks",
    metadata,
    _column("fingerprint", sa.Text, primary_key=True),
    _column("by", sa.Text),
    _column("at", Instant),
    _column("note", sa.Text),
)
"""Who has seen an alert, and when; the first to say so stays."""

cases = sa.Table(
    "cases",
    metadata,
    _column("id", sa.Text, primary_key=True),
    _column("state", sa.Text),
    _column("is_open", sa.Boolean),
    _column("level_rank", sa.Integer),
    _column("department", sa.Text),
    _column("owner", sa.Text, nullable=True),
    _column("venue", sa.Text, nullable=True),
    _column("drill", sa.Boolean),
    _column("opened_at", Instant),
    _column("updated_at", Instant),
    _column("due_at", Instant, nullable=True),
    _column("body", Json),
    _column("changed_seq", sa.BigInteger),
    sa.Index("ix_cases_state", "state"),
    sa.Index("ix_cases_updated_at", "updated_at", "id"),
    sa.Index("ix_cases_is_open_due_at", "is_open", "due_at"),
    sa.Index("ix_cases_changed_seq", "changed_seq", unique=True),
    sa.Index("ix_cases_department", "department", "updated_at", "id"),
    sa.Index("ix_cases_owner", "owner", "updated_at", "id"),
    sa.Index("ix_cases_venue", "venue", "updated_at", "id"),
)
_partial(
    "ix_cases_open", cases.c.level_rank, cases.c.opened_at, cases.c.id, where=cases.c.is_open == sa.true()
)

case_alerts = sa.Table(
    "case_alerts",
    metadata,
    _column("fingerprint", sa.Text, primary_key=True),
    _column("case_id", sa.Text),
    sa.Index("ix_case_alerts_case_id", "case_id"),
)
"""An alert is in one case at most."""

case_events = sa.Table(
    "case_events",
    metadata,
    _column("seq", _Seq, primary_key=True),
    _column("case_id", sa.Text),
    _column("at", Instant),
    _column("actor", sa.Text),
    _column("action", sa.Text),
    _column("body", Json),
    _column("before", Json, nullable=True),
    sa.Index("ix_case_events_case_id_seq", "case_id", "seq"),
)
"""``seq`` is that of the audit entry. ``before`` is the case as it was, for undoing."""

nodes = sa.Table(
    "nodes",
    metadata,
    _column("node", sa.Text, primary_key=True),
    _column("seen_at", Instant),
    _column("body", sa.Text),
)
"""The newest report of each edge, as JSON: so that a hub that starts knows who is missing."""

leaders = sa.Table(
    "leaders",
    metadata,
    _column("name", sa.Text, primary_key=True),
    _column("holder", sa.Text),
    _column("epoch", sa.BigInteger),
    _column("expires_at", Instant),
)
"""Which of several hubs leads, and until when; ``epoch`` grows with each new leader."""

escalations = sa.Table(
    "escalations",
    metadata,
    _column("id", sa.Text, primary_key=True),
    _column("fingerprint", sa.Text),
    _column("started_at", Instant),
    _column("steps", Json),
    _column("n_done", sa.Integer),
    _column("state", sa.Text),
    _column("next_at", Instant, nullable=True),
    _column("ended_at", Instant, nullable=True),
    _column("seen_by", sa.Text, nullable=True),
    sa.Index("ix_escalations_fingerprint", "fingerprint"),
    sa.Index("ix_escalations_state_next_at", "state", "next_at"),
    sa.Index("ix_escalations_started_at", "started_at"),
)
"""What nobody has seen, on its way to the next; ``steps`` are frozen when it starts."""

handovers = sa.Table(
    "handovers",
    metadata,
    _column("id", sa.Text, primary_key=True),
    _column("at", Instant),
    _column("department", sa.Text),
    _column("by", sa.Text),
    _column("to", sa.Text),
    _column("note", sa.Text),
    _column("body", Json),
    sa.Index("ix_handovers_at", "at"),
    sa.Index("ix_handovers_department_at", "department", "at"),
)
"""Who gave a department's duty to whom, with what was open then."""

saved_views = sa.Table(
    "saved_views",
    metadata,
    _column("id", sa.Text, primary_key=True),
    _column("person", sa.Text),
    _column("page", sa.Text),
    _column("name", sa.Text),
    _column("query", sa.Text),
    _column("shared", sa.Boolean),
    _column("place", sa.Integer),
    sa.Index("ix_saved_views_person", "person", "page", "name", unique=True),
)
"""Lists that a person narrowed and named; ``query`` is that of the page's address."""

default_views = sa.Table(
    "default_views",
    metadata,
    _column("person", sa.Text, primary_key=True),
    _column("page", sa.Text, primary_key=True),
    _column("view", sa.Text),
    sa.Index("ix_default_views_view", "view"),
)
"""Which view a page opens with for a person: an own one, or one that is shared."""
