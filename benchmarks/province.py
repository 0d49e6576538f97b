"""A province on one machine: 1,000 simulated sensors and 50 crawlers, one broker, one database, one hub.

    python -m benchmarks.province [--sensors 100 300 1000] [--seconds 20]
    python -m benchmarks.province --drain-day [--share 0.1]

Broker, database and hub are the real ones, each a process of its own; the edges share one process
and are real from the shipper on, with their records in memory (an edge's disk is its own machine's).
All of it shares the cores, so that the figures are lower than a hub of its own would give.
Prints: lag from raising to receipt under a steady load, hub memory and CPU by number of sensors,
and how fast a backlog drains, from which the drain of a day's outage follows.

``--drain-day`` runs that drain whole: the alerts of a day wait in the real outboxes of 1,000 sensors and 50
crawlers, each a file on this disk, when broker and hub come back. ``--share`` takes a part of the day.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import os
import random
import resource
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from benchmarks.outage import drain_day
from benchmarks.province_made import (
    CRAWLER_A_DAY,
    N_CRAWLERS_OF,
    SENSOR_A_DAY,
    hub_process,
    make_alert,
    memory_mb,
)
from monitor.clock import SystemClock
from monitor.link import words
from monitor.link.bus import Bus, BusSettings
from monitor.link.ship import Shipper
from monitor.link.stamp import HubTime, Stamper, machine_stamper
from monitor.link.words import NodeReport, OutboxReport
from monitor.queue import Queued
from monitor.queue.memory import MemoryQueue
from monitor.server.views import HealthView, QueueHealth, SensorHealth
from scripts.servers import NatsServer, Postgres

STEADY_A_SECOND = 0.1
"""Alerts of an edge a second under the steady load: 36 times the busy day's."""
REPORT_S = 15.0
BACKLOG = 6000
"""Alerts that wait at all edges together when they come back."""


@dataclass
class Edge:
    queue: TimedQueue
    shipper: Shipper
    bus: Bus
    node: str
    number: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class TimedQueue(MemoryQueue):
    """Knows how long each alert took from `put` to the hub's receipt."""

    def __init__(self) -> None:
        super().__init__(capacity=10**9)
        self._put_at_s: dict[str, float] = {}
        self._taken: dict[int, str] = {}
        self.lags_s: list[float] = []

    async def put(self, alerts):
        now_s = time.monotonic()
        self._put_at_s |= dict.fromkeys((alert.id for alert in alerts), now_s)
        await super().put(alerts)

    async def take(self, n: int, wait_s: float) -> list[Queued]:
        taken = await super().take(n, wait_s)
        self._taken |= {queued.seq: queued.alert.id for queued in taken}
        return taken

    async def ack(self, seqs):
        now_s = time.monotonic()
        self.lags_s += [now_s - self._put_at_s.pop(self._taken.pop(seq)) for seq in seqs]
        await super().ack(seqs)


