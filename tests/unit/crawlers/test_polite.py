"""Manners: robots.txt, one request at a time, pauses, and silence when a host asks for it."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from crawlers.errors import CrawlError
from crawlers.fetch import Request, Response
from crawlers.polite import PoliteClient, retry_after_s
from crawlers.url import parse

ROBOTS = "User-agent: *\nDisallow: /private/\nCrawl-delay: 3\n"


@dataclass
class Hosts:
    """Simulated hosts that note every violation of their own rules."""

    clock: object
    robots: dict[str, str] = field(default_factory=dict)
    robots_status: int = 200
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    location: str = ""
    log: list[tuple[float, str]] = field(default_factory=list)
    last_end_s: dict[str, float] = field(default_factory=dict)
    now_open: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    violations: list[str] = field(default_factory=list)
    min_delay_s: float = 0.0
    user_agent: str = "examwatch/0.1"

    async def get(self, request: Request) -> Response:
        host, path = request.url.host, request.url.target
        self.log.append((self.clock.monotonic(), str(request.url)))
        self.now_open[host] += 1
        if self.now_open[host] > 1:
            self.violations.append(f"two at a time at {host}")
        if path != "/robots.txt":
            if self.clock.monotonic() < self.last_end_s.get(host, -1e9) + self.min_delay_s - 1e-9:
                self.violations.append(f"too early at {host}")
            if path.startswith("/private/"):
                self.violations.append(f"forbidden {path}")
        await asyncio.sleep(0)
        self.now_open[host] -= 1
        self.last_end_s[host] = self.clock.monotonic()
        if path == "/robots.txt":
            body = self.robots.get(host, "").encode()
            return Response(request.url, self.robots_status, {}, body, self.clock.now())
        if self.location and path == "/moved":
            return Response(request.url, 302, {"location": self.location}, b"", self.clock.now())
        return Response(request.url, self.status, self.headers, b"page", self.clock.now())


def client(hosts: Hosts, clock) -> PoliteClient:
    return PoliteClient(hosts, clock, random.Random(7))


def ask(url: str, **more) -> Request:
    return Request(parse(url), **{"delay_s": 1.0, **more})


async def test_ten_thousand_requests_to_a_hundred_hosts_break_no_rule(hand_clock):
    names = [f"host{n}.example" for n in range(100)]
    hosts = Hosts(hand_clock, dict.fromkeys(names, ROBOTS), min_delay_s=3.0)
    polite = client(hosts, hand_clock)
    n_refused = 0

    async def one(name: str, n: int) -> None:
        nonlocal n_refused
        try:
            await polite.get(ask(f"http://{name}/{'private' if n % 10 == 0 else 'open'}/{n}"))
        except CrawlError as error:
            n_refused += error.kind == "robots"

    for n in range(0, 100, 10):
        await asyncio.gather(*(one(name, n + i) for name in names for i in range(10)))
    pages = [url for _, url in hosts.log if not url.endswith("robots.txt")]
    assert hosts.violations == []
    assert n_refused == 1_000
    assert len(pages) == 9_000
    assert len(hosts.log) - len(pages) <= 1_000


async def test_the_crawl_delay_of_a_site_goes_before_a_shorter_one_of_ours(hand_clock):
    hosts = Hosts(hand_clock, {"a": ROBOTS})
    polite = client(hosts, hand_clock)
    for n in range(3):
        await polite.get(ask(f"http://a/{n}"))
    times = [at for at, url in hosts.log if not url.endswith("robots.txt")]
    assert [b - a for a, b in pairwise(times)] == [3.0, 3.0]


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (500, False), (503, False)])
async def test_a_missing_robots_txt_allows_all_and_a_failing_one_nothing(hand_clock, status, allowed):
    hosts = Hosts(hand_clock, robots_status=status)
    try:
        await client(hosts, hand_clock).get(ask("http://a/x"))
        got = True
    except CrawlError:
        got = False
    assert got is allowed


async def test_429_silences_the_host_for_as_long_as_it_asks_and_no_request_leaves_meanwhile(hand_clock):
    hosts = Hosts(hand_clock, status=429, headers={"retry-after": "120"})
    polite = client(hosts, hand_clock)
    with pytest.raises(CrawlError) as told:
        await polite.get(ask("http://a/x"))
    assert told.value.kind == "backoff"
    assert told.value.retry_after_s == 120
    n_before = len(hosts.log)
    with pytest.raises(CrawlError, match="wait"):
        await polite.get(ask("http://a/y"))
    assert len(hosts.log) == n_before
    hosts.status = 200
    hand_clock.elapsed_s += 121
    assert (await polite.get(ask("http://a/y"))).status == 200


async def test_refusals_without_retry_after_double_the_silence_and_differ_by_chance(hand_clock):
    hosts = Hosts(hand_clock, status=503, robots={"a": ""})
    polite = client(hosts, hand_clock)
    await _robots_first(polite, hosts)
    waits = []
    for _ in range(5):
        with pytest.raises(CrawlError) as told:
            await polite.get(ask("http://a/x"))
        waits.append(told.value.retry_after_s)
        hand_clock.elapsed_s += told.value.retry_after_s + 0.1
    for n, wait in enumerate(waits):
        assert 15 * 2**n <= wait <= 30 * 2**n
    assert len({round(wait / 2**n, 3) for n, wait in enumerate(waits)}) == 5


async def _robots_first(polite: PoliteClient, hosts: Hosts) -> None:
    hosts.status, status = 200, hosts.status
    await polite.get(ask("http://a/first"))
    hosts.status = status


async def test_a_redirect_to_another_host_asks_that_hosts_robots_and_loses_the_cookie(hand_clock):
    hosts = Hosts(hand_clock, {"b": "User-agent: *\nDisallow: /\n"}, location="http://b/landing")
    sent = []
    plain_get = hosts.get

    async def watch(request):
        sent.append((request.url.host, dict(request.secret_headers)))
        return await plain_get(request)

    hosts.get = watch
    with pytest.raises(CrawlError) as told:
        await client(hosts, hand_clock).get(ask("http://a/moved", secret_headers={"Cookie": "k=v"}))
    assert told.value.kind == "robots"
    assert all(not secrets for host, secrets in sent if host == "b")


async def test_robots_txt_never_gets_the_cookie(hand_clock):
    hosts = Hosts(hand_clock)
    sent = []
    plain_get = hosts.get

    async def watch(request):
        sent.append((request.url.path, dict(request.secret_headers)))
        return await plain_get(request)

    hosts.get = watch
    await client(hosts, hand_clock).get(ask("http://a/x", secret_headers={"Cookie": "k=v"}))
    assert sent == [("/robots.txt", {}), ("/x", {"Cookie": "k=v"})]


def test_retry_after_is_read_as_number_or_date_and_never_unbounded(hand_clock):
    now = hand_clock.now()
    assert retry_after_s("120", now) == 120
    assert retry_after_s("Sun, 07 Jun 2026 01:02:00 GMT", now) == 120
    assert retry_after_s("Sun, 07 Jun 2020 01:02:00 GMT", now) == 0
    assert retry_after_s("99999999999999999999", now) == 86_400
    for text in ("", "soon", "-5", "1e9", "٣"):
        assert retry_after_s(text, now) == 0
