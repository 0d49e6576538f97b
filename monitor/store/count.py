"""Counting up to a bound: to count millions takes seconds, and nobody reads the number."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

N_COUNTED: Final = 1_000
"""Up to here a list says how many there are."""


def bounded(db: sa.Connection, rows: sa.Select[Any] | sa.CompoundSelect[Any]) -> int:
    """How many `rows`; one more than `N_COUNTED` where they are more."""
    some = rows.limit(N_COUNTED + 1).subquery()
    return db.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