class Edges:
    def __init__(self, port: int, n_sensors: int) -> None:
        stamper, clock = machine_stamper(), SystemClock()
        names = [f"s{n}" for n in range(n_sensors)] + [f"c{n}" for n in range(n_sensors // N_CRAWLERS_OF)]
        self.all = [_edge(port, name, stamper, clock) for name in names]

    async def start(self) -> None:
        for edge in self.all:
            edge.tasks = [asyncio.create_task(edge.bus.run()), asyncio.create_task(edge.shipper.run())]
            await edge.bus.client(30)
            edge.tasks.append(asyncio.create_task(_report(edge)))

    async def stop(self) -> None:
        tasks = [task for edge in self.all for task in edge.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def n_waiting(self) -> int:
        return sum(edge.queue.stats().n_waiting for edge in self.all)

    def lags_s(self) -> list[float]:
        lags = [lag for edge in self.all for lag in edge.queue.lags_s]
        for edge in self.all:
            edge.queue.lags_s.clear()
        return lags

    async def drained(self) -> float:
        began = time.monotonic()
        while self.n_waiting():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.05)
        return time.monotonic() - began


def _edge(port: int, node: str, stamper: Stamper, clock: SystemClock) -> Edge:
    bus = Bus(BusSettings(f"nats://127.0.0.1:{port}", node), clock, random.Random(node))
    queue = TimedQueue()
    return Edge(queue, Shipper(queue, bus, node, HubTime(), stamper, clock), bus, node)


async def _report(edge: Edge) -> None:
    at = datetime.now(UTC)
    sensors = [SensorHealth(id="roof", state="ok", venue=edge.node)]
    health = HealthView(
        status="ok",
        version="0",
        started_at=at,
        now=at,
        sensors=sensors,
        sources=[],
        queue=QueueHealth(),
        sessions=[],
    )
    report = NodeReport(edge.node, "sensor", "r", edge.node, at, 0.0, health, [], OutboxReport(0, 0, 1))
    body = msgspec.json.encode(report)
    await asyncio.sleep(random.uniform(0, REPORT_S))
    while True:
        await edge.bus.publish(words.health(edge.node), body)
        await edge.shipper.ask_time()
        await asyncio.sleep(REPORT_S)


async def steady(edges: Edges, seconds: float) -> None:
    """Each edge raises at random moments, STEADY_A_SECOND on average."""
    until = time.monotonic() + seconds
    rate = STEADY_A_SECOND * len(edges.all)
    while time.monotonic() < until:
        edge = random.choice(edges.all)
        await edge.queue.put([make_alert(edge)])
        await asyncio.sleep(random.expovariate(rate))


def cpu_s(pid: int) -> float:
    """Of a process and of what it started."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == pid or int(fields[1]) == pid:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def shares(used_s: dict[str, float], over_s: float) -> str:
    return " ".join(f"{name} {100 * spent / over_s:.0f} %" for name, spent in used_s.items())


async def measure(nats: NatsServer, postgres: Postgres, folder: Path, n_sensors: int, seconds: float) -> None:
    url = postgres.new_database(f"p{n_sensors}")
    postmaster = int((folder / "pg" / "data" / "postmaster.pid").read_text().split()[0])
    context = multiprocessing.get_context("spawn")
    arguments = (nats.port, url, postgres.password_file, folder / "evidence")
    hub = context.Process(target=hub_process, args=arguments, daemon=True)
    hub.start()
    assert hub.pid is not None
    edges = Edges(nats.port, n_sensors)
    await edges.start()
    first = edges.all[0]
    await first.queue.put([make_alert(first)])
    await edges.drained()
    edges.lags_s()
    pids = {"hub": hub.pid, "postgres": postmaster, "nats": nats.pid}
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    own = time.process_time()
    await steady(edges, seconds)
    used = {name: cpu_s(pid) - before[name] for name, pid in pids.items()}
    used["edges"] = time.process_time() - own
    await edges.drained()
    lags = sorted(edges.lags_s())
    p50_ms, p99_ms = 1000 * statistics.median(lags), 1000 * lags[int(0.99 * len(lags))]
    print(
        f"{n_sensors:5} sensors {len(edges.all) - n_sensors:3} crawlers: "
        f"{len(lags) / seconds:6.1f} alerts/s, lag p50 {p50_ms:5.0f} ms, p99 {p99_ms:5.0f} ms; "
        f"hub {memory_mb(hub.pid):5.0f} MB; CPU {shares(used, seconds)}",
        flush=True,
    )
    of_each = -(-BACKLOG // len(edges.all))
    n_alerts = of_each * len(edges.all)
    for edge in edges.all:
        await edge.queue.put([make_alert(edge) for _ in range(of_each)])
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    own = time.process_time()
    took_s = await edges.drained()
    used = {name: cpu_s(pid) - before[name] for name, pid in pids.items()}
    used["edges"] = time.process_time() - own
    rate = n_alerts / took_s
    a_day = SENSOR_A_DAY * n_sensors + CRAWLER_A_DAY * (len(edges.all) - n_sensors)
    n_again = sum(edge.shipper.n_sent_again for edge in edges.all)
    print(
        f"      backlog of {n_alerts} drained in {took_s:.1f} s: {rate:.0f} alerts/s ({n_again} sent again); "
        f"a day's outage ({a_day} alerts): {a_day / rate / 60:.1f} min; hub {memory_mb(hub.pid):.0f} MB; "
        f"CPU {shares(used, took_s)}; ms an alert "
        + " ".join(f"{name} {1000 * spent / n_alerts:.2f}" for name, spent in used.items()),
        flush=True,
    )
    await edges.stop()
    hub.terminate()
    hub.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sensors", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--drain-day", action="store_true", help="the way back from a day's outage, whole")
    parser.add_argument("--share", type=float, default=1.0, help="of that day")
    options = parser.parse_args()
    # Or the servers would go on after a time limit.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start")
    with tempfile.TemporaryDirectory(prefix="province-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = Postgres(folder / "pg")
        postgres.start()
        try:
            if options.drain_day:
                # A thousand edges each tell that they wait, and that is what is measured.
                structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
                nats = NatsServer(folder / "nats")
                try:
                    asyncio.run(drain_day(nats, postgres, folder, max(options.sensors), options.share))
                finally:
                    nats.stop()
                return
            for n_sensors in options.sensors:
                nats = NatsServer(folder / f"nats-{n_sensors}")
                nats.start()
                try:
                    asyncio.run(measure(nats, postgres, folder, n_sensors, options.seconds))
                finally:
                    nats.stop()
        finally:
            postgres.stop()


if __name__ == "__main__":
    main()
