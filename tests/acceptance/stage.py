"""A stage for timelines: the whole daemon on a clock that stands still until it is moved.

Real: rules, timetable, intake, queue, store, crawler and its memory. Scripted: the web's
answers and what sensors hear.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from crawlers.config import build_sources
from crawlers.crawler import Crawler
from crawlers.errors import CrawlError
from crawlers.fetch import Request, Response
from crawlers.memory import Memory
from monitor.clock import FakeClock
from monitor.config import Setup, load_setup
from monitor.daemon import Daemon
from monitor.doors import Doors
from monitor.evidence import EvidenceStore
from monitor.intake import Heard
from monitor.queue import open_queue
from monitor.schedule import ClockSchedule
from monitor.sensors import SensorError, WorkerStats
from monitor.server.alert_services import AlertQuery
from monitor.server.views import AlertView
from monitor.store import Store, StoreError
from monitor.store.book import StoreBook
from sdr.types import Emission

CHINA = timedelta(hours=8)
DAY = datetime(2026, 6, 7, tzinfo=UTC)
CONFIGS = Path(__file__).parents[2] / "configs"

CONFIG = f"""\
data_dir: var
timetable: timetable.yml
bandplan: {CONFIGS}/bandplan/cn.yml
sensors:
  - {{id: roof, venue: no1, source: rtl:0}}
  - {{id: gate, venue: no1, source: rtl:1}}
"""
SOURCES = """\
sources:
  - {kind: feed, id: board, url: "http://board.test/feed"}
  - {kind: feed, id: news, url: "http://news.test/feed"}
"""
TIMETABLE = """\
time_zone: Asia/Shanghai
venues: [{id: no1}]
exams:
  - id: gaokao
    sessions:
      - {id: chinese, start: 2026-06-07 09:00, end: 2026-06-07 11:30}
      - {id: maths, start: 2026-06-07 15:00, end: 2026-06-07 17:00}
"""
SALE = "高考答案出售，考前一天发，准确率100%，先看后付，需要的加V信 gk2026da，名额有限"
HARMLESS = "明天就要高考了，祝大家都能取得好成绩，答题别慌，先易后难！"


def instant(clock_time: str) -> datetime:
    """``09:30`` or ``09:30:15`` of the day, Chinese time."""
    parts = [int(part) for part in clock_time.split(":")]
    hour, minute, second = (*parts, 0)[:3]
    return DAY + timedelta(hours=hour, minutes=minute, seconds=second) - CHINA


class StageClock(FakeClock):
    """Knows who waits for it: a pipeline that waits to try again has come to rest, one at work has not."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.asleep: set[str] = set()

    async def sleep(self, seconds: float) -> None:
        task = asyncio.current_task()
        name = task.get_name() if task else ""
        self.asleep.add(name)
        try:
            await super().sleep(seconds)
        finally:
            self.asleep.discard(name)


