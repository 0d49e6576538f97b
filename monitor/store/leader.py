"""The lease of the hub that leads: a row that lasts for seconds and is renewed; each leader has its epoch.

    take ──free, or run out──> epoch + 1, ours ──renew, renew, …──> not renewed: another takes it

All instants are the database's own, so hubs need not agree on the time. `guard` holds the row within each
transaction of the leader: what an earlier leader still wants to write is refused, however long it slept.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from monitor.store.engine import server_url
from monitor.store.errors import StoreError, translated
from monitor.store.tables import leaders

LASTS_S = 12.0
NAME = "hub"
# Without news from the server within these, the lease counts as not renewed.
_CONNECT = {
    "connect_timeout": 5,
    "tcp_user_timeout": 5000,
    "options": "-c statement_timeout=5000 -c lock_timeout=2000",
}
_this = leaders.c.name == NAME


class NotLeadingError(StoreError):
    """Another hub leads, or none: this one must not do it."""


def _lasting(seconds: float) -> sa.ColumnElement[object]:
    return sa.func.clock_timestamp() + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)


class Lease:
    """Of a PostgreSQL. Blocking; every call but `guard` may raise `StoreError`."""

    def __init__(self, url: str, password_file: Path | None, holder: str, lasts_s: float = LASTS_S) -> None:
        # A connection of its own: what the others commit may take long, or hang.
        self._engine = sa.create_engine(
            server_url(url, password_file),
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args=_CONNECT,
        )
        self._holder = holder
        self.lasts_s = lasts_s

    def take(self) -> int | None:
        """The epoch from now on, None while another hub leads."""
        with translated(), self._engine.begin() as db:
            db.execute(
                sa.text(
                    "INSERT INTO leaders (name, holder, epoch, expires_at) "
                    "VALUES (:name, '', 0, '-infinity') ON CONFLICT DO NOTHING"
                ),
                {"name": NAME},
            )
            # FOR UPDATE waits for what the last leader is just committing; to renew does not.
            free = db.execute(
                sa.select(leaders.c.epoch)
                .where(_this, leaders.c.expires_at < sa.func.clock_timestamp())
                .with_for_update()
            ).scalar_one_or_none()
            if free is None:
                return None
            values = {"holder": self._holder, "epoch": free + 1, "expires_at": _lasting(self.lasts_s)}
            db.execute(sa.update(leaders).where(_this).values(values))
            return free + 1

    def renew(self, epoch: int) -> bool:
        """False if another hub has taken over."""
        return self._last_until(epoch, _lasting(self.lasts_s))

    def release(self, epoch: int) -> bool:
        """Let another hub take over at once."""
        return self._last_until(epoch, _lasting(-1.0))

    def _last_until(self, epoch: int, until: sa.ColumnElement[object]) -> bool:
        with translated(), self._engine.begin() as db:
            mine = sa.update(leaders).where(_this, leaders.c.epoch == epoch).values(expires_at=until)
            return db.execute(mine).rowcount == 1

    def close(self) -> None:
        self._engine.dispose()


def guard(db: sa.Connection, epoch: int | None) -> None:
    """Hold the lease until the end of the transaction. Raises `NotLeadingError` if it is not that epoch's."""
    mine = sa.select(leaders.c.epoch).where(_this, leaders.c.epoch == epoch)
    held = epoch is not None and db.execute(mine.with_for_update(read=True, key_share=True)).first()
    if not held:
        raise NotLeadingError("another hub leads")
