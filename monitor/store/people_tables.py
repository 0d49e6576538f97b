"""Tables of people: who they are, how they come in, what they keep for themselves, whom a picture names."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.store.dialect import Instant, Json, column
from monitor.store.tables import metadata

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
