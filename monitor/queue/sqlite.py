"""The queue in one SQLite file: `put` returns after the disk has it (`monitor.queue.disk`).

``seq`` counts upwards for ever; ``taken`` lives in memory only, so that a crash
returns to the queue whatever was on its way to the store.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from monitor.alert import wire
from monitor.alert.alert import Alert
from monitor.queue.base import Queued, QueueStats
from monitor.queue.disk import Disk, TurnedAwayError

CAPACITY = 100_000
"""At most about 500 MB of alerts (5 kB each): hours of a storm with the store away."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL
) STRICT
"""


class SqliteQueue:
    """Open with `SqliteQueue.open`; a file is for one process at a time."""

    def __init__(self, disk: Disk, capacity: int) -> None:
        self._disk = disk
        self._capacity = capacity
        self._last_taken = 0
        self._returned: list[int] = []
        self._n_held = self._n_put = self._n_acked = self._n_put_waits = 0
        self._came = asyncio.Event()
        self._left = asyncio.Event()
        disk.read_first(self._count)

    @classmethod
    def open(cls, path: Path, capacity: int = CAPACITY) -> SqliteQueue:
        """
        Raises
        ------
        QueueError
            If the file cannot be opened, is no database, or belongs to another process.
        """
        return cls(Disk.open(path, _SCHEMA), capacity)

    def _count(self, db: sqlite3.Connection) -> None:
        self._n_held = int(db.execute("SELECT count(*) FROM alerts").fetchone()[0])

    async def put(self, alerts: Sequence[Alert]) -> None:
        rows = [(alert.id, wire.encode(alert)) for alert in alerts]
        if not rows:
            return
        waited = False
        while True:
            self._left.clear()
            try:
                n_new = await self._disk.do(lambda db: self._insert(db, rows))
            except TurnedAwayError:
                self._n_put_waits += not waited
                waited = True
                await self._left.wait()
                continue
            self._n_put += n_new
            self._came.set()
            return

    def _insert(self, db: sqlite3.Connection, rows: list[tuple[str, bytes]]) -> int:
        # A batch larger than the queue passes when the queue is empty, or it would wait for ever.
        if self._n_held and self._n_held + len(rows) > self._capacity:
            raise TurnedAwayError
        before = db.total_changes
        db.executemany("INSERT OR IGNORE INTO alerts (id, body) VALUES (?, ?)", rows)
        n_new = db.total_changes - before
        self._n_held += n_new
        return n_new

    async def take(self, n: int, wait_s: float) -> list[Queued]:
        taken = await self._take_now(n)
        if not taken and wait_s > 0:
            try:
                async with asyncio.timeout(wait_s):
                    await self._came.wait()
            except TimeoutError:
                return []
            taken = await self._take_now(n)
        return taken

    async def _take_now(self, n: int) -> list[Queued]:
        self._came.clear()
        again, self._returned = self._returned[:n], self._returned[n:]

        def select(db: sqlite3.Connection) -> list[tuple[int, bytes]]:
            marks = ",".join("?" * len(again))
            rows: list[tuple[int, bytes]] = db.execute(
                f"SELECT seq, body FROM alerts WHERE seq IN ({marks}) ORDER BY seq",  # noqa: S608
                again,
            ).fetchall()
            rows += db.execute(
                "SELECT seq, body FROM alerts WHERE seq > ? ORDER BY seq LIMIT ?",
                (self._last_taken, n - len(rows)),
            ).fetchall()
            # Here, in the one thread, so that two takers never get the same alert.
            self._last_taken = max([self._last_taken, *(seq for seq, _ in rows)])
            return rows

        rows: list[tuple[int, bytes]] = await self._disk.do(select)
        return [Queued(seq, wire.decode(body)) for seq, body in rows]

    async def ack(self, seqs: Sequence[int]) -> None:
        keys = [(seq,) for seq in seqs]

        def delete(db: sqlite3.Connection) -> int:
            before = db.total_changes
            db.executemany("DELETE FROM alerts WHERE seq = ?", keys)
            n_gone = db.total_changes - before
            self._n_held -= n_gone
            return n_gone

        self._n_acked += await self._disk.do(delete)
        self._left.set()

    async def give_back(self, seqs: Sequence[int]) -> None:
        self._returned = sorted({*self._returned, *seqs})
        self._came.set()

    def stats(self) -> QueueStats:
        return QueueStats(
            "sqlite", self._n_held, self._capacity, self._n_put, self._n_acked, self._n_put_waits
        )

    async def close(self) -> None:
        await self._disk.close()
