"""Who looks at a sensor's spectrum just now: every one gets the newest rows, and none is ever waited for.

    scanning thread ──row──> Onlookers ──> Glance [ newest 32 rows ] ──wake──> the viewer's task in the loop
                                      └──> Glance …                     older ones are dropped and counted

While nobody looks the sensor makes no rows at all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from sdr.lookout import SpectrumRow

MOST_ROWS = 32
"""More than a second of them; who is further behind sees the present, not the past."""


class Glance:
    """One viewer. `put` belongs to the scanning thread, all else to the loop."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._rows: deque[SpectrumRow] = deque()
        self._most_rows = most_rows
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()
        self.n_dropped = 0
        """Rows that this viewer was too slow for."""
        self.over: str | None = None
        """Why no more rows will come."""

    def put(self, row: SpectrumRow) -> None:
        """Never waits."""
        if len(self._rows) >= self._most_rows:
            self._rows.popleft()
            self.n_dropped += 1
        self._rows.append(row)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._came.set)

    def end(self, reason: str) -> None:
        """Nothing more will come. In the loop."""
        self.over = reason
        self._came.set()

    async def take(self) -> list[SpectrumRow]:
        """What has come since the last call; waits until there is something, or it is over."""
        await self._came.wait()
        self._came.clear()
        rows: list[SpectrumRow] = []
        while self._rows and len(rows) < self._most_rows:
            rows.append(self._rows.popleft())
        return rows


class Onlookers:
    """All viewers of one sensor, over restarts of its worker."""

    def __init__(self) -> None:
        self._glances: tuple[Glance, ...] = ()

    @property
    def is_any(self) -> bool:
        return bool(self._glances)

    def show(self, row: SpectrumRow) -> None:
        """From the scanning thread."""
        for glance in self._glances:
            glance.put(row)

    def over(self, reason: str) -> None:
        """No viewer will see more. In the loop."""
        glances, self._glances = self._glances, ()
        for glance in glances:
            glance.end(reason)

    def add(self, changed: Callable[[], None]) -> tuple[Glance, Callable[[], None]]:
        """A viewer more, and what ends that; `changed` is called after each."""
        glance = Glance()
        self._glances = (*self._glances, glance)
        changed()

        def end() -> None:
            self._glances = tuple(one for one in self._glances if one is not glance)
            changed()

        return glance, end
