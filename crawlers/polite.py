"""How we behave towards a host: one request at a time, a pause between two, and silence when told.

get ── backing off? ── robots.txt ── wait for the host's turn ── exchange ── 429, 503? note it
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from crawlers.clock import Clock
from crawlers.errors import CrawlError
from crawlers.fetch import REDIRECTS, Request, Response
from crawlers.robots import Robots
from crawlers.url import Url, parse

MAX_REDIRECTS = 5
BACKOFF_FIRST_S = 30.0
BACKOFF_MAX_S = 3600.0
RETRY_AFTER_MAX_S = 86_400.0
MAX_HOSTS = 10_000


@dataclass(slots=True)
class _Host:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    last_end_s: float = float("-inf")
    quiet_until_s: float = float("-inf")
    n_refusals: int = 0
    """429 and 503 in a row."""


class Exchange(Protocol):
    """One request, one answer; `HttpClient`, or a simulated host."""

    @property
    def user_agent(self) -> str: ...

    async def get(self, request: Request) -> Response: ...


class PoliteClient:
    """`Client` that keeps the rules of each host over an `Exchange`."""

    def __init__(self, http: Exchange, clock: Clock, rng: random.Random) -> None:
        self._http = http
        self._clock = clock
        self._rng = rng
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._robots = Robots(self._ask_robots, clock, http.user_agent.partition("/")[0])

    async def get(self, request: Request) -> Response:
        """The answer to `request`, in the host's turn.

        Raises
        ------
        CrawlError
            ``backoff`` without a connection while the host wants silence, ``robots`` when it
            forbids the path, and what the exchange raises.
        """
        hops: list[Url] = []
        while True:
            delay_s = request.delay_s
            if request.robots:
                self._refuse_while_quiet(request.url)
                delay_s = max(delay_s, await self._robots.check(request, request.url))
            response = await self._in_turn(request, delay_s)
            if "location" not in response.headers or response.status not in REDIRECTS:
                return replace(response, hops=tuple(hops))
            request = _redirected(request, response, hops)

    async def _ask_robots(self, request: Request) -> Response:
        hops: list[Url] = []
        while True:
            response = await self._in_turn(request, 0.0)
            if "location" not in response.headers or response.status not in REDIRECTS:
                return response
            request = _redirected(request, response, hops)

    async def _in_turn(self, request: Request, delay_s: float) -> Response:
        self._refuse_while_quiet(request.url)
        host = self._host(request.url)
        async with self._turn(host, delay_s):
            # The host may have asked for silence while we stood in line.
            self._refuse_while_quiet(request.url)
            response = await self._http.get(request)
        self._note(host, response)
        return response

    @asynccontextmanager
    async def _turn(self, host: _Host, delay_s: float) -> AsyncGenerator[None]:
        async with host.turn:
            wait_s = host.last_end_s + delay_s - self._clock.monotonic()
            if wait_s > 0:
                await self._clock.sleep(wait_s)
            try:
                yield
            finally:
                host.last_end_s = self._clock.monotonic()

    def _host(self, url: Url) -> _Host:
        key = f"{url.host}:{url.port}"
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = _Host()
            if len(self._hosts) > MAX_HOSTS:
                self._forget_idle()
        self._hosts.move_to_end(key)
        return host

    def _forget_idle(self) -> None:
        now_s = self._clock.monotonic()
        for key, host in list(self._hosts.items())[: MAX_HOSTS // 10]:
            if not host.turn.locked() and host.quiet_until_s < now_s and host.last_end_s + 3600 < now_s:
                del self._hosts[key]

    def _refuse_while_quiet(self, url: Url) -> None:
        host = self._hosts.get(f"{url.host}:{url.port}")
        left_s = host.quiet_until_s - self._clock.monotonic() if host else 0.0
        if left_s > 0:
            raise CrawlError("backoff", url.origin, f"{left_s:.0f} s more", retry_after_s=left_s)

    def _note(self, host: _Host, response: Response) -> None:
        if response.status not in (429, 503):
            host.n_refusals = 0
            return
        host.n_refusals += 1
        asked_s = retry_after_s(response.headers.get("retry-after", ""), self._clock.now())
        # Full jitter over the upper half: a crowd of crawlers must not come back as one.
        backoff_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(host.n_refusals - 1, 10))
        quiet_s = max(asked_s, backoff_s * self._rng.uniform(0.5, 1.0))
        host.quiet_until_s = self._clock.monotonic() + quiet_s
        raise CrawlError(
            "backoff", str(response.url), f"{response.status}, {quiet_s:.0f} s", retry_after_s=quiet_s
        )


def _redirected(request: Request, response: Response, hops: list[Url]) -> Request:
    """The request that follows; `hops` grows by the address that redirected."""
    hops.append(request.url)
    url = parse(response.headers["location"], request.url)
    if url in hops or len(hops) > MAX_REDIRECTS:
        raise CrawlError("redirect", str(hops[0]), f"to {url} after {len(hops)} hops")
    same = url.origin == request.url.origin
    return replace(request, url=url, secret_headers=request.secret_headers if same else {})


def retry_after_s(value: str, now: datetime) -> float:
    """Seconds that a Retry-After header asks for (RFC 9110 10.2.3: a number or a date); 0 for none."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), RETRY_AFTER_MAX_S)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), RETRY_AFTER_MAX_S)
