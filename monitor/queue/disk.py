"""One SQLite file and the one thread that owns its only connection: what returns is on the disk.

    call ─┐
    call ─┼─> inbox ─> thread: BEGIN, all of them, COMMIT ─> each caller's future
    call ─┘

Nobody else writes or checkpoints (SQLite before 3.51.3 can lose a WAL that two connections
checkpoint at once). All that waits is committed in one transaction, so a burst of callers
shares one fsync.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from monitor.queue.base import QueueError

MAX_GROUP = 256
"""Calls that share one commit: more would only delay the first of them."""

T = TypeVar("T")


class TurnedAwayError(Exception):
    """Raised by a piece of work before it changed anything: its caller alone is told."""


class Disk:
    """Open with `Disk.open`; a file is for one process at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, reserve_bytes: int = 0) -> None:
        self._path = path
        self._db = connection
        self._reserve = path.with_name(f"{path.name}.reserve")
        self._reserve_bytes = reserve_bytes
        self._undone: Callable[[sqlite3.Connection], None] | None = None
        self._inbox: queue.SimpleQueue[tuple[Callable[[sqlite3.Connection], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._serve, name=f"disk {path.name}", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path, schema: str, reserve_bytes: int = 0) -> Disk:
        """
        Parameters
        ----------
        reserve_bytes
            Room on the disk that is kept for letting go of rows when it is full: see `free_reserve`.

        Raises
        ------
        QueueError
            If the file cannot be opened, is no database, or belongs to another process.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=2.0)
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            if reserve_bytes:
                # The log stays within the reserve: it is written over from its start once it is this long.
                db.execute(f"PRAGMA wal_autocheckpoint={reserve_bytes // 4 // 4096}")
            db.execute("BEGIN IMMEDIATE")
            for statement in schema.split(";"):
                db.execute(statement)
            db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise QueueError(f"{path}: the alert queue cannot be opened: {error}") from error
        return cls(path, db, reserve_bytes)

    @property
    def has_reserve(self) -> bool:
        return not self._reserve_bytes or self._reserve.exists()

    def keep_reserve(self) -> bool:
        """Set the reserve aside, if it is not; False if the disk has no room for it."""
        if not self.has_reserve:
            try:
                with self._reserve.open("wb") as file:
                    os.posix_fallocate(file.fileno(), 0, self._reserve_bytes)
            except OSError:
                self._reserve.unlink(missing_ok=True)
                return False
        return True

    def free_reserve(self) -> bool:
        """Give the reserve up, so that rows can be deleted on a full disk; False if there is none."""
        if not self._reserve_bytes or not self.has_reserve:
            return False
        self._reserve.unlink(missing_ok=True)
        return True

    def read_first(self, count: Callable[[sqlite3.Connection], None]) -> None:
        """Call `count`, which takes stock of the tables, now and in the thread after each failed commit."""
        self._undone = count
        count(self._db)

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returned, once the disk has what it wrote.

        Raises
        ------
        QueueError
            If the disk failed; then nothing of it is there.
        TurnedAwayError
            As `work` raised it.
        """
        if not self._thread.is_alive():
            raise QueueError(f"{self._path}: the alert queue is closed")
        done: Future[Any] = Future()
        self._inbox.put((work, done))
        return await asyncio.wrap_future(done)

    async def close(self) -> None:
        if self._thread.is_alive():
            self._inbox.put(None)
            await asyncio.to_thread(self._thread.join)
            self._db.close()

    def _serve(self) -> None:
        ended = False
        while not ended:
            group = [self._inbox.get()]
            while len(group) < MAX_GROUP and not self._inbox.empty():
                group.append(self._inbox.get())
            ended = None in group
            # A caller that went away meanwhile was told nothing, so nothing need be done.
            self._commit([call for call in group if call and call[1].set_running_or_notify_cancel()])

    def _commit(self, calls: list[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]]) -> None:
        answers: list[Any] = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for work, _ in calls:
                try:
                    answers.append(work(self._db))
                except TurnedAwayError as refusal:
                    answers.append(refusal)
            self._db.execute("COMMIT")
            if not self.has_reserve:
                self._give_back_room()
        except sqlite3.Error as error:
            answers = [QueueError(f"{self._path}: {error}")] * len(calls)
            self._take_stock()
        except BaseException as error:
            for _, done in calls:
                done.set_exception(error)
            raise
        for (_, done), answer in zip(calls, answers, strict=True):
            if isinstance(answer, Exception):
                done.set_exception(answer)
            else:
                done.set_result(answer)

    def _give_back_room(self) -> None:
        """Cut off what deleted rows have left of file and log."""
        # On a disk so full that not even this works, the next deletion tries it again.
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA incremental_vacuum(512)").fetchall()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _take_stock(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        if self._undone is not None:
            self._undone(self._db)
