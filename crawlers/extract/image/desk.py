"""The queue before the readers of files: bounded, the gravest source first.

    run(gravity) ──room?──> a reader
                 └─none──> waiting, by gravity ──a reader is free──> the gravest, then the oldest
                            └─full──> the least grave is refused

A flood of pictures from one harmless forum must not keep the photo that counts from being read.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crawlers.errors import CrawlError
from crawlers.workshop import LIMIT_S, Workshop

MAX_WAITING = 64
"""At 2.5 s a picture and two readers, what came last is read within 80 s."""


@dataclass(order=True, slots=True)
class _Waiting:
    key: tuple[float, int]
    """Least first: the negative gravity, then the turn."""
    turn: asyncio.Future[None] = field(compare=False)


class ReadingDesk:
    """A workshop whose jobs wait their turn by gravity.

    Parameters
    ----------
    workshop
        Does the work; it should have `n_at_once` workers.
    """

    def __init__(self, workshop: Workshop, n_at_once: int = 1, max_waiting: int = MAX_WAITING) -> None:
        self._workshop = workshop
        self._n_free = n_at_once
        self._max_waiting = max_waiting
        self._waiting: list[_Waiting] = []
        self._n_come = 0
        self.n_refused: Counter[str] = Counter()
        """By reason: ``full`` on coming, ``pushed out`` by a graver one."""

    @property
    def n_waiting(self) -> int:
        return len(self._waiting)

    def at(self, gravity: float) -> Workshop:
        """The desk as a source of this gravity sees it."""
        return _Place(self, gravity)

    async def run(
        self, work: Callable[..., Any], *arguments: Any, limit_s: float = LIMIT_S, gravity: float = 0.0
    ) -> Any:
        """What ``work(*arguments)`` returns, once its turn has come.

        Raises
        ------
        CrawlError
            ``timeout`` when there is no room to wait, else what the workshop raises.
        """
        await self._enter(gravity)
        try:
            return await self._workshop.run(work, *arguments, limit_s=limit_s)
        finally:
            self._leave()

    async def _enter(self, gravity: float) -> None:
        if self._n_free > 0:
            self._n_free -= 1
            return
        self._n_come += 1
        mine = _Waiting((-gravity, self._n_come), asyncio.get_running_loop().create_future())
        if len(self._waiting) >= self._max_waiting:
            self._make_room(mine)
        heapq.heappush(self._waiting, mine)
        try:
            await mine.turn
        except asyncio.CancelledError:
            if mine in self._waiting:
                self._waiting.remove(mine)
                heapq.heapify(self._waiting)
            elif mine.turn.done() and not mine.turn.cancelled() and mine.turn.exception() is None:
                # The turn had come already: it is passed on.
                self._leave()
            raise

    def _make_room(self, newcomer: _Waiting) -> None:
        least = max(self._waiting, default=newcomer)
        if least.key <= newcomer.key:
            self.n_refused["full"] += 1
            raise self._refusal()
        self._waiting.remove(least)
        heapq.heapify(self._waiting)
        self.n_refused["pushed out"] += 1
        least.turn.set_exception(self._refusal())

    def _refusal(self) -> CrawlError:
        return CrawlError("timeout", "reading desk", f"{self._max_waiting} graver files are waiting")

    def _leave(self) -> None:
        while self._waiting:
            following = heapq.heappop(self._waiting)
            if not following.turn.done():
                following.turn.set_result(None)
                return
        self._n_free += 1


@dataclass(frozen=True, slots=True)
class _Place:
    desk: ReadingDesk
    gravity: float

    async def run(self, work: Callable[..., Any], *arguments: Any, limit_s: float = LIMIT_S) -> Any:
        return await self.desk.run(work, *arguments, limit_s=limit_s, gravity=self.gravity)
