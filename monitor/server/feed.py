"""What changed lately, read from the store and encoded once for all open streams.

A change of the store wakes fifty streams at once; each reading and encoding it for itself is fifty times
the work. Here the first to come reads, the others wait for it. Whoever is further behind than what is
kept here asks the store. What a stream may show is the stream's own affair.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from monitor.server.alert_services import AlertBook, Change
from monitor.server.case_views import CaseView
from monitor.server.views import AlertView

BATCH: Final = 100
N_KEPT: Final = 500
KEPT_S: Final = 10.0
"""An alert says whether it fires as of when it was read: no older than this."""
LOOK_S: Final = 1.0
"""Another process may write to the same store, and wakes nobody here."""


def encode_event(event: str, data: object, event_id: int | None = None) -> bytes:
    """One event of the stream. The JSON is one line, as the format wants."""
    head = b"" if event_id is None else b"id: %d\n" % event_id
    return head + b"event: " + event.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


@dataclass(frozen=True, slots=True)
class Told:
    """A change as the stream has it."""

    id: int
    alert: AlertView | None
    case: CaseView | None
    line: bytes


def told(change: Change) -> Told:
    name, view = ("alert", change.alert) if change.alert is not None else ("case", change.case)
    return Told(change.id, change.alert, change.case, encode_event(name, view, change.id))


class Feed:
    def __init__(self, book: AlertBook, monotonic: Callable[[], float]) -> None:
        self._book = book
        self._monotonic = monotonic
        self._kept: deque[tuple[float, Told]] = deque()
        self._after = 0
        """Every change later than this, and up to the last, is kept."""
        self._last: int | None = None
        self._is_stale = True
        self._looked_at = 0.0
        self._reading = asyncio.Lock()
        self.close = book.subscribe(self._changed)

    def _changed(self) -> None:
        self._is_stale = True

    async def newest(self) -> int:
        """The number of the newest change. Raises `StoreError`."""
        async with self._reading:
            now = self._monotonic()
            if self._last is None or self._is_stale or now - self._looked_at > LOOK_S:
                # Before reading: what comes meanwhile is read by the next.
                self._is_stale, self._looked_at = False, now
                try:
                    self._last = await self._read(self._last)
                except BaseException:
                    self._is_stale = True
                    raise
                self._forget(now)
            return self._last

    async def since(self, position: int) -> list[Told]:
        """Changes after `position`, or the first of them. Raises `StoreError`."""
        if position < self._after:
            return [told(change) for change in await self._book.changes_since(position, BATCH)]
        return [one for _, one in self._kept if one.id > position]

    async def _read(self, last: int | None) -> int:
        newest = await self._book.last_change()
        if last is None or newest < last or newest - last > N_KEPT:
            self._kept.clear()
            self._after = newest
            return newest
        while last < newest:
            changes = await self._book.changes_since(last, BATCH)
            if not changes:
                return newest
            now = self._monotonic()
            self._kept.extend((now, told(change)) for change in changes)
            last = changes[-1].id
        return last

    def _forget(self, now: float) -> None:
        while self._kept and (len(self._kept) > N_KEPT or now - self._kept[0][0] > KEPT_S):
            self._after = self._kept.popleft()[1].id
