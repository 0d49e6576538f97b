"""The console in front of a full store: first view, how long a key takes, memory under a live stream.

python -m benchmarks.console [N_ALERTS] [MINUTES]        defaults: 100000 alerts, 3 minutes

It prints figures and judges nothing. The browser is Debian's chromium without a screen, the server and
the store are the real ones on loopback; the machine is shared by all three. A step or a filter counts
from the key or click to the frame after the one that shows its end; "whole" is the frame after the one
with all that the server knows of the alert. Under each figure stands what of it the server's handlers took
at that time, and at its head how busy the machine was: on a busy one the page's share is what all else
took away from it. MINUTES is how long an hour of alerts, 20 a minute with as many repeats, is let take.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from playwright.sync_api import Browser, Page, sync_playwright

from monitor.alert.alert import Alert, Level, RuleHit
from monitor.clock import SystemClock
from monitor.server.app import make_server_app, serving
from monitor.server.services import EvidenceFile, ServerServices
from monitor.server.views import HealthView, QueueHealth
from monitor.store import Store
from monitor.store.book import StoreBook

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from chromium import launched  # noqa: E402

BATCH = 1000
N_VIEWS, N_STEPS, N_FILTERS = 5, 80, 24
"""Filters: each level below the gravest alone and then not, so that another alert stands first."""
PER_HOUR = 2 * 20 * 60
"""New alerts and repeats of known ones."""
PAUSE_MS = 300
"""Between two keys of somebody who at least looks at each alert."""
LEVELS: tuple[Level, ...] = ("low", "low", "low", "medium", "medium", "high", "critical")
T = TypeVar("T")

STEP = """async ([key, wait]) => {
  const shown = () => document.querySelector("[data-testid=detail]")?.dataset.fingerprint;
  const before = shown();
  const began = performance.now();
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  while (shown() === before || !shown()) {
    await new Promise(requestAnimationFrame);
    if (performance.now() - began > 5000) return null;
  }
  const whole = () => document.querySelector("[data-testid=detail]")?.ariaBusy !== "true";
  while (wait && !whole()) {
    await new Promise(requestAnimationFrame);
    if (performance.now() - began > 5000) return null;
  }
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
FILTER = """async (at) => {
  const first = () => document.querySelector("[data-testid=row]")?.textContent;
  const before = first();
  const began = performance.now();
  document.querySelectorAll(".filters button")[at].click();
  while (first() === before || !first()) {
    await new Promise(requestAnimationFrame);
    if (performance.now() - began > 10000) return null;
  }
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def alert(number: int, at: datetime) -> Alert:
    """A radio alert of its own channel, as the intake makes them."""
    level = LEVELS[number % len(LEVELS)]
    hz = 137e6 + 12_500.0 * (number % 20_000)
    venue = f"no{number % 40}"
    title = {"title_en": "Unknown narrowband emission", "title_zh": "不明窄带信号"}
    prose = {"summary_en": f"{hz / 1e6:.4f} MHz, 12 dB", "advice_en": "Listen first", "advice_zh": "先监听"}
    why = {
        "rule": "bench",
        "selection": "s",
        "field": "snr_db",
        "modifier": "gte",
        "expected": 9,
        "actual": 12,
    }
    return Alert(
        id=f"bench-{number}",
        cause=f"bench-{number}",
        kind="radio",
        level=level,
        labels={"venue": venue, "channel": f"{number}"},
        annotations={**title, **prose},
        starts_at=at,
        updated_at=at,
        ends_at=at + timedelta(minutes=5),
        why=[{**why, "spans": [], "text": "12 dB is at least 9 dB", "text_zh": "12 dB 不低于 9 dB"}],
        event={
            "kind": "radio",
            "at": at.isoformat(),
            "center_hz": hz,
            "bandwidth_hz": 12_600.0,
            "snr_db": 12.0,
            "peak_dbfs": -31.0,
            "phase": "in",
            "sensor": "roof",
            "venue": venue,
            "modulation": "nfm",
            "duration_s": 3.5,
        },
        evidence=[],
        venue=venue,
        rules=[RuleHit("bench", level, "signal", False, title, at, f"bench-{number}")],
    )


class Served:
    """Store and server in a thread of their own."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._clock = SystemClock()
        self.book = StoreBook(Store(f"sqlite:{folder / 'store.db'}"), self._clock)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._serving: Any = None
        self._took: dict[str, list[float]] = {}

    @property
    def _timed(self) -> Middleware:
        @web.middleware
        async def timed(request: web.Request, handler: Handler) -> web.StreamResponse:
            began = time.perf_counter()
            try:
                return await handler(request)
            finally:
                resource = request.match_info.route.resource
                path = resource.canonical if resource is not None else request.path
                self._took.setdefault(path, []).append((time.perf_counter() - began) * 1e3)

        return timed

    def told(self, *paths: str) -> None:
        """Print how long the handlers of `paths` took since this was asked last."""
        took, self._took = self._took, {}
        for path in paths:
            if took.get(path):
                line(f"  of it the server, {path}", took[path], "ms")

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def listen(self) -> str:
        return self.call(self._listen())

    async def _listen(self) -> str:
        now = self._clock.now()

        def health() -> HealthView:
            return HealthView(
                status="ok",
                version="bench",
                started_at=now,
                now=self._clock.now(),
                sensors=[],
                sources=[],
                queue=QueueHealth(),
                sessions=[],
            )

        services = ServerServices(self.book, _no_evidence, health, self._clock.now)
        app = make_server_app(services)
        app.middlewares.insert(0, self._timed)
        self._serving = serving(app, port=0)
        return await self._serving.__aenter__()

    def stop(self) -> None:
        if self._serving is not None:
            self.call(self._serving.__aexit__(None, None, None))
        self.call(self.book.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


async def _no_evidence(_digest: str) -> EvidenceFile | None:
    return None


@contextmanager
def opened(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB")
    context.add_init_script("localStorage.setItem('examwatch.tour', 'seen')")
    try:
        yield context.new_page()
    finally:
        context.close()


def p(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


def line(name: str, values: list[float], unit: str) -> None:
    print(
        f"{name:48} p50 {statistics.median(values):8.1f} {unit}   p95 {p(values, 0.95):8.1f} {unit}"
        f"   max {max(values):8.1f} {unit}   n {len(values)}"
    )


def first_views(browser: Browser, url: str) -> list[float]:
    """Milliseconds from nothing to the rows of the list, each time in a profile that knows nothing."""
    taken: list[float] = []
    for _ in range(N_VIEWS):
        with opened(browser) as page:
            began = time.perf_counter()
            page.goto(url, wait_until="commit")
            page.locator("[data-testid=row]").first.wait_for(timeout=60_000)
            taken.append((time.perf_counter() - began) * 1e3)
    return taken


def answered(page: Page, script: str, arguments: list[Any], pause_ms: float = 0.0) -> list[float]:
    """Milliseconds each; what did not come at all is said and left out."""
    found: list[float | None] = []
    for one in arguments:
        found.append(page.evaluate(script, one))
        page.wait_for_timeout(pause_ms)
    n_lost = sum(one is None for one in found)
    if n_lost:
        print(f"  {n_lost} of {len(found)} did not come in time")
    return [one for one in found if one is not None]


def memory(page: Page, served: Served, n_alerts: int, minutes: float) -> None:
    """Heap of the page under an hour's alerts, garbage collected before each look."""
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")

    def look(n_raised: int) -> None:
        page.wait_for_timeout(1500)
        tools.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
        heap, nodes = metrics["JSHeapUsedSize"] / 1e6, int(metrics["Nodes"])
        print(f"  after {n_raised / PER_HOUR:5.0%} of the hour  {heap:7.2f} MB  {nodes:6d} nodes")

    print(f"memory under an hour's {PER_HOUR} alerts within {minutes:g} min (JavaScript heap, nodes)")
    began = time.monotonic()
    look(0)
    for raised in range(1, PER_HOUR + 1):
        # Every second one is known already and comes again.
        number = n_alerts + raised // 2
        made = replace(alert(number, datetime.now(UTC)), id=f"hour-{raised}", cause=f"hour-{raised}")
        served.call(served.book.merge([made]))
        if raised % (PER_HOUR // 6) == 0:
            look(raised)
        page.wait_for_timeout(max(0.0, (raised / PER_HOUR * minutes * 60 - (time.monotonic() - began)) * 1e3))


def main() -> None:
    n_alerts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 3.0
    with tempfile.TemporaryDirectory() as made:
        served = Served(Path(made))
        began, now = time.perf_counter(), datetime.now(UTC)
        for first in range(0, n_alerts, BATCH):
            batch = range(first, min(n_alerts, first + BATCH))
            served.call(served.book.merge([alert(n, now - timedelta(seconds=n_alerts - n)) for n in batch]))
        print(f"{n_alerts} alerts stored in {time.perf_counter() - began:.0f} s")
        url = served.listen()
        with sync_playwright() as playwright, launched(playwright) as browser:
            print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            line("first view, empty profile", first_views(browser, url), "ms")
            served.told("/api/session", "/api/alerts")
            with opened(browser) as page:
                page.goto(url)
                page.locator("[data-testid=row]").first.wait_for(timeout=60_000)
                served.told()
                line("next alert, key held down", answered(page, STEP, [("j", False)] * N_STEPS), "ms")
                served.told("/api/alerts/{fingerprint}")
                paced = answered(page, STEP, [("j", True)] * N_STEPS, PAUSE_MS)
                line(f"next alert whole, a key each {PAUSE_MS} ms", paced, "ms")
                served.told("/api/alerts/{fingerprint}")
                line(
                    "filter changed", answered(page, FILTER, [3 - n // 2 % 3 for n in range(N_FILTERS)]), "ms"
                )
                served.told("/api/alerts")
                page.keyboard.press("Escape")
                memory(page, served, n_alerts, minutes)
        served.stop()


if __name__ == "__main__":
    main()
