"""Crawls a folder of documents and appends each delivery to a file, until somebody kills it.

python killed.py MEMORY.db FOLDER DELIVERED.txt
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from crawlers.clock import SystemClock
from crawlers.config import build_sources, parse_sources
from crawlers.crawler import Crawler
from crawlers.document import Document
from crawlers.fetch import HttpClient
from crawlers.memory import Memory
from crawlers.polite import PoliteClient


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
    os.write(out, b"done\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sorted(Path(sys.argv[2]).iterdir()), Path(sys.argv[3])))
