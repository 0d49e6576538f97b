"""The queue's door: what was put is on the disk, and stays until it was stored.

    raise ──put──> [ queue ] ──take──> store ──commit──> ack
                    durable                              only now it leaves

Bounded: `put` waits while the queue is full, and the wait is counted. An alert is never
refused or dropped here, because nothing behind the raiser could raise it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.alert.alert import Alert
from monitor.faults import WorldError
from monitor.link.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Queued:
    """An alert on its way, under the queue's own number."""

    seq: int
    alert: Alert
    stamp: Stamp | None = None
    """When it was put, where the queue keeps that."""


@dataclass(frozen=True, slots=True)
class QueueStats:
    kind: str
    n_waiting: int
    """Alerts in the queue that were not acknowledged yet."""
    capacity: int
    n_put: int
    n_acked: int
    n_put_waits: int
    """How often a raiser had to wait because the queue was full."""


class QueueError(WorldError):
    """The queue's medium failed (disk full, file locked). Trying again later may work."""


class AlertQueue(Protocol):
    async def put(self, alerts: Sequence[Alert]) -> None:
        """Return once all of `alerts` survive a crash of the process and of the machine.

        An alert whose id waits in the queue already is kept once.

        Raises
        ------
        QueueError
            If that could not be done; then none of `alerts` is in the queue.
        """
        ...

    async def take(self, n: int, wait_s: float) -> list[Queued]:
        """Up to `n` of the oldest alerts not taken since the start; empty after `wait_s` without any."""
        ...

    async def ack(self, seqs: Sequence[int]) -> None:
        """Let go of what was stored. What was taken and never acknowledged comes again after a restart."""
        ...

    async def give_back(self, seqs: Sequence[int]) -> None:
        """Take these again: storing them failed."""
        ...

    def stats(self) -> QueueStats: ...

    async def close(self) -> None: ...
