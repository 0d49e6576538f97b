"""An edge's record of what it raised: a row leaves when the hub has committed it and said so.

    put ─> [ alerts ]   gravest first, then oldest ──take──> ship ──receipt──> ack
             │ each with a stamp of when it was put
           [ evidence ] files that the hub does not have yet, gravest first

Bounded by bytes. What finds no room pushes out the least grave and oldest; each one dropped
is counted, and the counts survive a restart. A sensor never waits for the uplink. On a disk that
others have filled nothing more is taken, but what is there still leaves.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from monitor.alert import wire
from monitor.alert.alert import LEVEL_RANK, Alert
from monitor.link.stamp import Stamp, Stamper
from monitor.link.words import OutboxReport
from monitor.queue.base import Queued, QueueError, QueueStats
from monitor.queue.disk import Disk

ROW_BYTES = 300
"""What a row costs beside its body: id, stamp, two indexes."""
RESERVE_BYTES = 4_000_000
"""Deleting a window of rows writes some 400 pages of SQLite's log."""
LOG_EVERY = 1000
"""Dropped alerts between two lines of the log."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    rank INTEGER NOT NULL,
    at TEXT NOT NULL,
    boot_s REAL NOT NULL,
    boot TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS ix_alerts_rank_seq ON alerts (rank DESC, seq);
CREATE TABLE IF NOT EXISTS evidence (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    rank INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS ix_evidence_rank_seq ON evidence (rank DESC, seq);
CREATE TABLE IF NOT EXISTS dropped (level TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS refused (id TEXT PRIMARY KEY, reason TEXT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS channels (
    place TEXT NOT NULL, channel TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (place, channel)
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file that the hub does not have yet."""

    seq: int
    digest: str
    path: str


@dataclass(frozen=True, slots=True)
class _Row:
    alert: Alert
    body: bytes
    rank: int

    @property
    def n_bytes(self) -> int:
        return len(self.body) + ROW_BYTES


