"""SQLite for asyncio: a thread that owns the connection.

What waits when it comes round is done in one transaction (WAL, synchronous=FULL) and
answered after the commit: many callers share one fsync, and none is told too early.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

MAX_BATCH = 200


class Worker:
    """A thread that runs jobs on its own connection, as many a transaction as are waiting."""

    def __init__(self, path: Path, schema: str, upgrades: Sequence[str] = ()) -> None:
        """`schema` is that of the first version; each of `upgrades` makes the next one of it."""
        self._path = path
        self._schema = schema
        self._upgrades = upgrades
        self._jobs: queue.SimpleQueue[tuple[Callable[[sqlite3.Connection], Any], Callable[..., None]] | None]
        self._jobs = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="crawl-memory", daemon=True)
        self._opened: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def start(self) -> None:
        self._thread.start()
        error = self._opened.get()
        if error is not None:
            raise error

    def stop(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, once it has been committed."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def settle(value: Any, error: BaseException | None) -> None:
            if answer.done():
                return
            if error is None:
                answer.set_result(value)
            else:
                answer.set_exception(error)

        def reply(value: Any, error: BaseException | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, value, error)

        self._jobs.put((work, reply))
        return await answer

    def _run(self) -> None:
        try:
            connection = _open(self._path, self._schema, self._upgrades)
        except (sqlite3.Error, OSError) as error:
            self._opened.put(error)
            return
        self._opened.put(None)
        try:
            while (first := self._jobs.get()) is not None:
                batch, last = [first], False
                while len(batch) < MAX_BATCH and not self._jobs.empty():
                    job = self._jobs.get()
                    if job is None:
                        last = True
                        break
                    batch.append(job)
                _commit(connection, batch)
                if last:
                    return
        finally:
            connection.close()


def _commit(
    connection: sqlite3.Connection,
    batch: list[tuple[Callable[[sqlite3.Connection], Any], Callable[..., None]]],
) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        values = [work(connection) for work, _ in batch]
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for _, reply in batch:
            reply(None, error)
        return
    for (_, reply), value in zip(batch, values, strict=True):
        reply(value, None)


def _open(path: Path, schema: str, upgrades: Sequence[str]) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=5000")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    newest = 1 + len(upgrades)
    if found > newest:
        connection.close()
        raise OSError(f"{path}: written by a newer version (schema {found})")
    if found == 0:
        connection.executescript(schema)
    for version, step in enumerate(upgrades[max(found, 1) - 1 :], max(found, 1) + 1):
        # One transaction a step: a kill in between leaves a whole version.
        connection.executescript(f"BEGIN;{step};PRAGMA user_version={version};COMMIT;")
    connection.execute(f"PRAGMA user_version={newest}")
    return connection
