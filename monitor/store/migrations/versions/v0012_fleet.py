"""Who may come in, who is in, what each node runs, and how far a release has got."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0007"

_instant = sa.DateTime(timezone=True)
_json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "fleet_invites",
        sa.Column("code_digest", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", _instant, nullable=False),
        sa.Column("expires_at", _instant, nullable=False),
        sa.Column("serial", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("code_digest", name="pk_fleet_invites"),
    )
    op.create_index("ix_fleet_invites_node", "fleet_invites", ["node"])
    op.create_table(
        "fleet_certificates",
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("key_digest", sa.Text, nullable=False),
        sa.Column("pem", sa.Text, nullable=False),
        sa.Column("invited_by", sa.Text, nullable=False),
        sa.Column("enrolled_at", _instant, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("ends_at", _instant, nullable=False),
        sa.Column("revoked_at", _instant, nullable=True),
        sa.Column("revoked_by", sa.Text, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("serial", name="pk_fleet_certificates"),
    )
    op.create_index("ix_fleet_certificates_node", "fleet_certificates", ["node"])
    op.create_table(
        "fleet_nodes",
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("seen_at", _instant, nullable=False),
        sa.Column("body", _json, nullable=False),
        sa.PrimaryKeyConstraint("node", name="pk_fleet_nodes"),
    )
    op.create_table(
        "fleet_releases",
        sa.Column("serial", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", _instant, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("bundle", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_fleet_releases"),
    )
    op.create_table(
        "fleet_rollouts",
        sa.Column("serial", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("updated_at", _instant, nullable=False),
        sa.Column("body", _json, nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_fleet_rollouts"),
    )


def downgrade() -> None:
    for table in ("fleet_rollouts", "fleet_releases", "fleet_nodes", "fleet_certificates", "fleet_invites"):
        op.drop_table(table)
