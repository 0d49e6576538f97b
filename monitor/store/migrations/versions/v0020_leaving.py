"""The provider's word with which a login began, to log out there too; evidence found by its file's name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("logins", sa.Column("id_token", sa.Text, nullable=True))
    op.create_index("ix_evidence_path", "evidence", ["path"])


def downgrade() -> None:
    op.drop_index("ix_evidence_path", "evidence")
    with op.batch_alter_table("logins") as batch:
        batch.drop_column("id_token")
