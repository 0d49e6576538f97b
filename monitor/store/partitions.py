"""The months of ``events``, in PostgreSQL; SQLite keeps one table, and here is nothing to do for it.

    events ──┬── events_2026_06    [June, July), UTC
             ├── events_2026_07
             └── events_stray      times for which there is no month: an edge with a wrong clock

Months are made ahead; a month that strays lie in is made behind, and takes them over. Blocking.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from monitor.store.errors import translated
from monitor.store.tables import events

N_AHEAD: Final = 2
"""Months beyond this one: a daemon may be down for as long without a stray."""
BEHIND: Final = timedelta(days=400)
"""What is older than any outbox keeps it is a clock's fault and gets no month."""
STRAY: Final = "events_stray"
N_COUNTED: Final = 10_000
LOCK_S: Final = 2
"""Readers stand behind whoever waits for them: better to try again tomorrow."""
_NAME = re.compile(r"events_(\d{4})_(\d{2})")


def is_parted(engine: sa.Engine) -> bool:
    return engine.dialect.name == "postgresql"


def month_of(at: datetime) -> datetime:
    """The first instant of its month, in UTC."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(month: datetime, n: int = 1) -> datetime:
    whole = month.year * 12 + month.month - 1 + n
    return month.replace(year=whole // 12, month=whole % 12 + 1)


def name_of(month: datetime) -> str:
    return f"events_{month:%Y_%m}"


def months(db: sa.Connection) -> list[datetime]:
    """Those that there are, the oldest first."""
    names = db.execute(
        sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass")
    ).scalars()
    found = (_NAME.fullmatch(name) for name in names)
    return sorted(datetime(int(one[1]), int(one[2]), 1, tzinfo=UTC) for one in found if one is not None)


def tend(writer: sa.Engine, now: datetime) -> Sequence[datetime]:
    """Make the months that are needed from now on, and those of strays; those made. Raises `StoreError`."""
    if not is_parted(writer):
        return ()
    with translated(), writer.begin() as db:
        _wait_briefly(db)
        newest = month_after(month_of(now), N_AHEAD)
        wanted = {month_after(newest, -n) for n in range(N_AHEAD + 2)}
        span = (month_of(now - BEHIND), month_after(newest))
        wanted |= {month_of(at) for at in _strays_months(db, *span)}
        made = sorted(wanted - set(months(db)))
        for month in made:
            _make(db, month)
        return made


def n_strays(reader: sa.Engine) -> int:
    """Events in no month; `N_COUNTED` where they are that many or more. Raises `StoreError`."""
    if not is_parted(reader):
        return 0
    with translated(), reader.connect() as db:
        stray = sa.select(sa.literal(1)).select_from(sa.table(STRAY)).limit(N_COUNTED).subquery()
        return db.execute(sa.select(sa.func.count()).select_from(stray)).scalar_one()


def drop(db: sa.Connection, month: datetime) -> None:
    """Let a month go, with all that is in it."""
    _wait_briefly(db)
    db.execute(sa.text(f"DROP TABLE {name_of(month)}"))


def _wait_briefly(db: sa.Connection) -> None:
    db.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_S}s'"))


def _strays_months(db: sa.Connection, first: datetime, end: datetime) -> Sequence[datetime]:
    stray = sa.table(STRAY, sa.column("at", events.c.at.type))
    month = sa.func.date_trunc("month", stray.c.at, "UTC", type_=events.c.at.type)
    inside = sa.and_(stray.c.at >= first, stray.c.at < end)
    return db.execute(sa.select(month).where(inside).distinct()).scalars().all()


def _make(db: sa.Connection, month: datetime) -> None:
    # Made apart, filled, then attached: PostgreSQL takes no month whose events stray.
    name, bounds = name_of(month), {"first": month, "end": month_after(month)}
    db.execute(sa.text(f"CREATE TABLE {name} (LIKE events INCLUDING DEFAULTS INCLUDING INDEXES)"))
    db.execute(
        sa.text(
            f"WITH moved AS (DELETE FROM {STRAY} WHERE at >= :first AND at < :end RETURNING *) "  # noqa: S608 - our own names
            f"INSERT INTO {name} SELECT * FROM moved"
        ),
        bounds,
    )
    span = f"FROM ('{month.isoformat()}') TO ('{bounds['end'].isoformat()}')"
    db.execute(sa.text(f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES {span}"))
