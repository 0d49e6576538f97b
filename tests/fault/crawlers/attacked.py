"""Polls every attack of `raw_server`, and healthy feeds in between; prints what came of it as JSON.

Run as a program of its own, so that its memory is its own:
    python attacked.py MEMORY.db
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import ssl
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from raw_server import ATTACKS, CONTENT, RawServer

from crawlers.clock import SystemClock
from crawlers.config import build_sources, parse_sources
from crawlers.crawler import Crawler
from crawlers.document import Document
from crawlers.fetch import HttpClient
from crawlers.memory import Memory
from crawlers.polite import PoliteClient
from crawlers.workshop import ProcessWorkshop


def resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(memory_path: Path) -> dict[str, Any]:
    clock, rng = SystemClock(), random.Random(1)
    delivered: list[str] = []
    tls = ssl.create_default_context()

    async def deliver(document: Document) -> None:
        delivered.append(document.source)

    async with (
        RawServer() as server,
        Memory(memory_path) as memory,
        ProcessWorkshop(2, longest_s=3.0) as shop,
    ):
        common = {"delay_s": 0, "timeout_s": 1.5, "robots": False}
        raw: list[dict[str, Any]] = []
        for name in ATTACKS:
            raw.append(
                {"kind": "feed", "id": name, "url": f"http://127.0.0.1:{server.port}/{name}", **common}
            )
            if name not in CONTENT:
                continue
            forum = {"list": {"thread": "p", "link": "@x"}, "thread": {"post": "p"}}
            raw.append({**raw[-1], "kind": "forum", "id": f"{name}.forum", **forum})
            raw.append(
                {**raw[-2], "kind": "json", "id": f"{name}.json", "select": {"items": "items", "text": "x"}}
            )
        raw += [
            {"kind": "feed", "id": f"good{n}", "url": f"http://127.0.0.1:{server.port}/good{n}", **common}
            for n in range(len(ATTACKS))
        ]
        configs, faults = parse_sources(raw)
        assert not faults, faults
        # One client a source: the attacks share one loopback address, and would else stand in one line.
        sources = build_sources(configs)
        places = asyncio.Semaphore(8)
        outcome: dict[str, str] = {}

        async def one(id: str) -> None:
            async with places:
                async with HttpClient(clock, tls=tls) as http:
                    polite = PoliteClient(http, clock, rng)
                    report = await Crawler({id: sources[id]}, memory, polite, clock, rng, shop).poll(
                        id, deliver
                    )
                outcome[id] = str(report.error) if report.error else "read"

        await one("good0")
        before_mb, started_s = resident_mb(), time.monotonic()
        await asyncio.gather(*(one(id) for id in sources))
        return {
            "outcome": outcome,
            "delivered": sorted(delivered),
            "rise_mb": resident_mb() - before_mb,
            "n_killed": shop.n_killed,
            "seconds": time.monotonic() - started_s,
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1]))), ensure_ascii=False))
