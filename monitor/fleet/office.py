"""What people do to a fleet, for the event loop of the hub: each step with its entry in the audit."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from monitor.clock import Clock
from monitor.fleet.code import new_code
from monitor.fleet.desk import FleetDesk
from monitor.fleet.hub import HubParts
from monitor.fleet.register import Invite
from monitor.fleet.releases import Release, Releases
from monitor.store.book import StoreBook

SHOWN = 20
"""Releases that are shown."""


class FleetOffice:
    """Every call may raise `StoreError`; `FleetError` where what is asked cannot be."""

    def __init__(
        self, desk: FleetDesk, hub: HubParts, releases: Releases, book: StoreBook, clock: Clock
    ) -> None:
        self._desk = desk
        self._hub = hub
        self._releases = releases
        self._book = book
        self._clock = clock

    async def invite(self, actor: str, node: str, venue: str, hours: float) -> tuple[str, datetime]:
        """A code that lets one machine in at `venue`, and when it ends."""
        now = self._clock.now()
        code, ends_at = new_code(self._hub.authority.der), now + timedelta(hours=hours)
        invite = Invite(node, venue, actor, now, ends_at)
        await self._book.write(partial(self._hub.register.invite, actor, code, invite))
        return str(code), ends_at

    async def revoke(self, actor: str, node: str, reason: str) -> bool:
        """Shut a machine out; whether nats-server was told here."""
        now = self._clock.now()
        await self._book.write(partial(self._hub.register.revoke, actor, node, reason, now))
        told = await self._book.read(partial(self._hub.nats.refresh, now))
        await self._desk.look()
        return told

    async def releases(self) -> list[Release]:
        """The newest first."""
        return await self._book.read(partial(self._releases.list, SHOWN))

    async def halt(self, actor: str, serial: int) -> None:
        """Take back the release that is under way."""
        halt = partial(self._releases.halt, actor, self._desk.policy, self._clock.now(), serial)
        await self._book.write(halt)
        await self._desk.look()

    async def again(self, actor: str, serial: int) -> None:
        """Give the files of an older release to all nodes."""
        await self._book.write(partial(self._releases.again, actor, serial, self._clock.now()))
        await self._desk.look()
