"""The queue in memory: for tests and for trying things out. It does not outlive the process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from monitor.alert.alert import Alert
from monitor.queue.base import Queued, QueueStats

CAPACITY = 10_000


class MemoryQueue:
    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._held: dict[int, Alert] = {}
        self._waiting: list[int] = []
        self._ids: set[str] = set()
        self._seq = 0
        self._n_acked = 0
        self._n_put_waits = 0
        self._changed = asyncio.Condition()

    async def put(self, alerts: Sequence[Alert]) -> None:
        async with self._changed:
            fresh = list({alert.id: alert for alert in alerts if alert.id not in self._ids}.values())
            if len(self._held) + len(fresh) > self._capacity:
                self._n_put_waits += 1
                await self._changed.wait_for(
                    lambda: not self._held or len(self._held) + len(fresh) <= self._capacity
                )
            for alert in fresh:
                self._seq += 1
                self._held[self._seq] = alert
                self._ids.add(alert.id)
                self._waiting.append(self._seq)
            self._changed.notify_all()

    async def take(self, n: int, wait_s: float) -> list[Queued]:
        async with self._changed:
            if not self._waiting:
                try:
                    await asyncio.wait_for(self._changed.wait_for(lambda: bool(self._waiting)), wait_s)
                except TimeoutError:
                    return []
            taken, self._waiting = self._waiting[:n], self._waiting[n:]
            return [Queued(seq, self._held[seq]) for seq in taken]

    async def ack(self, seqs: Sequence[int]) -> None:
        async with self._changed:
            for seq in seqs:
                alert = self._held.pop(seq, None)
                if alert is not None:
                    self._ids.discard(alert.id)
                    self._n_acked += 1
            self._changed.notify_all()

    async def give_back(self, seqs: Sequence[int]) -> None:
        async with self._changed:
            self._waiting = sorted({*self._waiting, *(seq for seq in seqs if seq in self._held)})
            self._changed.notify_all()

    def stats(self) -> QueueStats:
        return QueueStats(
            "memory", len(self._held), self._capacity, self._seq, self._n_acked, self._n_put_waits
        )

    async def close(self) -> None:
        return
