"""The alert desk under load: alerts into the store with fsync, live latency with many consoles, memory.

    python -m benchmarks.desk [--alerts 20000] [--consoles 50] [--million]

Prints figures and judges nothing. The store is on the disk, synchronous as in service.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import numpy as np

from monitor.alert.alert import Alert, RuleHit
from monitor.clock import SystemClock
from monitor.config.notify import Notify
from monitor.notify.desk import NotifyDesk, Plan
from monitor.pipeline import Pipeline
from monitor.queue import open_queue
from monitor.server.app import make_server_app, serving
from monitor.server.services import ServerServices, ServerSettings
from monitor.server.views import HealthView, QueueHealth
from monitor.store import Store
from monitor.store.book import StoreBook

AT = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
TEXTS = {"title_en": "Unknown narrowband emission", "title_zh": "未知窄带信号", "advice_en": "x" * 200}
_numbers = itertools.count()


def alert(n_identities: int) -> Alert:
    """Of the size that the demo's alerts have: about 3 kB as JSON."""
    n = next(_numbers)
    now = datetime.now(UTC)
    hit = RuleHit("radio-unknown-narrowband", "high", "signal", False, TEXTS, now, f"id-{n}")
    return Alert(
        id=f"id-{n}",
        cause=f"c-{n}",
        kind="radio",
        level="high",
        labels={"venue": f"v{n % 40}", "channel": str(n % n_identities)},
        annotations={**TEXTS, "summary_en": "169 MHz, 12.1 kHz wide", "summary_zh": "169 MHz，带宽 12.1 kHz"},
        starts_at=now,
        updated_at=now,
        ends_at=now + timedelta(minutes=12),
        why=[{"rule": hit.rule, "field": "snr_db", "expected": 6, "actual": 22.0}] * 8,
        event={"kind": "radio", "center_hz": 169e6, "text": "x" * 1200},
        venue=f"v{n % 40}",
        rules=[hit],
    )


def health() -> HealthView:
    now = datetime.now(UTC)
    return HealthView(
        status="ok",
        version="0",
        started_at=now,
        now=now,
        sensors=[],
        sources=[],
        queue=QueueHealth(),
        sessions=[],
    )


