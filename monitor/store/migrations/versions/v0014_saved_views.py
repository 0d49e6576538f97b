"""Views that people saved, and which one a page opens with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_views"),
    )
    op.create_index("ix_saved_views_person", "saved_views", ["person", "page", "name"], unique=True)
    op.create_table(
        "default_views",
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("view", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("person", "page", name="pk_default_views"),
    )
    op.create_index("ix_default_views_view", "default_views", ["view"])


def downgrade() -> None:
    op.drop_table("default_views")
    op.drop_table("saved_views")
