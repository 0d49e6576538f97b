"""Every page in both themes before axe: nothing serious or critical of WCAG 2.1 A and AA."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from dayserver import RunningDay
from playwright.sync_api import Browser, Page, expect
from skyday import sky_over

pytestmark = pytest.mark.browser

CONSOLE = Path(__file__).resolve().parents[2] / "console"
AXE = CONSOLE / "node_modules" / "axe-core" / "axe.min.js"
PAGES = re.findall(r'\{ id: "([\w-]+)"', (CONSOLE / "src" / "pages" / "registry.ts").read_text("utf-8"))
"""Ids of the registry: a page that is added is looked at."""
PARTS = {
    "rules": ("", "/rules/loud-in-session", "/exceptions", "/silences"),
    "sources": ("?source=board", "/tips", "/try?source=board"),
    "system": ("", "/messages", "/audit"),
}
RUN = """async () => {
  const found = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    resultTypes: ["violations"],
  });
  const shown = (node) => node.html.slice(0, 160) + " " + node.any.map((one) => one.message).join("; ");
  return found.violations
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.nodes.map(shown).join(" | ")}`);
}"""


def violations(page: Page) -> list[str]:
    """In either theme: what is shown is the same, its colours are not."""
    # Evaluated as the browser's own command: the page's policy lets no other script in.
    page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = []
    for theme in ("dark", "light"):
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        page.wait_for_timeout(200)  # colours that fade have changed
        found += [f"{theme}: {one}" for one in page.evaluate(RUN)]
    return found


ADDRESSES = [
    "/" if name == "review" else f"/{name}{part}" for name in PAGES for part in PARTS.get(name, ("",))
]


@pytest.fixture(autouse=True)
def _axe() -> None:
    if not AXE.exists():
        pytest.skip("axe-core is missing: npm ci in console/")


@pytest.fixture(scope="module")
def sky_day(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDay]:
    with sky_over(tmp_path_factory.mktemp("sky")) as (_, day):
        yield day


@pytest.fixture
def day(request: pytest.FixtureRequest, address: str) -> RunningDay:
    """With sensors on the air and places for the pages that show nothing without."""
    if address in ("/spectrum", "/map"):
        return request.getfixturevalue("sky_day")
    return request.getfixturevalue("morning_day")


def test_the_registry_is_read():
    assert {"review", "rules", "wall"} <= set(PAGES)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_has_nothing_serious(day, open_page, address):
    page = open_page(f"{day.url}{address}")
    expect(page.locator("main").first).to_be_visible()
    page.wait_for_timeout(700)  # what was asked for has come, or says that it has not
    assert violations(page) == []


@pytest.mark.parametrize("row", [1, 3])
def test_an_open_alert_has_nothing_serious(morning_day, open_page, row):
    page = open_page(morning_day.url)
    page.locator("[data-testid=row]").nth(row).click()
    expect(page.get_by_test_id("detail")).to_be_visible()
    page.wait_for_timeout(500)
    assert violations(page) == []


def test_what_opens_over_a_page_has_nothing_serious(morning_day, open_page):
    page = open_page(morning_day.url, tour=True)
    expect(page.get_by_test_id("tour")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("Sources")).click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_test_id("help")).to_be_visible()
    assert violations(page) == []


def test_the_login_has_nothing_serious(quiet_day, open_page):
    quiet_day.with_logins()
    page = open_page(quiet_day.url, may_fail=True)
    expect(page.locator(".login")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_finger_finds_every_button(day, browser, address):
    """Touch targets are at least 40 px high on a tablet; WCAG 2.5.8 asks 24."""
    context = browser.new_context(
        viewport={"width": 1180, "height": 820}, has_touch=True, is_mobile=True, locale="en-GB"
    )
    context.add_init_script("localStorage.setItem('examwatch.tour', 'seen')")
    page = context.new_page()
    page.goto(f"{day.url}{address}")
    expect(page.locator("main, .stream").first).to_be_visible()
    page.wait_for_timeout(400)
    low = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, a.tab, a.part-tab, .check")]
          .filter((one) => one.checkVisibility() && !(one.type === "checkbox" && one.closest(".check")))
          .map((one) => [one, one.getBoundingClientRect()])
          .filter(([, box]) => box.height > 0 && box.height < 40)
          .map(([one, box]) => `${one.outerHTML.slice(0, 120)} ${box.height}`)"""
    )
    context.close()
    assert low == []
