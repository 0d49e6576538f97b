"""A day's outage of a province: all that waits in the edges' real outboxes goes to the hub at once.

`benchmarks.province --drain-day` runs it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path

import sqlalchemy as sa

from benchmarks.province_made import (
    CRAWLER_A_DAY,
    N_CRAWLERS_OF,
    SENSOR_A_DAY,
    hub_process,
    make_alert,
    memory_mb,
)
from monitor.clock import SystemClock
from monitor.link.bus import Bus, BusSettings
from monitor.link.outbox import Outbox
from monitor.link.ship import Shipper
from monitor.link.stamp import HubTime, Stamper, machine_stamper
from monitor.store import Store
from monitor.store.tables import events
from scripts.servers import NatsServer, Postgres

OUTBOX_BYTES = 16_000_000
"""Of each edge in the drain of a day, where one holds 5 MB."""


class DrainEdge:
    """Real from its outbox on."""

    def __init__(self, port: int, node: str, folder: Path, stamper: Stamper, clock: SystemClock) -> None:
        self.node, self.number = node, 0
        self.outbox = Outbox.open(folder / f"{node}.db", OUTBOX_BYTES, stamper)
        self.bus = Bus(BusSettings(f"nats://127.0.0.1:{port}", node), clock, random.Random(node))
        self.shipper = Shipper(self.outbox, self.bus, node, HubTime(), stamper, clock)


def disk_bytes(folder: Path) -> list[int]:
    """Of each outbox, its log included."""
    sizes: dict[str, int] = {}
    for file in folder.iterdir():
        if not file.name.endswith(".reserve"):
            node = file.name.partition(".db")[0]
            sizes[node] = sizes.get(node, 0) + file.stat().st_size
    return list(sizes.values())


async def drain_day(nats: NatsServer, postgres: Postgres, folder: Path, n_sensors: int, share: float) -> None:
    """All edges come back at once after a day; each alert must be at the hub once."""
    stamper, clock, boxes = machine_stamper(), SystemClock(), folder / "outboxes"
    n_crawlers = n_sensors // N_CRAWLERS_OF
    names = [(f"s{n}", SENSOR_A_DAY) for n in range(n_sensors)]
    names += [(f"c{n}", CRAWLER_A_DAY) for n in range(n_crawlers)]
    edges: list[DrainEdge] = []
    raised: set[str] = set()
    for node, a_day in names:
        edge = DrainEdge(nats.port, node, boxes, stamper, clock)
        alerts = [make_alert(edge) for _ in range(round(share * a_day))]
        await edge.outbox.put(alerts)
        raised |= {alert.id for alert in alerts}
        edges.append(edge)
    sizes = disk_bytes(boxes)
    print(
        f"{len(raised)} alerts wait at {len(edges)} edges, {sum(sizes) / 1e6:.0f} MB in files of at most "
        f"{max(sizes) / 1e6:.1f} MB; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    url = postgres.new_database("day")
    arguments = (nats.port, url, postgres.password_file, folder / "evidence")
    hub = multiprocessing.get_context("spawn").Process(target=hub_process, args=arguments, daemon=True)
    hub.start()
    nats.start()
    began = time.monotonic()
    tasks = [asyncio.create_task(work) for edge in edges for work in (edge.bus.run(), edge.shipper.run())]
    said_s, n_left = began, len(raised)
    while n_left:
        await asyncio.sleep(0.25)
        for task in tasks:
            if task.done():
                task.result()
        n_left = sum(edge.outbox.stats().n_waiting for edge in edges)
        if time.monotonic() - said_s > 30:
            said_s = time.monotonic()
            print(f"   {said_s - began:5.0f} s: {n_left} left", flush=True)
    took_s = time.monotonic() - began
    assert hub.pid is not None
    hub_mb, rate = memory_mb(hub.pid), len(raised) / took_s
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for edge in edges:
        await edge.outbox.close()
    store = Store(url, postgres.password_file)
    with store.reader.connect() as db:
        stored = list(db.execute(sa.select(events.c.event_id)).scalars())
    store.close()
    hub.terminate()
    hub.join()
    once = len(stored) == len(raised) and set(stored) == raised
    n_again = sum(edge.shipper.n_sent_again for edge in edges)
    whole = "" if share == 1 else f"; a whole day at that rate {took_s / share / 60:.1f} min"
    print(
        f"drained in {took_s / 60:.1f} min, {rate:.0f} alerts/s{whole}; at the hub each once: {once}; "
        f"{n_again} sent again; hub {hub_mb:.0f} MB; outboxes {max(disk_bytes(boxes)) / 1e6:.1f} MB at most; "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    if not once:
        sys.exit(1)
