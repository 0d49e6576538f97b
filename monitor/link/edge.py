"""The edge's side of the link: ships alerts and evidence, shows spectra, tells the hub how the edge is.

What a hub may ask of its receivers (`monitor.link.orders`) is lent to it from the start, or not at all.

It raises no health alerts of its own: the hub does, from the reports, and from their absence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from monitor.clock import Clock
from monitor.healthpart import Part
from monitor.link import words
from monitor.link.bus import Bus
from monitor.link.evidence_out import Budget, EvidenceShipper
from monitor.link.listen_out import Listened, ListenServer
from monitor.link.outbox import Outbox
from monitor.link.ship import Shipper
from monitor.link.spectra_out import Looked, SpectraServer
from monitor.link.stamp import HubTime, Stamper
from monitor.link.stare_out import Stareable, StareServer
from monitor.link.words import NodeReport
from monitor.queue import QueueError
from monitor.server.spectrum_services import SpectrumPast, Templates
from monitor.server.views import HealthView

REPORT_S = 15.0
"""Six of them are lost before the hub calls an edge silent."""
log = structlog.get_logger()


class Lent(Listened, Stareable, Protocol):
    """A sensor that hubs may listen to and hold."""


@dataclass(frozen=True, slots=True)
class Identity:
    node: str
    role: str
    run: str
    """Another one after each start."""
    venue: str | None


class Edge:
    def __init__(
        self,
        identity: Identity,
        bus: Bus,
        outbox: Outbox,
        evidence_root: Path,
        bandwidth_kbps: float,
        stamper: Stamper,
        clock: Clock,
    ) -> None:
        self._identity = identity
        self._bus = bus
        self.outbox = outbox
        self._stamper = stamper
        self._clock = clock
        self.hub_time = HubTime()
        node = identity.node
        self._bytes_per_s = bandwidth_kbps * 1000 / 8
        self._budget = Budget(self._bytes_per_s, clock)
        self._spectra: SpectraServer | None = None
        self._listening: ListenServer | None = None
        self._staring: StareServer | None = None
        self._can: list[str] = []
        self._health: Callable[[], tuple[HealthView, Sequence[Part]]] | None = None
        self.shipper = Shipper(outbox, bus, node, self.hub_time, stamper, clock)
        self.evidence = EvidenceShipper(
            outbox, evidence_root, bus, node, self._bytes_per_s, self._budget, clock
        )

    def show_spectra(
        self, past: SpectrumPast, sensors: Mapping[str, Looked], templates: Templates | None = None
    ) -> None:
        """From `run` on answer the hub for `past`, live rows and surveys, within the same budget."""
        self._spectra = SpectraServer(past, sensors, self._budget, self._bytes_per_s, self._clock, templates)
        self._can.append(words.SURVEY)

    def lend(self, sensors: Mapping[str, Lent], closed_hz: Sequence[tuple[float, float]]) -> None:
        """From `run` on let hubs listen to `sensors`, but for what lies in `closed_hz`, and hold them."""
        self._listening = ListenServer(sensors, closed_hz, self._budget, self._bytes_per_s, self._clock)
        self._staring = StareServer(sensors, self._tell, self._clock)
        self._can += [words.LISTEN, words.STARE]

    async def run(self, view: Callable[[], HealthView], parts: Callable[[], Sequence[Part]]) -> None:
        """Until cancelled. `view` and `parts` are asked before each report."""
        self._health = lambda: (view(), parts())
        node = self._identity.node
        async with asyncio.TaskGroup() as group:
            for subject, server in (
                (words.spectra(node), self._spectra),
                (words.listen(node), self._listening),
                (words.stare(node), self._staring),
            ):
                if server is not None:
                    await self._bus.listen(subject, server.answering.heard)
                    group.create_task(server.run(), name=f"answer {subject}")
            group.create_task(self._bus.run(), name="link")
            group.create_task(self.shipper.run(), name="ship alerts")
            group.create_task(self.evidence.run(), name="ship evidence")
            group.create_task(self._report(), name="report")

    async def _report(self) -> None:
        while True:
            try:
                await self._bus.client(wait_s=REPORT_S)
                await self.shipper.ask_time()
            except QueueError as error:
                log.debug("the hub was not asked for the time", error=str(error))
            await self._tell()
            await self._clock.sleep(REPORT_S)

    async def _tell(self) -> None:
        """Say how this edge is, once."""
        if self._health is None:
            return
        try:
            report = await self.report(*self._health())
            await self._bus.publish(words.health(self._identity.node), msgspec.json.encode(report))
        except QueueError as error:
            log.debug("the hub was not told how this edge is", error=str(error))

    async def report(self, view: HealthView, parts: Sequence[Part]) -> NodeReport:
        """How this edge is. Raises `QueueError` if the outbox cannot be asked."""
        identity, stamp = self._identity, self._stamper()
        offset_s = (stamp.at - self.hub_time.now(stamp)).total_seconds() if self.hub_time.known else None
        return NodeReport(
            node=identity.node,
            role=identity.role,
            run=identity.run,
            venue=identity.venue,
            at=stamp.at,
            offset_s=offset_s,
            health=view,
            parts=list(parts),
            outbox=await self.outbox.report(),
            can=list(self._can),
        )