def rss_mb() -> float:
    """What the process has used at the most, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rss_now_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


async def fill(folder: Path, n_alerts: int, n_identities: int) -> tuple[float, list[float]]:
    """Raise `n_alerts` through queue and pipeline; alerts a second, and memory by tenths of the way."""
    queue = open_queue(f"sqlite:{folder / 'queue.db'}")
    book = StoreBook(Store(f"sqlite:{folder / 'store.db'}"), SystemClock())
    running = asyncio.create_task(Pipeline(queue, book, SystemClock()).run())
    memory: list[float] = []
    began = time.monotonic()
    for _tenth in range(10):
        for _ in range(max(1, n_alerts // 10 // 100)):
            await queue.put([alert(n_identities) for _ in range(100)])
        while queue.stats().n_waiting:  # noqa: ASYNC110 - the queue tells nobody that it is empty
            await asyncio.sleep(0.01)
        memory.append(rss_now_mb())
    rate = n_alerts / (time.monotonic() - began)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await queue.close()
    await book.close()
    return rate, memory


async def live(folder: Path, n_consoles: int, per_s: float, seconds: float) -> list[float]:
    """Milliseconds from `put` to each console, at `per_s` alerts a second."""
    queue = open_queue(f"sqlite:{folder / 'queue.db'}")
    book = StoreBook(Store(f"sqlite:{folder / 'store.db'}"), SystemClock())

    async def nothing(_: str) -> None:
        return None

    services = ServerServices(book, nothing, health, SystemClock().now)
    put_at: dict[str, float] = {}
    took_ms: list[float] = []
    async with (
        serving(make_server_app(services, ServerSettings()), port=0) as url,
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None), connector=aiohttp.TCPConnector(limit=0)
        ) as client,
    ):
        start = await book.last_change()

        async def console() -> None:
            async with client.get(f"{url}/api/live", headers={"Last-Event-ID": str(start)}) as stream:
                async for line in stream.content:
                    if line.startswith(b"data:") and b'"channel":"L' in line:
                        at = line.index(b'"channel":"L') + 11
                        name = line[at : line.index(b'"', at)].decode()
                        took_ms.append((time.monotonic() - put_at[name]) * 1e3)

        consoles = [asyncio.create_task(console()) for _ in range(n_consoles)]
        running = asyncio.create_task(Pipeline(queue, book, SystemClock()).run())
        await asyncio.sleep(1)
        for n in range(round(per_s * seconds)):
            made = alert(10**9)
            made.labels["channel"] = f"L{n}"
            put_at[f"L{n}"] = time.monotonic()
            await queue.put([made])
            await asyncio.sleep(1 / per_s)
        await asyncio.sleep(1)
        for task in (*consoles, running):
            task.cancel()
        await asyncio.gather(*consoles, running, return_exceptions=True)
    await queue.close()
    await book.close()
    return took_ms


class Inbox:
    """Takes all; knows when the first grave one came."""

    def __init__(self, settings: Notify) -> None:
        self.receiver = settings.receivers[0]
        self.got: list[tuple[float, int, bool]] = []

    def free_at(self, now: datetime) -> datetime:
        return now

    async def send(self, notice, now: datetime) -> None:
        grave = any(one["level"] == "critical" for one in notice.body["firing"])
        self.got.append((time.monotonic(), len(notice.body["firing"]), grave))


async def storm(folder: Path) -> tuple[int, float]:
    """1,000 alerts in a minute, one of them critical: how many messages, and how soon the grave one."""
    settings = Notify.model_validate(
        {
            "receivers": [{"id": "duty", "kind": "wecom", "url": "http://d.test/"}],
            "route": {"receiver": "duty", "group_by": ["category"]},
        }
    )
    clock = SystemClock()
    queue = open_queue(f"sqlite:{folder / 'storm-queue.db'}")
    book = StoreBook(Store(f"sqlite:{folder / 'storm.db'}"), clock)
    import random

    inbox = Inbox(settings)
    desk = NotifyDesk(Plan(settings.tree, (), "x", "en"), {"duty": inbox}, book, clock, random.Random(1))
    await desk.open()
    tasks = [asyncio.create_task(Pipeline(queue, book, clock).run()), asyncio.create_task(desk.run())]
    grave_at = 0.0
    for n in range(1000):
        made = alert(10**9)
        if n == 500:
            made = Alert(**{name: getattr(made, name) for name in Alert.__slots__} | {"level": "critical"})
            grave_at = time.monotonic()
        await queue.put([made])
        await asyncio.sleep(0.06)
    await asyncio.sleep(5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await queue.close()
    await book.close()
    grave = next((at - grave_at for at, _, is_grave in inbox.got if is_grave), float("nan"))
    return len(inbox.got), grave


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--alerts", type=int, default=20_000)
    asked.add_argument("--consoles", type=int, default=50)
    asked.add_argument("--million", action="store_true", help="memory over a million alerts: some 20 minutes")
    asked.add_argument("--no-storm", action="store_true", help="leave out the minute of the storm")
    given = asked.parse_args()
    n_alerts = 1_000_000 if given.million else given.alerts
    with tempfile.TemporaryDirectory(prefix="bench-desk-") as place:
        folder = Path(place)
        rate, memory = asyncio.run(fill(folder, n_alerts, max(100, n_alerts // 10)))
        print(f"alerts into the store, fsync each batch: {rate:8.0f} a second ({n_alerts})")
        print("memory on the way, MB:                  " + " ".join(f"{one:.0f}" for one in memory))
        took = np.array(asyncio.run(live(folder, given.consoles, 20, 15)))
        p50, p99 = np.percentile(took, [50, 99])
        print(
            f"live, {given.consoles} consoles, 20 alerts a second: p50 {p50:.0f} ms, p99 {p99:.0f} ms, "
            f"{len(took)} deliveries of {given.consoles * 300}"
        )
        if not given.no_storm:
            n_messages, grave_s = asyncio.run(storm(folder))
            print(f"storm of 1,000 in a minute: {n_messages} messages, the grave one after {grave_s:.1f} s")
    print(f"memory at the most: {rss_mb():.0f} MB")


if __name__ == "__main__":
    main()
