"""Two fingers on a tablet: the waterfall and the map come closer, and a click is still a click."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from test_spectrum import sky

__all__ = ["sky"]

pytestmark = pytest.mark.browser


@pytest.fixture
def tablet(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1024, "height": 768}, has_touch=True, is_mobile=True, locale="en-GB"
    )
    context.add_init_script("localStorage.setItem('examwatch.tour', 'seen')")
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def touch(tools: CDPSession, kind: str, *places: tuple[float, float]) -> None:
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
    tools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def pinch(page: Page, testid: str, before: float, after: float, *, beside: bool = True) -> None:
    """Two fingers around the middle of something, `before` and then `after` pixels from there."""
    box = page.get_by_test_id(testid).bounding_box()
    assert box is not None
    tools = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.6

    def at(px: float) -> list[tuple[float, float]]:
        return [(x - px, y), (x + px, y)] if beside else [(x, y - px), (x, y + px)]

    touch(tools, "touchStart", at(before)[0])
    touch(tools, "touchStart", *at(before))
    for step in range(1, 6):
        touch(tools, "touchMove", *at(before + (after - before) * step / 5))
    touch(tools, "touchEnd", at(after)[0])
    touch(tools, "touchEnd")


def test_the_waterfall_comes_closer_and_goes_back_into_the_past_under_two_fingers(sky, tablet) -> None:
    _, day = sky
    tablet.goto(f"{day.url}/spectrum/roof")
    expect(tablet.get_by_test_id("rate")).to_have_text(re.compile(r"^[1-9]\d* rows/s"))
    pinch(tablet, "plot", 60, 180)
    expect(tablet).to_have_url(re.compile(r"low=1\d{8}&high=1\d{8}"))
    low, high = (int(one) for one in re.search(r"low=(\d+)&high=(\d+)", tablet.url).groups())
    assert 0.6e6 < high - low < 1.0e6
    pinch(tablet, "plot", 180, 20)
    expect(tablet).not_to_have_url(re.compile(r"low="))
    pinch(tablet, "plot", 40, 80, beside=False)
    expect(tablet).to_have_url(re.compile(r"from=.*to="))
    # No finger was taken for a click that marks a place.
    expect(tablet.get_by_test_id("delta")).to_have_count(0)


def test_the_map_comes_closer_around_the_place_between_the_fingers(sky, tablet) -> None:
    _, day = sky
    tablet.goto(f"{day.url}/map")
    ground = tablet.get_by_test_id("ground")
    expect(tablet.get_by_test_id("scale")).to_have_text(re.compile(r"\d+ k?m"))

    def seen() -> list[float]:
        return [float(one) for one in (ground.get_attribute("viewBox") or "").split()]

    before = seen()
    pinch(tablet, "ground", 50, 150)
    expect(tablet.get_by_role("button", name="Fit")).to_be_enabled()
    after = seen()
    assert after[2] / before[2] == pytest.approx(1 / 3, rel=0.05)
    middle_before, middle_after = before[0] + before[2] / 2, after[0] + after[2] / 2
    assert middle_after == pytest.approx(middle_before, abs=before[2] * 0.02)
    # One finger still moves it.
    box = ground.bounding_box()
    tools = tablet.context.new_cdp_session(tablet)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch(tools, "touchStart", (x, y))
    for step in range(1, 6):
        touch(tools, "touchMove", (x + 20 * step, y))
    touch(tools, "touchEnd")
    assert seen()[0] < after[0]
