"""Crawls a folder of documents in a child, kills it at random moments, and lets the last child finish.

    python killed.py MEMORY.db FOLDER DELIVERED.txt N_KILLS

Each delivery is a line of DELIVERED.txt; the number of kills that struck a running child goes to
standard output. The parent has loaded everything and never crawls, so a fork is a crawler at work
at once, and every kill falls into work.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from crawlers.clock import SystemClock
from crawlers.config import build_sources, parse_sources
from crawlers.crawler import Crawler
from crawlers.document import Document
from crawlers.fetch import HttpClient
from crawlers.memory import Memory
from crawlers.polite import PoliteClient

MOST_BYTES = 8_000
"""Delivered before a kill, at most: 150 of 10,000 documents, so twenty kills leave the last some work."""


async def main(memory_path: Path, folders: list[Path], delivered: Path) -> None:
    clock, rng = SystemClock(), random.Random(1)
    configs, _ = parse_sources([{"kind": "folder", "id": path.name, "path": str(path)} for path in folders])
    out = os.open(delivered, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def deliver(document: Document) -> None:
        # One write is one line, whole or not at all: the stand-in for a durable queue.
        os.write(out, f"{document.id} {document.version} {document.first_seen_at.timestamp()}\n".encode())

    async with Memory(memory_path) as memory, HttpClient(clock) as http:
        crawler = Crawler(build_sources(configs), memory, PoliteClient(http, clock, rng), clock, rng)
        await asyncio.gather(*(crawler.poll(config.id, deliver) for config in configs))


def killed(crawl: Callable[[], None], delivered: Path, n_kills: int, rng: random.Random) -> int:
    """Fork and kill `n_kills` times, then let a child finish; how many were still at work when killed.

    A child is killed when it has delivered a random number of documents, not after a random time:
    on a fast machine as on a slow one, each kill falls into work that is not done yet.
    """
    n_struck = 0
    for _ in range(n_kills):
        wanted = _n_bytes(delivered) + rng.randint(0, MOST_BYTES)
        child = _fork(crawl)
        while _n_bytes(delivered) < wanted:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        n_struck += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    if os.waitpid(_fork(crawl), 0)[1] != 0:
        sys.exit("the last child failed")
    return n_struck


def _n_bytes(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _fork(crawl: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        crawl()
        os._exit(0)
    return child


if __name__ == "__main__":
    memory_path, folder, delivered = map(Path, sys.argv[1:4])
    folders = sorted(folder.iterdir())
    n_struck = killed(
        lambda: asyncio.run(main(memory_path, folders, delivered)),
        delivered,
        int(sys.argv[4]),
        random.Random(5),
    )
    sys.stdout.write(f"{n_struck}\n")
