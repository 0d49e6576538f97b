"""What the benchmarks of a province share: its size, an alert of an edge, the hub as a process of its own."""

from __future__ import annotations

import asyncio
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from monitor.alert.alert import Alert, RuleHit
from monitor.clock import SystemClock
from monitor.evidence import EvidenceStore
from monitor.link.bus import Bus, BusSettings
from monitor.link.hub import Hub
from monitor.queue.nats import NatsQueue
from monitor.raising import RADIO_HOLD
from monitor.store import Store
from monitor.store.book import StoreBook

SENSOR_A_DAY, CRAWLER_A_DAY = 240, 1440
"""Alerts: ten an hour at a sensor, one a minute at a crawler, which is a busy exam day, all day long."""
N_CRAWLERS_OF = 20
"""Sensors to a crawler."""


class Numbered(Protocol):
    node: str
    number: int


def make_alert(edge: Numbered) -> Alert:
    edge.number += 1
    name, at = f"{edge.node}-{os.getpid()}-{edge.number}", datetime.now(UTC)
    texts = {"title_en": "Unknown narrowband emission", "title_zh": "未知窄带信号", "advice_en": "x" * 250}
    hit = RuleHit("radio-unknown-narrowband", "high", "signal", False, texts, at, name)
    return Alert(
        id=name,
        cause=name,
        kind="radio",
        level="high",
        labels={"venue": edge.node, "channel": f"{edge.number % 20}"},
        annotations=texts,
        starts_at=at,
        updated_at=at,
        ends_at=at + timedelta(minutes=12),
        why=[{"rule": hit.rule, "selection": "narrow", "field": f"f{n}", "text": "y" * 60} for n in range(8)],
        event={f"field_{n}": 1.5 * n for n in range(40)} | {"sensor": "roof", "venue": edge.node},
        venue=edge.node,
        rules=[hit],
    )


async def _hub(port: int, url: str, password_file: Path, folder: Path) -> None:
    clock = SystemClock()
    bus = Bus(BusSettings(f"nats://127.0.0.1:{port}", "hub"), clock, random.Random(0))
    book = StoreBook(Store(url, password_file), clock)
    queue = NatsQueue(bus, "EXAMWATCH", 4_000_000_000, "hub")
    hub = Hub("hub", bus, queue, book, EvidenceStore(folder), clock, RADIO_HOLD)
    await hub.run()


def hub_process(*arguments) -> None:
    asyncio.run(_hub(*arguments))


def memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
