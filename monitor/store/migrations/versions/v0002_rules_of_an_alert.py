"""An alert lists the rules that fired, instead of being one alert a rule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

_json = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("alerts") as alerts:
        alerts.add_column(sa.Column("rules", _json, nullable=False, server_default="[]"))
    with op.batch_alter_table("alerts") as alerts:
        alerts.alter_column("rules", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("alerts") as alerts:
        alerts.drop_column("rules")
