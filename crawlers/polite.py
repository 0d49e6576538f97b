"""How we behave towards a host: one request at a time, a pause between two, and silence when told.

get ── backing off? ── robots.txt ── wait for the host's turn ── exchange ── 429, 503? note it
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from crawlers.clock import Clock
from crawlers.errors import CrawlError
from crawlers.fetch import REDIRECTS, Request, Response
from crawlers.hosts import Hosts, LocalHosts, Turn, quiet_error
from crawlers.robots import Robots
from crawlers.url import Url, parse

MAX_REDIRECTS = 5
BACKOFF_FIRST_S = 30.0
BACKOFF_MAX_S = 3600.0
RETRY_AFTER_MAX_S = 86_400.0


class Exchange(Protocol):
    """One request, one answer; `HttpClient`, or a simulated host."""

    @property
    def user_agent(self) -> str: ...

    async def get(self, request: Request) -> Response: ...


class PoliteClient:
    """`Client` that keeps the rules of each host over an `Exchange`."""

    def __init__(self, http: Exchange, clock: Clock, rng: random.Random, hosts: Hosts | None = None) -> None:
        """`hosts` are those of one worker alone unless a crew's are given."""
        self._http = http
        self._clock = clock
        self._rng = rng
        self._hosts = hosts or LocalHosts(clock)
        self._robots = Robots(self._ask_robots, self._hosts, clock, http.user_agent.partition("/")[0])

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
                await self._refuse_while_quiet(request.url)
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
        await self._refuse_while_quiet(request.url)
        async with self._hosts.turn(request.url, delay_s, request.timeout_s, request.lease) as turn:
            response = await self._http.get(request)
            turn.answered = True
            turn.quiet_s = quiet_s = self._quiet_s(turn, response)
        if quiet_s > 0:
            raise CrawlError(
                "backoff", str(response.url), f"{response.status}, {quiet_s:.0f} s", retry_after_s=quiet_s
            )
        return response

    async def _refuse_while_quiet(self, url: Url) -> None:
        left_s = await self._hosts.quiet_s(url)
        if left_s > 0:
            raise quiet_error(url, left_s)

    def _quiet_s(self, turn: Turn, response: Response) -> float:
        """How long to leave the host alone after this answer."""
        if response.status not in (429, 503):
            return 0.0
        asked_s = retry_after_s(response.headers.get("retry-after", ""), self._clock.now())
        # Full jitter over the upper half: a crowd of crawlers must not come back as one.
        backoff_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(turn.n_refusals, 10))
        return max(asked_s, backoff_s * self._rng.uniform(0.5, 1.0))


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