class Web:
    """What the two feeds answer; or what goes wrong with them."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.posts: dict[str, list[tuple[str, str]]] = {"board.test": [], "news.test": []}
        self.failing: dict[str, CrawlError] = {}
        self.asked: dict[str, list[datetime]] = {"board.test": [], "news.test": []}

    async def get(self, request: Request) -> Response:
        host = request.url.host
        self.asked[host].append(self._clock.now())
        if host in self.failing:
            raise self.failing[host]
        items = "".join(
            f"<item><guid>http://{host}/{key}</guid><link>http://{host}/{key}</link>"
            f"<title>t</title><description>{escape(text)}</description></item>"
            for key, text in self.posts[host]
        )
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{items}</channel></rss>'
        headers = {"content-type": "application/rss+xml"}
        return Response(request.url, 200, headers, body.encode(), self._clock.now())


class Ear:
    """A sensor's worker: hears what the script tells it to."""

    def __init__(self) -> None:
        self.script: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.refuses: list[BaseException] = []
        self.n_opened = 0
        self.n_said = 0
        self._post: Any = None

    def open(self, post: Any) -> Ear:
        self.n_opened += 1
        if self.refuses:
            raise self.refuses.pop(0)
        self._post = post
        return self

    def run(self) -> None:
        while (item := self.script.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            self._post(item)
            self.n_said += 1

    def stop(self) -> None:
        self.script.put(None)

    def stats(self) -> WorkerStats:
        return WorkerStats()

    def listen(self, channel_hz: float, mode: str) -> Any:
        raise SensorError("a scripted sensor has no sound")


class Book(StoreBook):
    """The store, whose disk the script can fill."""

    full = False
    n_busy = 0

    async def merge(self, raised: Sequence[Any]) -> int:
        if self.full:
            raise StoreError("the store failed: database or disk is full")
        return await super().merge(raised)

    async def record(self, *arguments: Any) -> int:
        self.n_busy += 1
        try:
            return await super().record(*arguments)
        finally:
            self.n_busy -= 1


class Polls:
    """The crawler, counting the polls under way, so that the stage knows when all is quiet."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self.sources = crawler.sources
        self.state = crawler.state
        self.n_busy = 0

    async def poll(self, *arguments: Any, **options: Any) -> Any:
        self.n_busy += 1
        try:
            return await self._crawler.poll(*arguments, **options)
        finally:
            self.n_busy -= 1


class Stage:
    def __init__(
        self, setup: Setup, doors: Doors, web: Web, ears: dict[str, Ear], book: Book, polls: Polls
    ) -> None:
        self.clock: Any = doors.clock
        self.web, self.ears, self.book = web, ears, book
        # Each wake of a task lets the whole stage come to rest: ten hours at 2 s would be two minutes.
        self.daemon = Daemon(setup, doors, look_s=60.0, watch_s=60.0)
        self._queue = doors.queue
        self._polls = polls
        self._numbers = itertools.count(1)
        self.running: asyncio.Task[None]

    async def until(self, clock_time: str) -> None:
        """Move the clock to `clock_time` of the day, and wait until all work has come to rest."""
        await self.clock.advance((instant(clock_time) - self.clock.now()).total_seconds(), self._rest)

    async def rest(self) -> None:
        await self.clock.advance(0.0, self._rest)

    async def _rest(self) -> None:
        n_quiet = 0
        for _ in range(2000):
            waiting = self._queue.stats().n_waiting and "pipeline" not in self.clock.asleep
            n_quiet = 0 if waiting or self._polls.n_busy or self.book.n_busy else n_quiet + 1
            if n_quiet >= 4:
                return
            await asyncio.sleep(0.002)
        raise AssertionError("work did not come to rest")

    async def hear(self, sensor: str, *, lasting: bool = False, **changes: Any) -> None:
        """The sensor reports an emission that ends now (or goes on)."""
        now = self.clock.now()
        duration_s = changes.pop("duration_s", 3.5)
        emission = replace(
            Emission(
                id=f"e{next(self._numbers)}-{now:%H%M%S}",
                sensor=sensor,
                start_s=0.0,
                end_s=duration_s,
                first_seen=now - timedelta(seconds=duration_s),
                last_seen=now,
                ended=not lasting,
                center_hz=169.0e6,
                bandwidth_hz=12_100.0,
                snr_db=22.0,
                peak_dbfs=-35.0,
                bursts=1,
                on_time_s=duration_s,
                duty_cycle=1.0,
                modulation="fsk2",
            ),
            **changes,
        )
        ear = self.ears[sensor]
        n_said = ear.n_said + 1
        ear.script.put(Heard(emission, "no1", is_last=not lasting))
        # Its thread says so when the machine lets it; a sensor that is down says nothing.
        for _ in range(500):
            if ear.n_said >= n_said:
                break
            await asyncio.sleep(0.004)
        await self.rest()

    async def alerts(self, **query: Any) -> list[AlertView]:
        return (await self.book.list_alerts(AlertQuery(limit=500, **query))).alerts

    async def rules(self) -> list[str]:
        return sorted({hit.rule for view in await self.alerts() for hit in view.rules})

    async def of_rule(self, rule: str) -> list[AlertView]:
        return [view for view in await self.alerts() if rule in {hit.rule for hit in view.rules}]


@asynccontextmanager
async def performance(folder: Path, begin: str, *, web: bool = True) -> AsyncIterator[Stage]:
    """The daemon, started at `begin` on what `folder` holds from an earlier performance."""
    (folder / "c.yml").write_text(CONFIG + (SOURCES if web else ""), encoding="utf-8")
    (folder / "timetable.yml").write_text(TIMETABLE, encoding="utf-8")
    clock = StageClock(instant(begin))
    setup = load_setup(folder / "c.yml", clock.now())
    answers, ears = Web(clock), {"roof": Ear(), "gate": Ear()}
    async with AsyncExitStack() as stack:
        queue_ = open_queue(setup.config.queue_url)
        stack.push_async_callback(queue_.close)
        book = Book(Store(setup.config.store_url), clock)
        stack.push_async_callback(book.close)
        memory = await stack.enter_async_context(Memory(folder / "crawl.db"))
        crawler = Crawler(build_sources(setup.sources), memory, answers, clock, random.Random(1))
        polls = Polls(crawler)
        schedule = ClockSchedule(clock)
        stack.callback(schedule.close)
        doors = Doors(
            clock=clock,
            schedule=schedule,
            queue=queue_,
            book=book,
            evidence=EvidenceStore(folder / "evidence"),
            poller=polls,
            open_sensor=lambda sensor: ears[sensor.id].open,
            forget=memory.forget,
            disk=lambda _: (10**12, 10**11),
        )
        stage = Stage(setup, doors, answers, ears, book, polls)
        await stage.daemon.recover()
        running = asyncio.create_task(stage.daemon.run())
        stage.running = running
        try:
            await stage.rest()
            yield stage
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
