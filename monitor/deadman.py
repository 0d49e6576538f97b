"""The dead-man ping: as long as all goes well somebody outside hears from us, and calls when it stops.

A program that has died, or a machine without power, cannot say so itself. Nothing is sent while
alerts cannot be stored: then silence is the message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import aiohttp
import structlog

from monitor.clock import Clock

TIMEOUT_S = 10.0

log = structlog.get_logger()


class Ping(Protocol):
    async def __call__(self) -> None:
        """Raises `aiohttp.ClientError`, `TimeoutError` or `OSError` if it was not heard."""
        ...


def http_ping(client: aiohttp.ClientSession, url: str) -> Ping:
    """A GET that must be answered by 2xx."""

    async def ping() -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with client.get(url, timeout=timeout, allow_redirects=False) as answer:
            answer.raise_for_status()

    return ping


async def keep_alive(ping: Ping, is_well: Callable[[], bool], every_s: float, clock: Clock) -> None:
    """Ping every `every_s` while `is_well`, until cancelled. A failure is told once, and its end."""
    is_heard = True
    while True:
        if is_well():
            try:
                await ping()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if is_heard:
                    log.error("the dead-man ping is not heard", error=type(error).__name__)
                is_heard = False
            else:
                if not is_heard:
                    log.info("the dead-man ping is heard again")
                is_heard = True
        await clock.sleep(every_s)
