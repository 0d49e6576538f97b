"""What the duty room's wall shows of the store: counts and titles, no texts. Blocking, read-only."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from monitor.alert.alert import LEVEL_RANK
from monitor.people.scope import Scope
from monitor.server.desk_views import LevelCount, WallAlert, WallView
from monitor.server.views import Level
from monitor.store.desk_tables import cases
from monitor.store.errors import translated
from monitor.store.tables import alerts

LEVELS: tuple[Level, ...] = ("critical", "high", "medium", "low")
LEAST_GRAVE: Level = "high"
N_NEWEST = 8


class WallReader:
    """Every call may raise `StoreError`."""

    def __init__(self, reader: sa.Engine) -> None:
        self._reader = reader

    def view(self, now: datetime, scope: Scope) -> WallView:
        mine = [*scope.conditions(alerts), alerts.c.kind != "health"]
        counts = (
            sa.select(
                alerts.c.level_rank,
                sa.func.count().label("n"),
                sa.func.min(alerts.c.starts_at).label("oldest"),
            )
            .where(*mine, sa.not_(alerts.c.drill), sa.not_(alerts.c.judged))
            .group_by(alerts.c.level_rank)
        )
        newest = (
            sa.select(
                alerts.c.fingerprint,
                alerts.c.kind,
                alerts.c.level,
                alerts.c.annotations,
                alerts.c.venue,
                alerts.c.updated_at,
                alerts.c.ends_at,
                alerts.c.drill,
                alerts.c.judged,
            )
            .where(*mine, alerts.c.level_rank >= LEVEL_RANK[LEAST_GRAVE])
            .order_by(alerts.c.updated_at.desc(), alerts.c.fingerprint)
            .limit(N_NEWEST)
        )
        mine_cases = [*scope.conditions(cases), cases.c.is_open, sa.not_(cases.c.drill)]
        n_cases = sa.select(sa.func.count()).select_from(cases)
        with translated(), self._reader.connect() as db:
            found = {row.level_rank: (row.n, row.oldest) for row in db.execute(counts)}
            rows = db.execute(newest).all()
            n_open = db.execute(n_cases.where(*mine_cases)).scalar_one()
            n_late = db.execute(n_cases.where(*mine_cases, cases.c.due_at <= now)).scalar_one()
        return WallView(
            levels=[
                LevelCount(level=level, n=n, oldest_at=oldest)
                for level in LEVELS
                for n, oldest in (found.get(LEVEL_RANK[level], (0, None)),)
            ],
            newest=[
                WallAlert(
                    fingerprint=row.fingerprint,
                    kind=row.kind,
                    level=row.level,
                    title_en=row.annotations.get("title_en", ""),
                    title_zh=row.annotations.get("title_zh", ""),
                    venue=row.venue,
                    updated_at=row.updated_at,
                    firing=row.ends_at is None or row.ends_at > now,
                    drill=row.drill,
                    judged=row.judged,
                )
                for row in rows
            ],
            n_open_cases=n_open,
            n_late_cases=n_late,
        )
