"""The console in front of a full store: first view, how long a key takes, memory under a live stream.

python -m benchmarks.console [N_ALERTS] [MINUTES]        defaults: 100000 alerts, 3 minutes

It prints figures and judges nothing. The browser is Debian's chromium without a screen, the server and
the store are the real ones on loopback; the machine is shared by all three. A step or a filter counts
from the key or click to the frame after the one that shows its end.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

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
PER_S = 5.0
LEVELS: tuple[Level, ...] = ("low", "low", "low", "medium", "medium", "high", "critical")
READ_S = 30.0
T = TypeVar("T")

STEP = """async (key) => {
  const shown = () => document.querySelector("[data-testid=detail]")?.dataset.fingerprint;
  const before = shown();
  const began = performance.now();
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  while (shown() === before || !shown()) {
    await new Promise(requestAnimationFrame);
    if (performance.now() - began > 5000) return null;
  }
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
FILTER = """async (at) => {
  const total = () => document.querySelector("[data-testid=total]")?.textContent;
  const before = total();
  const began = performance.now();
  document.querySelectorAll(".filters button")[at].click();
  while (total() === before) {
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
        self._serving = serving(make_server_app(services), port=0)
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
        f"{name:34} p50 {statistics.median(values):8.1f} {unit}   p95 {p(values, 0.95):8.1f} {unit}"
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


def answered(page: Page, script: str, arguments: list[Any]) -> list[float]:
    """Milliseconds each; what did not come at all is said and left out."""
    found = [page.evaluate(script, one) for one in arguments]
    n_lost = sum(one is None for one in found)
    if n_lost:
        print(f"  {n_lost} of {len(found)} did not come in time")
    return [one for one in found if one is not None]


def memory(page: Page, served: Served, n_alerts: int, minutes: float) -> None:
    """Heap of the page under a live stream, garbage collected before each look."""
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")

    def heap_mb() -> float:
        tools.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
        return metrics["JSHeapUsedSize"] / 1e6

    print(f"memory under {PER_S:g} alerts/s for {minutes:g} min (JavaScript heap, MB)")
    began, raised, next_look = time.monotonic(), 0, 0.0
    while (gone_s := time.monotonic() - began) < minutes * 60:
        if gone_s >= next_look:
            print(f"  {gone_s:6.0f} s  {raised:6d} raised  {heap_mb():7.2f}")
            next_look += READ_S
        served.call(served.book.merge([alert(n_alerts + raised, datetime.now(UTC))]))
        raised += 1
        page.wait_for_timeout(max(0.0, (raised / PER_S - (time.monotonic() - began)) * 1e3))
    print(f"  {time.monotonic() - began:6.0f} s  {raised:6d} raised  {heap_mb():7.2f}")


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
            line("first view, empty profile", first_views(browser, url), "ms")
            with opened(browser) as page:
                page.goto(url)
                page.locator("[data-testid=row]").first.wait_for(timeout=60_000)
                line("next alert by key", answered(page, STEP, ["j"] * N_STEPS), "ms")
                line("filter changed", answered(page, FILTER, [n % 4 for n in range(N_FILTERS)]), "ms")
                page.keyboard.press("Escape")
                memory(page, served, n_alerts, minutes)
        served.stop()


if __name__ == "__main__":
    main()
