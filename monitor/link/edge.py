"""The edge's side of the link: ships alerts and evidence, shows spectra, tells the hub how the edge is.

It raises no health alerts of its own: the hub does, from the reports, and from their absence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from monitor.clock import Clock
from monitor.healthpart import Part
from monitor.link import words
from monitor.link.bus import Bus
from monitor.link.evidence_out import Budget, EvidenceShipper
from monitor.link.outbox import Outbox
from monitor.link.ship import Shipper
from monitor.link.spectra_out import Looked, SpectraServer
from monitor.link.stamp import HubTime, Stamper
from monitor.link.words import NodeReport
from monitor.queue import QueueError
from monitor.server.services import SpectrumPast
from monitor.server.views import HealthView

REPORT_S = 15.0
"""Six of them are lost before the hub calls an edge silent."""
log = structlog.get_logger()


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
        self.shipper = Shipper(outbox, bus, node, self.hub_time, stamper, clock)
        self.evidence = EvidenceShipper(
            outbox, evidence_root, bus, node, self._bytes_per_s, self._budget, clock
        )

    def show_spectra(self, past: SpectrumPast, sensors: Mapping[str, Looked]) -> None:
        """From `run` on answer the hub's questions for `past` and live rows, within the same budget."""
        self._spectra = SpectraServer(past, sensors, self._budget, self._bytes_per_s, self._clock)

    async def run(self, view: Callable[[], HealthView], parts: Callable[[], Sequence[Part]]) -> None:
        """Until cancelled. `view` and `parts` are asked before each report."""
        async with asyncio.TaskGroup() as group:
            if self._spectra is not None:
                await self._bus.listen(words.spectra(self._identity.node), self._spectra.heard)
                group.create_task(self._spectra.run(), name="spectra")
            group.create_task(self._bus.run(), name="link")
            group.create_task(self.shipper.run(), name="ship alerts")
            group.create_task(self.evidence.run(), name="ship evidence")
            group.create_task(self._report(view, parts), name="report")

    async def _report(self, view: Callable[[], HealthView], parts: Callable[[], Sequence[Part]]) -> None:
        while True:
            try:
                await self._bus.client(wait_s=REPORT_S)
                await self.shipper.ask_time()
                report = await self.report(view(), parts())
                await self._bus.publish(words.health(self._identity.node), msgspec.json.encode(report))
            except QueueError as error:
                log.debug("the hub was not told how this edge is", error=str(error))
            await self._clock.sleep(REPORT_S)

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
        )
