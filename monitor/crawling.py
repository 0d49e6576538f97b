"""Runs the crawler: each source in its own loop, polled when it is due, kept going when it fails.

wait until due ──> poll ──> documents to intake ──> when next? ──> schedule ─┐
      ^──────────────────────────────────────────────────────────────────────┘
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
from crawlers.source.base import Source
from crawlers.state import SourceState
from monitor.backoff import Backoff
from monitor.clock import Clock
from monitor.queue import QueueError
from monitor.schedule import Schedule
from monitor.server.views import SourceHealth

log = structlog.get_logger()


class Poller(Protocol):
    """The crawler, as far as this module needs it."""

    @property
    def sources(self) -> Mapping[str, Source]: ...

    async def state(self, source_id: str) -> SourceState: ...

    async def poll(
        self, source_id: str, deliver: Deliver, *, at_most_s: float | None = None
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

    def health(self) -> SourceHealth:
        if self.error is not None and self.n_failures:
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
    ) -> None:
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
        state = await self._poller.state(source_id)
        status.last_ok_at = state.last_success_at
        status.n_documents = state.n_documents
        await self._wait_until(source_id, state.next_poll_at)
        while True:
            try:
                report = await self._poller.poll(source_id, self._deliver, at_most_s=self._longest_poll_s())
            except (QueueError, OSError, sqlite3.OperationalError) as error:
                # Ours failed, not the source: what was being delivered comes again with the next poll.
                self._failed(status, f"cannot keep what was found: {error}")
                next_at = self._clock.now() + timedelta(seconds=backoff.next_s())
            else:
                backoff.reset()
                self._polled(status, report)
                next_at = report.next_poll_at
            await self._wait_until(source_id, next_at)

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
