"""What a crew shares, in a real PostgreSQL: leases that end, turns at a host, silence, robots.txt."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from crawlers.clock import SystemClock
from crawlers.commons import open_commons
from crawlers.crew import Crew, fence
from crawlers.errors import CrawlError, LeaseLostError, SharedError
from crawlers.fetch import Request, Response
from crawlers.lease import Lease
from crawlers.memory import PageRow
from crawlers.polite import PoliteClient
from crawlers.tables import shared_worker
from crawlers.url import parse

pytestmark = pytest.mark.tools
LEASE_S, ROUND_S = 1.5, 0.2
KEYS = {f"s{n}": f"host{n // 2}.example:443" for n in range(20)}
"""Two sources a host."""


@dataclass
class Shared:
    """A database, and workers over it that live faster than in earnest."""

    cluster: object
    url: str
    stack: AsyncExitStack
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def execute(self, statement: str) -> None:
        self.cluster.execute(self.url, f"SET search_path=crawl; {statement}")

    async def worker(self, name: str, keys=KEYS) -> Crew:
        database = await self.stack.enter_async_context(
            shared_worker(self.url, self.cluster.password_file, max_batch=1)
        )
        crew = Crew(database, name, keys, lease_s=LEASE_S, round_s=ROUND_S)
        await self.stack.enter_async_context(crew)
        self.running[name] = asyncio.create_task(crew.run())
        self.stack.callback(self.running[name].cancel)
        return crew

    async def commons(self, name: str):
        clock = SystemClock()
        return await self.stack.enter_async_context(
            open_commons(self.url, self.cluster.password_file, name, {}, clock, random.Random(1))
        )


@pytest.fixture
async def shared(cluster):
    async with AsyncExitStack() as stack:
        yield Shared(cluster, cluster.new_database(), stack)


def mine(crew: Crew) -> set[str]:
    return {source for source in KEYS if crew.is_ours(source)}


async def until(what, limit_s: float = 5.0) -> None:
    async with asyncio.timeout(limit_s):
        while not what():  # noqa: ASYNC110 - it is the database that we wait for
            await asyncio.sleep(0.02)


async def sleep_under(crew: Crew, lease: Lease) -> None:
    """A poll of ``s0`` that would take a minute."""
    async with crew.using("s0", lease):
        await asyncio.sleep(60)


def shares_all(*crews: Crew) -> bool:
    held = [mine(crew) for crew in crews]
    return sum(map(len, held)) == len(KEYS) and set().union(*held) == set(KEYS) and all(held)


async def test_workers_share_hosts_and_one_that_leaves_hands_its_own_on_at_once(shared):
    ann = await shared.worker("ann")
    await until(lambda: mine(ann) == set(KEYS))
    async with AsyncExitStack() as later:
        there = Shared(shared.cluster, shared.url, later)
        ben = await there.worker("ben")
        await until(lambda: shares_all(ann, ben))
        # Sources of one host are never parted.
        assert all(ann.is_ours(f"s{n}") == ann.is_ours(f"s{n + 1}") for n in range(0, 20, 2))
        there.running["ben"].cancel()
        left_s = time.monotonic()
    await until(lambda: mine(ann) == set(KEYS))
    assert time.monotonic() - left_s < LEASE_S


async def test_a_poll_goes_on_over_renewals_and_is_broken_off_when_the_lease_ends(shared):
    ann = await shared.worker("ann")
    lease = await ann.held("s0")
    async with ann.using("s0", lease):
        await asyncio.sleep(1.5 * LEASE_S)
    began_s = time.monotonic()
    shared.running["ann"].cancel()
    with pytest.raises(LeaseLostError):
        await sleep_under(ann, lease)
    assert time.monotonic() - began_s < LEASE_S + 0.5
    assert not ann.is_ours("s0")
    with pytest.raises(LeaseLostError):
        async with ann.using("s0", lease):
            pass


async def test_a_timeout_within_a_poll_is_not_taken_for_the_end_of_the_lease(shared):
    ann = await shared.worker("ann")
    with pytest.raises(TimeoutError):
        async with ann.using("s0", await ann.held("s0")), asyncio.timeout(0.01):
            await asyncio.sleep(1)


async def test_a_worker_whose_row_ran_out_comes_back_under_another_name_with_new_tokens(shared):
    ann = await shared.worker("ann")
    old = await ann.held("s0")
    lost: list[str] = []
    ann.watch(lost.append)
    shared.execute("UPDATE workers SET until=clock_timestamp()")
    with pytest.raises(LeaseLostError):
        await sleep_under(ann, old)
    assert set(lost) >= set(KEYS)
    new = await ann.held("s0")
    assert (new.worker != old.worker, new.token) == (True, old.token + 1)


async def test_a_worker_that_was_robbed_notices_it_in_the_next_round(shared):
    ann = await shared.worker("ann")
    await ann.held("s0")
    shared.execute(
        "INSERT INTO workers VALUES ('thief/1', clock_timestamp()+interval '1 minute');"
        "UPDATE leases SET worker='thief/1', token=token+1 WHERE key='host0.example:443'"
    )
    await until(lambda: not ann.is_ours("s0") and not ann.is_ours("s1"))
    assert ann.is_ours("s2")


async def test_a_key_is_let_go_only_when_its_polls_have_ended(shared):
    ann = await shared.worker("ann")
    await until(lambda: mine(ann) == set(KEYS))
    async with AsyncExitStack() as polls:
        for source in KEYS:
            await polls.enter_async_context(ann.using(source, await ann.held(source)))
        ben = await shared.worker("ben")
        await asyncio.sleep(5 * ROUND_S)
        assert mine(ann) == set(KEYS)
        assert mine(ben) == set()
    await until(lambda: shares_all(ann, ben))


async def test_sources_that_only_one_worker_reads_are_its_own_whoever_comes(shared):
    few = {source: key for source, key in KEYS.items() if key == "host0.example:443"}
    ann = await shared.worker("ann", few)
    await ann.held("s0")
    await shared.worker("ben", {"other": "other.example:443"})
    await shared.worker("cid", {"other": "other.example:443"})
    lease = await ann.held("s0")
    await asyncio.sleep(5 * ROUND_S)
    assert await ann.held("s0") == lease


async def test_without_its_database_a_worker_holds_nothing_and_says_why(shared):
    ann = await shared.worker("ann")
    await ann.held("s0")
    server, _, name = shared.url.rpartition("/")
    postgres = f"{server}/postgres"
    shared.cluster.execute(postgres, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    shared.cluster.kill_connections()
    await until(lambda: ann.error is not None and not mine(ann))
    assert "PostgreSQL" in ann.error
    shared.cluster.execute(postgres, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await until(lambda: mine(ann) == set(KEYS) and ann.error is None)


async def test_two_claims_at_the_same_moment_give_a_key_to_one_worker(shared):
    crews = await asyncio.gather(*(shared.worker(f"w{n}") for n in range(4)))
    looks: list[int] = []
    for _ in range(40):
        looks += [sum(crew.is_ours(source) for crew in crews) for source in KEYS]
        await asyncio.sleep(0.02)
    assert max(looks) == 1
    await until(lambda: shares_all(*crews))


async def test_what_is_written_under_a_lease_that_moved_on_is_refused(shared):
    ann = await shared.worker("ann")
    lease = await ann.held("s0")
    memory = (await shared.commons("x")).memory.fenced(fence(lease))
    now = SystemClock().now()
    page = PageRow(None, None, "d", None)
    await memory.settle("s0", "u", "r", page, now)
    shared.execute("UPDATE leases SET token=token+1")
    with pytest.raises(LeaseLostError):
        await memory.settle("s0", "u", "r", PageRow(None, None, "late", None), now)
    assert await memory.page("s0", "u", "r") == page


@dataclass
class Wire:
    """One host, and what was asked of it when, by any worker."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    robots: str = ""
    took_s: float = 0.0
    asks: list[tuple[float, float, str]] = field(default_factory=list)
    user_agent: str = "examwatch/0"

    async def get(self, request: Request) -> Response:
        began_s = time.monotonic()
        await asyncio.sleep(self.took_s)
        self.asks.append((began_s, time.monotonic(), request.url.target))
        body = self.robots if request.url.path == "/robots.txt" else "page"
        status = 200 if request.url.path == "/robots.txt" else self.status
        return Response(request.url, status, self.headers, body.encode(), SystemClock().now())


