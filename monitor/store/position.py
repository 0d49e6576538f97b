"""How far a reader of alerts has come: it is kept with what it did, so that a crash repeats nothing."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from monitor.store.errors import translated
from monitor.store.merge import Merged
from monitor.store.store import Store, read_merged_row
from monitor.store.tables import alerts, meta


@dataclass(frozen=True, slots=True)
class Position:
    """Blocking; every call may raise `StoreError`."""

    name: str
    batch: int = 500

    def begin(self, db: sa.Connection) -> None:
        """Where the last run was; the very first time, after all that there is."""
        if db.execute(sa.select(meta.c.value).where(meta.c.name == self.name)).first() is None:
            newest = db.execute(
                sa.select(sa.func.coalesce(sa.func.max(alerts.c.changed_seq), 0))
            ).scalar_one()
            db.execute(sa.insert(meta), [{"name": self.name, "value": str(newest)}])

    def changed(self, store: Store) -> tuple[list[Merged], int]:
        """Alerts with news since the position, and the position after them."""
        with translated(), store.reader.connect() as db:
            position = int(db.execute(sa.select(meta.c.value).where(meta.c.name == self.name)).scalar_one())
            rows = (
                db.execute(
                    sa.select(alerts)
                    .where(alerts.c.changed_seq > position)
                    .order_by(alerts.c.changed_seq)
                    .limit(self.batch)
                )
                .mappings()
                .all()
            )
            return [read_merged_row(row) for row in rows], rows[-1]["changed_seq"] if rows else position

    def move(self, db: sa.Connection, position: int) -> None:
        db.execute(sa.update(meta).where(meta.c.name == self.name).values(value=str(position)))
