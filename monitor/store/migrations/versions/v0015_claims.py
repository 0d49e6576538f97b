"""Which alerts are in no case yet: who claims the next one reads one row, and not all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("alerts", sa.Column("has_case", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE alerts SET has_case = TRUE WHERE EXISTS "
        "(SELECT 1 FROM case_alerts WHERE case_alerts.fingerprint = alerts.fingerprint)"
    )
    op.create_index("ix_alerts_has_case", "alerts", ["has_case", "level_rank", "starts_at", "fingerprint"])
    op.create_index("ix_cases_state", "cases", ["state"])


def downgrade() -> None:
    op.drop_index("ix_cases_state", "cases")
    op.drop_index("ix_alerts_has_case", "alerts")
    op.drop_column("alerts", "has_case")