@asynccontextmanager
async def clients(shared: Shared, wire: Wire, *names: str):
    """A client for each worker, all of them alive."""
    made: list[PoliteClient] = []
    for n, name in enumerate(names):
        commons = await shared.commons(name)
        running = asyncio.create_task(commons.crew.run())
        shared.stack.callback(running.cancel)
        await until(lambda crew=commons.crew: crew.worker)
        made.append(PoliteClient(wire, SystemClock(), random.Random(n), commons.hosts))
    yield made


def ask(path: str = "/", **more) -> Request:
    return Request(parse(f"http://host.example{path}"), **{"delay_s": 0.0, **more})


async def test_one_request_at_a_time_with_the_pause_between_whoever_asks(shared):
    wire = Wire(took_s=0.05)
    async with clients(shared, wire, "ann", "ben", "cid") as three:
        requests = [client.get(ask(f"/{n}", delay_s=0.2)) for n in range(3) for client in three]
        await asyncio.gather(*requests)
    asks = sorted(wire.asks)
    pauses_s = [after[0] - before[1] for before, after in pairwise(asks)]
    paths = [path for _, _, path in asks]
    assert sorted(path for path in paths if path != "/robots.txt") == sorted(["/0", "/1", "/2"] * 3)
    assert paths.count("/robots.txt") <= 3
    assert min(pauses_s) >= 0
    after_pause = [
        pause_s for pause_s, ask in zip(pauses_s, asks[1:], strict=True) if ask[2] != "/robots.txt"
    ]
    assert min(after_pause) >= 0.2


