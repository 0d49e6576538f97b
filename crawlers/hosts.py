"""What is known of each host, and whose turn it is there: the door, and the kind for one worker alone."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from crawlers.clock import Clock
from crawlers.errors import CrawlError
from crawlers.lease import Lease
from crawlers.url import Url

MAX_HOSTS = 10_000


@dataclass(slots=True)
class Turn:
    """One request's turn at a host; whoever has it notes how it went."""

    n_refusals: int
    """429 and 503 in a row, up to now."""
    answered: bool = False
    quiet_s: float = 0.0
    """How long the host is left alone from now on, because it refused."""


@dataclass(frozen=True, slots=True)
class RobotsPage:
    """One origin's robots.txt, as it was answered."""

    body: str | None
    """None: the same answer for every path."""
    allows_all: bool
    keep_s: float
    """For so long from now."""


class Hosts(Protocol):
    """The door to what must hold for a host, whoever asks it."""

    async def quiet_s(self, url: Url) -> float:
        """For how many seconds more the host wants silence; 0 or less where it wants none."""
        ...

    def turn(
        self, url: Url, delay_s: float, limit_s: float, lease: Lease | None
    ) -> AbstractAsyncContextManager[Turn]:
        """Wait until nobody else asks the host and `delay_s` have passed since the last request.

        Parameters
        ----------
        limit_s : float
            No request takes longer.
        lease : Lease, optional
            Must be held at the moment at which the turn comes.

        Raises
        ------
        CrawlError
            Of kind ``backoff`` when the host wants silence.
        LeaseLostError
            If `lease` is not held any more.
        """
        ...

    async def robots(self, origin: str) -> RobotsPage | None:
        """What another worker read there lately."""
        ...

    async def keep_robots(self, origin: str, page: RobotsPage) -> None: ...


def host_of(url: Url) -> str:
    return f"{url.host}:{url.port}"


def quiet_error(url: Url, left_s: float) -> CrawlError:
    return CrawlError("backoff", url.origin, f"{left_s:.0f} s more", retry_after_s=left_s)


@dataclass(slots=True)
class _Host:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    last_end_s: float = float("-inf")
    quiet_until_s: float = float("-inf")
    n_refusals: int = 0


class LocalHosts:
    """`Hosts` of one process, in its memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    async def quiet_s(self, url: Url) -> float:
        host = self._hosts.get(host_of(url))
        return host.quiet_until_s - self._clock.monotonic() if host else 0.0

    @asynccontextmanager
    async def turn(
        self, url: Url, delay_s: float, limit_s: float, lease: Lease | None
    ) -> AsyncGenerator[Turn]:
        host = self._host(url)
        async with host.turn:
            wait_s = host.last_end_s + delay_s - self._clock.monotonic()
            if wait_s > 0:
                await self._clock.sleep(wait_s)
            # The host may have asked for silence while we stood in line.
            left_s = host.quiet_until_s - self._clock.monotonic()
            if left_s > 0:
                raise quiet_error(url, left_s)
            turn = Turn(host.n_refusals)
            try:
                yield turn
            finally:
                host.last_end_s = self._clock.monotonic()
                if turn.quiet_s > 0:
                    host.n_refusals += 1
                    host.quiet_until_s = host.last_end_s + turn.quiet_s
                elif turn.answered:
                    host.n_refusals = 0

    async def robots(self, origin: str) -> RobotsPage | None:
        return None

    async def keep_robots(self, origin: str, page: RobotsPage) -> None:
        pass

    def _host(self, url: Url) -> _Host:
        key = host_of(url)
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
