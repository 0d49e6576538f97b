"""Correlations over what several edges raised: a crawler's offer and a sensor's emission are one case.

    edges' alerts ──any hub──> store ──feed, all of it──> rules, at the hub that leads
                                                              └─(members of several edges)─> raised there

The hub that leads follows the store, whichever hub stored an alert. One that comes to lead reads again what
the longest rule remembers: what that completes a second time has the same id, and the store knows it.

Each edge correlates what it sees itself; what only its own events complete is not told twice.
An edge's event on which no rule fired never comes here, and counts for no correlation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

import structlog

from monitor.alert.alert import Alert
from monitor.clock import Clock
from monitor.intake import Rules
from monitor.link.words import NODE
from monitor.queue import AlertQueue, QueueError
from monitor.raising import joined_alerts
from monitor.store import feed
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError
from rules.correlate import LATE_S
from rules.rule import Rule

LOOK_S = 0.5
BATCH = 500
log = structlog.get_logger()


def longest_s(rules: Iterable[Rule]) -> float:
    """How far apart two events may lie that one of `rules` joins."""
    return max((rule.correlation.within_s for rule in rules if rule.correlation is not None), default=0.0)


class Across:
    """Asks the correlation rules about all that edges raise."""

    def __init__(
        self,
        book: StoreBook,
        rules: Rules,
        longest_s: Callable[[], float],
        queue: AlertQueue,
        clock: Clock,
    ) -> None:
        """`longest_s`: how far apart two events of one correlation may lie. Alerts go into `queue`."""
        self._book = book
        self._rules = rules
        self._longest_s = longest_s
        self._queue = queue
        self._clock = clock
        self._seq: int | None = None
        self._untold: list[Alert] = []

    async def run(self) -> None:
        """Until cancelled; each time from as far back as the rules remember."""
        self._seq = None
        while True:
            try:
                more = await self.step()
            except (StoreError, QueueError) as error:
                log.error("correlations over edges wait", error=str(error))
                more = False
            if not more:
                await self._clock.sleep(LOOK_S)

    async def step(self) -> bool:
        """Look at what has come, and raise what that completes; whether there may be more.

        Raises
        ------
        StoreError, QueueError
            The next step goes on where this one stopped.
        """
        store = self._book.store
        if self._seq is None:
            # Twice: a window that is complete just now may have begun as long before its first event's news.
            since = self._clock.now() - timedelta(seconds=2 * self._longest_s() + LATE_S)
            self._seq = await self._book.read(partial(feed.seq_at, store, since))
        raised, last_seq = await self._book.read(partial(feed.raised_after, store, self._seq, BATCH))
        for alert in raised:
            if alert.kind in ("radio", "web") and NODE in alert.event:
                self._untold += self._completed(alert)
        more, self._seq = last_seq > self._seq, last_seq
        if self._untold:
            await self._queue.put(self._untold)
            self._untold = []
        return more

    def _completed(self, alert: Alert) -> list[Alert]:
        node = str(alert.event[NODE])
        event = {**alert.event, "id": f"{node}/{alert.cause}"}
        completed = self._rules.correlate(event, [hit.rule for hit in alert.rules])
        across = [one for one in completed if len({member.partition("/")[0] for member in one.members}) > 1]
        return joined_alerts(alert, across)
