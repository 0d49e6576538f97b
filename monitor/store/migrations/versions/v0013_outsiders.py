"""People whom a provider of logins vouches for: known by issuer and subject, without a password here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    with op.batch_alter_table("people") as people:
        people.alter_column("password_hash", existing_type=sa.Text, nullable=True)
        people.add_column(sa.Column("issuer", sa.Text, nullable=True))
        people.add_column(sa.Column("subject", sa.Text, nullable=True))
    op.create_index("ix_people_issuer_subject", "people", ["issuer", "subject"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_people_issuer_subject", "people")
    op.execute("DELETE FROM people WHERE password_hash IS NULL")
    with op.batch_alter_table("people") as people:
        people.drop_column("subject")
        people.drop_column("issuer")
        people.alter_column("password_hash", existing_type=sa.Text, nullable=False)
