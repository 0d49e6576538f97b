"""A database for asyncio: a thread that owns the connection.

What waits when it comes round is done in one transaction and answered after the commit:
many callers share one fsync, and none is told too early. Where a transaction fails, each
of its jobs is tried in one of its own, so that none fails for another's sake.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

MAX_BATCH = 200


class Rows(Protocol):
    """What a statement answered."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class Db(Protocol):
    """One connection, used by one thread; values stand where the statement has ``?``."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Rows: ...


class Connection(Db, Protocol):
    """A `Db` with the ends of its transactions."""

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None:
        """Must not raise: what was wrong has been told already."""
        ...

    def close(self) -> None: ...


Work = Callable[[Db], T]
_Reply = Callable[[Any, "BaseException | None"], None]


class Worker:
    """A thread that runs jobs on its own connection, as many a transaction as are waiting.

    An async context manager; entering it raises what `open` raises.
    """

    def __init__(self, open: Callable[[], Connection], max_batch: int = MAX_BATCH) -> None:
        self._open = open
        self._max_batch = max_batch
        self._jobs: queue.SimpleQueue[tuple[Callable[[Db], Any], _Reply] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="crawl-memory", daemon=True)
        self._opened: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    async def __aenter__(self) -> Worker:
        await asyncio.to_thread(self._start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _start(self) -> None:
        self._thread.start()
        error = self._opened.get()
        if error is not None:
            raise error

    async def do(self, work: Callable[[Db], T]) -> T:
        """What `work` returns, once it has been committed. Raises what it raises, and nothing was done."""
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
            connection = self._open()
        except Exception as error:  # noqa: BLE001 - told to whoever started us
            self._opened.put(error)
            return
        self._opened.put(None)
        try:
            while (first := self._jobs.get()) is not None:
                batch, last = [first], False
                while len(batch) < self._max_batch and not self._jobs.empty():
                    job = self._jobs.get()
                    if job is None:
                        last = True
                        break
                    batch.append(job)
                _do(connection, batch)
                if last:
                    return
        finally:
            connection.close()


def _do(connection: Connection, batch: Sequence[tuple[Callable[[Db], Any], _Reply]]) -> None:
    try:
        values = _together(connection, [work for work, _ in batch])
    except Exception as error:  # noqa: BLE001 - told to whoever asked
        if len(batch) == 1:
            batch[0][1](None, error)
            return
        for job in batch:
            _do(connection, [job])
        return
    for (_, reply), value in zip(batch, values, strict=True):
        reply(value, None)


def _together(connection: Connection, works: Iterable[Callable[[Db], Any]]) -> list[Any]:
    connection.begin()
    try:
        values = [work(connection) for work in works]
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return values
