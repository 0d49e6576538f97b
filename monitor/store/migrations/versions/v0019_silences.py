"""Whose silence it is: venues and department of its author. Of older ones nobody knows: they hold for all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"

_json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("silences", sa.Column("venues", _json, nullable=True))
    op.add_column("silences", sa.Column("department", sa.Text, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("silences") as batch:
        batch.drop_column("department")
        batch.drop_column("venues")
