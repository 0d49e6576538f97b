"""From published to delivered: 500 feeds over real HTTP on loopback, polled by the daemon's own loop.

    python -m benchmarks.crawl_live [INTERVAL_S] [SECONDS]

Each feed has a host of its own (127.0.0.0/8 is all ours) and posts at random moments; a document says in
its title when it was published. The goal is a 95th percentile of at most the interval and 5 s.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from aiohttp import web

from crawlers.clock import SystemClock
from crawlers.config import build_sources, parse_sources
from crawlers.crawler import Crawler
from crawlers.document import Document
from crawlers.fetch import HttpClient
from crawlers.memory import Memory
from crawlers.polite import PoliteClient
from crawlers.workshop import ProcessWorkshop
from monitor.crawling import Crawling
from monitor.schedule import ApSchedule

N_SOURCES = 500
N_ENTRIES = 20
SLACK_S = 5.0


class Feeds:
    """Each of `N_SOURCES` hosts posts once an interval on average, at random."""

    def __init__(self, interval_s: float, seconds: float) -> None:
        rng, self.started_s = random.Random(2), time.time()
        self.posts: list[list[float]] = []
        for _ in range(N_SOURCES):
            at_s, posts = -1e4, []
            while at_s < seconds:
                at_s += rng.expovariate(1 / interval_s)
                posts.append(at_s)
            self.posts.append(posts)
        self.n_answers = 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(status=404)
        self.n_answers += 1
        now_s = time.time() - self.started_s
        source = int(request.path.rpartition("/")[2])
        out = [at_s for at_s in self.posts[source] if at_s <= now_s]
        etag = f'"{len(out)}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        items = "".join(
            f"<item><guid>{n}</guid><title>{at_s}</title></item>"
            for n, at_s in list(enumerate(out))[-N_ENTRIES:]
        )
        return web.Response(text=f"<rss><channel>{items}</channel></rss>", headers={"ETag": etag})


async def run(folder: Path, interval_s: float, seconds: float) -> None:
    feeds = Feeds(interval_s, seconds)
    app = web.Application()
    app.router.add_get("/{path:.*}", feeds.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    # One socket for each host would be 500; the wildcard hears all of 127.0.0.0/8.
    site = web.TCPSite(runner, "0.0.0.0", 0)
    await site.start()
    port = runner.addresses[-1][1]
    configs, faults = parse_sources(
        [
            {"kind": "feed", "id": f"f{n}", "url": f"http://127.0.{n // 250 + 1}.{n % 250 + 1}:{port}/{n}"}
            for n in range(N_SOURCES)
        ]
    )
    assert not faults
    clock, rng, delays_s = SystemClock(), random.Random(1), list[float]()
    warm_s = 2 * interval_s

    async def take(document: Document) -> None:
        published_s, now_s = float(document.title), time.time() - feeds.started_s
        # What was there before the first poll is no news; what came last may not be delivered any more,
        # and only its quick ones would count.
        if warm_s < published_s < seconds - interval_s - SLACK_S:
            delays_s.append(now_s - published_s)

    async with (
        Memory(folder / "m.db") as memory,
        HttpClient(clock, n_connections=50) as http,
        ProcessWorkshop(2) as workshop,
    ):
        polite = PoliteClient(http, clock, rng)
        crawler = Crawler(build_sources(configs), memory, polite, clock, rng, workshop)
        schedule = ApSchedule()
        crawling = Crawling(crawler, take, schedule, clock, lambda: interval_s)
        feeds.started_s = time.time()
        cpu_s = cpu()
        running = asyncio.create_task(crawling.run())
        await asyncio.sleep(seconds)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        used = (cpu() - cpu_s) / seconds
        schedule.close()
    await runner.cleanup()
    tell(delays_s, interval_s, feeds.n_answers, seconds, used)


def cpu() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in both)


def tell(delays_s: list[float], interval_s: float, n_polls: int, seconds: float, used: float) -> None:
    delays_s.sort()
    p50, p95, p99 = (delays_s[int(q * (len(delays_s) - 1))] for q in (0.5, 0.95, 0.99))
    print(
        f"{N_SOURCES} sources every {interval_s:g} s, {n_polls / seconds:.1f} polls/s;"
        f" {len(delays_s)} documents, published to delivered:\n"
        f"p50 {p50:.1f} s, p95 {p95:.1f} s, p99 {p99:.1f} s, worst {delays_s[-1]:.1f} s;\n"
        f"goal p95 <= {interval_s + SLACK_S:g} s: {'met' if p95 <= interval_s + SLACK_S else 'MISSED'};\n"
        f"{used:.2f} cores in this process (the simulated sites are in it too, the parsers are not)"
    )


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(run(Path(name), given[0] if given else 60.0, given[1] if len(given) > 1 else 240.0))
