"""The pipeline: what was raised is stored, and only then leaves the queue.

    queue ──take──> store.merge ──committed──> ack ──> listeners are woken

Storing is idempotent, so a crash between commit and acknowledgement repeats the work and
nothing else. A failing store is retried for as long as it takes; meanwhile the queue holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from monitor.alert.alert import Alert
from monitor.backoff import Backoff
from monitor.clock import Clock
from monitor.queue import AlertQueue, QueueError
from monitor.store.errors import StoreError

BATCH = 256
"""Alerts in one commit: about 20 ms of work, so the first of a storm is not held up by the rest."""
WAIT_S = 1.0

log = structlog.get_logger()


class AlertSink(Protocol):
    async def merge(self, raised: Sequence[Alert]) -> int: ...


@dataclass(slots=True)
class PipelineCounts:
    n_stored: int = 0
    n_known: int = 0
    """Delivered again after they had been stored."""
    n_failures: int = 0
    error: str | None = None
    """Of the last attempt; None when that went well."""
    failing_since: datetime | None = None


class Pipeline:
    def __init__(self, queue: AlertQueue, store: AlertSink, clock: Clock) -> None:
        self._queue = queue
        self._store = store
        self._clock = clock
        self.counts = PipelineCounts()

    async def run(self) -> None:
        """Carry alerts until cancelled."""
        backoff = Backoff()
        while True:
            try:
                await self.step(WAIT_S)
            except (StoreError, QueueError) as error:
                self._failed(str(error))
                await self._clock.sleep(backoff.next_s())
            else:
                backoff.reset()
                self.counts.error = self.counts.failing_since = None

    async def step(self, wait_s: float) -> int:
        """Carry one batch; the number of alerts in it.

        Raises
        ------
        StoreError, QueueError
            If it could not be stored; all of it is in the queue again.
        """
        taken = await self._queue.take(BATCH, wait_s)
        if not taken:
            return 0
        seqs = [queued.seq for queued in taken]
        try:
            n_new = await self._store.merge([queued.alert for queued in taken])
        except StoreError:
            await self._queue.give_back(seqs)
            raise
        await self._queue.ack(seqs)
        self.counts.n_stored += n_new
        self.counts.n_known += len(taken) - n_new
        return len(taken)

    def _failed(self, message: str) -> None:
        self.counts.n_failures += 1
        if self.counts.error is None:
            self.counts.failing_since = self._clock.now()
            log.error("alerts cannot be stored; they wait in the queue", error=message)
        self.counts.error = message
