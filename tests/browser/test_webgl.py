"""The waterfall in WebGL2, drawn for once by a real one: SwiftShader, pixel by pixel against plain 2D."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from chromium import CHROMIUM, PROCESSOR_GRAPHICS, launched
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from skyday import CENTER_HZ, sky_over

pytestmark = pytest.mark.browser

SCALE = "bottom=-125&range=60"
LOST = "canvas => canvas.getContext('webgl2').isContextLost()"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt install chromium")
    with sync_playwright() as playwright, launched(playwright, PROCESSOR_GRAPHICS) as started:
        page = started.new_page()
        has_it = page.evaluate("() => document.createElement('canvas').getContext('webgl2') !== null")
        page.close()
        if not has_it:
            pytest.skip("this chromium has no WebGL2, not even SwiftShader's")
        yield started


@pytest.fixture
def sky(browser: Browser, tmp_path: Path):
    with sky_over(tmp_path) as made:
        yield made


def waterfall(page: Page) -> Locator:
    return page.locator("canvas.fall")


def pixels(page: Page) -> NDArray[np.int16]:
    """The waterfall alone, without what is drawn over it; shape (height, width, 3)."""
    fall = waterfall(page)
    page.get_by_test_id("plot").evaluate("over => { over.style.opacity = '0'; }")
    with Image.open(io.BytesIO(fall.screenshot())) as image:
        return np.asarray(image.convert("RGB"), np.int16)


def shown(page: Page, painter: str, colours: int = 3) -> NDArray[np.int16]:
    """Its pixels once there is a picture: more than one colour."""
    expect(waterfall(page)).to_have_attribute("data-painter", painter)
    for _ in range(60):
        found = pixels(page)
        if len(np.unique(found.reshape(-1, 3), axis=0)) >= colours:
            return found
        page.wait_for_timeout(250)
    raise AssertionError("no picture came")


def lose(page: Page) -> None:
    waterfall(page).evaluate(
        "canvas => { canvas.taken = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');"
        " canvas.taken.loseContext(); }"
    )
    page.wait_for_timeout(200)
    assert waterfall(page).evaluate(LOST)


def give_back(page: Page) -> None:
    waterfall(page).evaluate("canvas => canvas.taken.restoreContext()")
    page.wait_for_timeout(500)
    assert not waterfall(page).evaluate(LOST)


def span_of_past(made, *, low_hz: float = CENTER_HZ - 1.2e6, high_hz: float = CENTER_HZ + 1.2e6) -> str:
    first, last = made.began_at - timedelta(seconds=420), made.began_at - timedelta(seconds=120)
    times = "&".join(f"{name}={at:%Y-%m-%dT%H:%M:%S}.000Z" for name, at in (("from", first), ("to", last)))
    return f"low={low_hz:.0f}&high={high_hz:.0f}&{times}&{SCALE}"


@pytest.mark.parametrize(
    ("low_hz", "high_hz"),
    [
        (CENTER_HZ - 1.2e6, CENTER_HZ + 1.2e6),  # more bins than pixels: the strongest counts
        (CENTER_HZ + 0.28e6, CENTER_HZ + 0.34e6),  # many pixels a bin
        (CENTER_HZ + 0.9e6, CENTER_HZ + 1.6e6),  # past the edge of what was listened to
    ],
)
def test_both_ways_of_drawing_show_the_same_past(sky, open_page, low_hz, high_hz) -> None:
    made, day = sky
    query = span_of_past(made, low_hz=low_hz, high_hz=high_hz)
    drawn = {}
    for painter in ("webgl2", "2d"):
        page = open_page(f"{day.url}/spectrum/roof?{query}&draw={painter}")
        drawn[painter] = shown(page, painter, colours=2)
        page.close()
    gl, plain = drawn["webgl2"], drawn["2d"]
    assert gl.shape == plain.shape
    differs = np.abs(gl - plain).max(axis=2) > 3
    # Where a pixel's edge falls on a bin's or a line's the two may round to either side: never a picture.
    assert differs.mean() < 0.01, f"{differs.mean():.2%} of the pixels differ"


def test_lines_sent_one_by_one_are_the_picture_that_is_sent_whole_and_a_lost_context_comes_back(
    sky, open_page
) -> None:
    made, day = sky
    page = open_page(f"{day.url}/spectrum/roof?{SCALE}&draw=webgl2", may_fail=True)
    expect(page.get_by_test_id("rate")).to_have_text(re.compile(r"^[1-9]\d* rows/s"))
    shown(page, "webgl2", colours=20)
    page.wait_for_timeout(2000)
    made.hush()
    # What says so lies over the picture from then on.
    expect(page.get_by_text("The sensor gives no rows now")).to_be_visible()
    before = pixels(page)
    lose(page)
    give_back(page)
    assert np.array_equal(pixels(page), before)


def test_the_past_is_drawn_again_without_anything_new_when_its_context_comes_back(sky, open_page) -> None:
    made, day = sky
    page = open_page(f"{day.url}/spectrum/roof?{span_of_past(made)}&draw=webgl2", may_fail=True)
    before = shown(page, "webgl2", colours=2)
    lose(page)
    give_back(page)
    assert np.array_equal(pixels(page), before)
