"""The duty room's screen, the tone for grave alerts, and the first start."""

from __future__ import annotations

import pytest
from morning import newcomer
from playwright.sync_api import Page, expect

from monitor.case.habits import Habits
from monitor.case.machine import Step
from monitor.case.register import CaseRegister

pytestmark = pytest.mark.browser


def test_the_wall_counts_what_waits_and_follows_by_itself(quiet_day, open_page):
    page = open_page(f"{quiet_day.url}/wall")
    grave = page.get_by_test_id("wall-critical")
    expect(grave.locator(".wall-number")).to_have_text("0")
    made = [newcomer(quiet_day.day, number, "critical") for number in (1, 2)]
    quiet_day.raise_alerts(*made)
    expect(grave.locator(".wall-number")).to_have_text("2")
    expect(page.locator(".wall-newest li")).to_have_count(2)
    register = CaseRegister(quiet_day.book.store, Habits())
    now = quiet_day.day.clock.now()
    register.step_on_alert(made[0].fingerprint, Step("judge", "li", verdict="benign"), now)
    expect(grave.locator(".wall-number")).to_have_text("1")
    expect(page.locator(".wall-newest .wall-done")).to_have_count(1)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (3840, 2160)])
@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_the_wall_fills_a_big_screen_and_can_be_read_across_a_room(
    morning_day, open_page, width, height, language
):
    page = open_page(f"{morning_day.url}/wall", language=language)
    page.set_viewport_size({"width": width, "height": height})
    expect(page.locator(".wall-newest li")).to_have_count(5)
    expect(page.get_by_test_id("wall-critical").locator(".wall-number")).to_have_text("2")
    found = page.evaluate(
        """() => {
          const low = [];
          for (const node of document.querySelectorAll(".wall *")) {
            const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
            if (!own) continue;
            const box = node.getBoundingClientRect();
            const size = parseFloat(getComputedStyle(node).fontSize);
            if (size < innerHeight * 0.024) low.push(node.className + " " + size);
            if (box.right > innerWidth + 1) low.push("cut at the right: " + node.className);
            if (box.bottom > innerHeight + 1) low.push("cut below: " + node.className);
          }
          return low;
        }"""
    )
    assert found == []
    assert "晨光888" not in page.content()


def tones(page: Page) -> int:
    return int(page.get_by_test_id("sound").get_attribute("data-tones") or 0)


def test_a_grave_alert_sounds_after_a_touch_and_a_key_silences_it_for_good(quiet_day, open_page):
    page = open_page(quiet_day.url)
    page.wait_for_selector(".connection-live", timeout=20_000)
    sound = page.get_by_test_id("sound")
    expect(sound).to_have_class("switch sound-waits")
    quiet_day.raise_alerts(newcomer(quiet_day.day, 1, "critical"))
    expect(page.locator("[data-testid=row]")).to_have_count(1)
    assert tones(page) == 0
    page.mouse.click(5, 300)
    expect(sound).to_have_class("switch sound-on")
    quiet_day.raise_alerts(newcomer(quiet_day.day, 2, "high"), newcomer(quiet_day.day, 3, "critical"))
    expect(sound).to_have_attribute("data-tones", "1")
    page.keyboard.press("q")
    expect(sound).to_have_class("switch sound-off")
    expect(sound).to_have_attribute("aria-pressed", "false")
    quiet_day.raise_alerts(newcomer(quiet_day.day, 4, "critical"))
    expect(page.locator("[data-testid=waiting], [data-testid=row]")).not_to_have_count(3)
    assert tones(page) == 1
    page.reload()
    expect(sound).to_have_class("switch sound-off")


@pytest.mark.parametrize(("language", "leave"), [("en-GB", "Leave the tour"), ("zh-CN", "退出导览")])
def test_the_first_start_shows_round_once_and_can_be_left_at_once(quiet_day, open_page, language, leave):
    page = open_page(quiet_day.url, language=language, tour=True)
    tour = page.get_by_test_id("tour")
    expect(tour).to_be_visible()
    tour.get_by_role("button", name=leave).click()
    expect(tour).to_have_count(0)
    page.reload()
    page.wait_for_selector(".connection-live", timeout=20_000)
    expect(tour).to_have_count(0)


def test_the_tour_walks_by_key_over_what_it_speaks_of_and_begins_again_from_the_help(quiet_day, open_page):
    page = open_page(quiet_day.url, tour=True)
    tour = page.get_by_test_id("tour")
    for number in range(1, 7):
        expect(tour).to_contain_text(f"{number} of 6")
        box, frame = tour.bounding_box(), page.locator(".tour-frame").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1366
        assert box["y"] + box["height"] <= 768
        assert frame["width"] > 20
        page.keyboard.press("ArrowRight")
    expect(tour).to_have_count(0)
    page.keyboard.press("?")
    page.get_by_role("button", name="Show the tour again").click()
    expect(tour).to_contain_text("1 of 6")
    page.keyboard.press("Escape")
    expect(tour).to_have_count(0)
