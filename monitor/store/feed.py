"""What was raised, in the order in which it was stored: for whoever follows all of it. Blocking."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from monitor.alert import wire
from monitor.alert.alert import Alert
from monitor.store.errors import translated
from monitor.store.store import Store
from monitor.store.tables import changes, event_ids, events


def seq_at(store: Store, at: datetime) -> int:
    """The number of the last change before `at`; 0 if there was none. Raises `StoreError`."""
    before = sa.select(changes.c.seq).where(changes.c.at < at).order_by(changes.c.seq.desc()).limit(1)
    with translated(), store.reader.connect() as db:
        return db.execute(before).scalar_one_or_none() or 0


def raised_after(store: Store, seq: int, limit: int) -> tuple[list[Alert], int]:
    """Alerts that were stored after the change `seq`, and the number of the last change that was looked at.

    Of at most `limit` changes; what retention has emptied is left out. Raises `StoreError`.
    """
    with translated(), store.reader.connect() as db:
        rows = db.execute(
            sa.select(changes.c.seq, changes.c.event_id)
            .where(changes.c.seq > seq)
            .order_by(changes.c.seq)
            .limit(limit)
        ).all()
        ids = [row.event_id for row in rows if row.event_id is not None]
        bodies = dict(
            db.execute(
                # By way of the ids, which know the month: events of all months have no index of their own.
                sa.select(events.c.event_id, events.c.body)
                .join(
                    event_ids,
                    sa.and_(event_ids.c.at == events.c.at, event_ids.c.event_id == events.c.event_id),
                )
                .where(event_ids.c.event_id.in_(ids))
            )
            .tuples()
            .all()
        )
    found = [wire.decode(bodies[id].encode()) for id in ids if id in bodies]
    return found, rows[-1].seq if rows else seq
