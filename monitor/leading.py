"""One of several hubs leads: it tells people, escalates, lets go of what is too old, correlates over edges.

    look, every few seconds ──> leads ──> duties run ──> leads no more ──> duties are cancelled

A leader that dies is followed within its lease and one look. One that slept may think for a moment that
it still leads: then the store refuses what it writes (`monitor.store.leader`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from monitor.clock import Clock
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError
from monitor.store.leader import Lease, guard

LOOK_S = 3.0
log = structlog.get_logger()


class Leadership:
    def __init__(self, lease: Lease, clock: Clock, look_s: float = LOOK_S) -> None:
        self._lease = lease
        self._clock = clock
        self._look_s = look_s
        self._until_s = 0.0
        self.epoch: int | None = None
        """Of this hub as the leader; None while it is not."""

    @property
    def leads(self) -> bool:
        return self.epoch is not None

    def guard(self, db: sa.Connection) -> None:
        """Of the store that the duties write to. Raises `NotLeadingError`."""
        guard(db, self.epoch)

    async def look(self) -> None:
        """Renew the lease, or take it if it is free."""
        began_s, was = self._clock.monotonic(), self.epoch
        try:
            if was is None:
                self.epoch = await asyncio.to_thread(self._lease.take)
            elif not await asyncio.to_thread(self._lease.renew, was):
                self.epoch = None
            self._until_s = began_s + self._lease.lasts_s
        except StoreError as error:
            if was is not None and self._clock.monotonic() >= self._until_s:
                log.error("this hub leads no more: its lease cannot be renewed", error=str(error))
                self.epoch = None
        if was is None and self.epoch is not None:
            log.info("this hub leads", epoch=self.epoch)
        elif was is not None and self.epoch is None:
            log.warning("another hub leads now, or none", epoch=was)

    async def run(self, duties: Callable[[], Awaitable[None]]) -> None:
        """Until cancelled; `duties` runs while this hub leads, begun anew each time that it comes to lead."""
        doing: tuple[int, asyncio.Task[None]] | None = None
        try:
            while True:
                await self.look()
                if doing is not None and doing[1].done():
                    doing[1].result()
                if doing is not None and doing[0] != self.epoch:
                    await _end(doing[1])
                    doing = None
                if doing is None and self.epoch is not None:
                    doing = (self.epoch, asyncio.create_task(_run(duties), name="duties of the leader"))
                await self._clock.sleep(self._look_s)
        finally:
            if doing is not None:
                await _end(doing[1])
            await self._release()

    async def _release(self) -> None:
        epoch, self.epoch = self.epoch, None
        if epoch is not None:
            try:
                await asyncio.to_thread(self._lease.release, epoch)
            except StoreError as error:
                log.warning("the lease of the leader runs out by itself", error=str(error))


@dataclass(frozen=True, slots=True)
class Leading:
    """What a hub that may not be the only one needs."""

    leadership: Leadership
    book: StoreBook
    """Writes only while this hub leads."""


async def _run(duties: Callable[[], Awaitable[None]]) -> None:
    await duties()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
