"""A browser, and an exam day to look at. All of it is skipped, with the reason, where a part is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from chromium import CHROMIUM, launched
from dayserver import RunningDay, running

from monitor.server.services import ServerSettings

expect.set_options(timeout=15_000)
"""Of a machine that does much else at the time; what comes at once costs nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module only: while it lives, playwright's loop runs in this thread and no other can."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt install chromium")
    if not (ServerSettings().static_root / "index.html").exists():
        pytest.skip("the console is not built: npm ci && npm run build in console/")
    with sync_playwright() as playwright, launched(playwright) as started:
        yield started


@pytest.fixture(scope="module")
def morning_day(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDay]:
    """The whole morning; for tests that only look."""
    with running(tmp_path_factory.mktemp("day")) as day:
        yield day


@pytest.fixture
def quiet_day(browser: Browser, tmp_path: Path) -> Iterator[RunningDay]:
    """Nothing raised yet; for tests that change something."""
    with running(tmp_path, with_morning=False) as day:
        yield day


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address in a fresh profile. By the end nothing may be complained of, or fetched outside."""
    faults: list[str] = []
    contexts = []

    def start(
        url: str, *, language: str = "en-GB", may_fail: bool = False, tour: bool = False, theme: str = "dark"
    ) -> Page:
        context = browser.new_context(
            viewport={"width": 1366, "height": 768}, locale=language, timezone_id="Asia/Shanghai"
        )
        contexts.append(context)
        context.add_init_script(
            f"localStorage.getItem('examwatch.theme') ?? localStorage.setItem('examwatch.theme', '{theme}')"
        )
        if not tour:
            # It is for who opens the console for the first time, and stands in the way of what is tested.
            context.add_init_script("localStorage.setItem('examwatch.tour', 'seen')")
        page = context.new_page()
        page.set_default_timeout(15_000)
        home = url.split("/", 3)[2]
        page.on("request", lambda r: None if f"//{home}/" in r.url else faults.append(f"fetched {r.url}"))
        page.on("pageerror", lambda error: faults.append(str(error)))
        if not may_fail:
            page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
        page.goto(url)
        return page

    yield start
    for context in contexts:
        context.close()
    assert faults == []
