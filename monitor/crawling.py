"""Runs the crawler: each source in its own loop, polled when it is due, kept going when it fails.

In a crew a source's loop rests while another worker has the lease of its host.

ours? ──> wait until due ──> poll ──> documents to intake ──> when next? ──> schedule ─┐
  ^────────────────────────────────────────────────────────────────────────────────┘
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from crawlers.crawler import Deliver, PollReport
from crawlers.document import Document
from crawlers.errors import LeaseLostError
from crawlers.lease import Alone, Lease, Tenure
from crawlers.source.base import Source
from crawlers.state import SourceState
from monitor.backoff import Backoff
from monitor.clock import Clock
from monitor.queue import QueueError
from monitor.schedule import Schedule
from monitor.server.views import SourceHealth

log = structlog.get_logger()


LOST_S = 1.0
"""Until a source whose lease was lost is looked at again."""


class Poller(Protocol):
    """The crawler, as far as this module needs it."""

    @property
    def sources(self) -> Mapping[str, Source]: ...

    async def state(self, source_id: str, lease: Lease | None = None) -> SourceState: ...

    async def poll(
        self,
        source_id: str,
        deliver: Deliver,
        *,
        at_most_s: float | None = None,
        lease: Lease | None = None,
    ) -> PollReport: ...


@dataclass(slots=True)
class SourceStatus:
    """How one source is doing."""

    id: str
    kind: str
    last_ok_at: datetime | None = None
    next_at: datetime | None = None
    error: str | None = None
    """Of the last poll; None when it went well."""
    n_failures: int = 0
    n_documents: int = 0
    signs: tuple[str, ...] = ()
    polled: bool = False
    """In this run: until then nothing is known of it but what the last run left."""
    elsewhere: bool = False
    """Another worker of the crew polls it."""

    def rest(self) -> None:
        """It is not ours, so nothing of it is our trouble."""
        self.elsewhere, self.next_at, self.error, self.n_failures, self.signs = True, None, None, 0, ()

    def health(self) -> SourceHealth:
        if self.elsewhere:
            state = "elsewhere"
        elif self.error is not None and self.n_failures:
            state = "failed"
        elif "silent" in self.signs:
            state = "silent"
        else:
            state = "ok" if self.last_ok_at else "starting"
        return SourceHealth(
            id=self.id,
            state=state,
            kind=self.kind,
            last_ok_at=self.last_ok_at,
            next_at=self.next_at,
            error=self.error,
            n_failures=self.n_failures,
            n_documents=self.n_documents,
        )


class Crawling:
    """All sources. A poll that fails is told in its status and tried again later."""

    def __init__(
        self,
        poller: Poller,
        take: Callable[[Document], Awaitable[object]],
        schedule: Schedule,
        clock: Clock,
        longest_poll_s: Callable[[], float | None],
        tenure: Tenure | None = None,
    ) -> None:
        self.tenure = tenure or Alone()
        self.tenure.watch(self._changed)
        self._poller = poller
        self._take = take
        self._schedule = schedule
        self._clock = clock
        self._longest_poll_s = longest_poll_s
        self._due = {source_id: asyncio.Event() for source_id in poller.sources}
        self.statuses = {
            source_id: SourceStatus(source_id, source.config.kind)
            for source_id, source in poller.sources.items()
        }

    async def run(self) -> None:
        """Poll until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.tenure.run(), name="leases")
            for source_id in self._poller.sources:
                group.create_task(self._follow(source_id), name=f"source {source_id}")

    async def hurry(self) -> None:
        """The calendar wants more: what is due later than it allows is due now."""
        longest_s = self._longest_poll_s()
        if longest_s is None:
            return
        limit = self._clock.now() + timedelta(seconds=longest_s)
        for source_id, status in self.statuses.items():
            # A source in trouble keeps its pause: it may have asked for it.
            if status.error is None and status.next_at is not None and status.next_at > limit:
                self._due[source_id].set()

    async def _follow(self, source_id: str) -> None:
        status = self.statuses[source_id]
        backoff = Backoff()
        next_at: datetime | None = None
        known: Lease | None = None
        is_known = False
        while True:
            lease = await self._tenure_of(source_id)
            try:
                if not is_known or lease != known:
                    self._due[source_id].clear()
                    next_at = await self._take_over(source_id, lease)
                    known, is_known = lease, True
                await self._wait_until(source_id, next_at)
                async with self.tenure.using(source_id, lease):
                    report = await self._poller.poll(
                        source_id, self._deliver, at_most_s=self._longest_poll_s(), lease=lease
                    )
            except LeaseLostError:
                # What the next lease finds was left by another worker. The pause: our own view may be late.
                is_known = False
                await self._clock.sleep(LOST_S)
            except (QueueError, OSError, sqlite3.OperationalError) as error:
                # Ours failed, not the source: what was being delivered comes again with the next poll.
                self._failed(status, f"cannot keep what was found: {error}")
                next_at = self._clock.now() + timedelta(seconds=backoff.next_s())
            else:
                backoff.reset()
                self._polled(status, report)
                next_at = report.next_poll_at

    async def _tenure_of(self, source_id: str) -> Lease | None:
        status = self.statuses[source_id]
        if not self.tenure.is_ours(source_id):
            status.rest()
        lease = await self.tenure.held(source_id)
        status.elsewhere = False
        return lease

    async def _take_over(self, source_id: str, lease: Lease | None) -> datetime | None:
        """When the next poll is due by what the last run, or the last worker, has left."""
        status = self.statuses[source_id]
        state = await self._poller.state(source_id, lease)
        status.last_ok_at = state.last_success_at
        status.n_documents = state.n_documents
        longest_s = self._longest_poll_s()
        if lease is None or state.n_failures or state.next_poll_at is None or longest_s is None:
            return state.next_poll_at
        # Whoever had it may have died before the calendar wanted more.
        return min(state.next_poll_at, self._clock.now() + timedelta(seconds=longest_s))

    def _changed(self, source_id: str) -> None:
        """The lease came or went: whoever waits until the source is due looks again."""
        if not self.tenure.is_ours(source_id):
            self._due[source_id].set()

    async def _deliver(self, document: Document) -> None:
        await self._take(document)
        self.statuses[document.source].n_documents += 1

    async def _wait_until(self, source_id: str, at: datetime | None) -> None:
        self.statuses[source_id].next_at = at
        due = self._due[source_id]
        if at is not None and at > self._clock.now():
            self._schedule.at(f"poll {source_id}", at, due.set)
            await due.wait()
            self._schedule.cancel(f"poll {source_id}")
        due.clear()

    def _polled(self, status: SourceStatus, report: PollReport) -> None:
        status.signs = report.signs
        status.polled = True
        if report.error is not None:
            self._failed(status, str(report.error))
            return
        if status.n_failures:
            log.info("source works again", source=status.id)
        status.last_ok_at = self._clock.now()
        status.n_failures = 0
        status.error = str(report.faults[0]) if report.faults else None

    def _failed(self, status: SourceStatus, message: str) -> None:
        if message != status.error:
            log.warning("source failed", source=status.id, error=message)
        status.error = message
        status.n_failures += 1
