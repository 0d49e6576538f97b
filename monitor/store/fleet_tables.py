"""The tables of the fleet: who may come in, who is in, what each runs.

fleet_invites ──code used──> fleet_certificates ──node──> fleet_nodes      as last heard
fleet_releases ──serial──> fleet_rollouts                                  how far it has got
"""

from __future__ import annotations

import sqlalchemy as sa

from monitor.store.dialect import Instant, Json
from monitor.store.tables import metadata

fleet_invites = sa.Table(
    "fleet_invites",
    metadata,
    sa.Column("code_digest", sa.Text, primary_key=True, nullable=False),
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("venue", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("serial", sa.Text, nullable=True),
    sa.Index("ix_fleet_invites_node", "node"),
)
"""``serial`` is that of the certificate that was given for it: used once."""

fleet_certificates = sa.Table(
    "fleet_certificates",
    metadata,
    sa.Column("serial", sa.Text, primary_key=True, nullable=False),
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("venue", sa.Text, nullable=False),
    sa.Column("key_digest", sa.Text, nullable=False),
    sa.Column("pem", sa.Text, nullable=False),
    sa.Column("invited_by", sa.Text, nullable=False),
    sa.Column("enrolled_at", Instant, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant, nullable=True),
    sa.Column("revoked_by", sa.Text, nullable=True),
    sa.Column("reason", sa.Text, nullable=True),
    sa.Index("ix_fleet_certificates_node", "node"),
)

fleet_nodes = sa.Table(
    "fleet_nodes",
    metadata,
    sa.Column("node", sa.Text, primary_key=True, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("body", Json, nullable=False),
)

fleet_releases = sa.Table(
    "fleet_releases",
    metadata,
    sa.Column("serial", sa.Integer, primary_key=True, nullable=False, autoincrement=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("bundle", sa.LargeBinary, nullable=False),
)
"""``content`` is the digest of the files alone: a release that takes back another has an older one's."""

fleet_rollouts = sa.Table(
    "fleet_rollouts",
    metadata,
    sa.Column("serial", sa.Integer, primary_key=True, nullable=False, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("body", Json, nullable=False),
)
