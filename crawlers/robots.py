"""What robots.txt says, as RFC 9309 reads it.

Unavailable (4xx) means everything is allowed; unreachable (5xx, no answer) means nothing
is; an answer is kept for a day.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

from protego import Protego

from crawlers.charset import decode
from crawlers.clock import Clock
from crawlers.errors import CrawlError
from crawlers.fetch import Request, Response
from crawlers.hosts import Hosts, RobotsPage
from crawlers.url import Url

KEEP_S = 86_400.0
"""RFC 9309 2.4: not longer than 24 hours."""
RETRY_S = 300.0
"""Until an unreachable robots.txt is asked for again."""
MAX_BYTES = 512 * 1024
"""RFC 9309 2.5: at least 500 kibibytes are read."""
MAX_ORIGINS = 5_000
MAX_DELAY_S = 300.0
"""A longer crawl-delay is a site's way of saying no; it is kept to this, and shown."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One origin's rules."""

    parsed: Protego | None
    """None: the same answer for every path."""
    allows_all: bool
    until_s: float

    def allows(self, url: Url, agent: str) -> bool:
        return self.allows_all if self.parsed is None else self.parsed.can_fetch(str(url), agent)

    def delay_s(self, agent: str) -> float:
        if self.parsed is None:
            return 0.0
        delay_s = float(self.parsed.crawl_delay(agent) or 0)
        rate = self.parsed.request_rate(agent)
        if rate is not None and rate.requests:
            delay_s = max(delay_s, rate.seconds / rate.requests)
        return min(delay_s, MAX_DELAY_S)


Ask = Callable[[Request], Awaitable[Response]]


class Robots:
    """Rules by origin, asked for when they are first needed."""

    def __init__(self, ask: Ask, hosts: Hosts, clock: Clock, agent: str) -> None:
        self._ask = ask
        self._hosts = hosts
        self._clock = clock
        self._agent = agent
        self._rules: OrderedDict[str, Rules] = OrderedDict()
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def check(self, request: Request, url: Url) -> float:
        """Seconds that the site wants between two requests.

        Raises
        ------
        CrawlError
            Of kind ``robots`` when it forbids `url`.
        """
        # Of many that come at once, the first reads it for all.
        async with self._reading.setdefault(url.origin, asyncio.Lock()):
            rules = await self._rules_of(request, url)
        if not rules.allows(url, self._agent):
            reason = "" if rules.parsed else "robots.txt itself cannot be read"
            raise CrawlError("robots", str(url), reason)
        return rules.delay_s(self._agent)

    async def _rules_of(self, request: Request, url: Url) -> Rules:
        rules = self._rules.get(url.origin)
        if rules is None or rules.until_s <= self._clock.monotonic():
            page = await self._hosts.robots(url.origin)
            if page is None:
                page = await self._read(request, url)
                await self._hosts.keep_robots(url.origin, page)
            rules = self._rules[url.origin] = self._parsed(page)
            self._rules.move_to_end(url.origin)
            while len(self._rules) > MAX_ORIGINS:
                self._rules.popitem(last=False)
        return rules

    def _parsed(self, page: RobotsPage) -> Rules:
        parsed = None if page.body is None else Protego.parse(page.body)
        return Rules(parsed, page.allows_all, self._clock.monotonic() + page.keep_s)

    async def _read(self, request: Request, url: Url) -> RobotsPage:
        where = Url(url.scheme, url.host, url.port, "/robots.txt", None)
        try:
            answer = await self._ask(
                Request(
                    where,
                    request.named,
                    max_bytes=MAX_BYTES,
                    timeout_s=request.timeout_s,
                    robots=False,
                    lease=request.lease,
                )
            )
        except CrawlError as error:
            if error.kind in ("refused", "dns", "connect", "tls", "timeout", "backoff"):
                raise
            # Too large, endless or broken: RFC 9309 2.3.1.4 reads that as "nothing is allowed" as well.
            return RobotsPage(None, False, RETRY_S)
        if 200 <= answer.status < 300:
            return RobotsPage(decode(answer.body, answer.headers.get("content-type", "")).text, True, KEEP_S)
        if 400 <= answer.status < 500 and answer.status != 429:
            return RobotsPage(None, True, KEEP_S)
        return RobotsPage(None, False, RETRY_S)
