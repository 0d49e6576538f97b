"""Who a node is while it runs: its certificate is renewed in time, with a new key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from monitor.clock import Clock
from monitor.faults import WorldError
from monitor.fleet import identity
from monitor.fleet.age import age_of
from monitor.fleet.authority import SKEW, PrivateKey
from monitor.fleet.exchange import Granted
from monitor.fleet.identity import Identity

PAUSE = timedelta(hours=1)
"""Between two requests; a certificate that lasts for less than four days is tried oftener."""
TRIES = 100
log = structlog.get_logger()
Ask = Callable[[Identity, PrivateKey], Awaitable[Granted]]
"""Raises `WorldError`."""


class Renewal:
    def __init__(self, who: Identity, ask: Ask, clock: Clock) -> None:
        self.who = who
        self._ask = ask
        self._clock = clock
        self._next_s = float("-inf")

    async def look(self, now: datetime) -> bool:
        """Renew where it is time, by the hub's clock; whether that was done. What fails is tried again."""
        certificate = self.who.certificate
        # It is dated back, for nodes whose clocks are behind.
        made_at, ends_at = certificate.not_valid_before_utc + SKEW, certificate.not_valid_after_utc
        if age_of(made_at, ends_at, now) == "fresh" or self._clock.monotonic() < self._next_s:
            return False
        self._next_s = self._clock.monotonic() + min(PAUSE, (ends_at - made_at) / TRIES).total_seconds()
        try:
            folder = self.who.folder
            granted = await self._ask(self.who, identity.next_key(folder))
            self.who = identity.renewed(folder, granted)
        except WorldError as error:
            log.error("the certificate is not renewed", ends_at=str(ends_at), error=str(error))
            return False
        log.info("the certificate is renewed", ends_at=str(self.who.certificate.not_valid_after_utc))
        return True
