"""The shared queue: one door, several media, chosen by URL."""

from __future__ import annotations

from pathlib import Path

from monitor.queue.base import AlertQueue, Queued, QueueError, QueueStats
from monitor.queue.memory import MemoryQueue
from monitor.queue.sqlite import SqliteQueue

__all__ = ["AlertQueue", "QueueError", "QueueStats", "Queued", "open_queue"]


def open_queue(url: str) -> AlertQueue:
    """The queue at ``sqlite:PATH`` or ``memory:``.

    Raises
    ------
    QueueError
        If its medium cannot be opened.
    ValueError
        If there is no queue of that kind.
    """
    scheme, _, rest = url.partition(":")
    match scheme:
        case "sqlite":
            return SqliteQueue.open(Path(rest))
        case "memory":
            return MemoryQueue()
        case _:
            raise ValueError(f"no queue of kind '{scheme}:' (sqlite: or memory:)")
