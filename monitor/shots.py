"""A picture of the page of each document that raised an alert, taken while the page is still there.

    document + its alerts ──bounded──> browser, one page at a time ──> PNG in the evidence store
                                                                   ──> news of the same alerts

The alert never waits for its picture. The browser knows no cookies: of a page behind a login it
shows the login. What was waiting at a stop is not taken up again; the text was kept before.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from crawlers.document import Document
from crawlers.errors import CrawlError
from crawlers.render.chromium import Renderer
from crawlers.url import parse
from monitor.alert.alert import Alert
from monitor.backoff import Backoff
from monitor.clock import Clock
from monitor.evidence import EvidenceStore
from monitor.queue import AlertQueue, QueueError

MAX_WAITING = 64
"""At some seconds a page, what comes after would be taken minutes late."""
ROLE = "screenshot"

log = structlog.get_logger()


class ShotDesk:
    """Takes pictures until it is cancelled.

    Parameters
    ----------
    named_hosts
        Hosts in a private network that a source may reach, by its id.
    """

    def __init__(
        self,
        renderer: Renderer,
        named_hosts: Callable[[str], frozenset[str]],
        evidence: EvidenceStore,
        queue: AlertQueue,
        clock: Clock,
    ) -> None:
        self._renderer = renderer
        self._named_hosts = named_hosts
        self._evidence = evidence
        self._queue = queue
        self._clock = clock
        self._waiting: asyncio.Queue[tuple[Document, Sequence[Alert]]] = asyncio.Queue(MAX_WAITING)
        self.counts: Counter[str] = Counter()
        """``taken``, ``failed``, and ``dropped`` where too many waited."""

    def ask(self, document: Document, alerts: Sequence[Alert]) -> None:
        """Have the page of `document` pictured for `alerts`, some time soon."""
        if not alerts or not document.url.startswith(("http://", "https://")):
            return
        try:
            self._waiting.put_nowait((document, alerts))
        except asyncio.QueueFull:
            self.counts["dropped"] += 1

    async def run(self) -> None:
        while True:
            document, alerts = await self._waiting.get()
            try:
                await self._take(document, alerts)
            except (CrawlError, OSError) as error:
                self.counts["failed"] += 1
                log.warning("no picture of a page", url=document.url, error=str(error))
            else:
                self.counts["taken"] += 1

    async def _take(self, document: Document, alerts: Sequence[Alert]) -> None:
        shown = await self._renderer.render(parse(document.url), self._named_hosts(document.source))
        if not shown.picture:
            raise CrawlError("render", document.url, "the browser made no picture")
        taken_at = self._clock.now()
        ref = await asyncio.to_thread(self._evidence.keep, shown.picture, "image/png", ROLE, "png", taken_at)
        news = [replace(alert, id=_digest(alert.id, ref.digest), evidence=[ref]) for alert in alerts]
        backoff = Backoff()
        while True:
            try:
                await self._queue.put(news)
                return
            except QueueError as error:
                log.error("a picture waits for the alert queue", error=str(error))
                await self._clock.sleep(backoff.next_s())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\xff".join(parts).encode()).hexdigest()[:32]
