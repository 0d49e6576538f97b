"""A hub's console over a real broker, and one edge with a sensor, behind an uplink that can be cut."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from dayserver import RunningDay, running
from sky import Sky, SkySensor
from skyday import CENTER_HZ, PLAN, keep_past, sensors_of, survey

from monitor.bandplan import load
from monitor.clock import SystemClock
from monitor.earphone import Earphone, Piece
from monitor.evidence import EvidenceStore
from monitor.intake import RADIO_HOLD
from monitor.link.bus import Bus, BusSettings
from monitor.link.edge import Edge, Identity
from monitor.link.hub import Hub
from monitor.link.outbox import Outbox
from monitor.link.stamp import machine_stamper
from monitor.queue.nats import NatsQueue
from monitor.server.views import HealthView
from monitor.spectrum import HistoryFiles
from monitor.templates import SiteTemplates
from scripts.servers import NatsServer
from tests.fault.province import QUICK, Uplink

TONE = np.round(6000 * np.sin(2 * np.pi * 800 * np.arange(8000) / 16_000)).astype("<i2").tobytes()


class Tone:
    """An ear that hears a tone, as fast as it would come."""

    def __init__(self) -> None:
        self.is_closed = False

    def pieces(self) -> Iterator[Piece]:
        while not self.is_closed:
            yield Piece(TONE)
            time.sleep(0.5)

    def close(self) -> None:
        self.is_closed = True


class SoundingSensor(SkySensor):
    """As a receiver: it can be listened to as well."""

    def __init__(self, name: str, center_hz: float, venue: str) -> None:
        super().__init__(name, center_hz, venue)
        self.ears: list[Tone] = []

    @property
    def n_listeners(self) -> int:
        return sum(not ear.is_closed for ear in self.ears)

    async def listen(self, _channel_hz: float, _mode: str, _actor: str) -> Earphone:
        self.ears.append(Tone())
        return Earphone(self.ears[-1])


@dataclass
class EdgeDay:
    day: RunningDay
    sensor: SoundingSensor
    sky: Sky
    uplink: Uplink
    edge: Edge
    hub: Hub
    running: list[asyncio.Task[None]] = field(default_factory=list)

    def cut(self) -> None:
        self.day.call(self.uplink.cut())


async def _begin(
    day: RunningDay, sky: Sky, sensor: SoundingSensor, broker: NatsServer, folder: Path
) -> EdgeDay:
    clock, stamper = SystemClock(), machine_stamper()
    uplink = Uplink(broker.port)
    await uplink.restore()
    hub_bus = Bus(BusSettings(broker.url, "hub", **QUICK), clock, random.Random(1))
    queue = NatsQueue(hub_bus, "EXAMWATCH", 100_000_000, "hub", 1.0)
    hub = Hub("hub", hub_bus, queue, day.book, EvidenceStore(folder / "evidence"), clock, RADIO_HOLD)
    edge_bus = Bus(BusSettings(f"nats://127.0.0.1:{uplink.port}", "no1", **QUICK), clock, random.Random(2))
    outbox = Outbox.open(folder / "outbox.db", 10**9, stamper)
    edge = Edge(Identity("no1", "sensor", "run-1", "no1"), edge_bus, outbox, folder, 2000, stamper, clock)
    past, surveys = HistoryFiles(folder / "history", ["roof"]), SiteTemplates(sensors_of(folder)[:1])
    edge.show_spectra(past, {"roof": sensor}, surveys)
    edge.lend({"roof": sensor}, [])
    made = EdgeDay(day, sensor, sky, uplink, edge, hub)
    made.running = [
        asyncio.create_task(hub.run()),
        asyncio.create_task(edge.run(sky.health, list)),
    ]
    async with asyncio.timeout(30):
        while "no1:roof" not in hub.spectra.held:  # noqa: ASYNC110 - until the first report has come
            await asyncio.sleep(0.05)
    return made


async def _end(made: EdgeDay) -> None:
    for task in made.running:
        task.cancel()
    await asyncio.gather(*made.running, return_exceptions=True)
    await made.edge.outbox.close()
    await made.uplink.cut()


@contextmanager
def edge_day(folder: Path, broker: NatsServer) -> Iterator[EdgeDay]:
    now = datetime.now(UTC)
    keep_past(folder / "history", now)
    survey(folder / "roof.json", now)
    sensor = SoundingSensor("roof", CENTER_HZ, "no1")
    with Sky([sensor], now) as sky, running(folder, with_morning=False) as day:
        made = day.call(_begin(day, sky, sensor, broker, folder))
        hub = made.hub

        def health() -> HealthView:
            here = sky.health()
            values: dict[str, Any] = {name: getattr(here, name) for name in here.__struct_fields__}
            return HealthView(**{**values, "sensors": hub.sensors()})

        day.hang_up()
        day.instead = {
            "health": health,
            "held": hub.spectra.held,
            "past": hub.spectra,
            "templates": hub.spectra.surveys,
            "plan": load(PLAN),
        }
        day.listen()
        try:
            yield made
        finally:
            day.call(_end(made))
