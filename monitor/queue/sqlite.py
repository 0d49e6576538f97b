"""The queue in one SQLite file, synchronous=FULL: `put` returns after the disk has it.

One thread owns the only connection; nobody else writes or checkpoints (SQLite before
3.51.3 can lose a WAL that two connections checkpoint at once). The thread commits all
that waits for it in one transaction, so a burst of raisers shares one fsync.

    put  ─┐
    ack  ─┼─> inbox ─> thread: BEGIN, all of them, COMMIT ─> each caller's future
    take ─┘

``seq`` counts upwards for ever; ``taken`` lives in memory only, so that a crash
returns to the queue whatever was on its way to the store.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from monitor.alert import wire
from monitor.alert.alert import Alert
from monitor.queue.base import Queued, QueueError, QueueStats

CAPACITY = 100_000
"""At most about 500 MB of alerts (5 kB each): hours of a storm with the store away."""
MAX_GROUP = 256
"""Calls that share one commit: more would only delay the first of them."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL
) STRICT
"""

_Work = Callable[[sqlite3.Connection], Any]


class _FullError(Exception):
    """Told to a waiting `put`: try again after the next acknowledgement."""


class SqliteQueue:
    """Open with `SqliteQueue.open`; a file is for one process at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, capacity: int) -> None:
        self._path = path
        self._db = connection
        self._capacity = capacity
        self._inbox: queue.SimpleQueue[tuple[_Work, Future[Any]] | None] = queue.SimpleQueue()
        self._last_taken = 0
        self._returned: list[int] = []
        row = connection.execute("SELECT count(*) FROM alerts").fetchone()
        self._n_held = int(row[0])
        self._n_put = self._n_acked = self._n_put_waits = 0
        self._came = asyncio.Event()
        self._left = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="alert-queue", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path, capacity: int = CAPACITY) -> SqliteQueue:
        """
        Raises
        ------
        QueueError
            If the file cannot be opened, is no database, or belongs to another process.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=2.0)
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN IMMEDIATE")
            db.execute(_SCHEMA)
            db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise QueueError(f"{path}: the alert queue cannot be opened: {error}") from error
        return cls(path, db, capacity)

    async def put(self, alerts: Sequence[Alert]) -> None:
        rows = [(alert.id, wire.encode(alert)) for alert in alerts]
        if not rows:
            return
        waited = False
        while True:
            self._left.clear()
            try:
                n_new = await self._call(lambda db: self._insert(db, rows))
            except _FullError:
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
            raise _FullError
        before = db.total_changes
        db.executemany("INSERT OR IGNORE INTO alerts (id, body) VALUES (?, ?)", rows)
        n_new = db.total_changes - before
        self._n_held += n_new
        return n_new

    async def take(self, n: int, wait_s: float) -> list[Queued]:
        taken = await self._take_now(n)
        if not taken and wait_s > 0:
            try:
                await asyncio.wait_for(self._came.wait(), wait_s)
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

        rows: list[tuple[int, bytes]] = await self._call(select)
        return [Queued(seq, wire.decode(body)) for seq, body in rows]

    async def ack(self, seqs: Sequence[int]) -> None:
        keys = [(seq,) for seq in seqs]

        def delete(db: sqlite3.Connection) -> int:
            before = db.total_changes
            db.executemany("DELETE FROM alerts WHERE seq = ?", keys)
            n_gone = db.total_changes - before
            self._n_held -= n_gone
            return n_gone

        self._n_acked += await self._call(delete)
        self._left.set()

    async def give_back(self, seqs: Sequence[int]) -> None:
        self._returned = sorted({*self._returned, *seqs})
        self._came.set()

    def stats(self) -> QueueStats:
        return QueueStats(
            "sqlite", self._n_held, self._capacity, self._n_put, self._n_acked, self._n_put_waits
        )

    async def close(self) -> None:
        if self._thread.is_alive():
            self._inbox.put(None)
            await asyncio.to_thread(self._thread.join)
            self._db.close()

    async def _call(self, work: _Work) -> Any:
        if not self._thread.is_alive():
            raise QueueError(f"{self._path}: the alert queue is closed")
        done: Future[Any] = Future()
        self._inbox.put((work, done))
        return await asyncio.wrap_future(done)

    def _serve(self) -> None:
        ended = False
        while not ended:
            group = [self._inbox.get()]
            while len(group) < MAX_GROUP and not self._inbox.empty():
                group.append(self._inbox.get())
            ended = None in group
            # A caller that went away meanwhile was told nothing, so nothing need be done.
            self._commit([call for call in group if call and call[1].set_running_or_notify_cancel()])

    def _commit(self, calls: list[tuple[_Work, Future[Any]]]) -> None:
        n_held_before = self._n_held
        answers: list[Any] = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for work, _ in calls:
                try:
                    answers.append(work(self._db))
                except _FullError as full:
                    answers.append(full)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._n_held = n_held_before
            answers = [QueueError(f"{self._path}: {error}")] * len(calls)
        except BaseException as error:
            for _, done in calls:
                done.set_exception(error)
            raise
        for (_, done), answer in zip(calls, answers, strict=True):
            if isinstance(answer, Exception):
                done.set_exception(answer)
            else:
                done.set_result(answer)
