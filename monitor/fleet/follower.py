"""A node that follows its hub: says how it fares, takes the release it is told, starts its program anew.

A process of its own, apart from the daemon it looks after: a release that stops the daemon must not
stop what can take the next one. For the same reason it asks over HTTP and not over the link, whose
settings a release may change.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from monitor.clock import Clock
from monitor.faults import WorldError
from monitor.fleet.bundle import BundleError
from monitor.fleet.report import NodeHealth, Report, ReportView
from monitor.fleet.shelf import ReleaseShelf

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fares:
    """What the daemon of this node says of itself."""

    health: NodeHealth
    software: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Ways:
    """How a follower reaches what is around it."""

    ask: Callable[[Report], Awaitable[ReportView]]
    """Raises `WorldError`."""
    probe: Callable[[], Awaitable[Fares]]
    check: Callable[[], None]
    """Raises `InputError` if the node's configuration has a fault with the current release."""
    restart: Callable[[], Awaitable[None]]
    """Raises `WorldError`."""
    renew: Callable[[datetime], Awaitable[bool]]
    """Renews this node's certificate where that is due by the hub's clock; whether it did."""


class Follower:
    def __init__(self, node: str, shelf: ReleaseShelf, ways: Ways, clock: Clock) -> None:
        self._node = node
        self._shelf = shelf
        self._ways = ways
        self._clock = clock
        self._instance = secrets.token_hex(8)
        self._count = 0
        self._offset_s: float | None = None

    async def run(self, every_s: float) -> None:
        """Until cancelled."""
        while True:
            try:
                # What was just taken is told at once, so that the soak counts from there.
                while await self.step():
                    pass
            except WorldError as error:
                log.warning("the hub was not reached, or its release not taken", error=str(error))
            await self._clock.sleep(every_s)

    async def step(self) -> bool:
        """Report once, and take what is wanted; whether there is something to tell at once.

        Raises
        ------
        WorldError
            If the hub or the disk fails.
        """
        state, fares = self._shelf.state(), await self._ways.probe()
        self._count += 1
        sent_at, began_s = self._clock.now(), self._clock.monotonic()
        report = Report(
            node=self._node,
            instance=self._instance,
            count=self._count,
            at=sent_at,
            software=fares.software,
            release=state.release,
            refused=state.refused,
            refused_why=state.refused_why,
            health=fares.health,
            problem=fares.problem,
            clock_offset_s=self._offset_s,
        )
        answer = await self._ways.ask(report)
        self._offset_s = offset_s(sent_at, self._clock.monotonic() - began_s, answer.now)
        # Told at once under the new key, so that the hub ends the older certificate.
        is_renewed = await self._ways.renew(answer.now)
        if answer.bundle is None:
            return is_renewed
        try:
            bundle = self._shelf.take(base64.b64decode(answer.bundle), self._ways.check)
        except (BundleError, ValueError) as error:
            log.error("a release was refused", error=str(error))
            # A fault of ours is told at once; a forged or broken one is nothing to tell anybody about.
            return is_renewed or self._shelf.state() != state
        log.info("a release was taken", serial=bundle.manifest.serial, note=bundle.manifest.note)
        await self._ways.restart()
        return True


def offset_s(sent_at: datetime, took_s: float, hub_at: datetime) -> float:
    """How far our clock is ahead of the hub's, in seconds; wrong by `took_s` / 2 at most (Cristian 1989)."""
    return round((sent_at - hub_at).total_seconds() + took_s / 2, 3)
