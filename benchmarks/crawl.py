"""Documents per CPU-second from bytes to Document, by kind, and the resident memory of long polling.

python -m benchmarks.crawl
"""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from pathlib import Path

from crawlers.clock import SystemClock
from crawlers.config import build_sources, parse_sources
from crawlers.crawler import Crawler
from crawlers.document import Document
from crawlers.fetch import Request, Response
from crawlers.memory import Memory
from crawlers.source.base import Page
from crawlers.source.feed import read_feed
from crawlers.source.forum import read_thread
from crawlers.source.json_api import JsonSelectors, read_json
from crawlers.source.presets import FORUM_PRESETS, JSON_PRESETS
from crawlers.source.selectors import PostSelectors
from crawlers.url import parse

WEB = Path(__file__).parents[1] / "tests" / "data" / "web"
URL = parse("http://bbs.example/page")
N_SOURCES, N_ROUNDS = 500, 6


class Simulated:
    """Hosts in memory: every third answer of a feed brings one more entry, the others a 304."""

    def __init__(self) -> None:
        self.n_asked: dict[str, int] = {}
        self.n_304 = self.n_sent = 0

    async def get(self, request: Request) -> Response:
        key = str(request.url)
        n = self.n_asked[key] = self.n_asked.get(key, 0) + 1
        etag = f'"{n // 3}"'
        if request.headers.get("If-None-Match") == etag:
            self.n_304 += 1
            return Response(request.url, 304, {}, b"", SystemClock().now())
        self.n_sent += 1
        items = "".join(
            f"<item><guid>{i}</guid><title>帖子{i}</title><description>正文 {key} {i}</description></item>"
            for i in range(20 + n // 3)
        )
        body = f"<rss><channel>{items}</channel></rss>".encode()
        return Response(request.url, 200, {"etag": etag}, body, SystemClock().now())


def rate(name: str, work, n_documents: int) -> None:
    started, n = time.process_time(), 0
    while time.process_time() - started < 1.0:
        work()
        n += n_documents
    print(f"{name:28} {n / (time.process_time() - started):10,.0f} documents per CPU-second")


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


async def poll_many(folder: Path) -> None:
    configs, faults = parse_sources(
        [{"kind": "feed", "id": f"f{n}", "url": f"http://host{n}.example/feed"} for n in range(N_SOURCES)]
    )
    assert not faults
    clock, rng, hosts, delivered = SystemClock(), random.Random(1), Simulated(), 0

    async def deliver(_: Document) -> None:
        nonlocal delivered
        delivered += 1

    async with Memory(folder / "m.db") as memory:
        crawler = Crawler(build_sources(configs), memory, hosts, clock, rng)
        for round_number in range(N_ROUNDS):
            started, cpu, before = time.monotonic(), time.process_time(), delivered
            await asyncio.gather(*(crawler.poll(config.id, deliver) for config in configs))
            print(
                f"round {round_number}: {N_SOURCES} sources in {time.monotonic() - started:5.1f} s,"
                f" {time.process_time() - cpu:5.1f} CPU-s, {delivered - before:6} new,"
                f" {resident_mb():6.1f} MB, 304 {hosts.n_304}/{hosts.n_304 + hosts.n_sent}"
            )


def main() -> None:
    thread = Page(URL, (WEB / "forums/discuz_thread.html").read_bytes(), "")
    selectors = PostSelectors(**FORUM_PRESETS["discuz"]["thread"])
    rate("forum thread (Discuz!)", lambda: read_thread(thread, selectors), 2)
    feed = (WEB / "feeds/trafilatura_feed1.atom").read_bytes()
    rate("Atom feed", lambda: read_feed(feed, "", URL), 2)
    items = "".join(
        f"<item><guid>{i}</guid><title>t{i}</title><description>x</description></item>" for i in range(100)
    )
    rss = f"<rss><channel>{items}</channel></rss>".encode()
    rate("RSS feed of 100", lambda: read_feed(rss, "", URL), 100)
    json_page = Page(URL, (WEB / "json/discourse.json").read_bytes(), "")
    rate("JSON (Discourse)", lambda: read_json(json_page, JsonSelectors(**JSON_PRESETS["discourse"])), 1)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(poll_many(Path(folder)))


if __name__ == "__main__":
    main()
