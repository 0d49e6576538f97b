"""What the console asks of millions of alerts: whether each is judged, whose evidence is whose, indexes."""

from __future__ import annotations

import json

import sqlalchemy as sa
import structlog
from alembic import op
from sqlalchemy.exc import DBAPIError

# ruff: noqa: S608 - our own words

revision = "0017"
down_revision = "0016"

log = structlog.get_logger()
_UNJUDGED = "'new', 'triaged', 'claimed', 'verifying'"
_MASS = "'alert.raised', 'alert.repeated', 'alert.updated'"
_INDEXES = {
    "ix_alerts_updated_at": "alerts (updated_at, fingerprint)",
    "ix_alerts_venue_starts_at": "alerts (venue, starts_at)",
    "ix_alerts_kind": "alerts (kind, level_rank, updated_at, fingerprint)",
    "ix_alerts_venue": "alerts (venue, level_rank, updated_at, fingerprint)",
    "ix_alerts_kind_venue": "alerts (kind, venue, level_rank, updated_at, fingerprint)",
    "ix_alerts_open": (
        "alerts (level_rank, updated_at, fingerprint, kind, drill, venue, starts_at) WHERE {open}"
    ),
    "ix_alerts_drill": "alerts (level_rank, updated_at, fingerprint) WHERE {drill}",
    "ix_alerts_document": "alerts ({document}) WHERE kind = 'web'",
    "ix_alerts_repost_of": "alerts ({repost_of}) WHERE kind = 'web'",
    "ix_alerts_center_hz": "alerts ({center_hz}) WHERE kind = 'radio'",
    "ix_audit_actor": "audit ({actor}, seq) WHERE {actor} <> 'examwatch'",
    "ix_audit_action": "audit ({action}, seq) WHERE {action} NOT IN ({mass})",
    "ix_audit_subject": "audit ({subject}, seq)",
    "ix_cases_department": "cases (department, updated_at, id)",
    "ix_cases_owner": "cases (owner, updated_at, id)",
    "ix_cases_venue": "cases (venue, updated_at, id)",
    "ix_cases_open": "cases (level_rank, opened_at, id) WHERE {is_open}",
}


def upgrade() -> None:
    op.add_column("alerts", sa.Column("judged", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        sa.text(
            "UPDATE alerts SET judged = :yes WHERE fingerprint IN (SELECT l.fingerprint FROM case_alerts l "
            f"JOIN cases c ON c.id = l.case_id WHERE c.state NOT IN ({_UNJUDGED}))"
        ).bindparams(sa.bindparam("yes", True, sa.Boolean))
    )
    op.create_table(
        "evidence_alerts",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", "fingerprint", name="pk_evidence_alerts"),
    )
    _index_evidence(op.get_bind())
    op.create_index("ix_evidence_alerts_fingerprint", "evidence_alerts", ["fingerprint"])
    words = _words(op.get_bind().dialect.name)
    for name, of in _INDEXES.items():
        op.execute(sa.text(f"CREATE INDEX {name} ON {of.format(**words)}"))
    if op.get_bind().dialect.name == "postgresql":
        _index_titles(op.get_bind())


def _index_titles(db: sa.Connection) -> None:
    """So that a case is found by any part of its title; where there is no pg_trgm, it takes longer."""
    titles = " || chr(10) || ".join(f"(body -> 'title' ->> '{language}')" for language in ("en", "zh"))
    try:
        with db.begin_nested():
            db.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
            of = f"cases USING gin (lower(id || chr(10) || {titles}) gin_trgm_ops)"
            db.execute(sa.text(f"CREATE INDEX ix_cases_text ON {of}"))
    except DBAPIError as error:
        log.warning("cases are searched without an index: pg_trgm cannot be made", error=str(error.orig))


def _index_evidence(db: sa.Connection) -> None:
    held = sa.table("evidence_alerts", sa.column("digest"), sa.column("fingerprint"))
    rows = db.execute(
        sa.text("SELECT fingerprint, body FROM events ORDER BY fingerprint"),
        execution_options={"yield_per": 1000},
    )
    known: set[tuple[str, str]] = set()
    newest = ""
    for part in rows.partitions():
        fresh: list[dict[str, str]] = []
        for fingerprint, body in part:
            if fingerprint != newest:
                newest, known = fingerprint, set()
            for ref in json.loads(body)["evidence"]:
                pair = (ref["digest"], fingerprint)
                if pair not in known:
                    known.add(pair)
                    fresh.append({"digest": pair[0], "fingerprint": fingerprint})
        if fresh:
            db.execute(sa.insert(held), fresh)


def _words(dialect: str) -> dict[str, str]:
    if dialect == "sqlite":
        event = {name: f"json_extract(event, '$.{name}')" for name in ("document", "repost_of", "center_hz")}
        event["center_hz"] = f"CAST({event['center_hz']} AS FLOAT)"
        entry = {name: f"json_extract(entry, '$.{name}')" for name in ("actor", "action", "subject")}
        flags = {"open": "judged = 0", "drill": "drill = 1", "is_open": "is_open = 1"}
    else:
        event = {name: f"(event ->> '{name}')" for name in ("document", "repost_of", "center_hz")}
        event["center_hz"] = f"({event['center_hz']}::float8)"
        entry = {
            name: f"((CAST(entry AS jsonb) ->> '{name}') COLLATE \"C\")"
            for name in ("actor", "action", "subject")
        }
        flags = {"open": "NOT judged", "drill": "drill", "is_open": "is_open"}
    return {**event, **entry, **flags, "mass": _MASS}


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name)
    op.execute("DROP INDEX IF EXISTS ix_cases_text")
    op.drop_table("evidence_alerts")
    with op.batch_alter_table("alerts") as table:
        table.drop_column("judged")
