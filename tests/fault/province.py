"""A small province for the fault tests: edges, hubs, uplinks that can be cut, a clock that can jump."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from monitor.alert.alert import Alert, EvidenceRef
from monitor.clock import SystemClock
from monitor.evidence import EvidenceStore
from monitor.link.bus import Bus, BusSettings
from monitor.link.hub import Hub
from monitor.link.outbox import Outbox
from monitor.link.ship import Shipper
from monitor.link.stamp import HubTime, Stamp
from monitor.queue.nats import NatsQueue
from monitor.raising import RADIO_HOLD
from monitor.store import Store
from monitor.store.book import StoreBook
from monitor.store.tables import alerts, events

STREAM = "EXAMWATCH"
STREAM_BYTES = 1_000_000_000
QUICK = {"first_s": 0.03, "longest_s": 0.2}
"""How soon a broken link is tried again: the tests break it hundreds of times."""
ASK_S = 0.4
ACK_WAIT_S = 1.0


class JumpClock(SystemClock):
    """The real clock, which can be sent hours ahead; waits last as long as they do."""

    def __init__(self) -> None:
        self.jumped_s = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.jumped_s)

    def monotonic(self) -> float:
        return super().monotonic() + self.jumped_s


@dataclass
class EdgeClock:
    """An edge's own clock, wrong by `ahead_s`; what it counts since its start goes with the world's."""

    world: JumpClock
    ahead_s: float = 0.0
    boot: str = "boot-1"

    def stamp(self) -> Stamp:
        at = self.world.now() + timedelta(seconds=self.ahead_s)
        return Stamp(at, self.world.monotonic(), self.boot)


class Uplink:
    """A way to the broker that can be cut."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def restore(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for line in tuple(self._lines):
            line.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._lines |= both
        with contextlib.suppress(OSError):
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        for line in both:
            line.transport.abort()
        self._lines -= both


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@dataclass
class TestEdge:
    __test__ = False
    node: str
    outbox: Outbox
    shipper: Shipper
    bus: Bus
    clock: EdgeClock
    raised: dict[str, Alert] = field(default_factory=dict)
    tasks: list[asyncio.Task] = field(default_factory=list)
    number: int = 0

    async def put(self, n: int, *, at: datetime | None = None, evidence: list[EvidenceRef] | None = None):
        """Raise `n` alerts with the edge's own times, durable when this returns."""
        batch = []
        for _ in range(n):
            self.number += 1
            batch.append(make_alert(self.node, self.number, at or self.clock.stamp().at, evidence or []))
        await self.outbox.put(batch)
        self.raised |= {alert.id: alert for alert in batch}

    async def stop(self) -> None:
        await _end(self.tasks)


@dataclass
class TestHub:
    __test__ = False
    hub: Hub
    queue: NatsQueue
    book: StoreBook
    tasks: list[asyncio.Task]

    async def stop(self) -> None:
        await _end(self.tasks)
        await self.book.close()


async def _end(tasks: list[asyncio.Task]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def make_alert(node: str, number: int, at: datetime, evidence: list[EvidenceRef]) -> Alert:
    name = f"{node}-{number}"
    return Alert(
        id=name,
        cause=name,
        kind="radio",
        level=("low", "medium", "high", "critical")[number % 4],
        labels={"venue": node, "channel": f"{430 + number % 7} MHz"},
        annotations={"title_en": "Unknown sender", "title_zh": "未知发射"},
        starts_at=at,
        updated_at=at,
        ends_at=None,
        why=[],
        event={"kind": "radio", "text": "x" * 400, "sensor": "roof", "venue": node},
        evidence=evidence,
        venue=node,
    )


async def until(holds: Callable[[], bool], within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"it never came, in {within_s} s"
        await asyncio.sleep(0.02)


class Province:
    """Edges and hubs over one broker and one store. Ends what it began."""

    def __init__(self, folder: Path, broker_port: int, store_url: str, password_file: Path | None) -> None:
        self.folder = folder
        self.clock = JumpClock()
        self._port = broker_port
        self.store_url, self.password_file = store_url, password_file
        self.edges: list[TestEdge] = []
        self.hubs: list[TestHub] = []

    async def edge(
        self, node: str, port: int | None = None, folder: Path | None = None, max_bytes: int = 10**9
    ) -> TestEdge:
        clock = EdgeClock(self.clock)
        bus = self._bus(node, port or self._port)
        outbox = Outbox.open((folder or self.folder) / f"{node}.db", max_bytes, clock.stamp)
        shipper = Shipper(outbox, bus, node, HubTime(), clock.stamp, self.clock, first_ask_s=ASK_S)
        edge = TestEdge(node, outbox, shipper, bus, clock)
        edge.tasks = [asyncio.create_task(bus.run()), asyncio.create_task(shipper.run())]
        self.edges.append(edge)
        return edge

    async def hub(self, name: str = "hub", port: int | None = None) -> TestHub:
        bus = self._bus(name, port or self._port)
        store = await asyncio.to_thread(Store, self.store_url, self.password_file)
        book = StoreBook(store, self.clock)
        queue = NatsQueue(bus, STREAM, STREAM_BYTES, name, ACK_WAIT_S)
        evidence = EvidenceStore(self.folder / "hub-evidence")
        hub = Hub(name, bus, queue, book, evidence, self.clock, RADIO_HOLD)
        await hub.open()
        made = TestHub(hub, queue, book, [asyncio.create_task(hub.run())])
        self.hubs.append(made)
        return made

    def _bus(self, name: str, port: int) -> Bus:
        settings = BusSettings(f"nats://127.0.0.1:{port}", name, **QUICK)
        return Bus(settings, SystemClock(), random.Random(name))

    async def drained(self, within_s: float = 60.0) -> None:
        """Wait until every outbox is empty."""

        def empty() -> bool:
            for task in [task for part in (*self.edges, *self.hubs) for task in part.tasks]:
                if task.done() and not task.cancelled():
                    task.result()
            return not any(edge.outbox.stats().n_waiting for edge in self.edges)

        await until(empty, within_s)

    def stored(self) -> Counter[str]:
        store = Store(self.store_url, self.password_file)
        try:
            with store.reader.connect() as db:
                return Counter(db.execute(sa.select(events.c.event_id)).scalars())
        finally:
            store.close()

    async def check(self) -> int:
        """The set of ids at the edges is the set at the hub, each once; the chain holds. Their number."""
        await self.drained()
        return await asyncio.to_thread(self._check)

    def _check(self) -> int:
        raised = {id for edge in self.edges for id in edge.raised}
        stored = self.stored()
        missing, strange = raised - set(stored), set(stored) - raised
        assert not missing, f"{len(missing)} never came, such as {min(missing)}"
        assert not strange, f"{len(strange)} that nobody raised, such as {min(strange)}"
        assert set(stored.values()) <= {1}
        store = Store(self.store_url, self.password_file)
        try:
            with store.reader.connect() as db:
                counted = sum(db.execute(sa.select(alerts.c.count)).scalars())
            assert counted == store.verify() == len(raised)
        finally:
            store.close()
        return len(raised)

    async def close(self) -> None:
        for edge in self.edges:
            await edge.stop()
            await edge.outbox.close()
        for hub in self.hubs:
            await hub.stop()
