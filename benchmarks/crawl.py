"""Documents per CPU-second from bytes to Document, by kind, and the resident memory of long polling.

python -m benchmarks.crawl
"""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

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
N_SOURCES, N_ROUNDS = 500, 60
"""An hour in which each source is polled every minute, as in an exam."""
N_POLLS_A_POST = 10
N_ENTRIES = 20


class Simulated:
    """Hosts in memory: every tenth answer of a feed brings one more entry, the others a 304."""

    def __init__(self, clock: HourClock) -> None:
        self.clock = clock
        self.n_asked: dict[str, int] = {}
        self.n_304 = self.n_sent = 0

    async def get(self, request: Request) -> Response:
        key = str(request.url)
        n = self.n_asked[key] = self.n_asked.get(key, 0) + 1
        # The sources do not post in step.
        n_posts = (n + crc32(key.encode()) % N_POLLS_A_POST) // N_POLLS_A_POST
        etag = f'"{n_posts}"'
        if request.headers.get("If-None-Match") == etag:
            self.n_304 += 1
            return Response(request.url, 304, {}, b"", self.clock.now())
        self.n_sent += 1
        items = "".join(
            f"<item><guid>{i}</guid><title>帖子{i}</title><description>正文 {key} {i}</description></item>"
            for i in range(n_posts, n_posts + N_ENTRIES)
        )
        body = f"<rss><channel>{items}</channel></rss>".encode()
        return Response(request.url, 200, {"etag": etag}, body, self.clock.now())


class HourClock:
    """Stands still within a round."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return datetime(2026, 6, 7, tzinfo=UTC) + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        return self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.elapsed_s += seconds


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
    clock, rng, delivered = HourClock(), random.Random(1), 0
    hosts = Simulated(clock)

    async def deliver(_: Document) -> None:
        nonlocal delivered
        delivered += 1

    async with Memory(folder / "m.db") as memory:
        crawler = Crawler(build_sources(configs), memory, hosts, clock, rng)
        for round_number in range(N_ROUNDS):
            started, cpu, before = time.monotonic(), time.process_time(), delivered
            await asyncio.gather(*(crawler.poll(config.id, deliver) for config in configs))
            clock.elapsed_s += 60.0
            if round_number % 10 not in (0, 9):
                continue
            print(
                f"minute {round_number:2}: {N_SOURCES} sources in {time.monotonic() - started:5.1f} s,"
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