class Outbox:
    """Open with `Outbox.open`. An alert queue whose rows also know when they were put."""

    def __init__(self, disk: Disk, max_bytes: int, stamper: Stamper) -> None:
        self._disk = disk
        self._max_bytes = max_bytes
        self._stamper = stamper
        self._taken: set[int] = set()
        self._came = asyncio.Event()
        self._n_put = self._n_acked = 0
        self._n_held = self._n_bytes = self._n_refused = self._n_evidence = 0
        self._dropped: dict[str, int] = {}
        disk.read_first(self._count)

    @classmethod
    def open(cls, path: Path, max_bytes: int, stamper: Stamper) -> Outbox:
        """
        Raises
        ------
        QueueError
            If the file cannot be opened, is no database, or belongs to another process.
        """
        return cls(Disk.open(path, _SCHEMA, RESERVE_BYTES), max_bytes, stamper)

    def _count(self, db: sqlite3.Connection) -> None:
        row = db.execute("SELECT count(*), coalesce(sum(length(body)), 0) FROM alerts").fetchone()
        self._n_held, self._n_bytes = int(row[0]), int(row[1]) + int(row[0]) * ROW_BYTES
        self._n_refused = int(db.execute("SELECT count(*) FROM refused").fetchone()[0])
        self._n_evidence = int(db.execute("SELECT count(*) FROM evidence").fetchone()[0])
        self._dropped = dict(db.execute("SELECT level, n FROM dropped").fetchall())

    async def put(self, alerts: Sequence[Alert]) -> None:
        """As `AlertQueue.put`, but never waits: what finds no room is dropped and counted."""
        if not alerts:
            return
        if not self._disk.keep_reserve():
            raise QueueError("the outbox takes no alerts: the disk is full")
        rows = [_Row(alert, wire.encode(alert), LEVEL_RANK[alert.level]) for alert in alerts]
        stamp = self._stamper()
        self._n_put += await self._disk.do(lambda db: self._insert(db, rows, stamp))
        self._came.set()

    def _insert(self, db: sqlite3.Connection, rows: list[_Row], stamp: Stamp) -> int:
        n_new = 0
        for row in rows:
            known = db.execute("SELECT 1 FROM alerts WHERE id = ?", (row.alert.id,)).fetchone()
            if known is not None or not self._make_room(db, row):
                continue
            db.execute(
                "INSERT INTO alerts (id, rank, at, boot_s, boot, body) VALUES (?, ?, ?, ?, ?, ?)",
                (row.alert.id, row.rank, stamp.at.isoformat(), stamp.boot_s, stamp.boot, row.body),
            )
            self._n_held += 1
            self._n_bytes += row.n_bytes
            n_new += 1
            self._note_evidence(db, row)
            _note_channel(db, row.alert)
        return n_new

    def _make_room(self, db: sqlite3.Connection, row: _Row) -> bool:
        """Drop what is no graver, the oldest of the least grave first, until `row` fits."""
        if row.n_bytes > self._max_bytes:
            self._drop(db, row.alert)
            return False
        while self._n_bytes + row.n_bytes > self._max_bytes:
            least = db.execute(
                "SELECT seq, body FROM alerts WHERE rank <= ? ORDER BY rank, seq LIMIT 1", (row.rank,)
            ).fetchone()
            if least is None:
                self._drop(db, row.alert)
                return False
            db.execute("DELETE FROM alerts WHERE seq = ?", (least[0],))
            self._n_held -= 1
            self._n_bytes -= len(least[1]) + ROW_BYTES
            self._drop(db, wire.decode(least[1]))
        return True

    def _drop(self, db: sqlite3.Connection, alert: Alert) -> None:
        db.execute(
            "INSERT INTO dropped (level, n) VALUES (?, 1) ON CONFLICT (level) DO UPDATE SET n = n + 1",
            (alert.level,),
        )
        if sum(self._dropped.values()) % LOG_EVERY == 0:
            structlog.get_logger().error("the outbox is full: alerts are dropped", level=alert.level)
        self._dropped[alert.level] = self._dropped.get(alert.level, 0) + 1

    def _note_evidence(self, db: sqlite3.Connection, row: _Row) -> None:
        before = db.total_changes
        db.executemany(
            "INSERT INTO evidence (digest, path, rank) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING",
            [(ref.digest, ref.path, row.rank) for ref in row.alert.evidence],
        )
        self._n_evidence += db.total_changes - before
        db.executemany(
            "UPDATE evidence SET rank = ? WHERE digest = ? AND rank < ?",
            [(row.rank, ref.digest, row.rank) for ref in row.alert.evidence],
        )

    async def take(self, n: int, wait_s: float) -> list[Queued]:
        """As `AlertQueue.take`, the gravest first."""
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

        def select(db: sqlite3.Connection) -> list[tuple[int, str, float, str, bytes]]:
            rows = db.execute(
                "SELECT seq, at, boot_s, boot, body FROM alerts ORDER BY rank DESC, seq LIMIT ?",
                (n + len(self._taken),),
            ).fetchall()
            free = [row for row in rows if row[0] not in self._taken][:n]
            self._taken.update(row[0] for row in free)
            return free

        taken: list[Queued] = []
        for seq, at, boot_s, boot, body in await self._disk.do(select):
            try:
                stamp = Stamp(datetime.fromisoformat(at), boot_s, boot)
                taken.append(Queued(seq, wire.decode(body), stamp))
            except msgspec.DecodeError as error:
                # Of a newer version that was here before: it must not hold up the rest.
                await self.refuse(seq, str(error))
        return taken

    async def ack(self, seqs: Sequence[int]) -> None:
        try:
            self._n_acked += await self._disk.do(lambda db: self._delete(db, seqs))
        except QueueError:
            if not self._disk.free_reserve():
                raise
            self._n_acked += await self._disk.do(lambda db: self._delete(db, seqs))
        self._taken.difference_update(seqs)

    def _delete(self, db: sqlite3.Connection, seqs: Sequence[int]) -> int:
        n_gone = 0
        for seq in seqs:
            row = db.execute("DELETE FROM alerts WHERE seq = ? RETURNING length(body)", (seq,)).fetchone()
            if row is not None:
                self._n_held -= 1
                self._n_bytes -= int(row[0]) + ROW_BYTES
                n_gone += 1
        return n_gone

    async def give_back(self, seqs: Sequence[int]) -> None:
        self._taken.difference_update(seqs)
        self._came.set()

    async def refuse(self, seq: int, reason: str) -> None:
        """Put aside what the hub can never take; a person may look at it."""

        def move(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT OR REPLACE INTO refused (id, reason, body) "
                "SELECT id, ?, body FROM alerts WHERE seq = ?",
                (reason, seq),
            )
            self._n_refused += self._delete(db, [seq])

        await self._disk.do(move)
        self._taken.discard(seq)

    async def next_parcel(self) -> Parcel | None:
        """The file that goes first: of the gravest alert, of these the oldest."""

        def select(db: sqlite3.Connection) -> tuple[int, str, str] | None:
            query = "SELECT seq, digest, path FROM evidence ORDER BY rank DESC, seq LIMIT 1"
            return db.execute(query).fetchone()

        row = await self._disk.do(select)
        return Parcel(*row) if row is not None else None

    async def parcel_done(self, parcel: Parcel) -> None:
        def delete(db: sqlite3.Connection) -> None:
            self._n_evidence -= db.execute("DELETE FROM evidence WHERE seq = ?", (parcel.seq,)).rowcount

        await self._disk.do(delete)

    async def carried(self, paths: Sequence[str]) -> set[str]:
        """Which of these files of the evidence store the hub does not have yet."""

        def select(db: sqlite3.Connection) -> list[tuple[str]]:
            return db.execute("SELECT path FROM evidence").fetchall()

        return {path for (path,) in await self._disk.do(select)}.intersection(paths)

    async def radio_channels(self, since: datetime) -> list[tuple[str, str]]:
        """Place and channel of the radio alerts that were raised since then; older ones are forgotten."""

        def select(db: sqlite3.Connection) -> list[tuple[str, str]]:
            db.execute("DELETE FROM channels WHERE at <= ?", (since.isoformat(),))
            return db.execute("SELECT place, channel FROM channels").fetchall()

        return await self._disk.do(select)

    def stats(self) -> QueueStats:
        return QueueStats("outbox", self._n_held, self._max_bytes, self._n_put, self._n_acked, 0)

    async def report(self) -> OutboxReport:
        def oldest(db: sqlite3.Connection) -> str | None:
            return db.execute("SELECT min(at) FROM (SELECT at FROM alerts ORDER BY seq LIMIT 1)").fetchone()[
                0
            ]

        at = await self._disk.do(oldest)
        return OutboxReport(
            self._n_held,
            self._n_bytes,
            self._max_bytes,
            datetime.fromisoformat(at) if at is not None else None,
            dict(self._dropped),
            self._n_refused,
            self._n_evidence,
        )

    async def close(self) -> None:
        await self._disk.close()


def _note_channel(db: sqlite3.Connection, alert: Alert) -> None:
    channel = alert.labels.get("channel")
    place = alert.labels.get("venue") or alert.labels.get("sensor")
    if alert.kind == "radio" and channel is not None and place is not None:
        db.execute(
            "INSERT INTO channels (place, channel, at) VALUES (?, ?, ?) "
            "ON CONFLICT (place, channel) DO UPDATE SET at = max(at, excluded.at)",
            (place, channel, alert.updated_at.isoformat()),
        )
