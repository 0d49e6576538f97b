"""One worker of a crew: polls what it holds until it is killed.

    python crew_worker.py URL PASSWORD_FILE NAME SOURCES.json DELIVERED.txt

Each delivery is a line of DELIVERED.txt. Every name leads to this machine; the worker's own stands
in its User-Agent.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from ipaddress import IPv4Address
from pathlib import Path

from crawlers.address import Address
from crawlers.clock import SystemClock
from crawlers.commons import open_commons
from crawlers.config import build_sources, parse_sources
from crawlers.crawler import Crawler
from crawlers.document import Document
from crawlers.fetch import HttpClient
from crawlers.polite import PoliteClient
from monitor.crawling import Crawling
from monitor.schedule import ApSchedule


class Here:
    """Name service that knows one address."""

    async def resolve(self, host: str, port: int) -> list[Address]:
        return [IPv4Address("127.0.0.1")]


async def main(url: str, password_file: Path, name: str, raw: object, delivered: Path) -> None:
    clock, rng = SystemClock(), random.Random(name)
    configs, _ = parse_sources(raw)
    sources = build_sources(configs)
    out = os.open(delivered, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def take(document: Document) -> None:
        os.write(out, f"{name} {document.id} {document.version} {document.url}\n".encode())

    async with (
        HttpClient(clock, contact=name, resolver=Here()) as http,
        open_commons(url, password_file, name, sources, clock, rng) as commons,
    ):
        client = PoliteClient(http, clock, rng, commons.hosts)
        crawler = Crawler(sources, commons.memory, client, clock, rng)
        await Crawling(crawler, take, ApSchedule(), clock, lambda: None, commons.crew).run()


if __name__ == "__main__":
    url, password_file, name, sources_file, delivered = sys.argv[1:]
    asyncio.run(
        main(url, Path(password_file), name, json.loads(Path(sources_file).read_text()), Path(delivered))
    )
