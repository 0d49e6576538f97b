"""An hour before the screen within seconds: what the page keeps does not grow with what came."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import CDPSession, Page, expect
from sky import Sky, SkySensor

pytestmark = pytest.mark.browser

PER_MIN = 20
MINUTES = 60
BATCH = 25
GROWTH_MB = 1.5
"""From the first third to the end; that much the heap swings by itself."""


def heap_mb(page: Page, tools: CDPSession) -> float:
    page.wait_for_timeout(500)
    tools.send("HeapProfiler.collectGarbage")
    metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    return metrics["JSHeapUsedSize"] / 1e6


def tools_of(page: Page) -> CDPSession:
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")
    return tools


@pytest.mark.parametrize("reading", [False, True], ids=["nobody at it", "one alert open"])
def test_an_hour_of_alerts_leaves_the_review_no_larger(quiet_day, open_page, reading):
    day = quiet_day.day
    quiet_day.raise_alerts(day.radio("critical", 160e6, datetime.now(UTC), ("Open", "打开")))
    page = open_page(quiet_day.url)
    page.wait_for_selector(".connection-live")
    if reading:
        page.keyboard.press("j")
    tools, heaps = tools_of(page), []
    made = 0
    while made < PER_MIN * MINUTES:
        batch = []
        for _ in range(BATCH):
            made += 1
            title = (f"Number {made}", f"第 {made} 条")
            one = day.radio("medium", 137e6 + 12_500.0 * made, datetime.now(UTC), title)
            batch += [one, replace(one, id=f"{one.id}-again", cause=f"{one.cause}-again")]
        quiet_day.raise_alerts(*batch)
        if made % 400 == 0:
            expect(page.locator("[data-testid=total]")).to_contain_text(f"{made + 1} alerts", timeout=30_000)
            heaps.append(heap_mb(page, tools))
    assert heaps[-1] - heaps[0] < GROWTH_MB, heaps
    if reading:
        page.keyboard.press("n")
        expect(page.locator("[data-testid=waiting]")).to_have_count(0)
        assert heap_mb(page, tools) - heaps[0] < GROWTH_MB, heaps


def test_rows_of_an_hour_leave_the_spectrum_page_no_larger(quiet_day, open_page):
    """As many rows as a sensor that is swept once a second sends in an hour, as fast as they are taken."""
    sensor = SkySensor("roof", 169e6, "no1")
    with Sky([], datetime.now(UTC)) as sky:
        sky.sensors = [sensor]
        quiet_day.hang_up()
        quiet_day.instead = {"health": sky.health, "held": {"roof": sensor}}
        quiet_day.listen()
        page = open_page(f"{quiet_day.url}/spectrum/roof")
        expect(page.get_by_test_id("rate")).to_contain_text("rows/s")
        tools, heaps, rows = tools_of(page), [], [sensor.row() for _ in range(64)]
        for _ in range(3):
            for n in range(60 * MINUTES // 3):
                sensor.onlookers.show(rows[n % 64])
                time.sleep(0.002)
            heaps.append(heap_mb(page, tools))
        assert heaps[-1] - heaps[0] < GROWTH_MB, heaps
