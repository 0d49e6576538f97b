"""The door to what happens at an instant: a source's next poll, a session's start.

One call a key: setting it again replaces it. The call must be short and must not fail; it
usually sets an event that some task waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.clock import Clock


class Schedule(Protocol):
    def at(self, key: str, when: datetime, call: Callable[[], None]) -> None:
        """Make `call` in the event loop at `when`, at once if that has passed."""
        ...

    def cancel(self, key: str) -> None: ...

    def close(self) -> None: ...


class ApSchedule:
    """The wall clock's: APScheduler, in the running loop."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.start()

    def at(self, key: str, when: datetime, call: Callable[[], None]) -> None:
        # A coroutine function runs in the loop itself; a plain one would go to a thread.
        async def fire() -> None:
            call()

        # Late is better than never: a laptop that slept through an instant still has its polls.
        self._scheduler.add_job(
            fire, "date", run_date=when, id=key, replace_existing=True, misfire_grace_time=None
        )

    def cancel(self, key: str) -> None:
        if self._scheduler.get_job(key) is not None:
            self._scheduler.remove_job(key)

    def close(self) -> None:
        self._scheduler.shutdown(wait=False)


class ClockSchedule:
    """Any clock's: a task a key. For timelines on a fake clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def at(self, key: str, when: datetime, call: Callable[[], None]) -> None:
        self.cancel(key)
        self._tasks[key] = asyncio.get_running_loop().create_task(self._wait(key, when, call))

    async def _wait(self, key: str, when: datetime, call: Callable[[], None]) -> None:
        await self._clock.sleep((when - self._clock.now()).total_seconds())
        self._tasks.pop(key, None)
        call()

    def cancel(self, key: str) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        for key in list(self._tasks):
            self.cancel(key)
