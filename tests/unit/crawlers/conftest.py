"""A site of our own on loopback, a clock that can be moved, and a crawler over both."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from crawlers.clock import SystemClock
from crawlers.config import build_sources, parse_sources
from crawlers.crawler import Crawler, PollReport
from crawlers.document import Document
from crawlers.fetch import HttpClient
from crawlers.memory import Memory
from crawlers.polite import PoliteClient

Answer = str | bytes | web.StreamResponse | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Site:
    """Pages by path; every request that came, in order."""

    port: int = 0
    pages: dict[str, Any] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self) -> list[str]:
        return [request.path_qs for request in self.requests if request.path != "/robots.txt"]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        answer = self.pages.get(request.path_qs, self.pages.get(request.path))
        if answer is None:
            return web.Response(status=404, text="nothing here")
        if callable(answer):
            return await answer(request)
        if isinstance(answer, str):
            return web.Response(text=answer, content_type="text/html")
        if isinstance(answer, bytes):
            return web.Response(body=answer)
        return answer


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    tcp = web.TCPSite(runner, "127.0.0.1", 0)
    await tcp.start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


class HandClock:
    """Stands at a fixed instant; sleeping moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
        self.elapsed_s = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        return self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.elapsed_s += seconds
        await asyncio.sleep(0)


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@dataclass
class Bench:
    """A crawler over the test's sources, with all that it delivered."""

    memory_path: Path
    clock: Any = field(default_factory=SystemClock)
    delivered: list[Document] = field(default_factory=list)
    reports: list[PollReport] = field(default_factory=list)
    fail_at: int | None = None
    """Deliver raises at this document, counted from 0."""

    async def poll(self, *sources: dict[str, Any], times: int = 1) -> PollReport:
        """Poll each source from a fresh process's point of view: only the file is left from before."""
        configs, faults = parse_sources([{"delay_s": 0, **source} for source in sources])
        assert not faults, faults
        async with Memory(self.memory_path) as memory, HttpClient(self.clock) as http:
            rng = random.Random(1)
            polite = PoliteClient(http, self.clock, rng)
            crawler = Crawler(build_sources(configs), memory, polite, self.clock, rng)
            for _ in range(times):
                for config in configs:
                    self.reports.append(await crawler.poll(config.id, self._deliver))
        return self.reports[-1]

    async def _deliver(self, document: Document) -> None:
        if self.fail_at == len(self.delivered):
            self.fail_at = None
            raise ConnectionAbortedError("killed")
        self.delivered.append(document)

    @property
    def titles(self) -> list[str]:
        return [document.title for document in self.delivered]

    @property
    def texts(self) -> list[str]:
        return [document.text for document in self.delivered]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "memory.db")