async def test_robots_txt_is_read_once_for_all_and_its_pause_holds_for_all(shared):
    wire = Wire(robots="User-agent: *\nDisallow: /private\nCrawl-delay: 0.5\n")
    async with clients(shared, wire, "ann", "ben") as (ann, ben):
        await ann.get(ask("/a"))
        await ben.get(ask("/b"))
        with pytest.raises(CrawlError, match=r"robots\.txt"):
            await ben.get(ask("/private/c"))
    assert [path for _, _, path in wire.asks] == ["/robots.txt", "/a", "/b"]
    assert wire.asks[2][0] - wire.asks[1][1] >= 0.5


async def test_a_host_that_wants_silence_has_it_from_all_and_over_a_restart(shared):
    wire = Wire(status=429, headers={"retry-after": "600"})
    async with clients(shared, wire, "ann", "ben") as (ann, ben):
        with pytest.raises(CrawlError) as told:
            await ann.get(ask())
        assert told.value.retry_after_s == 600
        n_asks = len(wire.asks)
        for client in (ann, ben):
            with pytest.raises(CrawlError) as refused:
                await client.get(ask("/other"))
            assert refused.value.kind == "backoff"
            assert 590 < refused.value.retry_after_s <= 600
    async with clients(shared, wire, "new") as (new,):
        with pytest.raises(CrawlError, match="wait"):
            await new.get(ask())
    assert len(wire.asks) == n_asks


async def test_refusals_count_over_the_crew_until_an_answer_comes(shared):
    wire = Wire(status=503)
    waits_s: list[float] = []
    async with clients(shared, wire, "ann", "ben") as both:
        for n in range(4):
            with pytest.raises(CrawlError) as told:
                await both[n % 2].get(ask())
            waits_s.append(told.value.retry_after_s)
            shared.execute("UPDATE hosts SET quiet_until='epoch'")
        # 30 s, 60 s, 120 s, 240 s, each with jitter over the upper half.
        assert [round(wait_s) in range(15 * 2**n, 30 * 2**n + 1) for n, wait_s in enumerate(waits_s)] == [
            True
        ] * 4
        wire.status = 200
        await both[0].get(ask())
        wire.status = 503
        with pytest.raises(CrawlError) as told:
            await both[1].get(ask())
        assert told.value.retry_after_s <= 30


async def test_the_turn_of_a_dead_worker_is_over_when_its_lease_is(shared):
    wire = Wire()
    async with clients(shared, wire, "ann") as (ann,):
        await ann.get(ask())
        shared.execute(
            "INSERT INTO workers VALUES ('dead/1', clock_timestamp()+interval '1 second');"
            "UPDATE hosts SET turn=turn+1, turn_of='dead/1', turn_until=clock_timestamp()+interval '1 hour'"
        )
        began_s = time.monotonic()
        async with asyncio.timeout(5):
            await ann.get(ask())
        assert time.monotonic() - began_s > 0.8


async def test_a_request_under_a_lease_that_moved_on_is_never_sent(shared):
    wire = Wire()
    async with clients(shared, wire, "ann") as (ann,):
        with pytest.raises(LeaseLostError):
            await ann.get(ask(lease=Lease("host.example:80", "gone/1", 3)))
    assert wire.asks == []


async def test_a_request_that_fails_gives_its_turn_back(shared):
    class Broken(Wire):
        async def get(self, request: Request) -> Response:
            await super().get(request)
            raise CrawlError("connect", str(request.url))

    wire = Broken()
    async with clients(shared, wire, "ann", "ben") as (ann, ben):
        async with asyncio.timeout(3):
            for client in (ann, ben, ann):
                with pytest.raises(CrawlError, match="no connection"):
                    await client.get(ask(robots=False))
    assert len(wire.asks) == 3


async def test_hosts_and_documents_are_forgotten_and_what_is_new_stays(shared):
    commons = await shared.commons("ann")
    now = SystemClock().now()
    await commons.memory.sight("a", "s", "k", "u", now)
    shared.execute(
        "INSERT INTO hosts (host) VALUES ('old');"
        "INSERT INTO hosts (host, last_at) VALUES ('new', clock_timestamp());"
        "INSERT INTO hosts (host, quiet_until) VALUES ('quiet', clock_timestamp()+interval '1 day');"
        "INSERT INTO robots VALUES ('http://old', NULL, true, clock_timestamp()-interval '1 day')"
    )
    assert await commons.forget(now) == 0
    rows = await commons.hosts._database.do(lambda db: list(db.execute("SELECT host FROM hosts ORDER BY 1")))
    assert rows == [("new",), ("quiet",)]
    assert await commons.hosts.robots("http://old") is None


async def test_a_place_that_is_no_memory_is_refused():
    with pytest.raises(ValueError, match="no memory of kind 'redis:'"):
        async with open_commons("redis:x", None, "w", {}, SystemClock(), random.Random(1)):
            pass
    with pytest.raises(SharedError):
        async with open_commons("postgresql://127.0.0.1:9/x", None, "w", {}, SystemClock(), random.Random(1)):
            pass
