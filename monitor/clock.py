"""The one door through which the conductor learns the time and waits.

Durations come from ``monotonic``, which no one can set; instants from ``now``. A test
holds a `FakeClock` and moves it: a session of two hours passes in a millisecond.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """An aware UTC instant."""
        ...

    def monotonic(self) -> float:
        """Seconds from some fixed point, never going back."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class FakeClock:
    """Stands still until `advance` moves it. Sleepers wake in the order of their instants."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed_s + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float, settle: Callable[[], Awaitable[None]] | None = None) -> None:
        """Move on by `seconds`, letting every sleeper on the way run at its own instant.

        `settle` is awaited after each step; it returns when work in threads has come to rest.
        """
        target_s = self._elapsed_s + seconds
        await self._settle(settle)
        while self._sleepers and self._sleepers[0][0] <= target_s:
            self._elapsed_s, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
                await self._settle(settle)
        self._elapsed_s = target_s
        await self._settle(settle)

    async def _settle(self, settle: Callable[[], Awaitable[None]] | None) -> None:
        # A woken task may hand on to others through a few awaits, each one turn of the loop.
        for _ in range(20):
            await asyncio.sleep(0)
        if settle is not None:
            await settle()
