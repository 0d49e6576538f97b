"""Pictures of the console for the documentation, from the browser tests' exam day.

.venv/bin/python scripts/screenshots.py [FOLDER] [PAGE...]        default: docs/screenshots, every page

Each page in both languages; dark and light where a page is read by day, dark alone for the wall. A desk's
screen is 1366x768; the wall and the review stand on 1920x1080 too, and `tablet` is what staff on foot hold.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sdr.spectrogram import WIDTH

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from chromium import launched  # noqa: E402
from dayserver import RunningDay, running  # noqa: E402
from skyday import sky_over  # noqa: E402

from monitor.case.machine import Step  # noqa: E402
from monitor.people.scope import EVERYTHING  # noqa: E402
from monitor.server.alert_services import AlertQuery  # noqa: E402

DESK, WALL, TABLET = (1366, 768), (1920, 1080), (1024, 768)
BOTH = ("dark", "light")
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
N_COLOURS = 256
"""Enough for a screen of few colours, and a third of the bytes."""
MOST_BYTES = 150_000
"""A picture that is larger gets fewer colours."""
SETTLE_MS = 900


def _open_row(row: int) -> Callable[[Page], None]:
    def work(page: Page) -> None:
        page.locator("[data-testid=row]").nth(row).click()
        page.wait_for_selector("[data-testid=detail]")
        for picture in page.locator(".picture img").all():
            expect(picture).to_have_js_property("naturalWidth", WIDTH)

    return work


def _open_first(testid: str) -> Callable[[Page], None]:
    return lambda page: page.locator(f"[data-testid={testid}]").first.click()


def _nothing(_: Page) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Shot:
    name: str
    address: str
    sizes: dict[tuple[int, int], tuple[str, ...]]
    """Each size with its themes."""
    work: Callable[[Page], None] = _nothing
    """What is done before the picture is taken."""
    on_air: bool = False
    """On the day with sensors on the air and a map."""


SHOTS = (
    Shot("overview", "/", {DESK: BOTH, WALL: ("dark",)}),
    Shot("radio", "/", {DESK: BOTH, WALL: ("dark",), TABLET: ("light",)}, _open_row(1)),
    Shot("web", "/", {DESK: BOTH, WALL: ("dark",)}, _open_row(3)),
    Shot("cases", "/cases", {DESK: BOTH, TABLET: ("light",)}),
    Shot("case", "/cases", {DESK: BOTH}, _open_first("card")),
    Shot("rules", "/rules", {DESK: BOTH}),
    Shot("rule", "/rules/rules/loud-in-session", {DESK: BOTH}),
    Shot("exceptions", "/rules/exceptions", {DESK: ("light",)}),
    Shot("sources", "/sources?source=board", {DESK: BOTH}),
    Shot("topics", "/topics", {DESK: BOTH}),
    Shot("system", "/system", {DESK: BOTH}),
    Shot("wall", "/wall", {WALL: ("dark",)}),
    Shot("spectrum", "/spectrum", {DESK: BOTH, WALL: ("dark",)}, on_air=True),
    Shot("sensor", "/spectrum/roof", {DESK: BOTH, TABLET: ("dark",)}, on_air=True),
    Shot("map", "/map", {DESK: BOTH, TABLET: ("light",)}, on_air=True),
)


def shrink(file: Path) -> None:
    """Few colours, and fewer where it is still too large."""
    with Image.open(file) as image:
        whole = image.convert("RGB")
    for colours in (N_COLOURS, N_COLOURS // 4, N_COLOURS // 8):
        few = whole.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=3, dither=Image.Dither.NONE)
        few.save(file, optimize=True)
        if file.stat().st_size <= MOST_BYTES:
            return


def shoot(browser: Browser, day: RunningDay, shot: Shot, folder: Path) -> None:
    for (width, height), themes in shot.sizes.items():
        for language, locale in LOCALES.items():
            for theme in themes:
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    locale=locale,
                    timezone_id="Asia/Shanghai",
                    has_touch=(width, height) == TABLET,
                    is_mobile=(width, height) == TABLET,
                )
                context.add_init_script(f"localStorage.setItem('examwatch.theme', '{theme}')")
                context.add_init_script("localStorage.setItem('examwatch.tour', 'seen')")
                page = context.new_page()
                page.goto(day.url + shot.address)
                page.wait_for_load_state("load")
                page.wait_for_timeout(SETTLE_MS)
                shot.work(page)
                page.wait_for_timeout(SETTLE_MS)  # plots draw themselves after their code has come
                file = folder / f"{shot.name}-{language}-{theme}-{width}x{height}.png"
                page.screenshot(path=file)
                shrink(file)
                context.close()


def judge_some(day: RunningDay) -> None:
    """Cases in several states, so that the board has something in its columns."""
    alerts = day.call(day.book.list_alerts(AlertQuery(limit=9))).alerts
    steps = ("claim", "claim", "suspected", "benign", "scam")
    for alert, what in zip(alerts[::2], steps, strict=False):
        step = Step("claim", "wang") if what == "claim" else Step("judge", "wang", verdict=what)
        day.call(day.cases.step_on_alert(alert.fingerprint, step, EVERYTHING))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [one for one in SHOTS if not sys.argv[2:] or one.name in sys.argv[2:]]
    with sync_playwright() as playwright, launched(playwright) as browser:
        with tempfile.TemporaryDirectory() as made, running(Path(made)) as day:
            for shot in wanted:
                if shot.name == "cases":
                    judge_some(day)
                if not shot.on_air:
                    shoot(browser, day, shot, folder)
        with tempfile.TemporaryDirectory() as made, sky_over(Path(made)) as (_, day):
            for shot in wanted:
                if shot.on_air:
                    shoot(browser, day, shot, folder)


if __name__ == "__main__":
    main()
