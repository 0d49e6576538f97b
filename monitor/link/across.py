"""Correlations over what several edges raised: a crawler's offer and a sensor's emission are one case.

    edges' alerts ──merge──> store
         └──> rules over their events ─(members of several edges)─> raised at the hub

Each edge correlates what it sees itself; what only its own events complete is not told twice.
An edge's event on which no rule fired never comes here, and counts for no correlation.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from monitor.alert.alert import Alert
from monitor.intake import Rules, joined_alerts
from monitor.link.words import NODE
from monitor.pipeline import AlertSink
from monitor.queue import AlertQueue, QueueError

log = structlog.get_logger()


class Across:
    """A sink for edges' alerts that also asks the correlation rules about them."""

    def __init__(self, store: AlertSink, rules: Rules, queue: AlertQueue) -> None:
        """What is completed goes into `queue`, the hub's own."""
        self._store = store
        self._rules = rules
        self._queue = queue
        self._untold: list[Alert] = []

    async def merge(self, raised: Sequence[Alert]) -> int:
        """Store `raised`, then raise what they complete. Raises `StoreError`."""
        n_new = await self._store.merge(raised)
        for alert in raised:
            if alert.kind in ("radio", "web"):
                self._untold += self._completed(alert)
        if self._untold:
            try:
                await self._queue.put(self._untold)
            except QueueError as error:
                log.error("a correlation waits for the alert queue", error=str(error))
            else:
                self._untold = []
        return n_new

    def _completed(self, alert: Alert) -> list[Alert]:
        node = str(alert.event.get(NODE, ""))
        event = {**alert.event, "id": f"{node}/{alert.cause}"}
        completed = self._rules.correlate(event, [hit.rule for hit in alert.rules])
        across = [one for one in completed if len({member.partition("/")[0] for member in one.members}) > 1]
        return joined_alerts(alert, across)
