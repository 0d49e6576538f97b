"""Sources in a crew: polled while they are ours, at rest while another worker has them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.config import build_sources, parse_sources
from crawlers.crawler import PollReport
from crawlers.errors import LeaseLostError, SharedError
from crawlers.lease import Lease
from crawlers.state import SourceState
from monitor.crawling import Crawling
from monitor.healthwatch import leases_part, source_part
from monitor.schedule import ApSchedule

CONFIGS, _ = parse_sources([{"kind": "feed", "id": "s", "url": "http://a.example/"}])


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Tenure:
    """Leases given and taken by hand."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self.there = asyncio.Event()
        self.changed = lambda source: None

    def give(self, token: int) -> None:
        self.lease = Lease("a.example:80", "me/1", token)
        self.there.set()
        self.changed("s")

    def take(self) -> None:
        self.lease = None
        self.there.clear()
        self.changed("s")

    async def held(self, source: str) -> Lease | None:
        await self.there.wait()
        return self.lease

    def is_ours(self, source: str) -> bool:
        return self.lease is not None

    def watch(self, changed) -> None:
        self.changed = changed

    @asynccontextmanager
    async def using(self, source: str, lease: Lease | None):
        if lease != self.lease:
            raise LeaseLostError("a.example:80")
        yield

    async def run(self) -> None:
        pass


@dataclass
class Poller:
    """Polls that cost nothing; what another worker left stands in `state_left`."""

    sources: dict = field(default_factory=lambda: build_sources(CONFIGS))
    state_left: SourceState = field(default_factory=lambda: SourceState("s"))
    every_s: float = 0.01
    polls: list[int] = field(default_factory=list)
    fails: Exception | None = None

    async def state(self, source_id: str, lease: Lease | None = None) -> SourceState:
        return self.state_left

    async def poll(self, source_id, deliver, *, at_most_s=None, lease=None) -> PollReport:
        self.polls.append(lease.token)
        if self.fails is not None:
            raise self.fails
        now = datetime.now(UTC)
        next_at = now + timedelta(seconds=self.every_s)
        return PollReport("s", now, 0.0, 0, 0, 0, 0, 0, None, (), {}, next_at)


@dataclass
class Rig:
    tenure: Tenure
    poller: Poller
    crawling: Crawling

    @property
    def status(self):
        return self.crawling.statuses["s"]

    async def until(self, what) -> None:
        async with asyncio.timeout(3):
            while not what():  # noqa: ASYNC110 - it is the loops of the sources that we wait for
                await asyncio.sleep(0.01)


@pytest.fixture
async def rig():
    poller, tenure, schedule = Poller(), Tenure(), ApSchedule()

    async def take(document) -> None:
        pass

    crawling = Crawling(poller, take, schedule, Clock(), lambda: 60.0, tenure)
    running = asyncio.create_task(crawling.run())
    yield Rig(tenure, poller, crawling)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    schedule.close()


async def test_a_source_rests_until_it_is_ours_and_again_when_it_is_not(rig):
    await asyncio.sleep(0.05)
    assert (rig.poller.polls, rig.status.health().state) == ([], "elsewhere")
    rig.tenure.give(1)
    await rig.until(lambda: len(rig.poller.polls) > 2)
    assert rig.status.health().state == "ok"
    rig.tenure.take()
    await rig.until(lambda: rig.status.health().state == "elsewhere")
    n_polls = len(rig.poller.polls)
    await asyncio.sleep(0.05)
    assert len(rig.poller.polls) == n_polls


async def test_what_another_worker_left_says_when_it_is_due(rig):
    rig.poller.state_left.next_poll_at = datetime.now(UTC) + timedelta(seconds=30)
    rig.tenure.give(1)
    await asyncio.sleep(0.05)
    assert rig.poller.polls == []
    # While it waits the lease goes elsewhere and comes back: it looks again at what was left.
    rig.tenure.take()
    rig.poller.state_left.next_poll_at = datetime.now(UTC)
    rig.tenure.give(3)
    await rig.until(lambda: rig.poller.polls[:1] == [3])


async def test_a_worker_that_died_before_a_session_does_not_keep_its_sources_slow(rig):
    rig.poller.state_left.next_poll_at = datetime.now(UTC) + timedelta(hours=9)
    rig.tenure.give(1)
    await rig.until(lambda: rig.status.next_at is not None)
    assert rig.status.next_at <= datetime.now(UTC) + timedelta(seconds=60)


async def test_a_lease_lost_in_a_poll_is_no_trouble_of_the_source(rig):
    rig.poller.fails = LeaseLostError("a.example:80")
    rig.tenure.give(1)
    await rig.until(lambda: len(rig.poller.polls) > 1)
    assert rig.status.error is None
    rig.poller.fails = None
    await rig.until(lambda: rig.status.health().state == "ok")


async def test_trouble_with_the_shared_database_is_told_and_ends_with_the_lease(rig):
    rig.poller.fails = SharedError("PostgreSQL: gone")
    rig.tenure.give(1)
    await rig.until(lambda: rig.status.error is not None)
    assert "PostgreSQL: gone" in rig.status.error
    rig.tenure.take()
    rig.tenure.changed("s")
    rig.crawling._due["s"].set()
    await asyncio.sleep(0.05)
    assert source_part(rig.status).problems == ()


def test_a_worker_cut_off_from_the_shared_database_is_a_problem_of_its_own():
    @dataclass
    class Cut:
        name: str = "ann"
        error: str | None = "PostgreSQL: gone"

    part = leases_part(Cut())
    assert (part.kind, part.id, part.problems, part.error) == (
        "leases",
        "ann",
        ("cut-off",),
        "PostgreSQL: gone",
    )
    assert leases_part(Cut(error=None)).problems == ()
